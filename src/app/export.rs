//! Dossiers taken away as a file: ordered from the workshop, given to whoever asked, or fetched once by a link.

use std::borrow::Cow;
use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::line::Speaker;
use super::list::tests;
use super::piece::at_the_machine;
use super::reply::With;
use super::{App, Error};
use crate::command::Selection;
use crate::domain::{Demarche, DemarcheId, DossierId, Email, Onglet, Piece};
use crate::mail::{locked, long_code};
use crate::message::work::{Export, Format, Product, Work};
use crate::message::{Account, Place, Verdict};
use crate::store::{Collection, Store};
use crate::template::Answer;

/// How long an export waits to be fetched.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long its file stays once somebody has begun to fetch it.
const FETCHING: SignedDuration = SignedDuration::from_hours(1);
/// Exports that wait, looked at in one sweep.
const SWEPT: usize = 1_000;
/// Files that go with one message on any network.
const AT_ONCE: usize = 10;

/// An export that waits to be fetched; as a document it keeps its files on the shelf.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Waiting {
    files: Vec<Piece>,
    until: Timestamp,
    demarche: DemarcheId,
    /// Whoever has the link has fetched it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fetched: bool,
    /// It may be fetched by a link, rather than where it is: by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<Holder>,
}

/// Who a link was given to. He must have all of his rights still when it is followed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Holder {
    person: Email,
    /// The account that it was given to: one that is cut off takes its links with it.
    account: Account,
    /// The groups whose dossiers are in the file.
    groupes: Vec<String>,
}

