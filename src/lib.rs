//! Greffier, the clerk of an instruction team: see ARCHITECTURE.md for the map.

pub mod app;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod daemon;
pub mod diagnostic;
pub mod directory;
pub mod document;
pub mod domain;
pub mod export;
pub mod kill;
pub mod mail;
pub mod message;
pub mod mirror;
pub mod shelf;
pub mod store;
pub mod suggest;
pub mod template;
pub mod workshop;
