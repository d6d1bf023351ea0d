//! From invocations to what the store keeps, on a simulated clock.

use clock::{Clock, Timestamp};
use kv::Kv;
use meters::{Ending, Metered, Meters, Resolution, UsageError, Used};
use names::{AccountId, FunctionName, Key, Keyspace, Region};
use std::time::Duration;

/// 2026-11-21T10:00:30Z.
const NOW: i64 = 1_795_255_230;

struct World {
    kv: Kv,
    clock: Clock,
    meters: Meters,
}

impl World {
    fn new() -> World {
        let (kv, clock) = (Kv::memory(), Clock::simulated(Timestamp::from_seconds(NOW), 5));
        let meters = Meters::new(kv.clone(), clock.clone());
        World { kv, clock, meters }
    }

    fn run(&self, name: &str, ending: Ending) {
        let (account, region) = (AccountId::root(), Region::default_region());
        let function = FunctionName::parse(name).unwrap();
        let metered = Metered {
            function_arn: name,
            account: &account,
            region: &region,
            function: &function,
            version: "$LATEST",
            memory_mb: 128,
        };
        self.meters.begin(&metered).end(&metered, ending);
    }

    async fn invocations(&self, from: i64, to: i64) -> Vec<(String, u64)> {
        let (from, to) = (Timestamp::from_seconds(from), Timestamp::from_seconds(to));
        let rows = self.meters.usage(from, to).await.unwrap();
        rows.into_iter().map(|row| (row.series.function.to_string(), row.tally.invocations)).collect()
    }

    async fn kept(&self, resolution: Resolution) -> usize {
        let range = Key::new(Keyspace::Usage).number(resolution.seconds()).range();
        self.kv.range(range, 100_000).await.unwrap().len()
    }
}

fn answered(ms: u64) -> Ending {
    let duration = Duration::from_millis(ms);
    Ending::Answered(Used { duration, billed: duration, ..Used::default() })
}

const MINUTE: i64 = NOW / 60 * 60;
const DAY: i64 = NOW / 86_400 * 86_400;

#[tokio::test]
async fn what_was_counted_is_kept_by_minute_hour_and_day() {
    let world = World::new();
    world.run("a", answered(5));
    world.meters.flush().await.unwrap();
    world.run("a", answered(7));
    world.run("b", Ending::Throttled);
    world.clock.advance(Duration::from_secs(60));
    world.run("a", answered(9));
    world.meters.flush().await.unwrap();
    let counts = [world.kept(Resolution::Minute), world.kept(Resolution::Hour), world.kept(Resolution::Day)];
    let [minutes, hours, days] = counts;
    assert_eq!([minutes.await, hours.await, days.await], [3, 2, 2]);
    let named = |a, b| vec![("a".to_owned(), a), ("b".to_owned(), b)];
    assert_eq!(world.invocations(DAY, DAY + 86_400).await, named(3, 0));
    assert_eq!(world.invocations(MINUTE, MINUTE + 60).await, named(2, 0));
    assert_eq!(world.invocations(MINUTE + 60, MINUTE + 120).await, [("a".to_owned(), 1)]);
    assert_eq!(world.meters.totals().functions.len(), 2);
}

#[tokio::test]
async fn nothing_counts_twice_and_little_is_lost() {
    let world = World::new();
    for _ in 0..1000 {
        world.run("a", answered(1));
    }
    let (one, two) = tokio::join!(world.meters.flush(), world.meters.flush());
    assert!(one.is_ok() && two.is_ok());
    world.run("a", answered(1));
    // As after kill -9: what was not flushed is gone, the rest is there once.
    let world = World { meters: Meters::new(world.kv.clone(), world.clock.clone()), ..world };
    assert_eq!(world.invocations(DAY, DAY + 86_400).await, [("a".to_owned(), 1000)]);
}

#[tokio::test]
async fn what_the_store_does_not_take_waits() {
    let world = World::new();
    let closed = Kv::memory();
    closed.close().await;
    let meters = Meters::new(closed, world.clock.clone());
    let failing = World { meters, ..world };
    failing.run("b", answered(1));
    assert!(failing.meters.flush().await.is_err());
    assert!(failing.meters.flush().await.is_err(), "it is still there to be tried again");
    assert!(failing.meters.totals().functions.is_empty());
}

#[tokio::test]
async fn a_period_is_of_whole_minutes_that_are_kept() {
    let world = World::new();
    let ask = async |from: i64, to: i64| {
        world.meters.usage(Timestamp::from_seconds(from), Timestamp::from_seconds(to)).await
    };
    assert!(matches!(ask(DAY, DAY).await, Err(UsageError::Empty)));
    assert!(matches!(ask(DAY + 1, DAY + 60).await, Err(UsageError::Uneven)));
    assert!(ask(DAY - 399 * 86_400, DAY).await.is_ok());
    assert!(matches!(ask(DAY - 401 * 86_400, DAY).await, Err(UsageError::TooOld { unit: "day", .. })));
    assert!(ask(DAY - 30 * 86_400 + 3600, DAY).await.is_ok());
    assert!(matches!(ask(DAY - 50 * 86_400 + 3600, DAY).await, Err(UsageError::TooOld { unit: "hour", .. })));
    assert!(matches!(ask(DAY - 10 * 86_400 + 60, DAY).await, Err(UsageError::TooOld { unit: "minute", .. })));
}

#[tokio::test]
async fn what_is_old_is_removed() {
    let world = World::new();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(world.meters.clone().run(stopped));
    world.run("a", answered(1));
    world.meters.flush().await.unwrap();
    for _ in 0..39 {
        world.clock.advance(Duration::from_secs(3600));
        tokio::task::yield_now().await;
    }
    for _ in 0..20_000 {
        if world.kept(Resolution::Minute).await == 0 {
            break;
        }
        world.clock.advance(Duration::from_secs(5));
        tokio::task::yield_now().await;
    }
    assert_eq!(world.kept(Resolution::Minute).await, 0);
    assert_eq!([world.kept(Resolution::Hour).await, world.kept(Resolution::Day).await], [1, 1]);
    stop.send(true).unwrap();
    running.await.unwrap();
}
