//! The stack between two kernels: a program's in one network namespace, a server's in another.

mod dns;
mod hostile;
mod limits;
mod namespace;
mod tcp;
mod udp;
mod world;
