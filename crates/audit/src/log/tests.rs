use super::*;
use crate::{Query, Report, Tail};
use clock::Timestamp;
use proptest::prelude::*;
use std::fs;
use std::ops::ControlFlow;

const START: i64 = 1_795_000_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn record(id: usize) -> Record<'static> {
    Record {
        event_name: "GetObject".into(),
        event_time: Timestamp::from_seconds(START).to_iso8601().into(),
        event_id: format!("event-{id}").into(),
        ..Record::default()
    }
}

/// Moves the clock on while it waits, so that what gathers is written.
async fn settled(log: &Log, clock: &Clock, records: u64) {
    while everything(log).records < records {
        clock.advance(GATHER);
        tokio::task::yield_now().await;
    }
}

fn ids(log: &Log) -> (Vec<String>, Report) {
    let mut ids = Vec::new();
    let report = log.reader().scan(&Query::default(), |line| {
        ids.push(line.record.event_id.to_string());
        ControlFlow::Continue(())
    });
    (ids, report.unwrap())
}

fn everything(log: &Log) -> Report {
    ids(log).1
}

fn expected(ids: impl IntoIterator<Item = usize>) -> Vec<String> {
    ids.into_iter().map(|id| format!("event-{id}")).collect()
}

struct World {
    directory: tempfile::TempDir,
    clock: Clock,
    settings: Settings,
}

impl World {
    fn new() -> World {
        World {
            directory: tempfile::tempdir().unwrap(),
            clock: Clock::simulated(Timestamp::from_seconds(START), 1),
            settings: Settings::default(),
        }
    }

    fn open(&self) -> Log {
        Log::open(self.directory.path(), self.clock.clone(), self.settings).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        let segments = Reader::new(self.directory.path()).segments().unwrap();
        segments.into_iter().map(|segment| segment.path).collect()
    }
}

#[tokio::test]
async fn what_is_durable_is_in_the_file_and_in_order_with_what_is_not() {
    let world = World::new();
    let log = world.open();
    log.append(&record(0)).await;
    log.append_durable(&record(1)).await.unwrap();
    assert_eq!(ids(&log).0, expected(0..2), "what came before a durable record is there with it");
    log.append(&record(2)).await;
    log.append_now(&record(3));
    settled(&log, &world.clock, 4).await;
    log.append(&record(4)).await;
    log.close().await;
    let (found, report) = ids(&log);
    assert_eq!(found, expected(0..5));
    assert_eq!((report.damages, report.is_whole, report.torn.len()), (0, true, 0));
    assert!(matches!(log.append_durable(&record(5)).await, Err(AuditError::Closed)));
}

#[tokio::test]
async fn the_chain_goes_on_after_a_restart_and_a_torn_line_is_borne() {
    let world = World::new();
    for start in 0..3 {
        let log = world.open();
        log.append_durable(&record(start)).await.unwrap();
        log.close().await;
        // As a process that was killed in the middle of a write leaves it.
        let last = world.files().pop().unwrap();
        let mut text = fs::read(&last).unwrap();
        text.extend_from_slice(b"{\"eventVersion\":\"1.1");
        fs::write(&last, text).unwrap();
    }
    let (found, report) = ids(&world.open());
    assert_eq!(found, expected(0..3));
    assert_eq!((report.damages, report.torn.len(), report.segments), (0, 3, 3));
}

