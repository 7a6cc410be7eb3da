//! What every store must do, and what this one promises beside.

mod contract;
mod desk;
mod kill;
mod model;
mod portable;
mod purge;
mod rows;
mod samples;
