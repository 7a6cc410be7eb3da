//! That the fake refuses what Discord refuses, tried with a client as bare as can be.

mod bare;
mod commands;
mod components;
mod contents;
mod faults;
mod gateway;
mod interactions;
mod limits;
mod messages;
mod modals;
mod model;
mod options;
mod people;
mod places;
mod published;
mod requests;
mod sessions;
mod threads;
