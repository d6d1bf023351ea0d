//! The command line.

use crate::support::{Keys, Request, Server, send, zerun};

fn refused(arguments: &[&str], config: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("zerun.toml");
    std::fs::write(&file, config).unwrap();
    let output =
        zerun(&directory.path().join("data")).args(arguments).arg("--config").arg(&file).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?} was not refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const TEST_ACCOUNT: &str =
    "[[account]]\nid = \"111111111111\"\naccess_key_id = \"test\"\nsecret_access_key = \"test\"\n";

#[test]
fn what_would_be_unsafe_or_is_not_known_is_refused() {
    let check = |arguments: &[&str], config: &str, says: &str| {
        let said = refused(arguments, config);
        assert!(said.contains(says), "{arguments:?}: {said}");
    };
    check(&["serve", "--listen", "127.0.0.1:0"], TEST_ACCOUNT, "everybody knows");
    check(&["dev", "--listen", "0.0.0.0:0"], "", "loopback");
    check(&["serve", "--listen", "127.0.0.1:0"], "spede = 1", "spede");
    check(&["serve", "--listen", "127.0.0.1:0", "--region", "Mars!"], "", "region");
    check(&["serve", "--listen", "192.0.2.1:0"], "", "cannot listen");
}

#[test]
fn configured_accounts_are_served() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("zerun.toml");
    std::fs::write(&file, TEST_ACCOUNT.replace("\"test\"", "\"another\"")).unwrap();
    let server = Server::start_with("serve", &["--config", file.to_str().unwrap()]);
    let request = Request::caller_identity().sign(&Keys::new("another", "another"), server.address());
    send(server.address(), &request).expect(200, "<Account>111111111111</Account>");
}

#[test]
fn env_prints_what_a_shell_can_evaluate() {
    let directory = tempfile::tempdir().unwrap();
    let before = zerun(directory.path()).arg("env").output().unwrap();
    assert!(!before.status.success());
    assert!(String::from_utf8_lossy(&before.stderr).contains("zerun dev"));

    let server = Server::start_with("serve", &["--region", "eu-west-1"]);
    let said = zerun(server.data()).arg("env").output().unwrap();
    assert!(said.status.success());
    let lines = String::from_utf8(said.stdout).unwrap();
    for line in [
        format!("export AWS_ENDPOINT_URL={}", server.endpoint),
        "export AWS_REGION=eu-west-1".to_owned(),
        "export AWS_DEFAULT_REGION=eu-west-1".to_owned(),
    ] {
        assert!(lines.lines().any(|found| found == line), "{line} is not in {lines}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(server.data().join("credentials")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn help_and_version_are_there() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (&["--help"][..], "zerun dev"),
        (&["serve", "--help"], "--stop-deadline"),
        (&["version"], env!("CARGO_PKG_VERSION")),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = zerun(directory.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(says), "{arguments:?}");
    }
}
