//! Whole images, built here, loaded and merged.

use super::*;
use crate::ARCHITECTURE;
use clock::Clock;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tar::{Builder, EntryType, Header};

/// Path, content; `None` is a directory, `-> x` a link.
type Entry<'a> = (&'a str, Option<&'a str>);

fn layer(entries: &[Entry]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = Header::new_gnu();
        header.set_mode(0o755);
        match content {
            None => {
                header.set_entry_type(EntryType::Directory);
                header.set_size(0);
                tar.append_data(&mut header, name, &b""[..]).unwrap();
            }
            Some(text) => match text.strip_prefix("-> ") {
                Some(to) => {
                    header.set_entry_type(EntryType::Symlink);
                    header.set_size(0);
                    tar.append_link(&mut header, name, to).unwrap();
                }
                None => {
                    header.set_size(text.len() as u64);
                    tar.append_data(&mut header, name, text.as_bytes()).unwrap();
                }
            },
        }
    }
    tar.into_inner().unwrap()
}

struct Scene {
    dir: tempfile::TempDir,
    images: Images,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let images = Images::open(dir.path().join("images"), Clock::real()).unwrap();
        Scene { dir, images }
    }

    fn load(&self, path: &Path, name: Option<&str>) -> Result<Vec<Loaded>, ImageError> {
        let name = name.map(|name| ImageName::parse(name).unwrap());
        let result = self.images.load(path, name.as_ref(), &mut |_| {});
        let left: Vec<_> = std::fs::read_dir(&self.images.directory)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter(|name| name.starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?}");
        result
    }

    fn kept(&self, what: &str) -> usize {
        std::fs::read_dir(self.images.directory.join(what)).unwrap().count()
    }

    fn sweep(&self) {
        for digest in self.images.nameless().unwrap() {
            self.images.forget(&digest).unwrap();
        }
        self.images.sweep().unwrap();
    }
}

/// An OCI layout in the making.
struct Layout {
    directory: PathBuf,
    manifests: Vec<String>,
}

impl Layout {
    fn new(scene: &Scene, name: &str) -> Self {
        let directory = scene.dir.path().join(name);
        std::fs::create_dir_all(directory.join("blobs/sha256")).unwrap();
        Layout { directory, manifests: Vec::new() }
    }

    fn blob(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        std::fs::write(self.directory.join(path_of(&digest)), bytes).unwrap();
        digest
    }

    /// The manifest's descriptor, without what may follow.
    fn image(&self, architecture: &str, layers: &[Vec<u8>]) -> String {
        let diff_ids: Vec<String> =
            layers.iter().map(|layer| format!("{:?}", Digest::of(layer).to_string())).collect();
        let config = format!(
            r#"{{"architecture":"{architecture}","os":"linux","config":{{"Entrypoint":["/app"],"Cmd":["x"],"WorkingDir":"/w","Env":["A=b"]}},"rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
            diff_ids.join(",")
        );
        let layers: Vec<String> = layers
            .iter()
            .map(|layer| {
                let packed = zstd::encode_all(layer.as_slice(), 1).unwrap();
                format!(r#"{{"mediaType":"l","digest":"{}","size":{}}}"#, self.blob(&packed), packed.len())
            })
            .collect();
        let manifest = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"c","digest":"{}","size":{}}},"layers":[{}]}}"#,
            self.blob(config.as_bytes()),
            config.len(),
            layers.join(",")
        );
        format!(r#""mediaType":"m","digest":"{}","size":{}"#, self.blob(manifest.as_bytes()), manifest.len())
    }

    fn named(mut self, layers: &[Vec<u8>], name: &str) -> PathBuf {
        let image = self.image(ARCHITECTURE, layers);
        self.manifests.push(format!(r#"{{{image},"annotations":{{"{REF_NAME}":"{name}"}}}}"#));
        self.done()
    }

    fn done(self) -> PathBuf {
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, self.manifests.join(","));
        std::fs::write(self.directory.join("index.json"), index).unwrap();
        self.directory
    }
}

