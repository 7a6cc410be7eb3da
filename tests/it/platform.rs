//! Mode `platform`: the record is demarche.numerique.gouv.fr, or another instance of that software.

mod fake;
mod middle;
