//! What follows from an order: events, or a refusal. Nothing here looks at a clock, a disk or a network.

mod avis;
mod clock;
mod conservation;
mod decision;
mod instruction;
mod messagerie;
mod partage;

pub use avis::next_reminder;
pub use clock::{due, resumed};
pub use conservation::{EXPIRY_NOTICE_DAYS, TRASH_DAYS};
pub use messagerie::{MAX_PIECE, WITHDRAW_DELAY};

use jiff::Timestamp;

use super::act::{Command, Deposit, Refusal, Request};
use super::demarche::{Declarative, Demarche};
use super::dossier::{Decision, Dossier, Person, Proposal, Statut};
use super::event::{Event, Recorded};
use super::id::{DossierId, Email};

/// What follows when a dossier is filed under `number`. A declarative démarche goes on at once; one where silence decides
/// begins the instruction.
pub fn deposit(
    demarche: &Demarche,
    number: DossierId,
    deposit: Deposit,
    at: Timestamp,
) -> Result<Vec<Recorded>, Refusal> {
    if demarche.plateforme.is_some() {
        return Err(Refusal::OnlyOnSite {
            act: "deposit".to_owned(),
        });
    }
    if !demarche.etat_at(at).open() {
        return Err(Refusal::DemarcheClosed);
    }
    let groupe = route(demarche, &deposit)?;
    let Deposit {
        usager,
        demandeur,
        champs,
        invites,
        ..
    } = deposit;
    let by = Person::Usager(usager.clone());
    let filed = Event::Deposited {
        number,
        demarche: demarche.number,
        groupe,
        usager,
        demandeur,
        champs,
        invites,
    };
    let mut recorded = vec![Recorded {
        at,
        by,
        event: filed,
    }];
    let automatic = match demarche.declarative {
        None => demarche.silence().map(|_| Event::PassedToInstruction),
        Some(Declarative::EnInstruction) => Some(Event::PassedToInstruction),
        Some(Declarative::Accepte) => Some(Event::Decided {
            decision: Decision::Accepte,
            motivation: None,
            justificatif: None,
            proposal: None,
        }),
    };
    recorded.extend(automatic.map(|event| Recorded {
        at,
        by: Person::Greffier,
        event,
    }));
    Ok(recorded)
}

fn route(demarche: &Demarche, deposit: &Deposit) -> Result<String, Refusal> {
    let open = || demarche.groupes.iter().filter(|groupe| !groupe.ferme);
    let answer = demarche
        .routage
        .as_ref()
        .and_then(|routage| deposit.champs.get(&routage.champ))
        .map(super::Valeur::shown);
    let claimed = answer.and_then(|answer| open().find(|groupe| groupe.valeurs.contains(&answer)));
    if let Some(groupe) = claimed {
        return Ok(groupe.label.clone());
    }
    if let Some(wanted) = deposit
        .groupe
        .as_deref()
        .filter(|_| demarche.routage.is_none())
    {
        let known = || open().map(|groupe| groupe.label.clone()).collect();
        let found = open().find(|groupe| super::fold(&groupe.label) == super::fold(wanted));
        return found
            .map(|groupe| groupe.label.clone())
            .ok_or_else(|| Refusal::UnknownGroupe {
                groupe: wanted.to_owned(),
                known: known(),
            });
    }
    open()
        .next()
        .map(|groupe| groupe.label.clone())
        .ok_or(Refusal::DemarcheClosed)
}

/// What follows from `request`, given `dossier`. No event means that it was already so.
pub fn decide(
    dossier: &Dossier,
    demarche: &Demarche,
    request: &Request,
) -> Result<Vec<Event>, Refusal> {
    admitted(dossier, demarche, &request.by, &request.command)?;
    let case = Case {
        dossier,
        demarche,
        by: &request.by,
        at: request.at,
        proposal: None,
    };
    ordered(&case, &request.command)
}

fn ordered(case: &Case<'_>, command: &Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Modify { champs } => instruction::modify(case, champs),
        Command::Follow => partage::follow(case),
        Command::Unfollow => partage::unfollow(case),
        Command::PassToInstruction => instruction::pass(case),
        Command::ReturnToConstruction => instruction::return_to_construction(case),
        Command::RequestCorrection { kind, text, pieces } => {
            instruction::request_correction(case, *kind, text, pieces)
        }
        Command::ResolveCorrection => instruction::resolve_correction(case),
        Command::Accept {
            motivation,
            justificatif,
        } => decision::decide(
            case,
            Decision::Accepte,
            motivation.as_deref(),
            justificatif.as_ref(),
        ),
        Command::Refuse {
            motivation,
            justificatif,
        } => decision::decide(
            case,
            Decision::Refuse,
            motivation.as_deref(),
            justificatif.as_ref(),
        ),
        Command::Dismiss {
            motivation,
            justificatif,
        } => decision::decide(
            case,
            Decision::SansSuite,
            motivation.as_deref(),
            justificatif.as_ref(),
        ),
        Command::Second { proposal, command } => decision::second(case, proposal, command),
        Command::AttachAttestation { piece } => decision::attach_attestation(case, piece),
        Command::Reopen => decision::reopen(case),
        Command::Archive => conservation::archive(case),
        Command::Unarchive => conservation::unarchive(case),
        Command::Delete => conservation::delete(case),
        Command::Restore => conservation::restore(case),
        Command::Extend => conservation::extend(case),
        Command::Tick => Ok(clock::tick(case)),
        Command::Post {
            text,
            pieces,
            mail,
            awaits,
        } => messagerie::post(case, text, pieces, mail.as_ref(), *awaits),
        Command::Withdraw => messagerie::withdraw(case),
        Command::RequestAvis {
            experts,
            text,
            question,
            confidentiel,
            pieces,
        } => avis::request(
            case,
            experts,
            text,
            question.as_deref(),
            *confidentiel,
            pieces,
        ),
        Command::RenderAvis {
            avis,
            text,
            oui_non,
            pieces,
            mail,
        } => avis::render(case, *avis, text, *oui_non, pieces, mail.as_ref()),
        Command::RemindAvis { avis } => avis::remind(case, *avis),
        Command::RevokeAvis { avis } => avis::revoke(case, *avis),
        Command::Annotate { annotation, value } => partage::annotate(case, annotation, value),
        Command::Label { etiquette, on } => partage::label(case, etiquette, *on),
        Command::Send { to } => partage::send(case, to),
        Command::Reassign { groupe } => partage::reassign(case, groupe),
        Command::Look { marks } => Ok(partage::look(case, marks)),
        Command::Bounce { address, why } => messagerie::bounce(case, address, why),
    }
}

