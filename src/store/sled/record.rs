//! A dossier as `states` keeps it: first where it is listed, which changes need without reading the rest, then its
//! state as JSON. It can be made anew from the events, so its form may change with the schema.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::draft::{corrupt, read, write};
use super::key;
use super::tree::Tree;
use crate::domain::{DemarcheId, Dossier, View, order};
use crate::store::{Error, Version};

/// Where a dossier is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// How many events it has had.
    pub(super) version: Version,
    /// Nothing is left but its tombstone.
    pub(super) purged: bool,
    /// Its démarche.
    pub(super) demarche: DemarcheId,
    /// Its deposit, in seconds: its place in every list.
    pub(super) deposited: i64,
    /// When the clock must look at it.
    pub(super) due: Option<Timestamp>,
    /// The keys of the lists that it is in.
    pub(super) lists: BTreeSet<Vec<u8>>,
}

impl Record {
    /// Where `dossier` is listed.
    pub(super) fn of(dossier: &Dossier, version: Version, view: &View) -> Self {
        Self {
            version,
            purged: dossier.purged.is_some(),
            demarche: dossier.demarche,
            deposited: order(dossier).0,
            due: view.due,
            lists: view.lists.iter().map(key::list).collect(),
        }
    }

    /// The record with the state that belongs to it.
    pub(super) fn encode(&self, dossier: &Dossier) -> Result<Vec<u8>, Error> {
        let too_long = || corrupt(Tree::States, "a list with too long a name");
        let mut bytes = Vec::with_capacity(1024);
        bytes.extend(self.version.0.to_be_bytes());
        bytes.push(u8::from(self.purged) | u8::from(self.due.is_some()) << 1);
        bytes.extend(self.demarche.0.to_be_bytes());
        bytes.extend(self.deposited.to_be_bytes());
        bytes.extend(self.due.map(key::time).unwrap_or_default());
        let lists = u16::try_from(self.lists.len()).map_err(|_| too_long())?;
        bytes.extend(lists.to_be_bytes());
        for list in &self.lists {
            let length = u16::try_from(list.len()).map_err(|_| too_long())?;
            bytes.extend(length.to_be_bytes());
            bytes.extend(list);
        }
        bytes.extend(write(Tree::States, dossier)?);
        Ok(bytes)
    }

    /// The record in `bytes`, and the state behind it, still as JSON.
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        Self::parse(bytes).ok_or_else(|| corrupt(Tree::States, "its head is not complete"))
    }

    /// The state behind the record in `bytes`.
    pub(super) fn dossier(bytes: &[u8]) -> Result<(Self, Dossier), Error> {
        let (record, json) = Self::decode(bytes)?;
        Ok((record, read(Tree::States, json)?))
    }

    fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (version, rest) = bytes.split_first_chunk::<4>()?;
        let ([flags], rest) = rest.split_first_chunk::<1>()?;
        let (demarche, rest) = rest.split_first_chunk::<8>()?;
        let (deposited, rest) = rest.split_first_chunk::<8>()?;
        let (due, rest) = rest.split_at_checked(key::TIME)?;
        let (lists, mut rest) = rest.split_first_chunk::<2>()?;
        let mut kept = BTreeSet::new();
        for _ in 0..u16::from_be_bytes(*lists) {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (list, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
            kept.insert(list.to_vec());
            rest = after;
        }
        let record = Self {
            version: Version(u32::from_be_bytes(*version)),
            purged: flags & 1 != 0,
            demarche: DemarcheId(u64::from_be_bytes(*demarche)),
            deposited: i64::from_be_bytes(*deposited),
            due: if flags & 2 == 0 {
                None
            } else {
                Some(key::read_time(due)?)
            },
            lists: kept,
        };
        Some((record, rest))
    }
}
