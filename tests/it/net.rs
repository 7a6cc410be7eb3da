//! The network channels against clients that behave, and clients that do not.

mod control;
pub(crate) mod desk;
mod eml;
mod http;
mod imap;
mod imap_kinds;
mod listener;
mod smtp_lines;
