use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use std::io;

/// The newest rules we know; an older kernel enforces what it knows of them.
const RULES: ABI = ABI::V6;

/// Reading and executing everywhere, writing only where the sandbox may keep something. Gives how far the
/// kernel went.
///
/// With `shared_uid`, the uid of process 1 is the user's too; then signals stay within one program and its
/// descendants. Otherwise they may go between programs of a sandbox, as on Lambda.
pub(super) fn restrict(shared_uid: bool) -> io::Result<String> {
    let status = rules(shared_uid).map_err(io::Error::other)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok("fully enforced".into()),
        RulesetStatus::PartiallyEnforced => Ok("enforced as far as this kernel's version goes".into()),
        RulesetStatus::NotEnforced => {
            Err(io::Error::other("the kernel has no Landlock, or it is switched off"))
        }
    }
}

fn rules(shared_uid: bool) -> Result<RestrictionStatus, RulesetError> {
    let all = AccessFs::from_all(RULES);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let below = |path: &str, access| PathFd::new(path).map(|path| PathBeneath::new(path, access));
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(all)?;
    if shared_uid {
        rules = rules.scope(Scope::Signal)?;
    }
    let mut ruleset = rules.create()?;
    for (path, access) in [
        ("/", AccessFs::from_read(RULES)),
        ("/tmp", all),
        ("/dev/shm", all),
        ("/dev/null", device),
        ("/dev/zero", device),
        ("/dev/full", device),
        ("/dev/random", device),
        ("/dev/urandom", device),
    ] {
        // A path that is not there needs no right.
        if let Ok(rule) = below(path, access) {
            ruleset = ruleset.add_rule(rule)?;
        }
    }
    ruleset.restrict_self()
}
