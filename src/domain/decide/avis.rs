//! Avis: asked, rendered, reminded, revoked.

use jiff::Timestamp;

use super::super::Piece;
use super::super::act::Refusal;
use super::super::calendar::{day_of, is_working, working_morning};
use super::super::demarche::{Demarche, Policy};
use super::super::dossier::{Avis, Dossier, MailRef, Person};
use super::super::event::Event;
use super::super::id::{AvisId, Email};
use super::{Case, EN_COURS, messagerie, required};

/// Demander un avis: one for each expert. One who has not answered yet is not asked twice.
pub(super) fn request(
    case: &Case<'_>,
    experts: &[Email],
    text: &str,
    question: Option<&str>,
    confidentiel: bool,
    pieces: &[Piece],
) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    case.needs("request_avis", &EN_COURS)?;
    let text = required(text)?;
    messagerie::sized(pieces)?;
    let question = question
        .map(str::trim)
        .filter(|question| !question.is_empty())
        .map(required)
        .transpose()?;
    if experts.is_empty() {
        return Err(Refusal::NoExpert);
    }
    let mut next = case
        .dossier
        .avis
        .keys()
        .next_back()
        .map_or(1, |last| last.0 + 1);
    let plateforme = case.demarche.plateforme.as_ref();
    let published = plateforme.is_some_and(|plateforme| plateforme.avis_message);
    let mut events = Vec::new();
    case.follow_too(&mut events);
    let mut asked: Vec<&Email> = Vec::new();
    for expert in experts {
        allowed(case, expert)?;
        if let Some((avis, _)) = case
            .dossier
            .avis
            .iter()
            .find(|(_, avis)| avis.expert == *expert && avis.open())
        {
            return Err(Refusal::AvisPending {
                expert: expert.clone(),
                avis: *avis,
            });
        }
        if asked.contains(&expert) {
            continue;
        }
        asked.push(expert);
        let avis = AvisId(next);
        events.push(Event::AvisRequested {
            avis,
            expert: expert.clone(),
            text: text.clone(),
            question: question.clone(),
            confidentiel,
            to_usager: published && !confidentiel,
            elsewhere: false,
            pieces: pieces.to_vec(),
        });
        next += 1;
    }
    Ok(events)
}

fn allowed(case: &Case<'_>, expert: &Email) -> Result<(), Refusal> {
    if !expert.plausible() {
        return Err(Refusal::BadAddress {
            address: expert.to_string(),
        });
    }
    let policy = &case.demarche.experts;
    if policy.policy == Policy::List && !policy.list.contains(expert) {
        return Err(Refusal::ExpertNotListed {
            expert: expert.clone(),
            list: policy.list.clone(),
        });
    }
    Ok(())
}

fn find<'a>(case: &Case<'a>, id: AvisId) -> Result<&'a Avis, Refusal> {
    let known = || case.dossier.avis.keys().copied().collect();
    case.dossier
        .avis
        .get(&id)
        .ok_or_else(|| Refusal::UnknownAvis {
            avis: id,
            known: known(),
        })
}

/// Rendre un avis. A second answer is a complement; the last certain oui or non counts.
pub(super) fn render(
    case: &Case<'_>,
    id: AvisId,
    text: &str,
    oui_non: Option<bool>,
    pieces: &[Piece],
    mail: Option<&MailRef>,
) -> Result<Vec<Event>, Refusal> {
    if !matches!(case.by, Person::Expert(_)) {
        return Err(Refusal::NotAllowed);
    }
    let avis = find(case, id)?;
    if avis.revoked.is_some() {
        return Err(Refusal::AvisRevoked { avis: id });
    }
    if avis.closed.is_some() || case.dossier.statut.traite() {
        return Err(Refusal::AvisClosed { avis: id });
    }
    messagerie::sized(pieces)?;
    let text = if text.trim().is_empty() && !pieces.is_empty() {
        String::new()
    } else {
        required(text)?
    };
    let oui_non = oui_non.filter(|_| avis.question.is_some());
    let unclear = avis.question.is_some()
        && oui_non.is_none()
        && avis.oui_non().is_none()
        && !avis.asked_again;
    let mut events = vec![Event::AvisRendered {
        avis: id,
        text,
        oui_non,
        pieces: pieces.to_vec(),
        mail: mail.cloned(),
    }];
    if unclear {
        events.push(Event::AvisUnclear { avis: id });
    }
    Ok(events)
}

