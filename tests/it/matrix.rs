//! The Matrix channel: the real binary, a real homeserver, and people at clients that are not Greffier's.

mod client;
mod harness;
mod job;
mod scene;
