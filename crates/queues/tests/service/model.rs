//! Random operations beside a simple model: what is received is what may be, in order where order is promised, and
//! counts are exact.

use crate::{House, asking, body, message};
use proptest::prelude::*;
use queues::{Outgoing, Receipt, Receive};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Step {
    Send { group: u8, delay: u8 },
    Receive { most: usize, visibility: u8 },
    Delete(usize),
    Change { which: usize, visibility: u8 },
    Pass(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u8, 0..3_u8).prop_map(|(group, delay)| Step::Send { group, delay }),
        3 => (1..=10_usize, 0..6_u8).prop_map(|(most, visibility)| Step::Receive { most, visibility }),
        2 => any::<usize>().prop_map(Step::Delete),
        1 => (any::<usize>(), 0..6_u8).prop_map(|(which, visibility)| Step::Change { which, visibility }),
        2 => (0..4_u8).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Debug, Clone)]
struct Known {
    group: u8,
    /// Seconds from which on it may be received.
    due: u64,
    receives: u32,
}

/// Messages by their number, which is their body.
#[derive(Default)]
struct Model {
    now: u64,
    messages: BTreeMap<u64, Known>,
}

impl Model {
    fn visible(&self, known: &Known) -> bool {
        known.due <= self.now
    }

    fn is_blocked(&self, group: u8) -> bool {
        self.messages.values().any(|known| known.group == group && known.receives > 0 && !self.visible(known))
    }

    fn counts(&self) -> (u64, u64, u64) {
        let of =
            |what: &dyn Fn(&Known) -> bool| self.messages.values().filter(|known| what(known)).count() as u64;
        (
            of(&|known| self.visible(known)),
            of(&|known| !self.visible(known) && known.receives == 0),
            of(&|known| !self.visible(known) && known.receives > 0),
        )
    }
}

async fn play(house: House, is_fifo: bool, steps: Vec<Step>) {
    let queue = house.queue(if is_fifo { "q.fifo" } else { "q" }, &[]).await;
    let mut model = Model::default();
    let mut receipts: Vec<(u64, u32, Receipt)> = Vec::new();
    let mut next = 0;
    for step in steps {
        match step {
            Step::Send { group, delay } => {
                next += 1;
                let delay = if is_fifo { 0 } else { delay };
                let sent = Outgoing {
                    // Of a standard queue some messages have none.
                    group: (is_fifo || group > 0).then(|| format!("g{group}")),
                    deduplication: is_fifo.then(|| next.to_string()),
                    delay_seconds: Some(delay.into()),
                    ..message(&next.to_string())
                };
                house.queues.send(&queue, sent).await.unwrap();
                model.messages.insert(next, Known { group, due: model.now + u64::from(delay), receives: 0 });
            }
            Step::Receive { most, visibility } => {
                let ask = Receive { visibility_seconds: Some(visibility.into()), ..asking(most) };
                let received = house.queues.receive(&queue, ask).await.unwrap();
                let may: Vec<u64> = model
                    .messages
                    .iter()
                    .filter(|(_, known)| model.visible(known) && !(is_fifo && model.is_blocked(known.group)))
                    .map(|(number, _)| *number)
                    .collect();
                let mut numbers = Vec::new();
                for one in &received {
                    let number: u64 = body(one).parse().unwrap();
                    assert!(may.contains(&number), "{number} of {may:?}");
                    assert!(!numbers.contains(&number), "{number} twice");
                    numbers.push(number);
                    let now = model.now;
                    let known = model.messages.get_mut(&number).unwrap();
                    known.receives += 1;
                    known.due = now + u64::from(visibility);
                    assert_eq!(one.count, known.receives);
                    receipts.push((number, known.receives, one.receipt));
                }
                if visibility > 0 {
                    assert_eq!(
                        numbers.len(),
                        may.len().min(most),
                        "all that may be is received, up to the most"
                    );
                }
                if is_fifo {
                    for group in 0..3 {
                        let of = |numbers: &[u64]| -> Vec<u64> {
                            let of_group = |number: &&u64| model.messages[*number].group == group;
                            numbers.iter().filter(of_group).copied().collect()
                        };
                        let (got, may) = (of(&numbers), of(&may));
                        assert_eq!(got, may[..got.len()], "the first of the group, in order");
                    }
                }
            }
            Step::Delete(which) if !receipts.is_empty() => {
                let (number, count, receipt) = receipts[which % receipts.len()];
                let answer = house.queues.delete(&queue, receipt).await;
                let known = model.messages.get(&number).cloned();
                let is_latest = known.as_ref().is_some_and(|known| known.receives == count);
                let is_good = is_latest && !(is_fifo && known.is_some_and(|known| model.visible(&known)));
                if is_good {
                    model.messages.remove(&number);
                }
                let is_refused = is_fifo && !is_good && model.messages.contains_key(&number);
                assert_eq!(answer.is_err(), is_refused);
            }
            Step::Change { which, visibility } if !receipts.is_empty() => {
                let (number, count, receipt) = receipts[which % receipts.len()];
                let answer = house.queues.change_visibility(&queue, receipt, visibility.into()).await;
                let now = model.now;
                let known = model
                    .messages
                    .get_mut(&number)
                    .filter(|known| known.receives == count && known.due > now);
                assert_eq!(answer.is_ok(), known.is_some());
                if let Some(known) = known {
                    known.due = now + u64::from(visibility);
                }
            }
            Step::Pass(seconds) => {
                house.pass(seconds.into());
                model.now += u64::from(seconds);
            }
            Step::Delete(_) | Step::Change { .. } => {}
        }
        assert_eq!(house.count(&queue).await, model.counts());
    }
}

fn run(house: House, is_fifo: bool, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(play(house, is_fifo, steps));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_standard_queue_does_as_the_model(steps in steps()) {
        run(House::memory(), false, steps);
    }

    #[test]
    fn a_fifo_queue_does_as_the_model(steps in steps()) {
        run(House::memory(), true, steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn so_it_does_on_disk(steps in steps(), is_fifo: bool) {
        run(House::sqlite(), is_fifo, steps);
    }
}
