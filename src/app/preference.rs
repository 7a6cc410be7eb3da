//! What a person wants to be told and to see, for each démarche.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::line::Speaker;
use super::notify::Choice;
use super::{App, Error};
use crate::domain::{ChampType, Demarche, DemarcheId, Email, fold};
use crate::store::{Collection, Store};
use crate::template::Answer;

/// What a person chose for a démarche.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Preferences {
    pub(super) notifications: BTreeMap<String, Choice>,
    pub(super) colonnes: Vec<String>,
    pub(super) filtre: Vec<(String, String)>,
}

pub(super) fn key(email: &Email, demarche: DemarcheId) -> String {
    format!("{email}\u{0}{demarche}")
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
        let unknown = Answer::UnknownDemarche {
            number: wanted,
            known: mine
                .iter()
                .map(|demarche| (demarche.number, demarche.titre.clone()))
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
                match column(demarche, name) {
                    Ok((id, _)) => chosen.push(id),
                    Err(answer) => return self.answer(draft, speaker, &answer, None),
                }
            }
            preferences.colonnes = chosen;
            draft.put(
                Collection::Preference,
                key(email, demarche.number),
                &preferences,
            )?;
        }
        let available = columns_of(demarche);
        let chosen = preferences
            .colonnes
            .iter()
            .filter_map(|id| available.iter().find(|(known, _)| known == id).cloned())
            .collect();
        let answer = Answer::Columns {
            demarche: (demarche.number, demarche.titre.clone()),
            chosen,
            available,
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
        for (name, value) in wanted.unwrap_or_default() {
            match column(demarche, name) {
                Ok((id, _)) => {
                    preferences.filtre.retain(|(known, _)| *known != id);
                    preferences.filtre.push((id, value.clone()));
                }
                Err(answer) => return self.answer(draft, speaker, &answer, None),
            }
        }
        if clear || wanted.is_some() {
            draft.put(
                Collection::Preference,
                key(email, demarche.number),
                &preferences,
            )?;
        }
        let available = columns_of(demarche);
        let label = |id: &str| {
            available
                .iter()
                .find(|(known, _)| known == id)
                .map_or_else(|| id.to_owned(), |(_, label)| label.clone())
        };
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

/// The columns that every démarche has.
pub(super) const BUILT_IN: [(&str, &str); 6] = [
    ("statut", "Statut"),
    ("demandeur", "Demandeur"),
    ("depot", "Date de dépôt"),
    ("mise_a_jour", "Dernière modification"),
    ("groupe", "Groupe instructeur"),
    ("avis", "Avis (oui ou non)"),
];

/// Every column of a démarche: id and label.
pub(super) fn columns_of(demarche: &Demarche) -> Vec<(String, String)> {
    let built_in = BUILT_IN
        .iter()
        .map(|(id, label)| ((*id).to_owned(), (*label).to_owned()));
    let own = demarche
        .champs
        .iter()
        .chain(&demarche.annotations)
        // A heading and an explanation hold nothing that could be shown, sorted or filtered.
        .filter(|champ| {
            !matches!(
                champ.kind,
                ChampType::HeaderSection | ChampType::Explication
            )
        })
        .map(|champ| (champ.id.clone(), champ.libelle.clone()));
    built_in.chain(own).collect()
}

/// The column of that id or label.
#[expect(
    clippy::result_large_err,
    reason = "the answer is given at once, and rarely"
)]
pub(super) fn column(demarche: &Demarche, name: &str) -> Result<(String, String), Answer> {
    let wanted = fold(name);
    let known = columns_of(demarche);
    let found = known
        .iter()
        .find(|(id, label)| fold(id) == wanted || fold(label) == wanted)
        .cloned();
    found.ok_or_else(|| Answer::UnknownColumn {
        name: name.to_owned(),
        known: known.into_iter().map(|(_, label)| label).collect(),
    })
}
