use crate::ledger::{self, Resolution};
use clock::Timestamp;
use kv::{Kv, KvError, Transaction};
use names::KeyRange;

/// Records removed in one transaction.
const PAGE: usize = 1000;

/// Removes what is older than it is kept. Looks at the oldest record of each series, and at no younger one.
pub(crate) async fn sweep(kv: &Kv, now: Timestamp) -> Result<(), KvError> {
    let now = u64::try_from(now.as_seconds()).unwrap_or(0);
    for resolution in Resolution::ALL {
        let oldest = now.saturating_sub(resolution.kept_seconds());
        let mut rest = ledger::of_resolution(resolution).range();
        while let Some((key, _)) = kv.range(rest.clone(), 1).await?.into_iter().next() {
            let (series, start) = ledger::read_key(&key)?;
            let of_series = ledger::of_series(resolution, &series);
            if start < oldest {
                let old = KeyRange {
                    start: of_series.range().start,
                    end: of_series.clone().number(oldest).into_bytes(),
                };
                loop {
                    let old = old.clone();
                    let delete = async move |tx: &mut Transaction| tx.delete_range(&old, PAGE).await;
                    if kv.transact(delete).await? < PAGE {
                        break;
                    }
                }
            }
            rest.start = of_series.range().end;
        }
    }
    Ok(())
}
