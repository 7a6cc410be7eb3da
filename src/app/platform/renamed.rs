//! Groups that were given another name on the platform. Their dossiers bear the name, and the platform says nothing of each:
//! they follow by themselves, some of them at a time. Nobody is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::draft::Draft;
use super::super::room;
use super::super::select::EVERYWHERE;
use super::super::{App, Error};
use crate::directory::Known;
use crate::domain::{DemarcheId, DossierId, Event, List, Of, Person, Recorded, View, evolve};
use crate::message::platform::DemarcheIn;
use crate::store::{Collection, DossierChange, Store};

/// Dossiers that follow in one commit.
const AT_ONCE: usize = 100;

fn key(demarche: u64) -> String {
    format!("renamed\u{0}{demarche}")
}

/// The former names of a démarche's groups, each with the name that it has now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Renamed {
    labels: BTreeMap<String, String>,
    /// Some dossiers may still bear a former name.
    under_way: bool,
}

impl Renamed {
    /// Takes in that `before` has become `now`.
    fn learn(&mut self, before: &DemarcheIn, now: &DemarcheIn) {
        let taken = |label: &str| now.groupes.iter().any(|groupe| groupe.label == label);
        self.labels.retain(|former, _| !taken(former));
        for groupe in &now.groupes {
            let former = before.groupes.iter().find(|known| known.id == groupe.id);
            let Some(former) = former.map(|known| &known.label) else {
                continue;
            };
            if *former == groupe.label {
                continue;
            }
            if taken(former) {
                tracing::warn!(
                    demarche = now.number,
                    "A group has taken the name of another: dossiers of either that bear it follow when they next change"
                );
                continue;
            }
            for label in self.labels.values_mut().filter(|label| *label == former) {
                label.clone_from(&groupe.label);
            }
            self.labels.insert(former.clone(), groupe.label.clone());
            self.under_way = true;
        }
    }
}

impl<S: Store> App<S> {
    /// Notes which groups have another name in `now` than they had in `before`, and has what bears it follow.
    pub(super) fn learn_renamed(
        &self,
        draft: &mut Draft<'_, S>,
        before: &DemarcheIn,
        now: &DemarcheIn,
    ) -> Result<(), Error> {
        let known: Renamed = draft
            .get(Collection::Mirror, &key(now.number))?
            .unwrap_or_default();
        let mut renamed = known.clone();
        renamed.learn(before, now);
        if renamed != known {
            draft.put(Collection::Mirror, key(now.number), &renamed)?;
        }
        for room in self.directory.every_room().iter() {
            let Some(groupe) = room.groupe.as_ref().filter(|groupe| {
                room.demarche == Some(DemarcheId(now.number))
                    && now.groupes.iter().all(|known| known.label != **groupe)
            }) else {
                continue;
            };
            let to = renamed.labels.get(groupe);
            if !self.rebind(draft, &room.room, to)? {
                tracing::warn!(
                    demarche = now.number,
                    "A room of {} is bound to a group that démarche {} does not have (any more): it is told nothing; see `groupe` in bot.toml",
                    room.network,
                    now.number
                );
            }
        }
        self.follow_in(draft, now.number).map(drop)
    }

    /// Binds a room to the group's new name, where a command has bound it; `bot.toml` is for whoever wrote it.
    fn rebind(
        &self,
        draft: &mut Draft<'_, S>,
        bound: &crate::config::Room,
        to: Option<&String>,
    ) -> Result<bool, Error> {
        let (network, id) = (&bound.network, &bound.id);
        let Some(to) = to.filter(|_| !self.directory.is_configured(network, id)) else {
            return Ok(false);
        };
        let key = room::key(network, id);
        let known: Option<Known> = draft.get(Collection::Room, &key)?;
        let Some(mut known) = known else {
            return Ok(false);
        };
        if let Some(bound) = &mut known.bound {
            bound.groupe = Some(to.clone());
        }
        draft.put(Collection::Room, key, &known)?;
        Ok(true)
    }

    /// Has some of the dossiers follow whose group has another name now. Answers whether there are more.
    pub(in crate::app) fn follow_renamed(&self, draft: &mut Draft<'_, S>) -> Result<bool, Error> {
        let mut more = false;
        for number in self.mirrors() {
            more |= self.follow_in(draft, number)?;
        }
        Ok(more)
    }

    fn follow_in(&self, draft: &mut Draft<'_, S>, number: u64) -> Result<bool, Error> {
        let renamed: Option<Renamed> = draft.get(Collection::Mirror, &key(number))?;
        let Some(mut renamed) = renamed.filter(|renamed| renamed.under_way) else {
            return Ok(false);
        };
        let lists: Vec<List> = renamed
            .labels
            .keys()
            .flat_map(|label| {
                EVERYWHERE.map(|onglet| {
                    List::whole(DemarcheId(number), Of::Groupe(label.clone()), onglet)
                })
            })
            .collect();
        let page = self.store.page(&lists, None, AT_ONCE)?;
        for dossier in &page.dossiers {
            self.follow_one(draft, *dossier)?;
        }
        let more = page.next.is_some();
        if !more {
            renamed.under_way = false;
            draft.put(Collection::Mirror, key(number), &renamed)?;
        }
        Ok(more)
    }

    /// Gives a dossier the name that its group has now.
    pub(super) fn follow_one(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
    ) -> Result<(), Error> {
        let Some(found) = draft.dossier(number)? else {
            return Ok(());
        };
        let dossier = found.dossier;
        let renamed: Option<Renamed> = draft.get(Collection::Mirror, &key(dossier.demarche.0))?;
        let now = renamed.and_then(|renamed| renamed.labels.get(&dossier.groupe).cloned());
        let (Some(groupe), Some(demarche)) = (now, self.demarche(dossier.demarche)) else {
            return Ok(());
        };
        let recorded = Recorded {
            at: draft.at.max(dossier.updated),
            by: Person::Plateforme,
            event: Event::Reassigned { groupe },
        };
        let mut events = found.events;
        if let Some(dossier) = evolve(Some(dossier), &recorded) {
            events.push(recorded);
            draft.change(DossierChange {
                expected: found.expected,
                events,
                view: View::of(&dossier, demarche),
                dossier,
            });
        }
        Ok(())
    }
}
