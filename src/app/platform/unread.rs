//! Démarches that are not read at present: their rooms are told when that begins and when it ends.

use std::collections::{BTreeMap, BTreeSet};

use super::super::draft::Draft;
use super::super::{App, Error};
use crate::directory::{Bound, of_room};
use crate::domain::{DemarcheId, Email};
use crate::message::platform::Unread;
use crate::message::{Body, Outgoing, Post};
use crate::store::{Collection, Store};
use crate::template::{Answer, Audience, UnreadRow};

const KEY: &str = "unread";

impl<S: Store> App<S> {
    /// The démarches that are not read at present.
    pub fn unread(&self) -> Result<BTreeMap<u64, Unread>, Error> {
        Ok(self.kept(KEY)?.unwrap_or_default())
    }

    /// How the démarches of the platform stand that `email` instructs: those that are not read, and those that are being read
    /// for the first time.
    pub(in crate::app) fn readings(
        &self,
        email: &Email,
    ) -> Result<(Vec<UnreadRow>, Vec<DemarcheId>), Error> {
        let own: BTreeSet<DemarcheId> = self
            .groupes_of(email)
            .map(|(demarche, _)| demarche.number)
            .filter(|number| self.mirrored.contains_key(number))
            .collect();
        let unmet = self.unmet();
        let mut unread = without(&self.unread()?, &BTreeMap::new());
        unread.retain(|row| own.contains(&row.demarche) || unmet.contains(&row.demarche));
        let mut reading = unmet;
        reading.retain(|number| unread.iter().all(|row| row.demarche != *number));
        for number in own {
            if self.progress(number.0)?.is_some_and(|read| !read.whole) {
                reading.push(number);
            }
        }
        Ok((unread, reading))
    }

    /// The démarches of the platform of which nothing was read yet: nobody knows who instructs them.
    pub(in crate::app) fn unmet(&self) -> Vec<DemarcheId> {
        let mut numbers: Vec<DemarcheId> = self.mirrored.keys().copied().collect();
        numbers.retain(|number| self.demarche(*number).is_none());
        numbers
    }

    /// Takes in which démarches are not read, and tells the rooms of those of which that is new.
    pub(super) fn tell_unread(
        &self,
        draft: &mut Draft<'_, S>,
        unread: &BTreeMap<u64, Unread>,
    ) -> Result<(), Error> {
        let before: BTreeMap<u64, Unread> = draft.get(Collection::Mirror, KEY)?.unwrap_or_default();
        if unread.is_empty() {
            draft.remove(Collection::Mirror, KEY.to_owned());
        } else {
            draft.put(Collection::Mirror, KEY.to_owned(), unread)?;
        }
        let served = |mut rows: Vec<UnreadRow>| {
            rows.retain(|row| self.mirrored.contains_key(&row.demarche));
            rows
        };
        let begun = served(without(unread, &before));
        let over = served(without(&before, unread));
        for room in self.directory.every_room().iter() {
            let here = |rows: &[UnreadRow]| -> Vec<UnreadRow> {
                let mut rows = rows.to_vec();
                rows.retain(|row| room.demarche.is_none_or(|bound| bound == row.demarche));
                rows
            };
            for (rows, over) in [(here(&begun), false), (here(&over), true)] {
                if !rows.is_empty() {
                    self.say_unread(draft, room, rows, over)?;
                }
            }
        }
        Ok(())
    }

    fn say_unread(
        &self,
        draft: &mut Draft<'_, S>,
        room: &Bound,
        rows: Vec<UnreadRow>,
        over: bool,
    ) -> Result<(), Error> {
        let answer = Answer::Unread { rows, over };
        let text = self
            .templates
            .answer_to(&answer, Audience::Room(room.privacy), None)?;
        draft.send(Outgoing {
            to: of_room(room),
            body: Body::Post(Post {
                text,
                alert: !over,
                open: true,
                ..Post::default()
            }),
        });
        Ok(())
    }
}

/// Those of `these` that are not among `others`.
fn without(these: &BTreeMap<u64, Unread>, others: &BTreeMap<u64, Unread>) -> Vec<UnreadRow> {
    let new = these
        .iter()
        .filter(|(number, _)| !others.contains_key(number));
    new.map(|(number, unread)| UnreadRow {
        demarche: DemarcheId(*number),
        since: unread.since,
        cause: unread.why,
    })
    .collect()
}
