//! Hostile archives, and what becomes of them.

use super::*;
use crate::{Budget, unpack_layer};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use tar::{Builder, Header};

/// Names are written as they are: the library would refuse most of these.
struct Tar(Builder<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Tar(Builder::new(Vec::new()))
    }

    fn entry(mut self, kind: EntryType, name: &str, target: &str, mode: u32, data: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(1234);
        header.set_size(data.len() as u64);
        header.set_cksum();
        self.0.append(&header, data).unwrap();
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        self.entry(EntryType::Regular, name, "", 0o644, text.as_bytes())
    }

    fn link(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, name, target, 0o777, b"")
    }

    fn hard(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Link, name, target, 0o644, b"")
    }

    fn directory(self, name: &str) -> Self {
        self.entry(EntryType::Directory, name, "", 0o700, b"")
    }

    fn pax(self, key: &str, value: &str) -> Self {
        let rest = format!(" {key}={value}\n");
        let length =
            (1..).map(|digits| rest.len() + digits).find(|n| n.to_string().len() == n - rest.len()).unwrap();
        self.entry(EntryType::XHeader, "pax", "", 0o644, format!("{length}{rest}").as_bytes())
    }

    fn done(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

/// A directory with a bystander in it, and the layer's directory beside that.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Scene(tempfile::tempdir().unwrap());
        std::fs::write(scene.0.path().join("bystander"), "innocent").unwrap();
        std::fs::create_dir(scene.0.path().join("outside")).unwrap();
        std::fs::create_dir(scene.layer()).unwrap();
        scene
    }

    fn layer(&self) -> PathBuf {
        self.0.path().join("layer")
    }

    fn unpack(&self, tar: Tar) -> Result<LayerNotes, ImageError> {
        let result = unpack_layer(tar.done().as_slice(), &self.layer(), &mut Budget::of_an_image());
        assert_eq!(std::fs::read_to_string(self.0.path().join("bystander")).unwrap(), "innocent");
        let beside: BTreeSet<OsString> =
            std::fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(beside, ["bystander", "layer", "outside"].map(OsString::from).into());
        assert_eq!(std::fs::read_dir(self.0.path().join("outside")).unwrap().count(), 0);
        result.map(|(_, notes)| notes)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.layer().join(name)).unwrap()
    }
}

#[test]
fn names_that_leave_are_refused_and_those_from_the_root_stay_inside() {
    for name in ["../escape", "a/../../escape", "a/..", "..", "/../escape", "a/../b"] {
        let refused = Scene::new().unpack(Tar::new().file(name, "x")).unwrap_err();
        assert!(matches!(refused, ImageError::Refused(_)), "{name}: {refused}");
    }
    let scene = Scene::new();
    scene.unpack(Tar::new().file("/absolute", "x").file("./a//./b", "y").directory("./")).unwrap();
    assert_eq!((scene.read("absolute"), scene.read("a/b")), ("x".to_owned(), "y".to_owned()));
    let long = Tar::new().pax("path", &"../".repeat(50)).file("short", "x");
    assert!(Scene::new().unpack(long).is_err());
    assert!(Scene::new().unpack(Tar::new().pax("path", &"x".repeat(300)).file("short", "x")).is_err());
    assert!(Scene::new().unpack(Tar::new().pax("path", &"d/".repeat(300)).file("short", "x")).is_err());
}

#[test]
fn nothing_is_written_through_a_link_to_the_outside() {
    let scene = Scene::new();
    let outside = scene.0.path().join("outside");
    // Inside, the link leads to a path below the image's own root, where there is nothing.
    for way in [outside.to_str().unwrap(), "../outside", "../../../../../../../tmp"] {
        let scene = Scene::new();
        let result = scene.unpack(Tar::new().link("way", way).file("way/escape", "x"));
        assert!(matches!(result, Err(ImageError::Refused(_))), "{way}: {result:?}");
    }
    let scene = Scene::new();
    scene.unpack(Tar::new().directory("usr/lib").link("lib", "/usr/lib").file("lib/x", "in")).unwrap();
    assert_eq!(scene.read("usr/lib/x"), "in", "links inside are followed inside");
    let scene = Scene::new();
    scene.unpack(Tar::new().link("file", "../bystander").file("file", "own")).unwrap();
    assert_eq!(scene.read("file"), "own", "a file takes the place of a link");
    let scene = Scene::new();
    scene.unpack(Tar::new().link("loop", "loop")).unwrap();
    assert!(Scene::new().unpack(Tar::new().link("loop", "loop").file("loop/x", "x")).is_err());
    assert!(Scene::new().unpack(Tar::new().file("file", "x").file("file/x", "x")).is_err());
    for target in ["", "\u{0}"] {
        assert!(Scene::new().unpack(Tar::new().link("nowhere", target)).is_err());
    }
}

