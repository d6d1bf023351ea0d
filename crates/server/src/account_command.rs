//! `zerun account`: asks the server that runs on the data directory, or opens the directory itself when none does.

use crate::cli::{AccountCommand, DataArguments};
use crate::data_dir::DataDir;
use crate::{Outcome, control};
use access::{Access, KeyPair, MasterKey};
use clock::Clock;
use kv::{Kv, KvError, SqliteOptions};
use names::AccountId;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::process::ExitCode;

/// What can be asked about accounts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AccountQuestion {
    List,
    Create { id: AccountId, name: Option<String> },
    NewKey { id: AccountId },
    DeleteKey { access_key_id: String },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountAnswer {
    Accounts(Vec<AccountLine>),
    /// A secret, told once. The socket is for those alone who may read the data directory.
    Key {
        access_key_id: String,
        secret_access_key: String,
    },
    Done,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct AccountLine {
    id: AccountId,
    name: String,
    keys: Vec<String>,
}

pub fn run(command: AccountCommand) -> Outcome {
    let (data, question) = match command {
        AccountCommand::List(data) => (data, AccountQuestion::List),
        AccountCommand::Create { id, name, data } => (data, AccountQuestion::Create { id, name }),
        AccountCommand::NewKey { id, data } => (data, AccountQuestion::NewKey { id }),
        AccountCommand::DeleteKey { access_key_id, data } => {
            (data, AccountQuestion::DeleteKey { access_key_id })
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    print(&runtime.block_on(ask(&data, question))?)?;
    Ok(ExitCode::SUCCESS)
}

async fn ask(
    arguments: &DataArguments,
    question: AccountQuestion,
) -> Result<AccountAnswer, Box<dyn std::error::Error>> {
    let data = DataDir::existing(&arguments.data)
        .map_err(|error| format!("data directory {}: {error}", arguments.data.display()))?;
    if !data.store().exists() {
        return Err(format!("no server ever started on {}", data.path().display()).into());
    }
    let clock = Clock::real();
    match Kv::open(SqliteOptions::new(data.store()), clock.clone()) {
        Ok(kv) => {
            let master = MasterKey::load_or_create(&data.master_key(), &clock)?;
            let (access, _) = Access::open(&kv, clock, &master, &[]).await?;
            let answered = answer(&access, question).await;
            kv.close().await;
            Ok(answered?)
        }
        Err(KvError::Locked(_)) => Ok(control::account(&data, question).await?),
        Err(error) => Err(error.into()),
    }
}

/// # Errors
/// Why not, for the operator.
pub async fn answer(access: &Access, question: AccountQuestion) -> Result<AccountAnswer, String> {
    let told = |key: KeyPair| AccountAnswer::Key {
        secret_access_key: key.secret_access_key.expose().to_owned(),
        access_key_id: key.access_key_id,
    };
    let answered = match question {
        AccountQuestion::List => {
            let line = |(account, keys): (access::Account, Vec<String>)| AccountLine {
                id: account.id,
                name: account.display_name,
                keys,
            };
            Ok(AccountAnswer::Accounts(access.accounts().into_iter().map(line).collect()))
        }
        AccountQuestion::Create { id, name } => access.create_account(id, name).await.map(told),
        AccountQuestion::NewKey { id } => access.new_root_key(&id).await.map(told),
        AccountQuestion::DeleteKey { access_key_id } => {
            access.delete_root_key(&access_key_id).await.map(|()| AccountAnswer::Done)
        }
    };
    answered.map_err(|error| error.to_string())
}

fn print(answer: &AccountAnswer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match answer {
        AccountAnswer::Accounts(accounts) => {
            for AccountLine { id, name, keys } in accounts {
                writeln!(out, "{id}  {name}  {}", keys.join(" "))?;
            }
            Ok(())
        }
        AccountAnswer::Key { access_key_id, secret_access_key } => {
            writeln!(out, "export AWS_ACCESS_KEY_ID={access_key_id}")?;
            writeln!(out, "export AWS_SECRET_ACCESS_KEY={secret_access_key}")
        }
        AccountAnswer::Done => Ok(()),
    }
}
