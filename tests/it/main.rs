//! Greffier tried from outside: real sockets, real files, the real binary. One binary, so that it is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed, which is what it should do"
)]

mod architecture;
mod bulk;
mod circle;
mod conversation;
mod daemon;
mod damage;
mod discord;
mod export;
mod kill;
mod ledger;
mod loops;
mod mail;
mod matrix;
mod net;
mod platform;
mod servers;
mod smtp;
mod tick;
