use crate::Spec;
use std::fmt::Write;
use std::path::PathBuf;

/// What of the host's `/etc` programs need and everybody may read: libraries, certificates, time, fonts.
/// Where it is a link it is copied as one.
const SHARED: [&str; 15] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
];

/// Java keeps its settings there where Debian packed it, each version in a directory of its own.
fn is_of_java(name: &str) -> bool {
    name.strip_prefix("java-").is_some_and(|rest| rest.ends_with("-openjdk"))
}

/// What every sandbox shows of the host's `/etc`.
pub(super) fn shared() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/etc").into_iter().flatten().flatten();
    let java = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_of_java));
    SHARED.into_iter().map(PathBuf::from).chain(java.map(|entry| entry.path())).collect()
}

/// The files of `/etc` that are the sandbox's own: path and contents.
pub(super) fn own_files(spec: &Spec, uid: u32) -> Vec<(&'static str, String)> {
    let mut hosts = String::from("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
    // Java asks for the address of its own host's name, and fails without.
    // Writing to a String cannot fail.
    let _ = writeln!(hosts, "127.0.0.1 {}", spec.hostname);
    for (name, address) in &spec.host_names {
        let _ = writeln!(hosts, "{address} {name}");
    }
    // Without privileges the user's id is 0 in its namespace; a second entry for it would be confusing.
    let root = if uid == 0 { "" } else { "root:x:0:0:root:/:/usr/sbin/nologin\n" };
    let root_group = if uid == 0 { "" } else { "root:x:0:\n" };
    let resolver = match &spec.tun {
        Some(tun) => format!("nameserver {}\noptions timeout:5 attempts:2\n", tun.nameserver),
        // Nothing answers inside: a look-up fails at once instead of waiting for a server.
        None => "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n".into(),
    };
    vec![
        ("/etc/passwd", format!("{root}sbx_user:x:{uid}:{uid}::/tmp:/usr/sbin/nologin\n")),
        ("/etc/group", format!("{root_group}sbx_user:x:{uid}:\n")),
        ("/etc/hosts", hosts),
        ("/etc/hostname", format!("{}\n", spec.hostname)),
        ("/etc/resolv.conf", resolver),
        ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n".into()),
    ]
}
