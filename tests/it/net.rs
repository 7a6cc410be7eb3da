//! The network channels against clients that behave, and clients that do not.

mod clamd;
mod control;
pub(crate) mod desk;
mod eml;
mod http;
mod imap;
mod listener;
mod smtp_lines;
