//! Each kind of notice, of refusal and of event.

use std::collections::BTreeSet;

use super::super::{
    AvisId, Decision, DemarcheId, DossierId, Email, Event, MAX_PIECE, MAX_TEXT, Mark, MessageId,
    Notice, Refusal, Statut, Tombstone,
};
use super::life::{Cast, story};
use super::{Texts, at};

/// Each kind of notice, of the dossiers of [`story`].
pub fn notices(texts: &Texts) -> Vec<Notice> {
    let cast = Cast::of(texts);
    let avis = AvisId(1);
    let message = MessageId(1);
    vec![
        Notice::Deposited,
        Notice::Modified {
            champs: vec!["Plan de masse".to_owned(), "Surface en m²".to_owned()],
        },
        Notice::Followed {
            instructeur: Email::new(&texts.instructeur),
        },
        Notice::Unfollowed {
            instructeur: Email::new(&texts.instructeur),
        },
        Notice::PassedToInstruction,
        Notice::ReturnedToConstruction,
        Notice::CorrectionRequested { message },
        Notice::CorrectionResolved,
        Notice::AnswerNotAwaited,
        Notice::Decided {
            decision: Decision::Accepte,
        },
        Notice::Decided {
            decision: Decision::Refuse,
        },
        Notice::Decided {
            decision: Decision::SansSuite,
        },
        Notice::AttestationMade,
        Notice::AttestationFailed,
        Notice::Reopened,
        Notice::Archived,
        Notice::Unarchived,
        Notice::Deleted,
        Notice::Restored,
        Notice::Extended,
        Notice::ExpiryNoticed { expires: at(44, 0) },
        Notice::Expired,
        Notice::Purged,
        Notice::MessagePosted {
            message: MessageId(2),
            author: cast.instructeur,
        },
        Notice::MessagePosted {
            message: MessageId(3),
            author: cast.usager,
        },
        Notice::MessageWithdrawn {
            message: MessageId(2),
        },
        Notice::AvisRequested { avis },
        Notice::AvisRendered { avis },
        Notice::AvisUnclear { avis },
        Notice::AvisReminded { avis },
        Notice::AvisRevoked { avis },
        Notice::AvisClosed { avis: AvisId(4) },
        Notice::Annotated {
            libelle: "Suites à donner".to_owned(),
        },
        Notice::Labelled {
            etiquette: texts.etiquette.clone(),
            on: true,
        },
        Notice::Labelled {
            etiquette: texts.etiquette.clone(),
            on: false,
        },
        Notice::Sent {
            recipient: Email::new(&texts.collegue),
        },
        Notice::Reassigned {
            from: "Littoral".to_owned(),
            groupe: "Intérieur".to_owned(),
        },
        Notice::NotWritten {
            what: "usager".to_owned(),
            why: "Greffier ne peut que lire sur la plateforme.".to_owned(),
        },
        Notice::NotWritten {
            what: "decision".to_owned(),
            why: "La plateforme a refusé : « Le dossier est en attente de correction ».".to_owned(),
        },
        Notice::Bounced {
            address: Email::new(&texts.autre_expert),
            why: texts.bounce.clone(),
        },
    ]
}

