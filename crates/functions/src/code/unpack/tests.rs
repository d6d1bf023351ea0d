use super::*;
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;

/// One entry of an archive that is written byte by byte, so that it can lie.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    mode: u32,
    data: Vec<u8>,
    flags: u16,
    method: u16,
    /// What the headers say instead of the truth.
    size: Option<u32>,
    crc: Option<u32>,
}

fn file(name: &str, data: &str) -> Entry {
    Entry {
        name: name.as_bytes().to_vec(),
        mode: 0o100_644,
        data: data.as_bytes().to_vec(),
        flags: 0x0800,
        method: 0,
        size: None,
        crc: None,
    }
}

fn link(name: &str, target: &str) -> Entry {
    Entry { mode: 0o120_777, ..file(name, target) }
}

fn of_mode(name: &str, mode: u32) -> Entry {
    Entry { mode, ..file(name, "") }
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0_u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

fn archive(entries: &[Entry]) -> Bytes {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = bytes.len() as u32;
        let crc = entry.crc.unwrap_or_else(|| crc32(&entry.data));
        let size = entry.size.unwrap_or(entry.data.len() as u32);
        let mut common = Vec::new();
        for value in [20, entry.flags, entry.method, 0, 0x21] {
            common.extend_from_slice(&value.to_le_bytes());
        }
        for value in [crc, entry.data.len() as u32, size] {
            common.extend_from_slice(&value.to_le_bytes());
        }
        common.extend_from_slice(&(entry.name.len() as u16).to_le_bytes());
        common.extend_from_slice(&0_u16.to_le_bytes());
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&common);
        bytes.extend_from_slice(&entry.name);
        bytes.extend_from_slice(&entry.data);
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&(3_u16 << 8 | 20).to_le_bytes());
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(entry.mode << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(&entry.name);
    }
    let start = bytes.len() as u32;
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        bytes.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    }
    bytes.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&start.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    Bytes::from(bytes)
}

/// Unpacks into a directory inside another one, whose other contents must never change.
fn try_unpack(bytes: &Bytes) -> (tempfile::TempDir, Result<u64, UnpackError>) {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("root");
    fs::create_dir(&root).unwrap();
    let done = unpack(bytes, &root);
    let around: Vec<_> =
        fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(around, ["root"], "something was written outside");
    (outside, done)
}

fn check_refused(entries: &[Entry], expected: &str) {
    let (outside, done) = try_unpack(&archive(entries));
    let names: Vec<_> = entries.iter().map(|entry| String::from_utf8_lossy(&entry.name)).collect();
    match done {
        Err(UnpackError::Refused(why)) => assert!(why.contains(expected), "{names:?}: {why}"),
        other => panic!("{names:?}: {other:?}"),
    }
    drop(outside);
}

#[test]
fn hostile_archives_are_refused_by_name() {
    check_refused(&[file("../x", "")], "leads out");
    check_refused(&[file("a/../../x", "")], "leads out");
    check_refused(&[file("..\\..\\x", "")], "leads out");
    check_refused(&[file("/etc/passwd", "")], "absolute");
    check_refused(&[file("a\0b", "")], "unusable");
    check_refused(&[file(&"a/".repeat(200), "")], "deeper");
    check_refused(&[file(&"a".repeat(300), "")], "unusable");
    check_refused(&[file("a", "1"), file("a", "2")], "twice");
    check_refused(&[file("a", "1"), file("./a", "2")], "twice");
    check_refused(&[file("a", "1"), file("a/b", "2")], "no directory");
    check_refused(&[file("a/b", "1"), file("a", "2")], "twice");
    check_refused(&[link("a", "b"), file("a/c", "")], "no directory");
    check_refused(&[of_mode("null", 0o020_666)], "device");
    check_refused(&[of_mode("pipe", 0o010_644)], "device");
    check_refused(&[of_mode("socket", 0o140_755)], "device");
    check_refused(&[of_mode("disk", 0o060_644)], "device");
    check_refused(&[Entry { flags: 1, ..file("secret", "x") }], "encrypted");
    check_refused(&[Entry { method: 12, ..file("bzip2", "x") }], "neither stored nor deflated");
    check_refused(&[Entry { crc: Some(1), ..file("damaged", "x") }], "damaged");
    check_refused(&[Entry { method: 8, ..file("damaged", "no deflate stream") }], "damaged");
    check_refused(&[Entry { size: Some(u32::MAX - 1), ..file("huge", "x") }], "Unzipped size");
    check_refused(&[], "empty");
}

