//! Mode `platform`: the record is demarche.numerique.gouv.fr, or another instance of that software.

pub(crate) mod desk;
pub(crate) mod fake;
mod job;
mod middle;
