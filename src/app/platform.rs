//! The platform, where it is the record: what it says becomes what happened here, what is ordered here is asked of it.
//!
//! The documents of [`Collection::Mirror`]:
//!
//! | key | what |
//! |---|---|
//! | `demarche` number | a démarche, as it was read last |
//! | `progress` number | how far it has been read |
//! | `dossier` number | a dossier's other half: ids, messages on their way |
//! | `renamed` number | former names of a démarche's groups |
//! | `unread` | the démarches that are not read at present |
//! | `served` number | until when a démarche was served |

mod answered;
mod copy;
mod letter;
mod order;
mod renamed;
mod served;
mod take;
mod unread;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use self::letter::lacks_files;
pub(super) use self::order::{Acted, Errand, Memo};

use super::draft::Draft;
use super::{App, Error};
use crate::domain::{Demarche, DemarcheId, Demarches, DossierId, List, Of, Onglet};
use crate::message::Verdict;
use crate::message::platform::{Claims, DemarcheIn, Progress, Said, Taken};
use crate::mirror::{self, Mirror};
use crate::store::{Collection, Store};

pub(super) fn demarche_key(number: u64) -> String {
    format!("demarche\u{0}{number}")
}

fn progress_key(number: u64) -> String {
    format!("progress\u{0}{number}")
}

pub(super) fn dossier_key(number: u64) -> String {
    format!("dossier\u{0}{number}")
}

impl<S: Store> App<S> {
    /// Takes in what the platform said.
    pub(super) fn platform(&self, draft: &mut Draft<'_, S>, said: &Said) -> Result<(), Error> {
        match said {
            Said::Demarche(read) => self.read_demarche(draft, read),
            Said::Dossier(read) => {
                draft.receipt.dossier = Some(read.number);
                let told = self.take(draft, read, None)?;
                if told.is_empty() {
                    draft.receipt.verdict = Verdict::Ignored;
                }
                Ok(())
            }
            Said::Gone(gone) => self.take_away(draft, gone),
            Said::Read(progress) => draft.put(
                Collection::Mirror,
                progress_key(progress.demarche),
                progress,
            ),
            Said::Unread { demarches } => self.tell_unread(draft, demarches),
            Said::Answered(answered) => self.answered(draft, answered),
        }
    }

    fn read_demarche(&self, draft: &mut Draft<'_, S>, read: &DemarcheIn) -> Result<(), Error> {
        if self.mirrored.get(&DemarcheId(read.number)).is_none() {
            // It has left the configuration.
            draft.receipt.verdict = Verdict::Ignored;
            return Ok(());
        }
        let before: Option<DemarcheIn> =
            draft.get(Collection::Mirror, &demarche_key(read.number))?;
        draft.put(Collection::Mirror, demarche_key(read.number), read)?;
        self.learn_renamed(draft, before.as_ref().unwrap_or(read), read)?;
        let key = progress_key(read.number);
        let known: Option<Progress> = draft.get(Collection::Mirror, &key)?;
        if known.is_none() {
            let progress = Progress {
                demarche: read.number,
                met: draft.at,
                ..Progress::default()
            };
            draft.put(Collection::Mirror, key, &progress)?;
        }
        self.met(draft, read.number)?;
        Ok(())
    }

    /// The démarches, with those of the platform as they were last read.
    pub(super) fn with_mirrored(&self) -> Result<Demarches, Error> {
        let mut demarches = self.demarches.clone();
        demarches.extend(mirrored(&*self.store, &self.mirrored)?);
        Ok(demarches)
    }

    /// What is known of a dossier's other half.
    pub(super) fn mirror(&self, draft: &Draft<'_, S>, number: DossierId) -> Result<Mirror, Error> {
        let known = draft.get(Collection::Mirror, &dossier_key(number.0))?;
        Ok(known.unwrap_or_default())
    }

    /// How far a démarche has been read.
    pub fn progress(&self, demarche: u64) -> Result<Option<Progress>, Error> {
        self.kept(&progress_key(demarche))
    }

    /// A dossier as it was taken in last; none where it is not known, or is in the trash or purged.
    pub fn taken(&self, dossier: u64) -> Result<Option<Taken>, Error> {
        let Some(half) = self.other_half(dossier)? else {
            return Ok(None);
        };
        let found = self.store.load(DossierId(dossier))?;
        let gone = found.is_some_and(|(dossier, _)| !dossier.present());
        Ok((!gone).then(|| half.taken()))
    }

    /// Which of the messages of a dossier that are known `order` has made, and which it has not.
    pub fn claims(&self, dossier: u64, order: &str) -> Result<Claims, Error> {
        let half = self.other_half(dossier)?.unwrap_or_default();
        Ok(half.claims(order))
    }

    /// What is known of a dossier's other half.
    pub fn other_half(&self, dossier: u64) -> Result<Option<Mirror>, Error> {
        self.kept(&dossier_key(dossier))
    }

    fn kept<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let value = self.store.get(Collection::Mirror, key)?;
        value
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| Error::document(Collection::Mirror, &error))
    }

    /// Numbers of the dossiers of a démarche that are neither in the trash nor purged.
    pub fn shown(&self, demarche: u64) -> Result<Vec<u64>, Error> {
        let Some(demarche) = self.demarche(DemarcheId(demarche)) else {
            return Ok(Vec::new());
        };
        let lists: Vec<List> = demarche
            .groupes
            .iter()
            .flat_map(|groupe| {
                [Onglet::Total, Onglet::Archives].map(|onglet| {
                    List::whole(demarche.number, Of::Groupe(groupe.label.clone()), onglet)
                })
            })
            .collect();
        let shown = self.listed(&lists)?;
        Ok(shown.into_iter().map(|number| number.0).collect())
    }

    /// A démarche of the platform, as it was read last.
    fn ids(&self, draft: &Draft<'_, S>, demarche: &Demarche) -> Result<Option<DemarcheIn>, Error> {
        draft.get(Collection::Mirror, &demarche_key(demarche.number.0))
    }

    /// The démarches of the platform that the configuration names.
    pub fn mirrors(&self) -> impl Iterator<Item = u64> {
        self.mirrored.keys().map(|number| number.0)
    }
}

/// How each démarche of the platform is served, by number.
pub type Mirrored = Arc<BTreeMap<DemarcheId, mirror::Settings>>;

/// The démarches of the platform that are served, as they were last read.
pub fn mirrored(
    store: &impl Store,
    served: &BTreeMap<DemarcheId, mirror::Settings>,
) -> Result<Demarches, Error> {
    let mut demarches = Demarches::new();
    for (number, settings) in served {
        let key = demarche_key(number.0);
        let Some(value) = store.get(Collection::Mirror, &key)? else {
            // It has not been read yet.
            continue;
        };
        let read: DemarcheIn = serde_json::from_value(value)
            .map_err(|error| Error::document(Collection::Mirror, &error))?;
        demarches.insert(*number, mirror::demarche(&read, settings));
    }
    Ok(demarches)
}