#[test]
fn links_make_nothing_deeper_than_names_may() {
    let down = "d/".repeat(45);
    let deep = |rounds: usize| {
        let scene = Scene::new();
        let mut tar = Tar::new();
        for round in 0..rounds {
            let before = if round == 0 { String::new() } else { format!("l{}/", round - 1) };
            tar = tar
                .file(&format!("{before}{down}x"), "x")
                .link(&format!("l{round}"), &format!("{before}{down}"));
        }
        scene.unpack(tar)
    };
    deep(2).unwrap();
    let refused = deep(8).unwrap_err();
    assert!(refused.to_string().contains("too deep"), "{refused}");
}

#[test]
fn hard_links_are_to_the_layers_own_files() {
    let scene = Scene::new();
    scene
        .unpack(Tar::new().file("a", "x").hard("b", "a").hard("c/d", "/a").hard("a", "a").hard("b", "a"))
        .unwrap();
    let inode = |name: &str| scene.layer().join(name).metadata().unwrap().ino();
    assert_eq!([inode("b"), inode("c/d")], [inode("a"); 2]);
    for target in ["../bystander", "/etc/passwd", "missing", "directory", ""] {
        let refused = Scene::new().unpack(Tar::new().directory("directory").hard("b", target)).unwrap_err();
        assert!(matches!(refused, ImageError::Refused(_)), "{target}: {refused}");
    }
    // Through a link, and what is a link itself.
    assert!(Scene::new().unpack(Tar::new().link("way", "..").hard("b", "way/bystander")).is_err());
    let scene = Scene::new();
    scene.unpack(Tar::new().link("link", "../bystander").hard("b", "link").file("b", "own")).unwrap();
    assert_eq!(scene.read("b"), "own");
    // What a link is to goes with the directory that it replaces.
    assert!(Scene::new().unpack(Tar::new().file("d/a", "x").hard("d", "d/a")).is_err());
}

#[test]
fn devices_owners_and_set_id_bits_do_not_survive() {
    let scene = Scene::new();
    let special = [EntryType::Block, EntryType::Char, EntryType::Fifo];
    let tar = special.iter().fold(Tar::new(), |tar, kind| tar.entry(*kind, "special", "", 0o666, b""));
    scene
        .unpack(
            tar.entry(EntryType::Regular, "program", "", 0o6711, b"x")
                .entry(EntryType::Regular, "closed", "", 0o000, b"x")
                .entry(EntryType::Directory, "sticky", "", 0o7000, b""),
        )
        .unwrap();
    assert!(!scene.layer().join("special").exists());
    let mode = |name: &str| scene.layer().join(name).metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!([mode("program"), mode("closed"), mode("sticky")], [0o755, 0o644, 0o755]);
    let ours = scene.0.path().metadata().unwrap().uid();
    assert_eq!(scene.layer().join("program").metadata().unwrap().uid(), ours);
    for kind in [EntryType::GNUSparse, EntryType::new(b'V'), EntryType::new(b'M')] {
        assert!(Scene::new().unpack(Tar::new().entry(kind, "odd", "", 0o644, b"x")).is_err(), "{kind:?}");
    }
    for key in ["GNU.sparse.major", "GNU.sparse.map"] {
        assert!(Scene::new().unpack(Tar::new().pax(key, "1").file("a", "x")).is_err());
    }
}

#[test]
fn of_entries_with_one_name_the_last_one_counts() {
    let scene = Scene::new();
    let tar = Tar::new()
        .file("a", "1")
        .file("a", "2")
        .file("b/x/y", "1")
        .file("b", "file now")
        .file("c", "1")
        .directory("c")
        .file("c/x", "in a directory now")
        .link("d", "c")
        .directory("d")
        .file("d/own", "not in c")
        .file("e/f/g", "1")
        .link("e", "c")
        .file("e/h", "through a link");
    scene.unpack(tar).unwrap();
    assert_eq!([scene.read("a"), scene.read("b")], ["2", "file now"]);
    assert_eq!(
        [scene.read("c/x"), scene.read("d/own"), scene.read("c/h")],
        ["in a directory now", "not in c", "through a link"]
    );
    assert!(!scene.layer().join("c/own").exists() && !scene.layer().join("c/f").exists());
}

