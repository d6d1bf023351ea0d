//! Documents and layers of images as anybody may write them: nothing panics, bounds hold, and a layer stays in its
//! directory.

#![no_main]

use images::{Budget, Config, Index, Manifest, unpack_layer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 4 {
        0 => drop(Index::parse(data).map(|index| index.for_this_machine().map(|one| one.size))),
        1 => drop(Manifest::parse(data)),
        2 => drop(Config::parse(data)),
        _ => layer(data),
    }
});

const BYTES_MAX: u64 = 1 << 20;

fn layer(data: &[u8]) {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("layer");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(place.path().join("bystander"), "innocent").unwrap();
    let mut budget = Budget { bytes: BYTES_MAX, entries: 100 };
    if let Ok((_, notes)) = unpack_layer(data, &directory, &mut budget) {
        for path in notes.whiteouts.iter().chain(&notes.opaque).chain(&notes.implied) {
            assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))), "{path:?}");
        }
    }
    let beside = std::fs::read_dir(place.path()).unwrap().count();
    let bystander = std::fs::read(place.path().join("bystander")).unwrap();
    assert!(beside == 2 && bystander == b"innocent", "something left the layer");
}
