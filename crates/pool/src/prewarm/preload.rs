use runtime::RuntimeId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Which packages of a runtime's pack functions load, so that processes made ahead have them loaded.
///
/// The names come out of sandboxes. They choose among what the administrator installed and no more: what is no
/// name of a package is dropped, and the pack is the only place where one is looked for.
#[derive(Debug, Default)]
pub(crate) struct Preload(Mutex<HashMap<RuntimeId, VecDeque<String>>>);

/// For one runtime; the one not asked for longest goes.
const PACKAGES_MAX: usize = 16;

impl Preload {
    pub fn learn(&self, runtime: &RuntimeId, packages: &[String]) {
        let packages = packages.iter().filter(|name| is_package(name)).take(PACKAGES_MAX);
        let mut packages = packages.peekable();
        if packages.peek().is_none() {
            return;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(runtime.clone()).or_default();
        for name in packages {
            known.retain(|other| other != name);
            known.push_back(name.clone());
        }
        let surplus = known.len().saturating_sub(PACKAGES_MAX);
        known.drain(..surplus);
    }

    /// With commas between them; `None` when nothing is known.
    pub fn list(&self, runtime: &RuntimeId) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<&str> = all.get(runtime)?.iter().map(String::as_str).collect();
        names.sort_unstable();
        Some(names.join(","))
    }
}

/// `name` or `@scope/name`, as npm has them; no path.
fn is_package(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
            })
    };
    let fits = match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| plain(scope) && plain(name)),
        None => plain(name),
    };
    fits && name.len() <= 214
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages_are_kept_and_nothing_else() {
        let preload = Preload::default();
        let runtime = RuntimeId::parse("nodejs20.x").unwrap();
        assert_eq!(preload.list(&runtime), None);
        let said =
            ["@aws-sdk/client-s3", "uuid", "../../tmp/x", "/var/task/x", "a,b", "@x", "A", "", "fs/promises"];
        preload.learn(&runtime, &said.map(str::to_owned));
        assert_eq!(preload.list(&runtime).unwrap(), "@aws-sdk/client-s3,uuid");
        preload.learn(&runtime, &["uuid".to_owned()]);
        let many: Vec<String> = (0..PACKAGES_MAX - 1).map(|n| format!("p{n}")).collect();
        preload.learn(&runtime, &many);
        let list = preload.list(&runtime).unwrap();
        assert!(list.contains("uuid") && !list.contains("client-s3"), "{list}");
        assert_eq!(list.split(',').count(), PACKAGES_MAX);
    }
}
