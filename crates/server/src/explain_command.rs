//! `zerun explain`: how a denial came about, and what would allow it. Reads the audit log's files, with a server or
//! without one.

mod print;

use crate::Outcome;
use crate::cli::ExplainArguments;
use crate::data_dir::DataDir;
use access::{DenialIds, MasterKey};
use audit::{Reader, Record};
use clock::Clock;
use std::error::Error;
use std::process::ExitCode;

pub fn run(arguments: &ExplainArguments) -> Outcome {
    let data = DataDir::existing(&arguments.data.data)
        .map_err(|error| format!("data directory {}: {error}", arguments.data.data.display()))?;
    let line = find(&data, last_word(&arguments.id))?;
    let record: Record<'_> = serde_json::from_str(&line)?;
    print::print(&record, &line, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

/// An error's whole message may be given: its last word is the id.
fn last_word(text: &str) -> &str {
    text.split_whitespace().next_back().unwrap_or_default()
}

fn find(data: &DataDir, id: &str) -> Result<String, Box<dyn Error>> {
    let reader = Reader::new(&data.audit());
    let Some(first) = reader.segments()?.into_iter().next() else {
        return Err(format!("no call was ever recorded in {}", data.audit().display()).into());
    };
    if data.master_key().exists() {
        let ids = DenialIds::new(&MasterKey::load_or_create(&data.master_key(), &Clock::real())?)?;
        if let Some(denial) = ids.open(id) {
            let found = reader.find(&denial.event_uuid(), Some(denial.at))?;
            return found.ok_or_else(|| {
                let (at, since) = (denial.at, first.begun);
                let why = format!(
                    "the denial of {at} is not in the audit log any more, which goes back to {since}"
                );
                why.into()
            });
        }
    }
    reader.find(id, None)?.ok_or_else(|| {
        let (data, since) = (data.path().display(), first.begun);
        let why = format!(
            "{id:?} is neither an encoded message of {data} nor the id of a request since {since}, where its audit \
             log begins"
        );
        why.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_message_may_be_given() {
        assert_eq!(last_word("abc"), "abc");
        assert_eq!(last_word(" … Encoded authorization failure message: ab-_c\n"), "ab-_c");
        assert_eq!(last_word(""), "");
    }
}