/// A dossier, its rules, and who asks what when.
struct Case<'a> {
    dossier: &'a Dossier,
    demarche: &'a Demarche,
    by: &'a Person,
    at: Timestamp,
    /// A colleague's proposal that the decision follows.
    proposal: Option<&'a Proposal>,
}

impl Case<'_> {
    /// The instructeur who asks. `admitted` let nobody else through to the acts that need one.
    fn instructeur(&self) -> Result<&Email, Refusal> {
        match self.by {
            Person::Instructeur(email) => Ok(email),
            Person::Usager(_) | Person::Expert(_) | Person::Greffier | Person::Plateforme => {
                Err(Refusal::NotAllowed)
            }
        }
    }

    /// Refuses unless the dossier stands in one of `needed`.
    fn needs(&self, act: &str, needed: &[Statut]) -> Result<(), Refusal> {
        if needed.contains(&self.dossier.statut) {
            return Ok(());
        }
        Err(Refusal::WrongStatut {
            act: act.to_owned(),
            statut: self.dossier.statut,
            needed: needed.to_vec(),
        })
    }

    /// The author follows from then on, as on the platform, while the dossier is en cours.
    fn follow_too(&self, events: &mut Vec<Event>) {
        if let Person::Instructeur(email) = self.by
            && self.dossier.statut.en_cours()
            && !self.dossier.followed_by(email)
        {
            events.push(Event::Followed {
                instructeur: email.clone(),
            });
        }
    }
}

const EN_COURS: [Statut; 2] = [Statut::EnConstruction, Statut::EnInstruction];
const TRAITE: [Statut; 3] = [Statut::Accepte, Statut::Refuse, Statut::SansSuite];

/// Whether this person may ask this of this dossier at all. Somebody who may not learns nothing of it, not even that it exists.
fn admitted(
    dossier: &Dossier,
    demarche: &Demarche,
    by: &Person,
    command: &Command,
) -> Result<(), Refusal> {
    let unknown = Err(Refusal::UnknownDossier {
        number: dossier.number,
    });
    if dossier.purged.is_some() && *command != Command::Tick {
        return unknown;
    }
    match by {
        Person::Instructeur(email) => {
            let ours = demarche
                .groupe(&dossier.groupe)
                .is_some_and(|groupe| groupe.instructeurs.contains(email));
            if !ours {
                return unknown;
            }
        }
        Person::Usager(email) => {
            if *email != dossier.usager {
                return unknown;
            }
            if !matches!(command, Command::Modify { .. } | Command::Post { .. }) {
                return Err(Refusal::NotAllowed);
            }
        }
        Person::Expert(email) => {
            let asked = |avis| {
                dossier
                    .avis
                    .get(avis)
                    .is_some_and(|avis| avis.expert == *email)
            };
            return match command {
                Command::RenderAvis { avis, .. } if asked(avis) => trashed(dossier),
                _ => unknown,
            };
        }
        Person::Plateforme => return Err(Refusal::NotAllowed),
        Person::Greffier => {
            return match command {
                Command::Tick | Command::Bounce { .. } | Command::AttachAttestation { .. } => {
                    Ok(())
                }
                _ => Err(Refusal::NotAllowed),
            };
        }
    }
    if demarche.plateforme.is_some()
        && let Some(act) = only_on_site(command)
    {
        return Err(Refusal::OnlyOnSite {
            act: act.to_owned(),
        });
    }
    match command {
        Command::Restore | Command::Look { .. } => Ok(()),
        _ => trashed(dossier),
    }
}

/// The tag of an act that the platform's API has no mutation for.
fn only_on_site(command: &Command) -> Option<&'static str> {
    match command {
        Command::Delete => Some("delete"),
        Command::Restore => Some("restore"),
        Command::Extend => Some("extend"),
        Command::Modify { .. } => Some("modify"),
        _ => None,
    }
}

fn trashed(dossier: &Dossier) -> Result<(), Refusal> {
    if dossier.trash.is_some() {
        Err(Refusal::Trashed)
    } else {
        Ok(())
    }
}

/// `text` without white space around it, if anything is left and it is not too long.
fn required(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::TextRequired);
    }
    if text.chars().count() > super::valeur::MAX_TEXT {
        return Err(Refusal::TextTooLong {
            max: super::valeur::MAX_TEXT,
        });
    }
    Ok(text.to_owned())
}