#[tokio::test]
async fn any_change_is_found() {
    let world = World::new();
    for start in [0, 2] {
        let log = world.open();
        for id in start..start + 2 {
            log.append_durable(&record(id)).await.unwrap();
        }
        log.close().await;
    }
    let files = world.files();
    let whole: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).unwrap()).collect();
    let log = world.open();
    let check = |what: &str, file: usize, change: &dyn Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>| {
        let lines = whole[file].split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        fs::write(&files[file], change(lines).concat()).unwrap();
        let report = everything(&log);
        assert!(report.damages > 0 && !report.damage.is_empty(), "{what}: {report:?}");
        fs::write(&files[file], &whole[file]).unwrap();
        assert_eq!(everything(&log).damages, 0, "{what} was undone");
    };
    for (file, line) in [(0, 1), (0, 2), (1, 1), (1, 2), (0, 0), (1, 0)] {
        check("a line is taken out", file, &|mut lines| {
            lines.remove(line);
            // Nothing tells that the very last line is missing but what was noted elsewhere.
            if (file, line) == (1, 2) { Vec::from([b"x\n".to_vec()]) } else { lines }
        });
        check("a line is changed", file, &|mut lines| {
            let place = lines[line].iter().position(|byte| byte.is_ascii_digit()).unwrap();
            lines[line][place] ^= 1;
            lines
        });
        check("a line is there twice", file, &|mut lines| {
            lines.insert(line, lines[line].clone());
            lines
        });
    }
    check("two lines change places", 0, &|mut lines| {
        lines.swap(1, 2);
        lines
    });
    check("a line is too long", 0, &|mut lines| {
        lines.insert(1, [vec![b'x'; 2 * crate::LINE_BYTES_MAX], b"\n".to_vec()].concat());
        lines
    });
    fs::remove_file(&files[0]).unwrap();
    let report = everything(&log);
    assert_eq!((report.damages, report.is_whole), (0, false), "as retention removes it");
}

#[tokio::test]
async fn segments_end_with_the_day_and_when_they_are_full_and_old_ones_go() {
    let mut world = World::new();
    world.settings.retention = 2 * DAY;
    let log = world.open();
    for id in 0..5 {
        log.append_durable(&record(id)).await.unwrap();
        world.clock.advance(DAY);
    }
    assert_eq!(ids(&log).0, expected(2..5), "a day's segment goes when all of it is two days old");
    log.close().await;

    world.settings = Settings { segment_bytes_max: 1, bytes_max: 3_000, ..Settings::default() };
    let log = world.open();
    for id in 5..40 {
        log.append_durable(&record(id)).await.unwrap();
    }
    let (found, report) = ids(&log);
    assert!(report.bytes <= 4_000 && found.len() >= 2, "{report:?}");
    assert_eq!(found, expected(40 - found.len()..40), "the oldest went");
    assert_eq!((report.damages, report.is_whole), (0, false));
    log.close().await;
}

#[tokio::test]
async fn a_disk_that_takes_nothing_fails_who_waits_and_is_told_of_later() {
    let world = World::new();
    let log = world.open();
    // New segments cannot be made where there is no directory; root is stopped by nothing less.
    fs::remove_dir(world.directory.path()).unwrap();
    log.append(&record(0)).await;
    assert!(matches!(log.append_durable(&record(1)).await, Err(AuditError::Write(_))));
    assert!(log.is_failing());
    fs::create_dir(world.directory.path()).unwrap();
    while log.is_failing() {
        world.clock.advance(RETRY);
        tokio::task::yield_now().await;
    }
    log.append_durable(&record(2)).await.unwrap();
    log.leave_out("flood");
    log.close().await;
    let mut left_out = Vec::new();
    let report = log.reader().scan(&Query::default(), |line| {
        left_out.extend(line.record.zerun.left_out.clone());
        ControlFlow::Continue(())
    });
    assert_eq!(left_out, [("notWritten".to_owned(), 2), ("flood".to_owned(), 1)]);
    assert_eq!(report.unwrap().damages, 0);
}

#[tokio::test]
async fn a_follower_sees_each_record_once() {
    let mut world = World::new();
    world.settings.segment_bytes_max = 1_000;
    let log = world.open();
    log.append_durable(&record(0)).await.unwrap();
    let mut tail = Tail::new(log.reader()).unwrap();
    let mut seen = Vec::new();
    for id in 1..20 {
        log.append_durable(&record(id)).await.unwrap();
        if id % 3 != 0 {
            tail.look(&Query::default(), |line| seen.push(line.record.event_id.to_string())).unwrap();
        }
    }
    assert_eq!(seen, expected(1..20));
    log.close().await;
}

