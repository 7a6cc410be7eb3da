//! The ledger, record by record, out and in.

use serde::de::DeserializeOwned;

use super::draft::{self, Draft, corrupt};
use super::key::{self, Owner};
use super::meta::{self, Sequence};
use super::outbox::{self, Named};
use super::rebuild::{self, Rules};
use super::tree::Tree;
use super::{Sled, commit, instance::Instance, journal};
use crate::store::portable::Line;
use crate::store::{Change, Error};

impl Sled {
    /// Calls `each` for every record that cannot be made from others. Whoever calls this holds [`Sled::writing`].
    pub(in crate::store) fn each_line<E: From<Error>>(
        &self,
        each: &mut dyn FnMut(Line) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each(Tree::Events, each, |key, json| {
            let (dossier, version) = key::read_event(key)?;
            let recorded = read_raw(json)?;
            Some(Line::Event {
                dossier,
                version,
                recorded,
            })
        })?;
        self.each(Tree::Documents, each, |key, json| {
            let (collection, key) = key::read_document(key)?;
            let (key, value) = (key.to_owned(), read_raw(json)?);
            Some(Line::Document {
                collection,
                key,
                value,
            })
        })?;
        self.each(Tree::Outbox, each, |_, json| {
            Some(Line::Outbox(read_raw(json)?))
        })?;
        self.each(Tree::Dead, each, |_, json| {
            Some(Line::Dead(read_raw(json)?))
        })?;
        self.each(Tree::Causes, each, |key, value| {
            let (at, receipt) = journal::read_cause(value).ok()?;
            let id = String::from_utf8(key.to_vec()).ok()?;
            Some(Line::Cause { id, at, receipt })
        })?;
        self.each(Tree::Journal, each, |key, json| {
            let (id, incoming) = (key::last_number(key)?, read_raw(json)?);
            Some(Line::Journal { id, incoming })
        })?;
        self.each(Tree::Remotes, each, |key, json| {
            let (to, card) = key::read_remote(key)?;
            let Named {
                name: remote_id,
                dossier,
            } = read_raw(json)?;
            Some(Line::Remote {
                to,
                card: card.to_owned(),
                remote_id,
                dossier,
            })
        })?;
        self.each(Tree::Cards, each, |key, json| {
            let (network, remote_id) = key::read_card(key)?;
            let Named {
                name: card,
                dossier,
            } = read_raw(json)?;
            Some(Line::Card {
                network,
                remote_id: remote_id.to_owned(),
                card,
                dossier,
            })
        })?;
        each(self.sequences()?)
    }

    fn each<E: From<Error>>(
        &self,
        tree: Tree,
        each: &mut dyn FnMut(Line) -> Result<(), E>,
        line: impl Fn(&[u8], &[u8]) -> Option<Line>,
    ) -> Result<(), E> {
        for pair in self.trees.with(tree, &[]) {
            let (key, value) = pair?;
            let line = line(&key, &value).ok_or_else(|| corrupt(tree, "it cannot be exported"))?;
            each(line)?;
        }
        Ok(())
    }

    fn sequences(&self) -> Result<Line, Error> {
        let draft = Draft::new(&self.trees);
        Ok(Line::Sequences {
            dossier: meta::peek(&draft, Sequence::Dossier)?,
            outbox: meta::peek(&draft, Sequence::Outbox)?,
            journal: meta::peek(&draft, Sequence::Journal)?,
            instances: self.instances.all(),
        })
    }

    /// Takes `lines` into a store that is being restored. Files are not among them.
    pub(in crate::store) fn take_in(&self, lines: Vec<Line>) -> Result<(), Error> {
        let _writing = self.writing();
        let mut draft = Draft::new(&self.trees);
        for line in lines {
            take_in(&mut draft, line)?;
        }
        draft.apply()?;
        Ok(())
    }

    /// Ends a restoration: makes the indexes and waits for the disk.
    pub(in crate::store) fn complete(&self, rules: Rules<'_>) -> Result<(), Error> {
        let _writing = self.writing();
        rebuild::rebuild(&self.trees, rules)?;
        self.disk.wait(&self.db)
    }
}

fn read_raw<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

fn take_in(draft: &mut Draft<'_>, line: Line) -> Result<(), Error> {
    match line {
        Line::Event {
            dossier,
            version,
            recorded,
        } => {
            let json = draft::write(Tree::Events, &recorded)?;
            draft.refer(&json, Owner::Dossier(dossier));
            draft.put(Tree::Events, key::event(dossier, version), json);
            Ok(())
        }
        Line::Document {
            collection,
            key,
            value,
        } => {
            let value = Some(value);
            commit::document(
                draft,
                &Change {
                    collection,
                    key,
                    value,
                },
            )
        }
        Line::Outbox(row) => outbox::put(draft, Tree::Outbox, &row),
        Line::Dead(row) => outbox::put(draft, Tree::Dead, &row),
        Line::Cause { id, at, receipt } => journal::done(draft, &id, at, &receipt),
        Line::Journal { id, incoming } => journal::put(draft, id, &incoming),
        Line::Remote {
            to,
            card,
            remote_id,
            dossier,
        } => outbox::put_remote(
            draft,
            &to,
            &card,
            &Named {
                name: remote_id,
                dossier,
            },
        ),
        Line::Card {
            network,
            remote_id,
            card,
            dossier,
        } => outbox::put_card(
            draft,
            &network,
            &remote_id,
            &Named {
                name: card,
                dossier,
            },
        ),
        Line::Sequences {
            dossier,
            outbox,
            journal,
            instances,
        } => {
            for (sequence, next) in [
                (Sequence::Dossier, dossier),
                (Sequence::Outbox, outbox),
                (Sequence::Journal, journal),
            ] {
                draft.put(Tree::Meta, sequence.key(), &key::number(next));
            }
            Instance::restore(draft, &instances)
        }
        // They belong to the file, not to the ledger.
        Line::Greffier { .. } | Line::Piece { .. } | Line::End { .. } => Ok(()),
    }
}
