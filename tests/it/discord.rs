//! The Discord channel against a Discord of the tests' own: no test can reach the real network.

mod fake;
mod harness;
