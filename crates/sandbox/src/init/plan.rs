//! How a process encloses itself, as data: the system calls in order, with everything that they need.
//!
//! Two kinds of processes follow it. A launcher does so in this program, before it becomes another. A
//! process forked from a [`Template`](crate::Template) has an interpreter in it that knows nothing of cages and
//! must not: it is handed the same list, so that there is one place where the walls are described
//! ([`cage`](super::cage)) and no way in which the two could differ.

use super::layers::Layers;
use crate::Layer;
use crate::control::Failure;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

#[derive(Default, Serialize)]
pub(super) struct Plan {
    steps: Vec<Step>,
    /// What is enforced once all is done, and how.
    #[serde(skip)]
    promises: Vec<(Layer, String)>,
    #[serde(skip)]
    descriptors: Vec<OwnedFd>,
}

/// A system call that must not fail, unless the layer it belongs to may be lacked.
#[derive(Serialize)]
struct Step {
    /// For the message if it fails.
    what: String,
    #[serde(skip)]
    layer: Option<Layer>,
    may_fail: bool,
    call: i64,
    /// At most six; those that are missing are zero.
    arguments: Vec<Argument>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Argument {
    Number(i64),
    /// The address of these bytes.
    #[serde(serialize_with = "hexadecimal")]
    Bytes(Vec<u8>),
    /// The address of a `struct sock_fprog` over these instructions.
    #[serde(serialize_with = "hexadecimal")]
    Filter(Vec<u8>),
    /// Which of the descriptors that come with the plan.
    Descriptor(usize),
    /// What the step before this one returned.
    Previous,
}

/// The size of a `struct sock_filter`.
const INSTRUCTION_BYTES: usize = 8;

impl From<i64> for Argument {
    fn from(number: i64) -> Self {
        Argument::Number(number)
    }
}

impl From<i32> for Argument {
    fn from(number: i32) -> Self {
        Argument::Number(number.into())
    }
}

impl From<u32> for Argument {
    fn from(number: u32) -> Self {
        Argument::Number(number.into())
    }
}

impl Plan {
    /// Keeps `descriptor` for the steps that name the argument given back.
    pub(super) fn keep(&mut self, descriptor: OwnedFd) -> Argument {
        self.descriptors.push(descriptor);
        Argument::Descriptor(self.descriptors.len() - 1)
    }

    pub(super) fn add<const N: usize>(&mut self, what: &str, call: i64, arguments: [Argument; N]) {
        self.push(what, None, false, call, arguments);
    }

    /// A step without which there is no such `layer`, whatever may be lacked.
    pub(super) fn add_wall<const N: usize>(
        &mut self,
        layer: Layer,
        what: &str,
        call: i64,
        arguments: [Argument; N],
    ) {
        self.push(what, Some(layer), false, call, arguments);
    }

    /// A step without which there is no such `layer`: may fail where that may be lacked.
    pub(super) fn add_lackable<const N: usize>(
        &mut self,
        (layer, layers): (Layer, &Layers),
        what: &str,
        call: i64,
        arguments: [Argument; N],
    ) {
        self.push(what, Some(layer), layers.may_lack(layer), call, arguments);
    }

    fn push<const N: usize>(
        &mut self,
        what: &str,
        layer: Option<Layer>,
        may_fail: bool,
        call: i64,
        arguments: [Argument; N],
    ) {
        const { assert!(N <= 6) };
        self.steps.push(Step { what: what.to_owned(), layer, may_fail, call, arguments: arguments.into() });
    }

    pub(super) fn promise(&mut self, layer: Layer, detail: impl Into<String>) {
        self.promises.push((layer, detail.into()));
    }

    pub(super) fn descriptors(&self) -> &[OwnedFd] {
        &self.descriptors
    }

    /// A file with the plan as JSON, which nobody can change any more.
    pub(super) fn to_file(&self) -> io::Result<OwnedFd> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        // SAFETY: a NUL-terminated name; the new descriptor is ours.
        let mut file = unsafe {
            let fd = libc::memfd_create(c"plan".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            File::from_raw_fd(fd)
        };
        file.write_all(&text)?;
        let seals = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
        // SAFETY: plain numbers.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(file.into())
    }

