//! `zerun bill`: asks the server that runs on the data directory, or reads the directory itself when none does.

mod print;

use crate::cli::{BillArguments, BillBy};
use crate::data_dir::DataDir;
use crate::{Outcome, control};
use clock::Clock;
use kv::{Kv, KvError, SqliteOptions};
use meters::{Bill, GroupBy, Meters, PriceBooks, UsageRow};
use std::error::Error;
use std::process::ExitCode;

pub fn run(arguments: &BillArguments) -> Outcome {
    let books = match &arguments.price_book {
        None => PriceBooks::published()?,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            PriceBooks::parse(&text)?
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let rows = runtime.block_on(usage(arguments))?;
    let by = match arguments.by {
        BillBy::Function => GroupBy::Function,
        BillBy::Account => GroupBy::Account,
        BillBy::Day => GroupBy::Day,
    };
    print::print(&Bill::of(&rows, &books.books, by, arguments.free_tier), arguments.format)?;
    Ok(ExitCode::SUCCESS)
}

async fn usage(arguments: &BillArguments) -> Result<Vec<UsageRow>, Box<dyn Error>> {
    let (from, to) = (arguments.from, arguments.to);
    let data = DataDir::existing(&arguments.data.data)
        .map_err(|error| format!("data directory {}: {error}", arguments.data.data.display()))?;
    if !data.store().exists() {
        return Err(format!("no server ever started on {}", data.path().display()).into());
    }
    let clock = Clock::real();
    match Kv::open(SqliteOptions::new(data.store()), clock.clone()) {
        Ok(kv) => {
            let rows = Meters::new(kv.clone(), clock).usage(from, to).await;
            kv.close().await;
            Ok(rows?)
        }
        Err(KvError::Locked(_)) => Ok(control::usage(&data, from, to).await?),
        Err(error) => Err(error.into()),
    }
}
