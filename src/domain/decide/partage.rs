//! Who shares a dossier and what they note on it: followers, groups, annotations, labels, marks.

use std::collections::BTreeSet;

use super::super::act::Refusal;
use super::super::demarche::Champ;
use super::super::dossier::Mark;
use super::super::event::Event;
use super::super::fold;
use super::super::id::Email;
use super::super::valeur::Valeur;
use super::{Case, EN_COURS};

/// Suivre.
pub(super) fn follow(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let instructeur = case.instructeur()?;
    case.needs("follow", &EN_COURS)?;
    Ok(if case.dossier.followed_by(instructeur) {
        Vec::new()
    } else {
        vec![Event::Followed {
            instructeur: instructeur.clone(),
        }]
    })
}

/// Ne plus suivre.
pub(super) fn unfollow(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    let instructeur = case.instructeur()?;
    case.needs("unfollow", &EN_COURS)?;
    Ok(if case.dossier.followed_by(instructeur) {
        vec![Event::Unfollowed {
            instructeur: instructeur.clone(),
        }]
    } else {
        Vec::new()
    })
}

/// Writes an annotation, or empties it.
pub(super) fn annotate(case: &Case<'_>, name: &str, typed: &str) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    let unknown = || Refusal::UnknownAnnotation {
        annotation: name.to_owned(),
        known: case
            .demarche
            .annotations
            .iter()
            .map(|champ| champ.libelle.clone())
            .collect(),
    };
    let champ: &Champ = case.demarche.annotation(name).ok_or_else(unknown)?;
    let valeur = match typed.trim() {
        "" => None,
        typed => Some(
            Valeur::read(champ, typed).map_err(|detail| Refusal::BadValue {
                libelle: champ.libelle.clone(),
                detail,
            })?,
        ),
    };
    if case.dossier.annotations.get(&champ.id) == valeur.as_ref() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::Annotated {
        annotation: champ.id.clone(),
        valeur,
    }])
}

/// Puts a label on or takes it off.
pub(super) fn label(case: &Case<'_>, etiquette: &str, on: bool) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    let unknown = || Refusal::UnknownEtiquette {
        etiquette: etiquette.to_owned(),
        known: case.demarche.noms_des_etiquettes().cloned().collect(),
    };
    let wanted = fold(etiquette);
    // A label that left the démarche's list can still be taken off.
    let mut known = case
        .demarche
        .noms_des_etiquettes()
        .chain(case.dossier.etiquettes.iter().filter(|_| !on));
    let etiquette = known
        .find(|known| fold(known) == wanted)
        .ok_or_else(unknown)?
        .clone();
    Ok(match (on, case.dossier.etiquettes.contains(&etiquette)) {
        (true, false) => vec![Event::Labelled { etiquette }],
        (false, true) => vec![Event::Unlabelled { etiquette }],
        (true, true) | (false, false) => Vec::new(),
    })
}

/// Envoyer à un instructeur of the dossier's group: he follows.
pub(super) fn send(case: &Case<'_>, to: &Email) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    let member = case
        .demarche
        .groupe(&case.dossier.groupe)
        .is_some_and(|groupe| groupe.instructeurs.contains(to));
    if !member {
        return Err(Refusal::NotAnInstructeur { email: to.clone() });
    }
    let mut events = Vec::new();
    if !case.dossier.followed_by(to) {
        events.push(Event::Followed {
            instructeur: to.clone(),
        });
    }
    events.push(Event::Sent { to: to.clone() });
    Ok(events)
}

/// Réaffecter. Followers who are not in the new group stop following.
pub(super) fn reassign(case: &Case<'_>, label: &str) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    case.needs("reassign", &EN_COURS)?;
    let known = || {
        case.demarche
            .groupes
            .iter()
            .filter(|groupe| !groupe.ferme)
            .map(|groupe| groupe.label.clone())
            .collect()
    };
    let groupe = case.demarche.groupe(label).filter(|groupe| !groupe.ferme);
    let groupe = groupe.ok_or_else(|| Refusal::UnknownGroupe {
        groupe: label.to_owned(),
        known: known(),
    })?;
    if groupe.label == case.dossier.groupe {
        return Err(Refusal::SameGroupe {
            groupe: groupe.label.clone(),
        });
    }
    let mut events = vec![Event::Reassigned {
        groupe: groupe.label.clone(),
    }];
    let leaving = case
        .dossier
        .followers
        .keys()
        .filter(|follower| !groupe.instructeurs.contains(follower));
    events.extend(leaving.map(|instructeur| Event::Unfollowed {
        instructeur: instructeur.clone(),
    }));
    Ok(events)
}

/// A follower looks: these marks go out.
pub(super) fn look(case: &Case<'_>, marks: &BTreeSet<Mark>) -> Vec<Event> {
    let Some(email) = case.by.email() else {
        return Vec::new();
    };
    let lit = case
        .dossier
        .followers
        .get(email)
        .map(|lit| lit.intersection(marks).copied().collect::<BTreeSet<_>>());
    match lit {
        Some(marks) if !marks.is_empty() => vec![Event::Seen {
            instructeur: email.clone(),
            marks,
        }],
        _ => Vec::new(),
    }
}
