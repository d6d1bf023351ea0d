use crate::{SANDBOXES_MAX, SandboxError};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first of the uids that sandboxes run as. 0x7000_0000–0x7FFD_FFFF lies between what systemd gives to
/// containers and its foreign-uid range (<https://systemd.io/UIDS-GIDS/>), in a stretch that nothing claims.
const UID_BASE: u32 = 0x7000_0000;
/// Owners get different blocks of 65,536 uids, unless their hashes collide.
const UID_BLOCKS: u64 = 0xFFE;

/// Hands out ids and uids, each to one live sandbox.
pub(crate) struct Slots {
    first_uid: u32,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    by_id: HashMap<String, u32>,
    uids: HashSet<u32>,
    next: u32,
}

/// Frees its id and uid when dropped.
pub(crate) struct Reservation {
    pub(crate) uid: u32,
    id: String,
    slots: Arc<Slots>,
}

impl Slots {
    pub(crate) fn new(owner: &str) -> Arc<Self> {
        let mut hasher = DefaultHasher::new();
        owner.hash(&mut hasher);
        let block = u32::try_from(hasher.finish() % UID_BLOCKS).unwrap_or_default();
        Arc::new(Slots { first_uid: UID_BASE + block * 65_536, taken: Mutex::default() })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// `Invalid` when the id is in use, `Full`.
    pub(crate) fn reserve(slots: &Arc<Self>, id: &str) -> Result<Reservation, SandboxError> {
        let mut taken = slots.taken();
        if taken.by_id.contains_key(id) {
            return Err(SandboxError::Invalid(format!("a sandbox {id:?} exists already")));
        }
        if taken.uids.len() >= SANDBOXES_MAX {
            return Err(SandboxError::Full);
        }
        // Round and round, so that a uid rests as long as possible before it is used again.
        let uid = loop {
            let uid = slots.first_uid + taken.next % 65_536;
            taken.next = taken.next.wrapping_add(1);
            if taken.uids.insert(uid) {
                break uid;
            }
        };
        taken.by_id.insert(id.to_owned(), uid);
        Ok(Reservation { uid, id: id.to_owned(), slots: Arc::clone(slots) })
    }

    pub(crate) fn live(&self) -> HashSet<String> {
        self.taken().by_id.keys().cloned().collect()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.by_id.remove(&self.id);
        taken.uids.remove(&self.uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_live_sandboxes_share_a_uid_or_an_id() {
        let slots = Slots::new("owner");
        let first = Slots::reserve(&slots, "a").unwrap();
        let second = Slots::reserve(&slots, "b").unwrap();
        assert_ne!(first.uid, second.uid);
        assert!(matches!(Slots::reserve(&slots, "a"), Err(SandboxError::Invalid(_))));
        drop(first);
        assert_eq!(slots.live(), HashSet::from(["b".to_owned()]));
        let again = Slots::reserve(&slots, "a").unwrap();
        assert_ne!(again.uid, second.uid);
    }
}
