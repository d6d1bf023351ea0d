use super::layers::Layers;
use super::plan::Plan;
use crate::Layer;
use crate::control::Failure;
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope,
};
use std::io;
use std::os::fd::OwnedFd;

/// The newest rules we know; an older kernel enforces what it knows of them.
const RULES: ABI = ABI::V6;

/// Reading and executing everywhere, writing only where the sandbox may keep something. Needs `no_new_privs`.
///
/// With `shared_uid`, the uid of process 1 is the user's too; then signals stay within one program and its
/// descendants. Otherwise they may go between programs of a sandbox, as on Lambda.
pub(super) fn restrict(plan: &mut Plan, shared_uid: bool, layers: &mut Layers) -> Result<(), Failure> {
    let what = "cannot restrict file access";
    let ruleset = match rules(shared_uid) {
        Ok(Some(ruleset)) => ruleset,
        Ok(None) => {
            let none = io::Error::other("the kernel has no Landlock, or it is switched off");
            return layers.missing(Layer::Landlock, what.into(), &none);
        }
        Err(error) => return layers.missing(Layer::Landlock, what.into(), &io::Error::other(error)),
    };
    let ruleset = plan.keep(ruleset);
    let wall = (Layer::Landlock, &*layers);
    plan.add_lackable(wall, what, libc::SYS_landlock_restrict_self, [ruleset, 0.into()]);
    plan.promise(
        Layer::Landlock,
        if kernel_version() >= RULES as i64 {
            "fully enforced"
        } else {
            "enforced as far as this kernel's version goes"
        },
    );
    Ok(())
}

/// `None` where the kernel has none. What it names is looked up now: a process elsewhere may use it.
fn rules(shared_uid: bool) -> Result<Option<OwnedFd>, RulesetError> {
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
    Ok(ruleset.into())
}

/// Which version of Landlock the kernel has; see landlock_create_ruleset(2).
fn kernel_version() -> i64 {
    const LANDLOCK_CREATE_RULESET_VERSION: libc::c_uint = 1;
    // SAFETY: asks for a number; a null pointer of size zero is what that takes.
    unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0_usize,
            LANDLOCK_CREATE_RULESET_VERSION,
        )
    }
}
