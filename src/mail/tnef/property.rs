//! MAPI properties as TNEF writes them (MS-OXTNEF 2.1.3.4).

use std::collections::BTreeMap;

use super::string8;
use crate::mail::octets::Octets;

/// Properties read at most.
const PROPERTIES: u32 = 5_000;
/// Values of one property read at most.
const VALUES: u32 = 10_000;

/// The value of a property, where it is one that is of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Text(String),
    Binary(&'a [u8]),
    Object(&'a [u8]),
    Number(u32),
    /// Nothing, or something of no use here.
    Other,
}

/// Properties by their id. Named ones are read and left out.
#[derive(Debug, Default)]
pub(super) struct Properties<'a>(BTreeMap<u16, Value<'a>>);

impl<'a> Properties<'a> {
    pub(super) fn read(octets: &'a [u8]) -> Option<Self> {
        let mut rest = Octets::new(octets);
        let mut properties = BTreeMap::new();
        for _ in 0..rest.u32()?.min(PROPERTIES) {
            let (kind, id) = (rest.u16()?, rest.u16()?);
            let named = id >= 0x8000;
            if named {
                skip_name(&mut rest)?;
            }
            let value = value(kind, &mut rest)?;
            if !named {
                properties.entry(id).or_insert(value);
            }
        }
        Some(Self(properties))
    }

    pub(super) fn get(&self, id: u16) -> Option<&Value<'a>> {
        self.0.get(&id)
    }

    pub(super) fn text(&self, id: u16) -> Option<String> {
        match self.get(id) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn is_true(&self, id: u16) -> bool {
        matches!(self.get(id), Some(Value::Number(number)) if number & 0xffff != 0)
    }
}

fn skip_name(rest: &mut Octets<'_>) -> Option<()> {
    rest.skip(16)?;
    if rest.u32()? == 0 {
        return rest.skip(4);
    }
    let length = rest.length()?;
    rest.skip(padded(length)?)
}

/// Reads a value, all of it, and answers its first part.
fn value<'a>(kind: u16, rest: &mut Octets<'a>) -> Option<Value<'a>> {
    const MANY: u16 = 0x1000;
    let base = kind & !MANY;
    let fixed = match base {
        0x0001 => 0,
        0x0002 | 0x0003 | 0x0004 | 0x000a | 0x000b => 4,
        0x0005..=0x0007 | 0x0014 | 0x0040 => 8,
        0x0048 => 16,
        0x000d | 0x001e | 0x001f | 0x0102 => return long(base, rest),
        _ => return None,
    };
    let many = kind & MANY != 0;
    let count = if many { rest.length()? } else { 1 };
    // Several short numbers follow each other without a gap.
    let size: usize = if many && base == 0x0002 { 2 } else { fixed };
    let octets = rest.take(padded(size.checked_mul(count)?)?)?;
    let number = (fixed == 4).then(|| Octets::new(octets).u32()).flatten();
    Some(number.map_or(Value::Other, Value::Number))
}

/// Values that each say how long they are.
fn long<'a>(kind: u16, rest: &mut Octets<'a>) -> Option<Value<'a>> {
    let count = rest.u32()?;
    if count > VALUES {
        return None;
    }
    let mut first = None;
    for _ in 0..count {
        let length = rest.length()?;
        let octets = rest.take(padded(length)?)?.get(..length)?;
        first = first.or(Some(match kind {
            0x001e => Value::Text(string8(octets)),
            0x001f => Value::Text(string16(octets)),
            0x000d => Value::Object(octets),
            _ => Value::Binary(octets),
        }));
    }
    Some(first.unwrap_or(Value::Other))
}

/// Values are filled up to four octets.
fn padded(length: usize) -> Option<usize> {
    length.checked_next_multiple_of(4)
}

/// A string in UTF-16, up to its zero.
fn string16(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|unit| match unit {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    let units = units.take_while(|unit| *unit != 0);
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}
