//! Greffier, the clerk of an instruction team: see ARCHITECTURE.md for the map.

pub mod channel;
pub mod cli;
pub mod domain;
pub mod mail;
pub mod message;
