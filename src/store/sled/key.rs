//! How keys are written: big-endian, so that iteration is in order; text ends with a zero, so that no key is the
//! beginning of another's text.

use jiff::Timestamp;

use crate::domain::{DemarcheId, DossierId, List, Of, Onglet};
use crate::message::Destination;
use crate::store::Collection;

/// A number.
pub(super) fn number(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// The number at `at` in `key`.
pub(super) fn read_number(key: &[u8], at: usize) -> Option<u64> {
    let bytes = key.get(at..at.checked_add(8)?)?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

/// The last eight bytes of `key`, as a number.
pub(super) fn last_number(key: &[u8]) -> Option<u64> {
    read_number(key, key.len().checked_sub(8)?)
}

/// A moment, to the nanosecond, before year zero too.
pub(super) fn time(at: Timestamp) -> [u8; 16] {
    (at.as_nanosecond().cast_unsigned() ^ (1 << 127)).to_be_bytes()
}

/// The moment at the beginning of `key`.
pub(super) fn read_time(key: &[u8]) -> Option<Timestamp> {
    let bytes = key.get(..16)?.try_into().ok()?;
    let nanoseconds = (u128::from_be_bytes(bytes) ^ (1 << 127)).cast_signed();
    Timestamp::from_nanosecond(nanoseconds).ok()
}

/// Length of a moment in a key.
pub(super) const TIME: usize = 16;

/// Adds `text` with its end. Zero and one are escaped, so that the end is the only zero and the order stays.
pub(super) fn push_text(key: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            0 => key.extend([1, 1]),
            1 => key.extend([1, 2]),
            other => key.push(other),
        }
    }
    key.push(0);
}

/// The text at the beginning of `key`, and what comes after its end.
pub(super) fn read_text(key: &[u8]) -> Option<(String, &[u8])> {
    let end = key.iter().position(|byte| *byte == 0)?;
    let (escaped, rest) = key.split_at_checked(end)?;
    let mut bytes = Vec::with_capacity(end);
    let mut escaped = escaped.iter();
    while let Some(byte) = escaped.next() {
        bytes.push(if *byte == 1 {
            escaped.next()?.checked_sub(1)?
        } else {
            *byte
        });
    }
    Some((String::from_utf8(bytes).ok()?, rest.get(1..)?))
}

/// An event.
pub(super) fn event(dossier: DossierId, version: u32) -> Vec<u8> {
    let mut key = number(dossier.0).to_vec();
    key.extend(version.to_be_bytes());
    key
}

/// The dossier and version of an event.
pub(super) fn read_event(key: &[u8]) -> Option<(DossierId, u32)> {
    let version = key.get(8..)?.try_into().ok()?;
    Some((DossierId(read_number(key, 0)?), u32::from_be_bytes(version)))
}

/// A list. It is the beginning of its entries' keys, and of no other's.
pub(super) fn list(list: &List) -> Vec<u8> {
    let onglet = match list.onglet {
        Onglet::ASuivre => 1,
        Onglet::Suivis => 2,
        Onglet::Traites => 3,
        Onglet::Total => 4,
        Onglet::Supprimes => 5,
        Onglet::Expirants => 6,
        Onglet::Archives => 7,
    };
    let (of, name) = match &list.of {
        Of::Groupe(label) => (b'g', label.as_str()),
        Of::Instructeur(email) => (b'i', email.as_str()),
    };
    let mut key = number(list.demarche.0).to_vec();
    key.extend([onglet, u8::from(list.marked), of]);
    push_text(&mut key, name);
    key
}

/// Length of an [`order`].
pub(super) const ORDER: usize = 16;

/// The place of a dossier within a list: newest deposit first, then the higher number.
pub(super) fn order(deposited: i64, dossier: DossierId) -> [u8; ORDER] {
    let seconds = !(deposited.cast_unsigned() ^ (1 << 63));
    (u128::from(seconds) << 64 | u128::from(!dossier.0)).to_be_bytes()
}

/// The deposit, in seconds, and the dossier of an [`order`].
pub(super) fn read_order(order: [u8; ORDER]) -> (i64, DossierId) {
    let order = u128::from_be_bytes(order);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves of the key are what is wanted"
    )]
    let (seconds, number) = ((order >> 64) as u64, order as u64);
    ((!seconds ^ (1 << 63)).cast_signed(), DossierId(!number))
}

/// An entry of a list.
pub(super) fn entry(list: &[u8], deposited: i64, dossier: DossierId) -> Vec<u8> {
    [list, &order(deposited, dossier)].concat()
}

