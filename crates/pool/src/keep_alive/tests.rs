use super::*;
use clock::Timestamp;

const LONGEST: Duration = Duration::from_secs(300);
const MINUTE: Duration = Duration::from_secs(60);

fn spec(name: &str) -> Arc<VersionSpec> {
    Arc::new(crate::version::example(name))
}

fn world() -> (Clock, KeepAlive) {
    let clock = Clock::simulated(Timestamp::from_seconds(1_000_000), 3);
    (clock.clone(), KeepAlive::new(clock, LONGEST))
}

/// Events with `gap` of nothing between them.
fn run(
    clock: &Clock,
    keep_alive: &KeepAlive,
    spec: &Arc<VersionSpec>,
    gaps: impl IntoIterator<Item = Duration>,
) {
    for gap in gaps {
        keep_alive.began(spec);
        clock.advance(Duration::from_millis(20));
        keep_alive.ended(spec);
        clock.advance(gap);
    }
    keep_alive.began(spec);
    clock.advance(Duration::from_millis(20));
    keep_alive.ended(spec);
}

fn keep(keep_alive: &KeepAlive, spec: &VersionSpec, newer: usize) -> Duration {
    keep_alive.keep(&spec.function_arn, &spec.version, newer)
}

#[test]
fn what_is_not_known_is_kept_long_and_bursts_go_step_by_step() {
    let (clock, keep_alive) = world();
    let spec = spec("f");
    assert_eq!(keep(&keep_alive, &spec, 0), LONGEST);
    run(&clock, &keep_alive, &spec, [MINUTE; 3]);
    let steps = [0, 1, 2, 3, 4, 9].map(|newer| keep(&keep_alive, &spec, newer).as_secs());
    assert_eq!(steps, [300, 150, 100, 75, 60, 60]);
    assert_eq!(keep_alive.next_due(), None);
}

#[test]
fn a_function_that_is_called_often_is_not_kept_for_long_after() {
    let (clock, keep_alive) = world();
    let often = spec("often");
    run(&clock, &keep_alive, &often, [Duration::from_millis(100); 50]);
    assert_eq!(keep(&keep_alive, &often, 0), SHORTEST);
    let each_two_minutes = spec("two");
    run(&clock, &keep_alive, &each_two_minutes, [MINUTE * 2; 10]);
    let kept = keep(&keep_alive, &each_two_minutes, 3);
    assert!((MINUTE * 2..MINUTE * 3).contains(&kept), "{kept:?}, however many there are");
    assert_eq!(keep_alive.next_due(), None, "nothing to start: it is still there");
}

#[test]
fn a_period_longer_than_instances_are_kept_is_met_by_one_started_ahead() {
    let (clock, keep_alive) = world();
    for minutes in [5_u32, 10, 60, 120] {
        let period = MINUTE * minutes;
        let spec = spec(&format!("each-{minutes}"));
        run(&clock, &keep_alive, &spec, [period; 6]);
        assert_eq!(keep(&keep_alive, &spec, 0), SHORTEST, "{minutes}");
        let at = keep_alive.next_due().unwrap();
        assert!(at > SHORTEST && at < period, "{minutes}: {at:?}");
        clock.advance(at - Duration::from_secs(1));
        assert!(keep_alive.due().is_empty());
        clock.advance(Duration::from_secs(1));
        let due = keep_alive.due();
        let [(found, kept)] = due.as_slice() else { panic!("{minutes}: {}", due.len()) };
        assert!(Arc::ptr_eq(found, &spec));
        assert!(*kept <= LONGEST && at + *kept >= period.min(at + LONGEST), "{minutes}: {kept:?}");
        assert!(keep_alive.due().is_empty(), "once");
        assert_eq!(keep_alive.next_due(), None);
    }
}

#[test]
fn an_event_or_a_change_calls_off_what_was_to_be_started() {
    let (clock, keep_alive) = world();
    let spec = spec("f");
    run(&clock, &keep_alive, &spec, [MINUTE * 10; 6]);
    assert!(keep_alive.next_due().is_some());
    keep_alive.began(&spec);
    assert_eq!(keep_alive.next_due(), None);
    keep_alive.ended(&spec);
    assert!(keep_alive.next_due().is_some());
    keep_alive.forget(&spec.function_arn);
    assert_eq!(keep_alive.next_due(), None);
}

#[test]
fn events_side_by_side_are_no_idle_time() {
    let (clock, keep_alive) = world();
    let spec = spec("f");
    for _ in 0..20 {
        keep_alive.began(&spec);
    }
    for _ in 0..19 {
        clock.advance(Duration::from_secs(1));
        keep_alive.ended(&spec);
        keep_alive.began(&spec);
        keep_alive.ended(&spec);
    }
    assert_eq!(keep(&keep_alive, &spec, 0), LONGEST, "nothing was learned");
}

#[test]
fn what_did_nothing_for_longest_is_forgotten_beyond_the_bound() {
    let (clock, keep_alive) = world();
    let busy = spec("busy");
    keep_alive.began(&busy);
    for n in 0..SHARDS * LEARNED_MAX * 2 {
        clock.advance(Duration::from_millis(1));
        let spec = spec(&format!("f-{n}"));
        keep_alive.began(&spec);
        keep_alive.ended(&spec);
    }
    let knows = |spec: &VersionSpec| keep_alive.learned.of(&spec.function_arn).contains_key(&name(spec));
    assert!(keep_alive.learned.each().all(|learned| learned.len() <= LEARNED_MAX));
    assert!(knows(&busy) && !knows(&spec("f-0")));
    assert!(std::mem::size_of::<Learned>() <= 200, "{}", std::mem::size_of::<Learned>());
}
