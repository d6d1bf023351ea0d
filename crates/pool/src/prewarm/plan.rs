//! How the budget is shared out among kinds.

/// What one kind wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    /// How many.
    pub target: u32,
    /// Memory of one, in MiB; at least 1.
    pub cost_mb: u32,
}

/// How many of each kind the budget allows; `wishes` stand in the order in which they were last needed,
/// the latest first.
///
/// First one of each, so that a kind in great demand does not starve the others; then what each wants.
pub(super) fn plan(wishes: &[Wish], budget_mb: u32) -> Vec<u32> {
    let mut left = budget_mb;
    let mut counts = vec![0; wishes.len()];
    for (count, wish) in counts.iter_mut().zip(wishes) {
        grant(count, wish.target.min(1), wish.cost_mb, &mut left);
    }
    for (count, wish) in counts.iter_mut().zip(wishes) {
        grant(count, wish.target, wish.cost_mb, &mut left);
    }
    counts
}

fn grant(count: &mut u32, target: u32, cost_mb: u32, left_mb: &mut u32) {
    let cost_mb = cost_mb.max(1);
    let more = target.saturating_sub(*count).min(*left_mb / cost_mb);
    *count += more;
    *left_mb -= more * cost_mb;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_gets_one_before_anyone_gets_many() {
        let wish = |target, cost_mb| Wish { target, cost_mb };
        assert_eq!(plan(&[], 100), Vec::<u32>::new());
        assert_eq!(plan(&[wish(10, 10), wish(3, 20)], 1000), [10, 3]);
        assert_eq!(plan(&[wish(10, 10), wish(3, 20)], 60), [4, 1], "the one needed last comes first");
        assert_eq!(plan(&[wish(10, 10), wish(3, 20)], 15), [1, 0]);
        assert_eq!(
            plan(&[wish(10, 50), wish(3, 20)], 30),
            [0, 1],
            "what does not fit makes room for what does"
        );
        assert_eq!(plan(&[wish(0, 0), wish(5, 0)], 3), [0, 3]);
        assert_eq!(plan(&[wish(5, 1)], 0), [0]);
    }
}