#[test]
fn links_that_leave_the_code_are_refused() {
    check_refused(&[link("a", "/etc/passwd")], "out of the code");
    check_refused(&[link("a", "../x")], "out of the code");
    check_refused(&[link("d/a", "../../x")], "out of the code");
    check_refused(&[link("a", "")], "no usable target");
    // Inside by its text, outside as the kernel follows it: `up` is the root, so `up/..` is above it.
    check_refused(&[link("d/up", ".."), link("d/a", "up/../x")], "out of the code");
    check_refused(&[link("a", "b"), link("b", "a")], "too many links");
}

#[test]
fn good_archives_come_out_as_they_went_in() {
    let entries = [
        file("index.js", "exports"),
        Entry { mode: 0o100_755, ..file("bootstrap", "#!/bin/sh") },
        Entry { mode: 0o104_700, ..file("setuid", "x") },
        of_mode("empty/", 0o040_700),
        of_mode("./", 0o040_755),
        file("deep/er/file", "x"),
        file("ä ö", "utf-8"),
        file("back\\slash", "x"),
        link("deep/link", "../index.js"),
        link("over", "deep/link"),
    ];
    let (outside, done) = try_unpack(&archive(&entries));
    assert_eq!(done.unwrap(), 7 + 9 + 1 + 1 + 5 + 1);
    let root = outside.path().join("root");
    let mode = |name: &str| fs::metadata(root.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("index.js"), 0o644);
    assert_eq!(mode("bootstrap"), 0o755);
    assert_eq!(mode("setuid"), 0o755);
    assert_eq!(mode("empty"), 0o755);
    assert_eq!(mode("deep/er"), 0o755);
    assert_eq!(fs::read_to_string(root.join("ä ö")).unwrap(), "utf-8");
    assert_eq!(fs::read_to_string(root.join("over")).unwrap(), "exports");
    assert!(root.join("back\\slash").is_file());
}

#[test]
fn a_deflated_bomb_stops_at_the_limit() {
    use zip::write::SimpleFileOptions;
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let zeros = vec![0; 1 << 20];
    for name in ["a", "b"] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        for _ in 0..126 {
            writer.write_all(&zeros).unwrap();
        }
    }
    let bytes = Bytes::from(writer.finish().unwrap().into_inner());
    assert!(bytes.len() < 1 << 20);
    let (_, done) = try_unpack(&bytes);
    assert!(matches!(done, Err(UnpackError::Refused(why)) if why.contains("Unzipped size")));
}

/// Names and targets that are likely to mean something to each other.
fn path() -> impl Strategy<Value = String> {
    let component = prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "c", "d"]),
        2 => Just(".."),
        1 => prop::sample::select(vec![".", "", "a\\b"]),
    ];
    prop::collection::vec(component, 1..6).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever an archive holds: nothing is written outside, and what every link leads to is inside.
    #[test]
    fn no_archive_reaches_outside(
        entries in prop::collection::vec((path(), path(), 0..3_u8), 1..8),
    ) {
        let entries: Vec<Entry> = entries
            .iter()
            .map(|(name, target, kind)| match kind {
                0 => file(name, "x"),
                1 => link(name, target),
                _ => of_mode(&format!("{name}/"), 0o040_755),
            })
            .collect();
        let (outside, done) = try_unpack(&archive(&entries));
        if done.is_ok() {
            let root = outside.path().join("root").canonicalize().unwrap();
            let mut left = vec![root.clone()];
            while let Some(directory) = left.pop() {
                for entry in fs::read_dir(directory).unwrap() {
                    let entry = entry.unwrap();
                    if entry.file_type().unwrap().is_dir() {
                        left.push(entry.path());
                    } else if let Ok(real) = entry.path().canonicalize() {
                        prop_assert!(real.starts_with(&root), "{} leads to {}", entry.path().display(), real.display());
                    }
                }
            }
        }
    }

    #[test]
    fn no_bytes_panic_the_reader(bytes: Vec<u8>, cut in 0..200_usize, flip in 0..200_usize) {
        let _ = try_unpack(&Bytes::from(bytes));
        let mut good = archive(&[file("a/b", "hello"), link("l", "a/b")]).to_vec();
        if let Some(byte) = good.get_mut(flip) {
            *byte ^= 0xFF;
        }
        let _ = try_unpack(&Bytes::from(good.clone()));
        good.truncate(good.len().saturating_sub(cut));
        let _ = try_unpack(&Bytes::from(good));
    }
}