#[test]
fn whiteouts_are_noted_and_never_reach_further() {
    let scene = Scene::new();
    let tar = Tar::new()
        .file("a/.wh.gone", "")
        .file("b/.wh..wh..opq", "")
        .file(".wh..wh.plnk", "")
        .file("kept/x", "x")
        .directory("said")
        .file("said/x", "x");
    let notes = scene.unpack(tar).unwrap();
    assert_eq!(notes.whiteouts, [PathBuf::from("a/gone")].into());
    assert_eq!(notes.opaque, [PathBuf::from("b")].into());
    assert_eq!(notes.implied, [PathBuf::from("kept")].into());
    assert!(!scene.layer().join("a").exists(), "what is taken away makes nothing");
    for name in [".wh.", ".wh..", ".wh...", "a/.wh...", "../.wh.bystander", ".wh.a/../../b"] {
        assert!(Scene::new().unpack(Tar::new().file(name, "")).is_err(), "{name}");
    }
}

#[test]
fn bounds_hold_whatever_headers_say() {
    let zeroes = vec![0; 200_000];
    let tar = Tar::new().entry(EntryType::Regular, "big", "", 0o644, &zeroes).done();
    let mut small = Budget { bytes: 100_000, entries: 10 };
    let scene = Scene::new();
    let refused = unpack_layer(tar.as_slice(), &scene.layer(), &mut small).unwrap_err();
    assert!(matches!(refused, ImageError::TooLarge(_)), "{refused}");
    // A bomb after the archive's end, which would only be hashed.
    let bomb = [Tar::new().done(), vec![0; 10_000_000]].concat();
    let packed = zstd::encode_all(bomb.as_slice(), 1).unwrap();
    assert!(packed.len() < 10_000);
    let mut small = Budget { bytes: 100_000, entries: 10 };
    let refused = unpack_layer(packed.as_slice(), &scene.layer(), &mut small).unwrap_err();
    assert!(matches!(refused, ImageError::TooLarge(_)), "{refused}");
    let many = (0..20).fold(Tar::new(), |tar, n| tar.file(&format!("{n}"), "")).done();
    let mut few = Budget { bytes: 100_000, entries: 10 };
    assert!(matches!(unpack_layer(many.as_slice(), &scene.layer(), &mut few), Err(ImageError::TooLarge(_))));
    // A header that promises more than comes, and one that promises more than can be.
    let mut cut = Tar::new().entry(EntryType::Regular, "big", "", 0o644, &zeroes).done();
    cut.truncate(100_000);
    assert!(unpack_layer(cut.as_slice(), &scene.layer(), &mut Budget::of_an_image()).is_err());
    let mut header = Header::new_gnu();
    header.set_path("huge").unwrap();
    header.set_size(u64::MAX >> 2);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    assert!(unpack_layer(header.as_bytes().as_slice(), &scene.layer(), &mut Budget::of_an_image()).is_err());
    header.set_entry_type(EntryType::GNULongName);
    header.set_cksum();
    assert!(unpack_layer(header.as_bytes().as_slice(), &scene.layer(), &mut Budget::of_an_image()).is_err());
    assert!(Scene::new().unpack(Tar::new().pax("size", "1").file("a", "xyz")).is_err(), "two sizes");
    for record in ["", "x", "5 a\n", "99 path=x\n", "999999999999999999999 a=b\n", "4 =\n"] {
        let tar = Tar::new().entry(EntryType::XHeader, "pax", "", 0o644, record.as_bytes()).file("a", "x");
        let _ = Scene::new().unpack(tar);
    }
}

#[test]
fn what_a_layer_is_compressed_with_is_seen() {
    let plain = Tar::new().file("a", "x").done();
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&plain).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
    for bytes in [&plain, &gzip, &zstd] {
        let scene = Scene::new();
        let (found, _) = unpack_layer(bytes.as_slice(), &scene.layer(), &mut Budget::of_an_image()).unwrap();
        assert_eq!(found, crate::Digest::of(&plain));
        assert_eq!(scene.read("a"), "x");
    }
    for cut in [&gzip, &zstd] {
        let cut = &cut[..cut.len() - 6];
        assert!(unpack_layer(cut, &Scene::new().layer(), &mut Budget::of_an_image()).is_err());
    }
    assert!(unpack_layer([7; 5000].as_slice(), &Scene::new().layer(), &mut Budget::of_an_image()).is_err());
}
