//! Sequences and counters.

use super::draft::Draft;
use super::key;
use super::tree::Tree;
use crate::store::Error;

/// The form that the trees have.
pub(super) const SCHEMA: &[u8] = b"schema";
/// The form that this program writes.
pub(super) const SCHEMA_KNOWN: u64 = 2;
/// Who gave out which row ids.
pub(super) const INSTANCES: &[u8] = b"instances";
/// The store was restored from an export, and has given out no row id since.
pub(super) const RESTORED: &[u8] = b"restored";

/// A sequence. Its numbers are never used again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sequence {
    /// Numbers of dossiers.
    Dossier,
    /// Ids of outbox rows.
    Outbox,
    /// Ids of the journal.
    Journal,
}

impl Sequence {
    /// Where its next number is kept.
    pub(super) fn key(self) -> &'static [u8] {
        match self {
            Self::Dossier => b"next_dossier",
            Self::Outbox => b"next_outbox",
            Self::Journal => b"next_journal",
        }
    }
}

/// The next number of a sequence. The first is 1.
pub(super) fn peek(draft: &Draft<'_>, sequence: Sequence) -> Result<u64, Error> {
    Ok(draft.number(Tree::Meta, sequence.key())?.max(1))
}

/// Takes the next number of a sequence.
pub(super) fn take(draft: &mut Draft<'_>, sequence: Sequence) -> Result<u64, Error> {
    let next = peek(draft, sequence)?;
    used(draft, sequence, next)?;
    Ok(next)
}

/// `number` was used: the sequence goes on behind it.
pub(super) fn used(draft: &mut Draft<'_>, sequence: Sequence, number: u64) -> Result<(), Error> {
    let next = peek(draft, sequence)?.max(number.saturating_add(1));
    draft.put(Tree::Meta, sequence.key(), &key::number(next));
    Ok(())
}

/// Where the number of rows in a queue is kept.
pub(super) fn depth(tree: Tree) -> Vec<u8> {
    [b"depth_".as_slice(), tree.name().as_bytes()].concat()
}