    /// Encloses this process, for good. Tells `layers` which walls stand.
    pub(super) fn carry_out(&self, layers: &mut Layers) -> Result<(), Failure> {
        let mut lacking: Vec<Layer> = Vec::new();
        let mut previous = 0;
        for step in &self.steps {
            match step.carry_out(previous, &self.descriptors) {
                Ok(result) => previous = result,
                Err(error) => match step.layer {
                    Some(layer) if step.may_fail => {
                        if !lacking.contains(&layer) {
                            layers.missing(layer, step.what.clone(), &error)?;
                            lacking.push(layer);
                        }
                    }
                    layer => return Err(Failure { layer, ..Failure::new(&step.what, &error) }),
                },
            }
        }
        for (layer, detail) in self.promises.iter().filter(|(layer, _)| !lacking.contains(layer)) {
            layers.enforced(*layer, detail);
        }
        Ok(())
    }
}

impl Step {
    fn carry_out(&self, previous: libc::c_long, descriptors: &[OwnedFd]) -> io::Result<libc::c_long> {
        // The kernel writes to none of them; copies all the same, since it is given plain addresses.
        let mut buffers: Vec<Vec<u8>> = Vec::new();
        let mut filters: Vec<Box<libc::sock_fprog>> = Vec::new();
        let mut words: [libc::c_long; 6] = [0; 6];
        for (word, argument) in words.iter_mut().zip(&self.arguments) {
            *word = match argument {
                Argument::Number(number) => *number,
                Argument::Previous => previous,
                Argument::Descriptor(index) => {
                    let missing = || io::Error::from_raw_os_error(libc::EBADF);
                    descriptors.get(*index).ok_or_else(missing)?.as_raw_fd().into()
                }
                Argument::Bytes(bytes) => {
                    let mut bytes = bytes.clone();
                    let address = bytes.as_mut_ptr();
                    buffers.push(bytes);
                    address as libc::c_long
                }
                Argument::Filter(instructions) => {
                    let mut bytes = instructions.clone();
                    let length = bytes.len() / INSTRUCTION_BYTES;
                    let mut filter = Box::new(libc::sock_fprog {
                        len: u16::try_from(length).map_err(io::Error::other)?,
                        filter: bytes.as_mut_ptr().cast(),
                    });
                    let address = &raw mut *filter;
                    buffers.push(bytes);
                    filters.push(filter);
                    address as libc::c_long
                }
            };
        }
        let [first, second, third, fourth, fifth, sixth] = words;
        // SAFETY: addresses are of buffers that live until the end of this function, as long as the calls in
        // `cage` say they are.
        let result = unsafe { libc::syscall(self.call, first, second, third, fourth, fifth, sixth) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
    }
}

fn hexadecimal<S: serde::Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    let text: String = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect();
    to.serialize_str(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn steps_are_made_and_use_what_came_before() {
        let (reader, writer) = io::pipe().unwrap();
        let mut plan = Plan::default();
        let writer = plan.keep(writer.into());
        plan.add("cannot copy", libc::SYS_dup, [writer]);
        plan.add(
            "cannot write",
            libc::SYS_write,
            [Argument::Previous, Argument::Bytes(b"hello".into()), 5.into()],
        );
        plan.promise(Layer::Landlock, "it stands");
        let mut layers = Layers::new(&[]);
        plan.carry_out(&mut layers).unwrap();
        assert_eq!(layers.found.len(), 1);
        let mut text = [0; 5];
        io::Read::read_exact(&mut &reader, &mut text).unwrap();
        assert_eq!(&text, b"hello");

        let file = File::from(plan.to_file().unwrap());
        let mut text = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        file.read_exact_at(&mut text, 0).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(json["steps"][1]["arguments"][0], "previous");
        assert_eq!(json["steps"][1]["arguments"][1]["bytes"], "68656c6c6f");
        assert!(file.write_at(b"x", 0).is_err(), "sealed");
    }

    #[test]
    fn a_failure_stops_unless_its_layer_may_be_lacked() {
        for may_lack in [vec![], vec![Layer::Seccomp]] {
            let mut layers = Layers::new(&may_lack);
            let mut plan = Plan::default();
            plan.add_lackable((Layer::Seccomp, &layers), "cannot filter", libc::SYS_close, [(-1).into()]);
            plan.promise(Layer::Seccomp, "it stands");
            let result = plan.carry_out(&mut layers);
            assert_eq!(result.is_ok(), !may_lack.is_empty());
            assert!(layers.found.iter().all(|report| report.state == crate::LayerState::Missing));
        }
        let mut plan = Plan::default();
        plan.add("cannot close", libc::SYS_close, [(-1).into()]);
        assert!(plan.carry_out(&mut Layers::new(&Layer::ALL)).is_err());
    }
}