impl<S: Store> App<S> {
    /// `exporter`.
    pub(super) fn export(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        selection: &Selection,
        format: Format,
        demarche: Option<DemarcheId>,
    ) -> Result<(), Error> {
        let Some(person) = speaker.email.clone() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let (demarche, selection) = match demarche {
            Some(demarche) => (Some(demarche), Cow::Borrowed(selection)),
            None => self.of_first(draft, speaker, &person, selection)?,
        };
        let demarche = match self.meant(speaker, demarche) {
            Ok(demarche) => demarche,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        let here = self.at_home(speaker, Some(demarche.number)) && self.shows_all(speaker);
        if !here && !self.shows_all_in_private(speaker) {
            return self.answer(draft, speaker, &Answer::NotHere, None);
        }
        let filter = match tests(demarche, &selection.filter, draft.at) {
            Ok(filter) => filter,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        let onglet = selection.onglet;
        let named = !selection.ranges.is_empty();
        let order = Export {
            format,
            demarche: demarche.number,
            groupes: self.groupes_here(speaker, demarche, &person),
            person,
            ranges: selection.ranges.clone(),
            onglet: onglet.or((!named).then_some(Onglet::Total)),
            filter,
            most: self.largest(speaker),
            link: self.public_url.is_some() && !at_the_machine(speaker),
        };
        self.order(draft, speaker, Work::Export(Box::new(order)))
    }

    /// The démarche of the first dossier that is named, if the person may see it, and what is selected. What is in the
    /// room's comes first. A number alone that is no dossier of the person's may be a démarche of his, all of it.
    fn of_first<'a>(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
        person: &Email,
        selection: &'a Selection,
    ) -> Result<(Option<DemarcheId>, Cow<'a, Selection>), Error> {
        let line = speaker.line;
        let room = self.directory.room(&line.from.network, &line.place);
        let bound = room.and_then(|room| room.demarche);
        let (None, Some(range)) = (bound, selection.ranges.first()) else {
            return Ok((bound, Cow::Borrowed(selection)));
        };
        if let Ok((dossier, _)) = self.visible(draft, DossierId(*range.start()), person)? {
            return Ok((Some(dossier.demarche), Cow::Borrowed(selection)));
        }
        let number = selection.single().map(DemarcheId);
        let whole = number
            .and_then(|number| self.demarche(number))
            .filter(|demarche| demarche.has_instructeur(person));
        Ok(match whole {
            Some(demarche) => (Some(demarche.number), Cow::Owned(Selection::default())),
            None => (None, Cow::Borrowed(selection)),
        })
    }

    /// Labels of the groups that the person instructs; in a room of one of them, that one.
    fn groupes_here(
        &self,
        speaker: &Speaker<'_>,
        demarche: &Demarche,
        person: &Email,
    ) -> Vec<String> {
        let line = speaker.line;
        let room = self.directory.room(&line.from.network, &line.place);
        let groupes = demarche.groupes_of(person);
        let meant = groupes.filter(|groupe| {
            let bound = room
                .as_ref()
                .filter(|room| room.demarche == Some(demarche.number));
            bound.is_none_or(|room| room.is_for(demarche.number, &groupe.label))
        });
        meant.map(|groupe| groupe.label.clone()).collect()
    }

    /// Gives an export to whoever asked for it, if he may still have all of it.
    pub(super) fn exported(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        export: &Export,
        product: &Product,
    ) -> Result<(), Error> {
        let demarche = self.demarche(export.demarche);
        let (Some(demarche), true) = (demarche, speaker.email.as_ref() == Some(&export.person))
        else {
            return self.answer(draft, speaker, &Answer::NoRight, None);
        };
        if !demarche.instructs_all(&export.person, &export.groupes) {
            return self.answer(draft, speaker, &Answer::NoRight, None);
        }
        // A room hears of its own groups alone, and of those that it has now.
        let own = self.groupes_here(speaker, demarche, &export.person);
        let here = self.at_home(speaker, Some(export.demarche))
            && self.shows_all(speaker)
            && export.groupes.iter().all(|label| own.contains(label));
        if here {
            return self.hand_export(draft, speaker, demarche, export, product);
        }
        if speaker.line.place == Place::Direct || !self.shows_all_in_private(speaker) {
            return self.answer(draft, speaker, &Answer::NotHere, None);
        }
        self.aside(draft, speaker, |draft, speaker| {
            self.hand_export(draft, speaker, demarche, export, product)
        })
    }

    fn hand_export(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        demarche: &Demarche,
        export: &Export,
        product: &Product,
    ) -> Result<(), Error> {
        if let Product::TooLarge { most } = product {
            return self.answer(
                draft,
                speaker,
                &Answer::ExportUnbounded { most: *most },
                None,
            );
        }
        let Product::Export {
            files,
            dossiers,
            missing,
            elsewhere,
            bytes,
        } = product
        else {
            return self.answer(draft, speaker, &Answer::NotMade, None);
        };
        if *dossiers == 0 {
            return self.answer(draft, speaker, &Answer::NothingSelected, None);
        }
        let fits = files.iter().all(|file| file.bytes <= export.most);
        if files.is_empty() || files.len() > AT_ONCE || (!fits && self.public_url.is_none()) {
            let (bytes, max) = (*bytes, export.most);
            return self.answer(draft, speaker, &Answer::ExportTooLarge { bytes, max }, None);
        }
        let places: Vec<String> = files
            .iter()
            .filter_map(|file| self.place_of(speaker, file))
            .collect();
        let mut link = None;
        let mut until = None;
        if !fits || !places.is_empty() {
            let holder = (!fits).then(|| Holder {
                person: export.person.clone(),
                account: speaker.line.from.clone(),
                groupes: export.groupes.clone(),
            });
            let (word, end) = self.keep_a_day(draft, files, export.demarche, holder)?;
            until = Some(end);
            link = self
                .public_url
                .as_ref()
                .filter(|_| !fits)
                .map(|url| format!("{url}/exports/{word}"));
        }
        let how = match (&link, places.is_empty()) {
            (Some(_), _) => "link",
            (None, false) => "file",
            (None, true) => "message",
        };
        tracing::info!(
            who = pseudonym(&self.secret, &export.person),
            demarche = export.demarche.0,
            format = export.format.extension(),
            dossiers,
            network = speaker.line.from.network,
            how,
            cause = draft.cause,
            "Dossiers were exported"
        );
        let sent: &[Piece] = if how == "message" { files } else { &[] };
        let answer = Answer::Exported {
            demarche: (demarche.number, demarche.titre.clone()),
            dossiers: *dossiers,
            missing: *missing,
            elsewhere: *elsewhere,
            parts: files.len(),
            places,
            link,
            until,
        };
        let with = With {
            files: sent,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, None, with)
    }

    /// Keeps files for a day that were told by their place, which nothing else names.
    pub(super) fn keep_in_place(
        &self,
        draft: &mut Draft<'_, S>,
        files: &[Piece],
        demarche: DemarcheId,
    ) -> Result<(), Error> {
        self.keep_a_day(draft, files, demarche, None)?;
        Ok(())
    }

    /// Keeps files for a day, and answers the word by which they are fetched and when they go.
    fn keep_a_day(
        &self,
        draft: &mut Draft<'_, S>,
        files: &[Piece],
        demarche: DemarcheId,
        link: Option<Holder>,
    ) -> Result<(String, Timestamp), Error> {
        let word = long_code(&self.secret, &draft.cause);
        let until = draft.at.checked_add(KEPT).unwrap_or(draft.at);
        let waiting = Waiting {
            files: files.to_vec(),
            until,
            demarche,
            fetched: false,
            link,
        };
        draft.put(Collection::Export, locked(&word), &waiting)?;
        Ok((word, until))
    }

    /// Gives an export to whoever follows its link, once. Its file stays for as long as that may take.
    pub(super) fn fetch(&self, draft: &mut Draft<'_, S>, export: &str) -> Result<(), Error> {
        let waiting: Option<Waiting> = draft.get(Collection::Export, export)?;
        let fresh = waiting.filter(|waiting| !waiting.fetched && draft.at < waiting.until);
        let held = match fresh {
            Some(waiting) if self.still_may(draft, &waiting)? => Some(waiting),
            _ => None,
        };
        let Some(mut waiting) = held else {
            draft.receipt.verdict = Verdict::Refused;
            return Ok(());
        };
        waiting.fetched = true;
        waiting.until = draft.at.checked_add(FETCHING).unwrap_or(draft.at);
        draft.put(Collection::Export, export, &waiting)?;
        draft.receipt.files.clone_from(&waiting.files);
        tracing::info!(
            demarche = waiting.demarche.0,
            cause = draft.cause,
            "An export was fetched by its link"
        );
        Ok(())
    }

    /// Whether whoever has the link is linked still, and an instructeur of all the groups.
    fn still_may(&self, draft: &Draft<'_, S>, waiting: &Waiting) -> Result<bool, Error> {
        let (Some(holder), Some(demarche)) = (&waiting.link, self.demarche(waiting.demarche))
        else {
            return Ok(false);
        };
        let linked = self.linked(draft, &holder.account)?;
        Ok(linked.as_ref() == Some(&holder.person)
            && demarche.instructs_all(&holder.person, &holder.groupes))
    }

    /// Whether somebody may fetch the export of that [`locked`] word, for those who ask outside a commit.
    pub fn waits_to_be_fetched(
        &self,
        export: &str,
        now: Timestamp,
    ) -> Result<bool, crate::store::Error> {
        let found = self.store.get(Collection::Export, export)?;
        let waiting = found.and_then(|found| serde_json::from_value::<Waiting>(found).ok());
        Ok(waiting.is_some_and(|waiting| {
            waiting.link.is_some() && !waiting.fetched && now < waiting.until
        }))
    }

    /// Forgets the exports that nobody has fetched in time, and those that were: their files leave the shelf.
    pub(super) fn sweep_exports(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        let rows = self
            .store
            .scan(Collection::Export, "", Bound::Unbounded, SWEPT)?;
        for (key, value) in rows {
            let waiting: Waiting = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Export, &error))?;
            if draft.at >= waiting.until {
                draft.remove(Collection::Export, key);
            }
        }
        Ok(())
    }
}

/// Somebody's name in the log: the same each time, and nobody's without the key.
fn pseudonym(secret: &[u8], person: &Email) -> String {
    let word = long_code(secret, &format!("log {person}"));
    word.chars().take(12).collect()
}
