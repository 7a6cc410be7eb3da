//! The daemon as it is shipped: the real binary, spoken to over SMTP, HTTP, the control socket and the console.

pub(crate) mod desk;
mod job;
pub(crate) mod post;
pub(crate) mod web;
