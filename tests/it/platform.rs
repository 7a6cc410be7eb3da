//! The channel `platform`, beside a platform that lives in the test.

mod act;
mod desk;
mod document;
mod errand;
mod fake;
mod read;