#[tokio::test]
async fn the_newest_are_found_across_segments_and_one_by_its_id() {
    let mut world = World::new();
    world.settings.segment_bytes_max = 1_000;
    let log = world.open();
    for id in 0..20 {
        log.append_durable(&record(id)).await.unwrap();
    }
    assert!(world.files().len() > 3);
    let of = |json: &String| serde_json::from_str::<Record<'_>>(json).unwrap().event_id.into_owned();
    for limit in [0, 1, 7, 20, 50] {
        let (lines, _) = log.reader().newest(&Query::default(), limit).unwrap();
        assert_eq!(lines.iter().map(of).collect::<Vec<_>>(), expected(20 - limit.min(20)..20), "{limit}");
    }
    let at = Timestamp::from_seconds(START);
    let found = log.reader().find("event-11", Some(at)).unwrap().unwrap();
    assert_eq!(of(&found), "event-11");
    assert_eq!(log.reader().find("event-11", Some(at + DAY)).unwrap(), None, "not at that time");
    assert_eq!(log.reader().find("event-99", None).unwrap(), None);
    log.close().await;
}

#[test]
fn a_record_has_a_bound_and_says_what_was_left_out() {
    let long = "x".repeat(100_000);
    let record = Record {
        request_parameters: Some(serde_json::json!({ "name": long })),
        user_agent: crate::cut(&long),
        ..record(1)
    };
    let mut line = Vec::new();
    let length = record.write(&mut line);
    assert_eq!(length, line.len());
    assert!(length <= crate::RECORD_BYTES_MAX);
    let read: Record<'_> = serde_json::from_slice(&line).unwrap();
    let parameters = read.request_parameters.unwrap();
    assert_eq!(
        (&parameters["omitted"], parameters["originalSize"].as_u64() > Some(100_000)),
        (&true.into(), true)
    );
    assert!(read.user_agent.ends_with("… (cut, 100000 bytes)"), "{}", read.user_agent);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever is appended in whatever way, with restarts in between, is read back, in order and undamaged.
    #[test]
    fn what_was_written_is_read(
        steps in proptest::collection::vec((0..4u8, ".{0,40}"), 1..40),
        segment_bytes_max in 1..5_000u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            world.settings.segment_bytes_max = segment_bytes_max;
            let mut log = world.open();
            let mut written = Vec::new();
            for (how, text) in steps {
                let record = Record { user_agent: text.clone().into(), ..record(0) };
                match how {
                    0 => log.append(&record).await,
                    1 => log.append_now(&record),
                    2 => log.append_durable(&record).await.unwrap(),
                    _ => {
                        log.close().await;
                        log = world.open();
                        continue;
                    }
                }
                written.push(text);
            }
            log.close().await;
            let mut read = Vec::new();
            let report = log.reader().scan(&Query::default(), |line| {
                read.push(line.record.user_agent.to_string());
                ControlFlow::Continue(())
            }).unwrap();
            prop_assert_eq!(read, written);
            prop_assert_eq!((report.damages, report.torn.len()), (0, 0));
            Ok(())
        })?;
    }

    /// Whatever byte is changed to whatever other, it is found; only the last line's end may look torn instead.
    #[test]
    fn any_changed_byte_is_found(place in any::<prop::sample::Index>(), change in 1..=255_u8, records in 1..6_usize) {
        let mut text = Vec::new();
        let header = crate::segment::Header::new(Timestamp::EPOCH, &crate::chain::GENESIS);
        let mut link = crate::chain::GENESIS;
        let mut line = serde_json::to_vec(&header).unwrap();
        for id in 0..=records {
            link = crate::chain::seal(&link, &line, &mut text);
            line.clear();
            record(id).write(&mut line);
        }
        let look = |text: &[u8]| {
            crate::scan_text(text, &Query::default(), |_| ControlFlow::Continue(())).unwrap()
        };
        prop_assert_eq!(look(&text).damages, 0);
        let place = place.index(text.len());
        text[place] ^= change;
        let report = look(&text);
        let is_end = place + 1 == text.len();
        prop_assert!(report.damages > 0 || (is_end && report.torn.len() == 1), "{} {:?}", place, report);
    }

    #[test]
    fn nothing_that_is_read_panics(text in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let report = crate::scan_text(&text, &Query::default(), |_| ControlFlow::Continue(())).unwrap();
        prop_assert!(report.records <= text.len() as u64);
    }
}
