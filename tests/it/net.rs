//! The network channels against clients that behave, and clients that do not.

pub(crate) mod authenticate;
mod clamd;
mod control;
pub(crate) mod desk;
pub(crate) mod dns;
mod eml;
mod export;
mod http;
mod imap;
mod imap_kinds;
mod listener;
mod smtp_lines;
