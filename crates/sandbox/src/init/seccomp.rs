//! Which system calls a program in a sandbox may make.
//!
//! An allow-list: what Node.js, CPython, the JVM, .NET, Go, Rust and the C libraries use. Anything else,
//! system calls of later kernels included, answers `ENOSYS`, at which libraries fall back to older calls.
//! `clone3` is left out on purpose: its flags lie in memory that a filter cannot read, and libraries then
//! use `clone`, whose flags can be inspected. So is `io_uring`, which would do calls unseen.
//!
//! Over it lies a second filter that gives `EPERM` for what is privileged: programs probe for some of it and
//! understand that answer better.

use super::layers::Layers;
use super::plan::{Argument, Plan};
use crate::Layer;
use crate::control::Failure;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use std::collections::BTreeMap;
use std::io;

mod lists;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// For the process and all that comes from it. Needs `no_new_privs`.
pub(super) fn filter(plan: &mut Plan, layers: &Layers) -> Result<(), Failure> {
    let programs =
        programs().map_err(|error| Failure::new("cannot compile the system call filter", &error))?;
    for program in programs {
        let (operation, no_flags) = (libc::SECCOMP_SET_MODE_FILTER.into(), 0.into());
        let arguments = [operation, no_flags, Argument::Filter(instructions(&program))];
        let wall = (Layer::Seccomp, layers);
        plan.add_lackable(wall, "cannot filter system calls", libc::SYS_seccomp, arguments);
    }
    plan.promise(Layer::Seccomp, "allow-list");
    Ok(())
}

/// In the order of installation: of two refusals the kernel takes the later filter's.
fn programs() -> io::Result<[BpfProgram; 2]> {
    let allow = |rules| (SeccompAction::Errno(libc::ENOSYS as u32), SeccompAction::Allow, rules);
    let deny = |rules| (SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32), rules);
    let programs = [allow(allowed()?), deny(denied()?)];
    let [allowing, denying] =
        programs.map(|(otherwise, on_match, rules)| compile(rules, otherwise, on_match));
    Ok([allowing?, denying?])
}

/// As the kernel lays them out: `struct sock_filter`.
fn instructions(program: &BpfProgram) -> Vec<u8> {
    let bytes = program.iter().map(|instruction| {
        let [low, high] = instruction.code.to_ne_bytes();
        let [a, b, c, d] = instruction.k.to_ne_bytes();
        [low, high, instruction.jt, instruction.jf, a, b, c, d]
    });
    bytes.flatten().collect()
}

fn compile(rules: Rules, otherwise: SeccompAction, on_match: SeccompAction) -> io::Result<BpfProgram> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, otherwise, on_match, architecture).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}

fn allowed() -> io::Result<Rules> {
    let mut rules: Rules = lists::ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    // Processes and threads yes, namespaces no.
    rules.insert(libc::SYS_clone, vec![rule([masked(0, lists::NAMESPACE_FLAGS, 0)])?]);
    let mut sockets = vec![rule([equal(0, libc::AF_UNIX as u64)])?];
    for family in lists::INTERNET_FAMILIES {
        let protocol = |protocol: &u64| rule([equal(0, *family), equal(2, *protocol)]);
        sockets.extend(lists::INTERNET_PROTOCOLS.iter().map(protocol).collect::<io::Result<Vec<_>>>()?);
    }
    // Netlink for routes and addresses, which `getifaddrs` asks; no other netlink.
    let netlink = rule([equal(0, libc::AF_NETLINK as u64), equal(2, libc::NETLINK_ROUTE as u64)])?;
    sockets.push(netlink);
    rules.insert(libc::SYS_socket, sockets);
    rules.insert(libc::SYS_ioctl, any(lists::IOCTLS, |request| rule([equal(1, request)]))?);
    rules.insert(libc::SYS_personality, any(lists::PERSONALITIES, |persona| rule([equal(0, persona)]))?);
    Ok(rules)
}

fn denied() -> io::Result<Rules> {
    let mut rules: Rules = lists::DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let namespaces = lists::EACH_NAMESPACE_FLAG;
    rules.insert(libc::SYS_clone, any(&namespaces, |flag| rule([masked(0, flag, flag)]))?);
    Ok(rules)
}

fn any<'a>(
    values: impl IntoIterator<Item = &'a u64>,
    rule: impl Fn(u64) -> io::Result<SeccompRule>,
) -> io::Result<Vec<SeccompRule>> {
    values.into_iter().map(|value| rule(*value)).collect()
}

fn rule<const N: usize>(conditions: [io::Result<SeccompCondition>; N]) -> io::Result<SeccompRule> {
    let conditions: Vec<_> = conditions.into_iter().collect::<io::Result<_>>()?;
    SeccompRule::new(conditions).map_err(io::Error::other)
}

/// The lower half of an argument: these are all `int`s to the kernel.
fn equal(argument: u8, value: u64) -> io::Result<SeccompCondition> {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn masked(argument: u8, mask: u64, value: u64) -> io::Result<SeccompCondition> {
    condition(argument, SeccompCmpOp::MaskedEq(mask), value)
}

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> io::Result<SeccompCondition> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiles_and_no_call_is_on_both_lists() {
        assert!(programs().unwrap().iter().all(|program| (10..4096).contains(&program.len())));
        for call in lists::DENIED {
            assert!(!lists::ALLOWED.contains(call), "{call} is allowed and denied");
        }
    }
}
