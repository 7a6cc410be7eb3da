//! The daemon as it is shipped: the real binary, spoken to over SMTP, HTTP, the control socket and the console.

mod antivirus;
mod authentication;
mod depot;
pub(crate) mod desk;
mod digest;
mod expiry;
mod job;
mod lifecycle;
mod mailbox;
mod operator;
pub(crate) mod post;
mod quarantine;
mod repetition;
mod rights;
pub(crate) mod web;