/// The list and the order of an entry.
pub(super) fn read_entry(key: &[u8]) -> Option<(&[u8], [u8; ORDER])> {
    let (list, order) = key.split_last_chunk::<ORDER>()?;
    Some((list, *order))
}

/// The row of a dossier: rows of a démarche stand in the order of its lists.
pub(super) fn row(demarche: DemarcheId, deposited: i64, dossier: DossierId) -> Vec<u8> {
    entry(&number(demarche.0), deposited, dossier)
}

/// The dossier of a [`row`].
pub(super) fn read_row(key: &[u8]) -> Option<DossierId> {
    let (_, order) = read_entry(key)?;
    Some(read_order(order).1)
}

/// An entry of the clock's index.
pub(super) fn due(at: Timestamp, dossier: DossierId) -> Vec<u8> {
    [time(at).as_slice(), &number(dossier.0)].concat()
}

/// First byte of a collection's documents. These are for ever.
fn collection(collection: Collection) -> u8 {
    match collection {
        Collection::Link => 1,
        Collection::LinkCode => 2,
        Collection::Preference => 3,
        Collection::Confirmation => 4,
        Collection::Quarantine => 5,
        Collection::Address => 6,
        Collection::Meta => 7,
        Collection::Sent => 8,
        Collection::Room => 9,
        Collection::Bulk => 10,
        Collection::Export => 11,
        Collection::Mirror => 12,
    }
}

/// A document. The key comes last and needs no end.
pub(super) fn document(of: Collection, key: &str) -> Vec<u8> {
    [&[collection(of)], key.as_bytes()].concat()
}

/// The collection and the name of a document.
pub(super) fn read_document(key: &[u8]) -> Option<(Collection, &str)> {
    let (first, name) = key.split_first()?;
    let of = Collection::ALL
        .into_iter()
        .find(|of| collection(*of) == *first)?;
    Some((of, std::str::from_utf8(name).ok()?))
}

/// The rows of a tag.
pub(super) fn tag(tag: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(tag.len() + 9);
    push_text(&mut key, tag);
    key
}

/// One row of a tag.
pub(super) fn tagged(tag_: &str, row: u64) -> Vec<u8> {
    [tag(tag_).as_slice(), &number(row)].concat()
}

/// When a cause was committed.
pub(super) fn cause_time(at: Timestamp, cause: &str) -> Vec<u8> {
    [time(at).as_slice(), cause.as_bytes()].concat()
}

/// A card in a room.
pub(super) fn remote(to: &Destination, card: &str) -> Vec<u8> {
    let mut key = Vec::new();
    push_text(&mut key, &to.network);
    push_text(&mut key, &to.address);
    key.extend(card.as_bytes());
    key
}

/// A message on its network.
pub(super) fn card(network: &str, remote_id: &str) -> Vec<u8> {
    let mut key = Vec::new();
    push_text(&mut key, network);
    key.extend(remote_id.as_bytes());
    key
}

/// The destination and the card of a [`remote`].
pub(super) fn read_remote(key: &[u8]) -> Option<(Destination, &str)> {
    let (network, rest) = read_text(key)?;
    let (address, card) = read_text(rest)?;
    Some((
        Destination { network, address },
        std::str::from_utf8(card).ok()?,
    ))
}

/// The network and its id of a [`card`].
pub(super) fn read_card(key: &[u8]) -> Option<(String, &str)> {
    let (network, remote_id) = read_text(key)?;
    Some((network, std::str::from_utf8(remote_id).ok()?))
}

/// Who needs a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'a> {
    /// A dossier, for one of its events.
    Dossier(DossierId),
    /// A document, by its key in the tree.
    Document(&'a [u8]),
    /// A row of the outbox or a dead letter.
    Row(u64),
    /// Something in the journal.
    Journal(u64),
}

impl Owner<'_> {
    fn bytes(self) -> Vec<u8> {
        let (kind, id) = match self {
            Self::Dossier(dossier) => (b'd', number(dossier.0).to_vec()),
            Self::Document(key) => (b'c', key.to_vec()),
            Self::Row(id) => (b'o', number(id).to_vec()),
            Self::Journal(id) => (b'j', number(id).to_vec()),
        };
        [&[kind], id.as_slice()].concat()
    }
}

/// A reference to a file.
pub(super) fn reference(hash: &[u8; 32], owner: Owner<'_>) -> Vec<u8> {
    [hash.as_slice(), &owner.bytes()].concat()
}

