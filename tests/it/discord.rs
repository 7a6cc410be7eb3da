//! The Discord channel against a Discord of the tests' own: no test can reach the real network.

mod bulk;
mod commands;
mod fake;
mod faults;
mod files;
mod forms;
mod gateway;
mod harness;
mod hostile;
mod job;
mod kills;
mod late;
mod online;
mod pair;
mod privacy;
mod repeats;
mod scene;
mod threads;
