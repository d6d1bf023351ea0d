//! Sandboxes whose root is an image's tree.

use crate::world::{World, run, shell, spec, world};
use sandbox::{IMAGE_DIRECTORIES, IMAGE_FILES, RootSpec, Sandbox, SandboxError, Spec};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tree with a shell, a few programs and what they load.
fn image(world: &World) -> PathBuf {
    let root = world.state.path().join("image");
    for name in IMAGE_DIRECTORIES {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    for name in IMAGE_FILES {
        fs::write(root.join(name), "the image's\n").unwrap();
    }
    for program in ["/bin/sh", "/bin/cat", "/bin/ls", "/usr/bin/id"] {
        take(&root, Path::new(program));
        let said = Command::new("ldd").arg(program).output().unwrap().stdout;
        let said = String::from_utf8(said).unwrap();
        for library in said.split_whitespace().filter(|word| word.starts_with('/')) {
            take(&root, Path::new(library));
        }
    }
    fs::write(root.join("marker"), "of the image\n").unwrap();
    symlink("../../../../../../..", root.join("up")).unwrap();
    symlink(world.state.path(), root.join("host")).unwrap();
    root
}

fn take(root: &Path, file: &Path) {
    let target = root.join(file.strip_prefix("/").unwrap());
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::copy(file, target).unwrap();
}

fn with(image: PathBuf) -> Spec {
    Spec { root: RootSpec { image: Some(image), ..RootSpec::default() }, ..spec() }
}

#[tokio::test]
async fn an_image_is_the_whole_root_and_nobody_writes_to_it() {
    let Some(world) = world() else { return };
    let root = image(&world);
    let mut sandbox = Sandbox::create(&world.host, with(root.clone())).await.unwrap();
    let inside = shell(&mut sandbox, "ls /; cat /marker /etc/hostname; id -un; ls -A /sys").await;
    let lines: Vec<&str> = inside.lines().collect();
    assert!(lines.starts_with(&["bin", "dev", "etc", "host", "lib"]), "{inside}");
    assert!(inside.contains("of the image\nsandbox\nsbx_user\n"), "{inside}");
    let status = shell(&mut sandbox, "cat /proc/self/status").await;
    assert!(status.contains("CapBnd:\t0000000000000000\n") && status.contains("Seccomp:\t2\n"), "{status}");
    for command in [
        "ls /host/",
        "ls /usr/bin/python3",
        "cat /up/etc/shadow",
        "echo x > /marker",
        "echo x > /new",
        "echo x > /etc/hosts",
        "echo x > /dev/new",
        "echo x > /sys/new",
        "echo 1 > /proc/sys/kernel/core_pattern",
        "cat /proc/1/environ",
    ] {
        let ended = run(&mut sandbox, &["/bin/sh", "-c", command]).await;
        assert!(!ended.exit.status.success(), "{command}: {}", ended.stdout);
    }
    let works =
        "echo x > /tmp/a && echo x > /dev/shm/a && echo x > /dev/null && cat /tmp/a && ls -A /proc/bus /dev";
    let works = shell(&mut sandbox, works).await;
    assert!(works.starts_with("x\n") && works.contains("urandom") && !works.contains(".own"), "{works}");
    sandbox.destroy().await.unwrap();
    assert_eq!(fs::read_to_string(root.join("marker")).unwrap(), "of the image\n");
    assert_eq!(fs::read_to_string(root.join("etc/hosts")).unwrap(), "the image's\n");
    assert_eq!(fs::read_dir(root.join("dev")).unwrap().count(), 0);
}

#[tokio::test]
async fn an_image_with_links_in_the_way_is_refused() {
    let Some(world) = world() else { return };
    let root = image(&world);
    let decoy = world.state.path().join("decoy");
    fs::create_dir(&decoy).unwrap();
    for name in IMAGE_DIRECTORIES.iter().chain(&IMAGE_FILES) {
        let (at, aside) = (root.join(name), root.join("aside"));
        fs::rename(&at, &aside).unwrap();
        for target in [decoy.as_path(), Path::new("/proc/sys/kernel/core_pattern")] {
            symlink(target, &at).unwrap();
            let refused = Sandbox::create(&world.host, with(root.clone())).await;
            assert!(matches!(refused, Err(SandboxError::LayerMissing { .. })), "{name}");
            fs::remove_file(&at).unwrap();
        }
        fs::rename(&aside, &at).unwrap();
    }
    assert_eq!(fs::read_dir(&decoy).unwrap().count(), 0);
    let both =
        Spec { root: RootSpec { image: Some(root.clone()), host_os: true, ..RootSpec::default() }, ..spec() };
    assert!(matches!(Sandbox::create(&world.host, both).await, Err(SandboxError::Invalid(_))));
    let gone = with(world.state.path().join("none"));
    assert!(matches!(Sandbox::create(&world.host, gone).await, Err(SandboxError::Bind { .. })));
}