fn contents(root: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_symlink() {
                all.insert(name, format!("-> {}", std::fs::read_link(entry.path()).unwrap().display()));
            } else {
                all.insert(name, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    all.retain(|name, _| !crate::POINTS_FILES.contains(&name.as_str()));
    all
}

#[test]
fn layers_are_merged_shared_and_swept() {
    let scene = Scene::new();
    let base = layer(&[
        ("usr/lib/base", Some("base")),
        ("lib", Some("-> usr/lib")),
        ("etc/hosts", Some("-> /proc/sys/kernel/core_pattern")),
        ("gone/x", Some("x")),
        ("kept/old", Some("x")),
        ("file", Some("x")),
        ("dir/inner", Some("x")),
        ("replaced", Some("-> usr")),
        ("tmp", Some("-> /etc")),
    ]);
    let top = layer(&[
        (".wh.gone", Some("")),
        ("kept/.wh..wh..opq", Some("")),
        ("kept/new", Some("y")),
        ("lib/top", Some("top")),
        ("file/now", Some("a directory")),
        ("dir", Some("now a file")),
        ("replaced", None),
        ("replaced/own", Some("y")),
        // Through links of the layer below, which are not followed.
        ("lib/.wh.base", Some("")),
    ]);
    let one =
        scene.load(&Layout::new(&scene, "one").named(std::slice::from_ref(&base), "app:1"), None).unwrap();
    let two = scene.load(&Layout::new(&scene, "two").named(&[base.clone(), top], "app:2"), None).unwrap();
    assert_eq!((one[0].layers_shared, two[0].layers_shared), (0, 1));
    let image = &two[0].image;
    let expected = [
        ("usr/lib/base", "base"),
        ("usr/lib/top", "top"),
        ("lib", "-> usr/lib"),
        ("kept/new", "y"),
        ("file/now", "a directory"),
        ("dir", "now a file"),
        ("replaced/own", "y"),
    ];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let root = scene.images.root(image);
    assert_eq!(contents(&root), expected);
    for name in crate::POINTS_DIRECTORIES {
        assert!(root.join(name).symlink_metadata().unwrap().is_dir(), "{name}");
    }
    for name in crate::POINTS_FILES {
        assert!(root.join(name).symlink_metadata().unwrap().is_file(), "{name}");
    }
    assert_eq!(contents(&scene.images.root(&one[0].image))["gone/x"], "x", "layers stay as they were");
    assert_eq!(
        (image.entrypoint.as_slice(), image.working_directory.as_str()),
        (&["/app".to_owned()][..], "/w")
    );

    let found = |uri: &str| {
        scene.images.find(&crate::ImageUri::parse(uri).unwrap()).unwrap().map(|image| image.digest)
    };
    let digest = &image.digest;
    assert_eq!(found("localhost/app:2").as_ref(), Some(digest));
    assert_eq!(found(&format!("localhost/app@{digest}")).as_ref(), Some(digest));
    assert_eq!(found("localhost/app:3"), None);
    assert_eq!(found(&format!("localhost/other@{digest}")), None);

    assert_eq!([scene.kept("layers"), scene.kept("roots")], [2, 2]);
    scene.sweep();
    assert_eq!([scene.kept("layers"), scene.kept("roots")], [2, 2], "what has a name stays");
    scene.images.remove(&ImageName::parse("app:2").unwrap()).unwrap();
    assert!(matches!(scene.images.remove(&ImageName::parse("app:2").unwrap()), Err(ImageError::NotFound(_))));
    scene.sweep();
    assert_eq!([scene.kept("layers"), scene.kept("roots"), scene.kept("manifests")], [1, 1, 1]);
}

#[test]
fn a_broken_image_leaves_nothing() {
    let scene = Scene::new();
    let broken = |name: &str, change: &dyn Fn(&Path, &Digest)| {
        let bytes = layer(&[("a", Some("x"))]);
        let packed = Digest::of(&zstd::encode_all(bytes.as_slice(), 1).unwrap());
        let directory = Layout::new(&scene, name).named(&[bytes], "app:1");
        change(&directory, &packed);
        let refused = scene.load(&directory, None).unwrap_err();
        assert!(matches!(refused, ImageError::Refused(_)), "{name}: {refused}");
        assert_eq!([scene.kept("layers"), scene.kept("roots"), scene.kept("manifests")], [0, 0, 0], "{name}");
    };
    broken("changed", &|directory, packed| {
        let other = zstd::encode_all(layer(&[("a", Some("y"))]).as_slice(), 1).unwrap();
        std::fs::write(directory.join(path_of(packed)), other).unwrap();
    });
    broken("cut", &|directory, packed| {
        let path = directory.join(path_of(packed));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    });
    broken("longer", &|directory, packed| {
        let path = directory.join(path_of(packed));
        let bytes = [std::fs::read(&path).unwrap(), b"more".to_vec()].concat();
        std::fs::write(&path, bytes).unwrap();
    });
    broken("missing", &|directory, packed| std::fs::remove_file(directory.join(path_of(packed))).unwrap());
    broken("a link out", &|directory, packed| {
        let (path, beside) = (directory.join(path_of(packed)), directory.with_extension("beside"));
        std::fs::rename(&path, &beside).unwrap();
        std::os::unix::fs::symlink(&beside, &path).unwrap();
    });
    broken("no file", &|directory, packed| {
        let path = directory.join(path_of(packed));
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    });
    broken("no index", &|directory, _| std::fs::remove_file(directory.join("index.json")).unwrap());
    broken("manifest", &|directory, packed| {
        for entry in std::fs::read_dir(directory.join("blobs/sha256")).unwrap() {
            let path = entry.unwrap().path();
            if !path.ends_with(packed.hex()) {
                let text = std::fs::read_to_string(&path).unwrap().replace("/w", "/v");
                std::fs::write(path, text + " ").unwrap();
            }
        }
    });
}

#[test]
fn of_several_machines_ours_is_taken() {
    let scene = Scene::new();
    let mut layout = Layout::new(&scene, "several");
    let (ours, theirs) = (layer(&[("a", Some("ours"))]), layer(&[("a", Some("theirs"))]));
    let on = |architecture: &str, image: String| {
        format!(r#"{{{image},"platform":{{"os":"linux","architecture":"{architecture}"}}}}"#)
    };
    let (other, own) = (layout.image("s390x", &[theirs]), layout.image(ARCHITECTURE, &[ours]));
    let list = format!(r#"{{"manifests":[{},{}]}}"#, on("s390x", other.clone()), on(ARCHITECTURE, own));
    let list_digest = layout.blob(list.as_bytes());
    layout.manifests.push(format!(
        r#"{{"mediaType":"i","digest":"{list_digest}","size":{},"annotations":{{"{CONTAINERD_NAME}":"docker.io/library/app:1"}}}}"#,
        list.len()
    ));
    let loaded = scene.load(&layout.done(), None).unwrap();
    assert_eq!(contents(&scene.images.root(&loaded[0].image))["a"], "ours");
    let by_list = crate::ImageUri::parse(&format!("localhost/app@{list_digest}")).unwrap();
    assert_eq!(scene.images.find(&by_list).unwrap().unwrap().digest, loaded[0].image.digest);

    let mut layout = Layout::new(&scene, "other");
    layout.image("s390x", &[layer(&[("a", Some("theirs"))])]);
    layout.manifests.push(on("s390x", other));
    let said = scene.load(&layout.done(), Some("app:2")).unwrap_err().to_string();
    assert!(said.contains("linux/s390x") && said.contains(ARCHITECTURE), "{said}");
}

#[test]
fn archives_are_read_compressed_or_not_and_names_can_be_given() {
    let scene = Scene::new();
    let directory = Layout::new(&scene, "layout").named(&[layer(&[("a", Some("x"))])], "1.0");
    let tar = |path: &Path| {
        let mut tar = Builder::new(Vec::new());
        tar.append_dir_all(".", path).unwrap();
        tar.into_inner().unwrap()
    };
    let archive = tar(&directory);
    let (plain, packed) = (scene.dir.path().join("a.tar"), scene.dir.path().join("a.tar.zst"));
    std::fs::write(&plain, &archive).unwrap();
    std::fs::write(&packed, zstd::encode_all(archive.as_slice(), 1).unwrap()).unwrap();
    let said = scene.load(&plain, None).unwrap_err().to_string();
    assert!(said.contains("--name"), "a tag alone is no name: {said}");
    let first = scene.load(&plain, Some("team/app:1")).unwrap();
    let second = scene.load(&packed, Some("app:2")).unwrap();
    assert_eq!(first[0].image.digest, second[0].image.digest);
    assert_eq!(second[0].image.repositories.len(), 2);
    assert_eq!(scene.images.list().unwrap().len(), 2);
    for bytes in [&b"no archive"[..], &[], &archive[..700]] {
        std::fs::write(&plain, bytes).unwrap();
        assert!(matches!(scene.load(&plain, Some("app:1")), Err(ImageError::Refused(_))));
    }
}

#[test]
fn archives_of_docker_save_get_a_manifest() {
    let scene = Scene::new();
    let bytes = layer(&[("a", Some("x"))]);
    let config = format!(
        r#"{{"architecture":"{ARCHITECTURE}","os":"linux","rootfs":{{"diff_ids":["{0}","{0}"]}}}}"#,
        Digest::of(&bytes)
    );
    let config_name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    let save = |config_name: &str| {
        let mut tar = Builder::new(Vec::new());
        let mut add = |name: &str, data: &[u8]| {
            let mut header = Header::new_gnu();
            header.set_size(data.len() as u64);
            tar.append_data(&mut header, name, data).unwrap();
        };
        let manifest = format!(
            r#"[{{"Config":"{config_name}","RepoTags":["app:1"],"Layers":["aa/layer.tar","bb/layer.tar"]}}]"#
        );
        add(config_name, config.as_bytes());
        add("aa/layer.tar", &bytes);
        add("manifest.json", manifest.as_bytes());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "bb/layer.tar", "../aa/layer.tar").unwrap();
        let path = scene.dir.path().join("saved.tar");
        std::fs::write(&path, tar.into_inner().unwrap()).unwrap();
        path
    };
    let (one, two) =
        (scene.load(&save(&config_name), None).unwrap(), scene.load(&save(&config_name), None).unwrap());
    assert_eq!(one[0].image.digest, two[0].image.digest, "the same each time");
    assert_eq!(one[0].image.working_directory, "/");
    assert!(scene.load(&save("other.json"), None).is_err());
}

#[test]
fn programs_are_looked_for_inside() {
    use crate::{Found, find_program};
    let scene = Scene::new();
    let files = layer(&[
        ("bin/app", Some("x")),
        ("usr/bin/tool", Some("x")),
        ("sbin", Some("-> /usr/bin")),
        ("link", Some("-> /bin/app")),
        ("out", Some("-> ../../../../../../../../bin/sh")),
        ("etc/conf.d/x", Some("x")),
    ]);
    let loaded = scene.load(&Layout::new(&scene, "p").named(&[files], "app:1"), None).unwrap();
    let root = scene.images.root(&loaded[0].image);
    let find = |program: &str| find_program(&root, program, "/sbin:/bin::relative", "/usr");
    let program = |path: &str| Found::Program(PathBuf::from(path));
    assert_eq!(find("/link"), program("/link"));
    assert_eq!(find("app"), program("/bin/app"));
    assert_eq!(find("tool"), program("/sbin/tool"));
    assert_eq!(find("bin/tool"), program("/usr/bin/tool"));
    assert_eq!(find("../link"), program("/usr/../link"));
    assert_eq!(
        [find("/out"), find("/etc/passwd/x"), find("none")],
        [Found::Missing, Found::Missing, Found::Missing]
    );
    assert_eq!([find("/bin"), find("/etc/passwd")], [Found::Directory, Found::NotExecutable]);
}
