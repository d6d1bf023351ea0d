//! Components under limits, each compiled and run as the server does it.

mod checked_in;
mod fixture;
mod http;
mod limits;
mod load;
mod output;
