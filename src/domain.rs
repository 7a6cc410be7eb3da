//! The tutorial as code: what a dossier is, what may be done with it, and who is told.
//!
//! Pure and synchronous: [`decide`] gives events or a refusal, [`evolve`] the state after them, [`react`] what is to be
//! said. No clock, disk, network or chance is known here.

mod act;
pub mod balise;
mod calendar;
pub mod column;
mod decide;
mod demarche;
mod dossier;
mod etiquette;
mod event;
mod evolve;
mod form;
mod id;
mod notice;
mod piece;
pub mod query;
mod react;
pub mod row;
pub mod samples;
mod silence;
pub mod stats;
#[cfg(test)]
mod tests;
mod valeur;
mod view;

pub use act::{Command, Deposit, Refusal, Request};
pub use calendar::{Periode, Quiet, day_of};
pub use column::column;
pub use decide::{
    EXPIRY_NOTICE_DAYS, MAX_PIECE, TRASH_DAYS, WITHDRAW_DELAY, decide, deposit, due, next_reminder,
    resumed,
};
pub use demarche::{
    Attestation, Champ, ChampType, Declarative, Demarche, Demarches, Etat, ExpertPolicy, Groupe,
    MailTexts, Plateforme, Policy, Routage, WhyUnread,
};
pub use dossier::{
    Answer, Avis, Correction, CorrectionKind, Decided, Decision, Demandeur, Dossier, MailRef, Mark,
    Message, Person, Proposal, Reassignment, Standing, Statut, Step, Tombstone, Trash,
};
pub use etiquette::{Couleur, Etiquette};
pub use event::{Event, Recorded};
pub use evolve::{evolve, replay};
pub use form::{Fault, amend, fill};
pub use id::{AvisId, DemarcheId, DossierId, Email, MessageId};
pub use notice::{Effect, Notice, Privacy, Recipient, Topic};
pub use piece::Piece;
pub use react::react;
pub use silence::{Resume, Silence, silence};
pub use valeur::{MAX_TEXT, MONTHS, Valeur};
pub use view::{List, Of, Onglet, View, order};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `text` as it is compared: no accents nor ligatures, lower case, and nothing but letters, digits and single spaces.
pub fn fold(text: &str) -> String {
    let plain: String = text
        .replace(['œ', 'Œ'], "oe")
        .replace(['æ', 'Æ'], "ae")
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The time zone of the platform: what is shown and counted in days is so in metropolitan France. The rule is written
/// out, so that it does not depend on the machine's files.
pub fn paris() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(jiff::tz::TimeZone::UTC)
}
