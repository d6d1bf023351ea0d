use clock::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Records of a second that one address may cause without valid credentials.
const PER_SOURCE_MAX: u32 = 200;
/// Addresses that are told apart in a second; all others share one count.
const SOURCES_MAX: usize = 1024;

/// Bounds what strangers can have written: whoever has no key must not fill the disk.
#[derive(Debug, Default)]
pub struct Flood(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    second: i64,
    counts: HashMap<IpAddr, u32>,
    others: u32,
}

impl Flood {
    /// Whether one more record about a stranger at this address may be written now.
    pub fn admits(&self, source: IpAddr, now: Timestamp) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let second = now.as_seconds();
        if window.second != second {
            window.second = second;
            window.counts.clear();
            window.others = 0;
        }
        let is_known = window.counts.contains_key(&source) || window.counts.len() < SOURCES_MAX;
        let window = &mut *window;
        let count = if is_known { window.counts.entry(source).or_default() } else { &mut window.others };
        *count = count.saturating_add(1);
        *count <= PER_SOURCE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_own_bound_for_each_second() {
        let flood = Flood::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let admitted = |source, second| {
            let at = Timestamp::from_seconds(second);
            (0..PER_SOURCE_MAX + 50).filter(|_| flood.admits(source, at)).count()
        };
        assert_eq!(admitted(one, 1), PER_SOURCE_MAX as usize);
        assert_eq!(admitted(other, 1), PER_SOURCE_MAX as usize);
        assert_eq!(admitted(one, 1), 0);
        assert_eq!(admitted(one, 2), PER_SOURCE_MAX as usize);
    }

    #[test]
    fn a_great_many_sources_share_what_is_left() {
        let flood = Flood::default();
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        let asked = SOURCES_MAX as u32 + 10 * PER_SOURCE_MAX;
        let admitted = (0..asked).filter(|number| flood.admits(address(*number), Timestamp::EPOCH)).count();
        assert_eq!(admitted, SOURCES_MAX + PER_SOURCE_MAX as usize);
    }
}
