//! What a person wants to be told and to see, for each démarche.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::line::Speaker;
use super::list::{filtered, named, sort_by};
use super::notify::Choice;
use super::{App, Error};
use crate::domain::column::columns;
use crate::domain::{Demarche, DemarcheId, Email, fold};
use crate::store::{Collection, Store};
use crate::template::Answer;

/// What a person chose for a démarche.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Preferences {
    pub(super) notifications: BTreeMap<String, Choice>,
    pub(super) colonnes: Vec<String>,
    pub(super) filtre: Vec<(String, String)>,
    /// The column that lists are sorted by, with `-` before it for the other way round.
    pub(super) tri: Option<String>,
    /// Those with an orange mark come first.
    pub(super) pastille: bool,
}

pub(super) fn key(email: &Email, demarche: DemarcheId) -> String {
    format!("{email}\u{0}{demarche}")
}

/// Keeps what somebody chose for a démarche.
pub(super) fn keep<S: Store>(
    draft: &mut Draft<'_, S>,
    email: &Email,
    demarche: DemarcheId,
    chosen: &Preferences,
) -> Result<(), Error> {
    draft.put(Collection::Preference, key(email, demarche), chosen)
}

/// Whose preferences, and for which démarche, stand under `key`.
pub(super) fn read_key(key: &str) -> Option<(Email, DemarcheId)> {
    let (email, demarche) = key.split_once('\u{0}')?;
    Some((Email::new(email), demarche.parse().ok().map(DemarcheId)?))
}

impl<S: Store> App<S> {
    pub(super) fn preferences(
        &self,
        draft: &Draft<'_, S>,
        email: &Email,
        demarche: DemarcheId,
    ) -> Result<Preferences, Error> {
        Ok(draft
            .get(Collection::Preference, &key(email, demarche))?
            .unwrap_or_default())
    }

    /// The démarche that a command means: the one named, the room's, or the person's only one.
    #[expect(
        clippy::result_large_err,
        reason = "the answer is given at once, and rarely"
    )]
    pub(super) fn meant(
        &self,
        speaker: &Speaker<'_>,
        named: Option<DemarcheId>,
    ) -> Result<&Demarche, Answer> {
        let email = speaker.email.as_ref().ok_or(Answer::NotLinked)?;
        let mut mine: Vec<&Demarche> = self
            .demarches
            .values()
            .filter(|demarche| demarche.has_instructeur(email))
            .collect();
        let room = self
            .directory
            .room(&speaker.line.from.network, &speaker.line.place)
            .and_then(|room| room.demarche);
        let wanted = named.or(room);
        let typed = &speaker.line.text;
        let unknown = Answer::UnknownDemarche {
            number: wanted,
            known: mine
                .iter()
                .map(|demarche| {
                    let line = wanted
                        .is_none()
                        .then(|| self.catalogue.for_demarche(typed, demarche.number.0));
                    (demarche.number, demarche.titre.clone(), line.flatten())
                })
                .collect(),
        };
        match wanted {
            Some(number) => mine
                .into_iter()
                .find(|demarche| demarche.number == number)
                .ok_or(unknown),
            None if mine.len() == 1 => mine.pop().ok_or(unknown),
            None => Err(unknown),
        }
    }

    /// `colonnes`.
    pub(super) fn columns(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        demarche: Option<DemarcheId>,
        wanted: Option<&[String]>,
    ) -> Result<(), Error> {
        let demarche = match self.meant(speaker, demarche) {
            Ok(demarche) => demarche,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        let Some(email) = &speaker.email else {
            return Ok(());
        };
        let mut preferences = self.preferences(draft, email, demarche.number)?;
        if let Some(wanted) = wanted {
            let mut chosen = Vec::new();
            for name in wanted
                .iter()
                .filter(|name| !["aucune", "rien"].contains(&fold(name).as_str()))
            {
                match named(demarche, name) {
                    Ok(named) => chosen.push(named.id),
                    Err(answer) => return self.answer(draft, speaker, &answer, None),
                }
            }
            preferences.colonnes = chosen;
            keep(draft, email, demarche.number, &preferences)?;
        }
        let chosen = preferences.colonnes.iter();
        let chosen = chosen.filter_map(|id| named(demarche, id).ok());
        let chosen = chosen.map(|named| (named.id, named.label)).collect();
        let available = columns(demarche).into_iter();
        let available = available.map(|named| (named.id, named.label)).collect();
        let answer = Answer::Columns {
            demarche: (demarche.number, demarche.titre.clone()),
            chosen,
            available,
        };
        self.answer(draft, speaker, &answer, None)
    }

    /// `tri`.
    pub(super) fn sort(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        demarche: Option<DemarcheId>,
        tri: Option<&str>,
        pastille: Option<bool>,
        clear: bool,
    ) -> Result<(), Error> {
        let demarche = match self.meant(speaker, demarche) {
            Ok(demarche) => demarche,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        let Some(email) = &speaker.email else {
            return Ok(());
        };
        let mut preferences = self.preferences(draft, email, demarche.number)?;
        if clear {
            (preferences.tri, preferences.pastille) = (None, false);
        }
        if let Some(tri) = tri {
            match sort_by(demarche, tri) {
                Ok((named, down)) => {
                    let sign = if down { "-" } else { "" };
                    preferences.tri = Some(format!("{sign}{}", named.id));
                }
                Err(answer) => return self.answer(draft, speaker, &answer, None),
            }
        }
        if let Some(pastille) = pastille {
            preferences.pastille = pastille;
        }
        if clear || tri.is_some() || pastille.is_some() {
            keep(draft, email, demarche.number, &preferences)?;
        }
        let tri = preferences.tri.as_deref();
        let tri = tri.and_then(|tri| sort_by(demarche, tri).ok());
        let answer = Answer::Sorted {
            demarche: (demarche.number, demarche.titre.clone()),
            tri: tri.map(|(named, down)| (named.label, down)),
            pastille: preferences.pastille,
        };
        self.answer(draft, speaker, &answer, None)
    }

    /// `filtre`.
    pub(super) fn filter(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        demarche: Option<DemarcheId>,
        wanted: Option<&[(String, String)]>,
        clear: bool,
    ) -> Result<(), Error> {
        let demarche = match self.meant(speaker, demarche) {
            Ok(demarche) => demarche,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        let Some(email) = &speaker.email else {
            return Ok(());
        };
        let mut preferences = self.preferences(draft, email, demarche.number)?;
        if clear {
            preferences.filtre.clear();
        }
        let mut added: Vec<(String, String)> = Vec::new();
        for (name, value) in wanted.unwrap_or_default() {
            match filtered(demarche, name, value, draft.at) {
                Ok(named) => added.push((named.id, value.clone())),
                Err(answer) => return self.answer(draft, speaker, &answer, None),
            }
        }
        // What is typed of a column takes the place of what was kept of it.
        let kept = |(known, _): &(String, String)| !added.iter().any(|(id, _)| id == known);
        preferences.filtre.retain(kept);
        preferences.filtre.extend(added);
        if clear || wanted.is_some() {
            keep(draft, email, demarche.number, &preferences)?;
        }
        let label =
            |id: &str| named(demarche, id).map_or_else(|_| id.to_owned(), |named| named.label);
        let filters = preferences
            .filtre
            .iter()
            .map(|(id, value)| (label(id), value.clone()))
            .collect();
        let answer = Answer::Filters {
            demarche: (demarche.number, demarche.titre.clone()),
            filters,
        };
        self.answer(draft, speaker, &answer, None)
    }
}