/// The hash and the owner of a reference.
pub(super) fn read_reference(key: &[u8]) -> Option<([u8; 32], Owner<'_>)> {
    let (hash, owner) = key.split_first_chunk::<32>()?;
    let (kind, id) = owner.split_first()?;
    let number = || Some(u64::from_be_bytes(id.try_into().ok()?));
    let owner = match kind {
        b'd' => Owner::Dossier(DossierId(number()?)),
        b'c' => Owner::Document(id),
        b'o' => Owner::Row(number()?),
        b'j' => Owner::Journal(number()?),
        _ => return None,
    };
    Some((*hash, owner))
}

/// What else speaks of a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace<'a> {
    /// A row of the outbox or a dead letter.
    Row(u64),
    /// A card in a room, by its key in `remotes`.
    Remote(&'a [u8]),
    /// A message on a network, by its key in `cards`.
    Card(&'a [u8]),
    /// A document, by its key in the tree.
    Document(&'a [u8]),
    /// A cause whose receipt has answers.
    Cause(&'a [u8]),
}

/// The key that remembers that `trace` speaks of `dossier`.
pub(super) fn about(dossier: DossierId, trace: Trace<'_>) -> Vec<u8> {
    let row;
    let (kind, id) = match trace {
        Trace::Row(id) => {
            row = number(id);
            (b'o', row.as_slice())
        }
        Trace::Remote(key) => (b'r', key),
        Trace::Card(key) => (b'm', key),
        Trace::Document(key) => (b'c', key),
        Trace::Cause(key) => (b'a', key),
    };
    [number(dossier.0).as_slice(), &[kind], id].concat()
}

/// The dossier and the trace behind a key of `about`.
pub(super) fn read_about(key: &[u8]) -> Option<(DossierId, Trace<'_>)> {
    let dossier = DossierId(read_number(key, 0)?);
    let (kind, id) = key.get(8..)?.split_first()?;
    let trace = match kind {
        b'o' => Trace::Row(u64::from_be_bytes(id.try_into().ok()?)),
        b'r' => Trace::Remote(id),
        b'm' => Trace::Card(id),
        b'c' => Trace::Document(id),
        b'a' => Trace::Cause(id),
        _ => return None,
    };
    Some((dossier, trace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Email;

    #[test]
    fn newer_deposits_come_first_then_higher_numbers() {
        let newer = order(10, DossierId(1));
        let older = order(9, DossierId(2));
        let ancient = order(-9, DossierId(3));
        assert!(newer < older && older < ancient);
        assert!(order(10, DossierId(2)) < newer);
        assert_eq!(read_order(ancient), (-9, DossierId(3)));
    }

    #[test]
    fn a_list_is_the_beginning_of_no_other() {
        let of = |label: &str| {
            list(&List {
                demarche: DemarcheId(1),
                of: Of::Groupe(label.to_owned()),
                onglet: Onglet::Total,
                marked: false,
            })
        };
        let labels = ["a", "a\0", "a\0\u{1}", "a\u{1}", "ab", ""];
        for one in labels {
            for other in labels {
                assert_eq!(of(other).starts_with(&of(one)), one == other);
            }
        }
        let email = list(&List {
            demarche: DemarcheId(1),
            of: Of::Instructeur(Email::new("a")),
            onglet: Onglet::Total,
            marked: false,
        });
        assert_ne!(email, of("a"));
    }

    #[test]
    fn any_text_can_be_read_back() {
        for text in ["", "a", "a\0b", "\u{1}\u{2}\0\0", "é"] {
            let mut key = Vec::new();
            push_text(&mut key, text);
            key.extend(b"rest");
            assert_eq!(read_text(&key), Some((text.to_owned(), b"rest".as_slice())));
        }
    }

    #[test]
    fn moments_keep_their_order() {
        let moments = [
            "-000044-03-15T12:00:00Z",
            "1969-12-31T23:59:59.9Z",
            "1970-01-01T00:00:00Z",
            "2026-11-23T14:00:00.000000001Z",
        ]
        .map(|text| text.parse::<Timestamp>().expect("a time"));
        assert!(moments.map(time).is_sorted());
        for moment in moments {
            assert_eq!(read_time(&time(moment)), Some(moment));
        }
    }

    #[test]
    fn what_speaks_of_a_dossier_can_be_read_back() {
        for trace in [
            Trace::Row(7),
            Trace::Remote(b"r"),
            Trace::Card(b"c"),
            Trace::Document(b"d"),
            Trace::Cause(b""),
        ] {
            let key = about(DossierId(5), trace);
            assert_eq!(read_about(&key), Some((DossierId(5), trace)));
        }
    }
}
