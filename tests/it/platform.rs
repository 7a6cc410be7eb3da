//! The channel `platform`, beside a platform that lives in the test.

mod act;
mod desk;
mod document;
mod fake;
mod read;
