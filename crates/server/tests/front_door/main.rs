//! Through the front door, as bytes on the wire.

mod commands;
mod http2;
mod pages;
mod signatures;
mod stopping;
mod support;
mod unknown;
