//! Mode `platform`: the record is demarche.numerique.gouv.fr, or another instance of that software.

mod act;
mod again;
mod correction;
mod deposit;
pub(crate) mod desk;
mod document;
mod elsewhere;
mod errand;
pub(crate) mod fake;
mod figures;
mod help;
mod hostile;
mod job;
mod mailed;
mod meanwhile;
mod middle;
mod network;
mod play;
mod probe;
mod published;
mod read;
mod room;
mod token;
mod two;
mod unread;
pub(crate) mod wire;
