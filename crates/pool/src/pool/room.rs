//! Room for the next cold start is made before it comes.

use super::{Closing, Inner};
use std::sync::Weak;

/// Of the memory for all instances, the part that is kept free of idle ones where that is more than
/// [`RESERVE_MB_MIN`]: a start that found none would wait until another instance has ended.
const RESERVE_SHARE: u32 = 16;

/// The smallest function: on a small machine keeping less free would help nobody, and idle instances are few.
const RESERVE_MB_MIN: u32 = 128;

/// How much is to be free, in MiB.
fn reserve_mb(memory_mb_max: u32) -> u32 {
    let reserve = memory_mb_max / RESERVE_SHARE;
    if reserve < RESERVE_MB_MIN { 0 } else { reserve }
}

/// Works as long as the pool lives and is open.
pub(super) async fn make_room(pool: Weak<Inner>) {
    let Some(inner) = pool.upgrade() else { return };
    let reserve = reserve_mb(inner.context.config.memory_mb_max);
    let (mut starts, mut closing) = (inner.starts.subscribe(), inner.phase.subscribe());
    drop(inner);
    loop {
        tokio::select! {
            begun = starts.changed() => if begun.is_err() { return },
            // An error: the pool is gone.
            _ = closing.wait_for(|phase| *phase != Closing::Open) => return,
        }
        let Some(inner) = pool.upgrade() else { return };
        if inner.registry.shortage_mb(reserve) == 0 {
            continue;
        }
        inner.wait_for_starts().await;
        let shortage = inner.registry.shortage_mb(reserve);
        if shortage > 0 {
            inner.destroy_later(inner.idle.evict(shortage).await);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_machine_keeps_its_idle_instances() {
        assert_eq!(reserve_mb(512), 0);
        assert_eq!(reserve_mb(2047), 0);
        assert_eq!(reserve_mb(2048), 128);
        assert_eq!(reserve_mb(24 * 1024), 1536);
    }
}