/// Each kind of refusal.
#[expect(clippy::too_many_lines, reason = "one item for each")]
pub fn refusals(texts: &Texts) -> Vec<Refusal> {
    let avis = AvisId(1);
    let decisions = [Decision::Accepte, Decision::Refuse, Decision::SansSuite];
    let mut all = vec![
        Refusal::UnknownDossier {
            number: DossierId(4809),
        },
        Refusal::WrongStatut {
            act: "archive".to_owned(),
            statut: Statut::EnInstruction,
            needed: vec![Statut::Accepte, Statut::Refuse, Statut::SansSuite],
        },
        Refusal::WrongStatut {
            act: "pass_to_instruction".to_owned(),
            statut: Statut::Accepte,
            needed: vec![Statut::EnConstruction],
        },
        Refusal::WrongStatut {
            act: "accept".to_owned(),
            statut: Statut::Refuse,
            needed: vec![Statut::EnInstruction],
        },
        Refusal::WrongStatut {
            act: "return_to_construction".to_owned(),
            statut: Statut::SansSuite,
            needed: vec![Statut::EnInstruction],
        },
        Refusal::TextRequired,
        Refusal::TextTooLong { max: MAX_TEXT },
        Refusal::Archived,
        Refusal::NotArchived,
        Refusal::Trashed,
        Refusal::NotTrashed,
        Refusal::CorrectionPending,
        Refusal::NoCorrection,
        Refusal::SilenceRuns,
        Refusal::SecondNeeded,
        Refusal::OwnProposal,
        Refusal::ProposerLeft,
        Refusal::MissingAnnotations {
            libelles: vec!["Visite faite".to_owned()],
        },
        Refusal::NoExpert,
        Refusal::BadAddress {
            address: "abf.culture.example".to_owned(),
        },
        Refusal::ExpertNotListed {
            expert: Email::new("voisin@exemple.example"),
            list: vec![Email::new(&texts.expert), Email::new(&texts.autre_expert)],
        },
        Refusal::ExpertNotListed {
            expert: Email::new("voisin@exemple.example"),
            list: Vec::new(),
        },
        Refusal::AvisPending {
            expert: Email::new(&texts.expert),
            avis,
        },
        Refusal::UnknownAvis {
            avis: AvisId(9),
            known: vec![avis, AvisId(2)],
        },
        Refusal::UnknownAvis {
            avis: AvisId(9),
            known: Vec::new(),
        },
        Refusal::NoOpenAvis,
        Refusal::AvisAnswered { avis },
        Refusal::AvisRevoked { avis },
        Refusal::AvisClosed { avis },
        Refusal::NotInCharge,
        Refusal::UnknownAnnotation {
            annotation: "visites".to_owned(),
            known: vec!["Suites à donner".to_owned(), "Visite faite".to_owned()],
        },
        Refusal::UnknownAnnotation {
            annotation: "visites".to_owned(),
            known: Vec::new(),
        },
        Refusal::BadValue {
            libelle: "Visite faite".to_owned(),
            detail: "« oui » ou « non » est attendu".to_owned(),
        },
        Refusal::UnknownGroupe {
            groupe: "Montagne".to_owned(),
            known: vec!["Littoral".to_owned(), "Intérieur".to_owned()],
        },
        Refusal::SameGroupe {
            groupe: "Littoral".to_owned(),
        },
        Refusal::NotAnInstructeur {
            email: Email::new("julie.petit@ddt-nord.example"),
        },
        Refusal::UnknownEtiquette {
            etiquette: "urgent".to_owned(),
            known: vec!["Prioritaire".to_owned(), "À revoir".to_owned()],
        },
        Refusal::UnknownEtiquette {
            etiquette: "urgent".to_owned(),
            known: Vec::new(),
        },
        Refusal::TooLarge {
            name: texts.fichier.clone(),
            max: MAX_PIECE,
        },
        Refusal::OneJustificatif,
        Refusal::NotExpiring,
        Refusal::NothingToWithdraw,
        Refusal::TooLateToWithdraw,
        Refusal::NotEditable {
            statut: Statut::EnInstruction,
        },
        Refusal::NotAllowed,
        Refusal::DemarcheClosed,
        Refusal::OnlyOnSite {
            act: "delete".to_owned(),
        },
        Refusal::PlatformRefused {
            sentences: vec!["Le dossier est en attente de correction".to_owned()],
        },
        Refusal::PlatformMoved,
        Refusal::PlatformReadOnly,
        Refusal::PlatformHidden,
        Refusal::PlatformGivenUp,
        Refusal::NoPorteParole,
        Refusal::PlatformUnknownInstructeur {
            email: Email::new("ines.moreau@ddt-nord.example"),
        },
    ];
    all.extend(decisions.map(|decision| Refusal::NotInstructed { decision }));
    all.extend(decisions.map(|decision| Refusal::MotivationRequired { decision }));
    all
}

/// Each kind of event.
pub fn events(texts: &Texts) -> Vec<Event> {
    let mut all: Vec<Event> = story(texts)
        .into_iter()
        .map(|recorded| recorded.event)
        .collect();
    all.extend([
        Event::Unfollowed {
            instructeur: Email::new(&texts.instructeur),
        },
        Event::ReturnedToConstruction,
        Event::Reopened,
        Event::Archived,
        Event::Unarchived,
        Event::Deleted,
        Event::Restored,
        Event::Extended,
        Event::Scheduled {
            expires: Some(at(44, 0)),
            decides: None,
        },
        Event::ExpiryNoticed { expires: at(44, 0) },
        Event::Expired,
        Event::Purged {
            tombstone: Tombstone {
                number: DossierId(4807),
                demarche: DemarcheId(12),
                groupe: "Littoral".to_owned(),
                statut: Statut::Accepte,
                deposited: at(0, 0),
                decided: Some(at(20, 0)),
                trashed: at(25, 0),
                expired: true,
            },
        },
        Event::MessageWithdrawn {
            message: MessageId(2),
        },
        Event::DecidedAutomatically {
            decision: Decision::Accepte,
        },
        Event::AnswerAwaited {
            message: Some(MessageId(2)),
        },
        Event::AvisUnclear { avis: AvisId(1) },
        Event::AvisRevoked { avis: AvisId(1) },
        Event::Unlabelled {
            etiquette: texts.etiquette.clone(),
        },
        Event::Seen {
            instructeur: Email::new(&texts.instructeur),
            marks: BTreeSet::from([Mark::Avis]),
        },
    ]);
    all
}