/// Only who asked, or a follower, may remind or revoke.
fn in_charge(case: &Case<'_>, avis: &Avis) -> Result<(), Refusal> {
    let instructeur = case.instructeur()?;
    if avis.by == *instructeur || case.dossier.followed_by(instructeur) {
        Ok(())
    } else {
        Err(Refusal::NotInCharge)
    }
}

/// Relancer one avis, or all that are waited for.
pub(super) fn remind(case: &Case<'_>, id: Option<AvisId>) -> Result<Vec<Event>, Refusal> {
    case.needs("remind_avis", &EN_COURS)?;
    if let Some(id) = id {
        let avis = find(case, id)?;
        in_charge(case, avis)?;
        if avis.elsewhere {
            return Err(Refusal::OnlyOnSite {
                act: "remind_avis".to_owned(),
            });
        }
        return match avis {
            avis if avis.revoked.is_some() => Err(Refusal::AvisRevoked { avis: id }),
            avis if !avis.answers.is_empty() => Err(Refusal::AvisAnswered { avis: id }),
            avis if avis.closed.is_some() => Err(Refusal::AvisClosed { avis: id }),
            _ => Ok(vec![Event::AvisReminded { avis: id }]),
        };
    }
    let open: Vec<_> = case
        .dossier
        .avis
        .iter()
        .filter(|(_, avis)| avis.open() && !avis.elsewhere)
        .collect();
    if open.is_empty() {
        case.instructeur()?;
        return Err(Refusal::NoOpenAvis);
    }
    let ours: Vec<_> = open
        .into_iter()
        .filter(|(_, avis)| in_charge(case, avis).is_ok())
        .map(|(id, _)| Event::AvisReminded { avis: *id })
        .collect();
    if ours.is_empty() {
        Err(Refusal::NotInCharge)
    } else {
        Ok(ours)
    }
}

/// When the clock reminds the expert of an avis that is waited for: on the morning of a working day.
pub fn next_reminder(avis: &Avis, demarche: &Demarche) -> Option<Timestamp> {
    let days = demarche.avis_reminder_days;
    let wanted =
        avis.open() && !avis.elsewhere && days > 0 && avis.reminders < demarche.avis_reminders_max;
    let last = avis.reminded.unwrap_or(avis.at).max(avis.at);
    wanted.then(|| working_morning(last, days)).flatten()
}

/// The next of these in a dossier.
pub(super) fn reminded_next(dossier: &Dossier, demarche: &Demarche) -> Option<Timestamp> {
    let waits = dossier.statut.en_cours() && dossier.present();
    let avis = dossier.avis.values().filter(|_| waits);
    avis.filter_map(|avis| next_reminder(avis, demarche)).min()
}

/// The reminders whose time has come. One that was missed waits for a working day too.
pub(super) fn reminders(case: &Case<'_>) -> Vec<Event> {
    let Case {
        dossier,
        demarche,
        at,
        ..
    } = case;
    if !dossier.statut.en_cours() || !dossier.present() || !is_working(day_of(*at)) {
        return Vec::new();
    }
    let due = dossier
        .avis
        .iter()
        .filter(|(_, avis)| next_reminder(avis, demarche).is_some_and(|due| *at >= due));
    due.map(|(avis, _)| Event::AvisReminded { avis: *avis })
        .collect()
}

/// Révoquer an avis, answered or not.
pub(super) fn revoke(case: &Case<'_>, id: AvisId) -> Result<Vec<Event>, Refusal> {
    let avis = find(case, id)?;
    in_charge(case, avis)?;
    if avis.elsewhere {
        return Err(Refusal::OnlyOnSite {
            act: "revoke_avis".to_owned(),
        });
    }
    Ok(if avis.revoked.is_some() {
        Vec::new()
    } else {
        vec![Event::AvisRevoked { avis: id }]
    })
}
