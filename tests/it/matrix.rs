//! The Matrix channel: the real binary, a real homeserver, and people at clients that are not Greffier's.

mod accounts;
mod bulk;
pub(crate) mod client;
mod direct;
mod downtime;
mod faults;
mod federation;
mod figures;
mod files;
mod form;
mod harness;
mod history;
mod job;
mod keys;
mod kills;
mod limits;
mod lines;
mod made;
mod pair;
mod proxy;
mod recovery;
mod rooms;
pub(crate) mod scene;
mod tokens;
mod trouble;
