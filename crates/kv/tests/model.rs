//! SQLite and memory give the same answers to the same transactions.

use bytes::Bytes;
use clock::Clock;
use kv::{Kv, KvError, Read, SqliteOptions, Transaction};
use names::KeyRange;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    DeleteRange(Vec<u8>, Vec<u8>, usize),
    Get(Vec<u8>),
    Range(Vec<u8>, Vec<u8>, usize),
    RangeReverse(Vec<u8>, Vec<u8>, usize),
}

/// What a step answers: entries found, or how many were deleted.
#[derive(Debug, PartialEq)]
enum Answer {
    Nothing,
    Found(Vec<(Bytes, Bytes)>),
    Deleted(usize),
}

/// Few and short keys, so that steps meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0, 1, 0x7F, 0xFF]), 0..4)
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop::collection::vec(any::<u8>(), 0..20);
    let limit = prop_oneof![0..6_usize, Just(usize::MAX)];
    let range = (key(), key(), limit).boxed();
    prop_oneof![
        4 => (key(), value).prop_map(|(key, value)| Step::Put(key, value)),
        2 => key().prop_map(Step::Delete),
        1 => range.clone().prop_map(|(start, end, limit)| Step::DeleteRange(start, end, limit)),
        2 => key().prop_map(Step::Get),
        2 => range.clone().prop_map(|(start, end, limit)| Step::Range(start, end, limit)),
        2 => range.prop_map(|(start, end, limit)| Step::RangeReverse(start, end, limit)),
    ]
}

async fn apply(tx: &mut Transaction, step: &Step) -> Result<Answer, KvError> {
    let range = |start: &Vec<u8>, end: &Vec<u8>| KeyRange { start: start.clone(), end: end.clone() };
    Ok(match step {
        Step::Put(key, value) => {
            tx.put(key, value.clone());
            Answer::Nothing
        }
        Step::Delete(key) => {
            tx.delete(key);
            Answer::Nothing
        }
        Step::DeleteRange(start, end, limit) => {
            Answer::Deleted(tx.delete_range(&range(start, end), *limit).await?)
        }
        Step::Get(key) => {
            let found = tx.get(key).await?;
            Answer::Found(found.map(|value| (Bytes::from(key.clone()), value)).into_iter().collect())
        }
        Step::Range(start, end, limit) => Answer::Found(tx.range(&range(start, end), *limit).await?),
        Step::RangeReverse(start, end, limit) => {
            Answer::Found(tx.range_reverse(&range(start, end), *limit).await?)
        }
    })
}

/// One run of transactions; each is kept or rolled back. Answers of every step, and what is left.
async fn run(kv: &Kv, transactions: &[(Vec<Step>, bool)]) -> (Vec<Answer>, Vec<(Bytes, Bytes)>) {
    let mut answers = Vec::new();
    for (steps, is_kept) in transactions.iter().cloned() {
        let answered = kv
            .transact(async move |tx: &mut Transaction| {
                let mut answers = Vec::new();
                for step in &steps {
                    answers.push(apply(tx, step).await?);
                }
                if is_kept { Ok(answers) } else { Err(RolledBack::With(answers)) }
            })
            .await;
        answers.extend(match answered {
            Ok(answers) | Err(RolledBack::With(answers)) => answers,
            Err(RolledBack::By(error)) => panic!("{error}"),
        });
    }
    let everything = KeyRange { start: Vec::new(), end: Vec::new() };
    let ascending = kv.range(everything.clone(), usize::MAX).await.unwrap();
    let mut descending = kv.range_reverse(everything, usize::MAX).await.unwrap();
    descending.reverse();
    assert_eq!(ascending, descending);
    (answers, ascending)
}

enum RolledBack {
    With(Vec<Answer>),
    By(KvError),
}

impl From<KvError> for RolledBack {
    fn from(error: KvError) -> Self {
        RolledBack::By(error)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn both_engines_give_the_same_answers(
        transactions in prop::collection::vec((prop::collection::vec(step(), 0..12), prop::bool::weighted(0.8)), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let options = SqliteOptions::new(directory.path());
            let (sqlite, memory) = (Kv::open(options.clone(), Clock::real()).unwrap(), Kv::memory());
            let (expected, left) = run(&memory, &transactions).await;
            let (answers, left_there) = run(&sqlite, &transactions).await;
            assert_eq!(answers, expected);
            assert_eq!(left_there, left);
            sqlite.close().await;
            let reopened = Kv::open(options, Clock::real()).unwrap();
            let (_, left_there) = run(&reopened, &[]).await;
            assert_eq!(left_there, left);
            reopened.close().await;
        });
    }
}
