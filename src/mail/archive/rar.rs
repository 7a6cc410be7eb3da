//! The headers of a RAR archive, of the old form (1.5 to 4) and the new one (5).

use super::Listing;
use super::octets::Octets;

const OLD: &[u8] = b"Rar!\x1a\x07\0";
const NEW: &[u8] = b"Rar!\x1a\x07\x01\0";

/// What is in `content`.
pub(super) fn list(content: &[u8]) -> Option<Listing> {
    let mut listing = Listing::default();
    if let Some(blocks) = content.strip_prefix(NEW) {
        while_some(blocks, &mut listing, new_block);
    } else {
        let blocks = content.strip_prefix(OLD)?;
        while_some(blocks, &mut listing, old_block);
    }
    listing.empty = listing.names.is_empty() && !listing.encrypted;
    Some(listing)
}

type Block = for<'a> fn(&mut Octets<'a>, &mut Listing) -> Option<()>;

fn while_some(blocks: &[u8], listing: &mut Listing, block: Block) {
    let mut blocks = Octets::new(blocks);
    let mut read = 0;
    // Each block is seven octets at least, so that this ends; that many blocks without a file are not looked through.
    while !blocks.is_empty() && read < 2 * super::ENTRIES && !listing.is_full() {
        read += 1;
        if block(&mut blocks, listing).is_none() {
            break;
        }
    }
}

fn old_block(blocks: &mut Octets<'_>, listing: &mut Listing) -> Option<()> {
    const MAIN: u8 = 0x73;
    const FILE: u8 = 0x74;
    blocks.skip(2)?;
    let (kind, flags) = (blocks.u8()?, blocks.u16()?);
    let size = usize::from(blocks.u16()?);
    let mut header = Octets::new(blocks.take(size.checked_sub(7)?)?);
    let mut data = 0_u64;
    match kind {
        MAIN if flags & 0x80 != 0 => {
            // The headers themselves are encrypted: nothing after this can be read.
            listing.encrypted = true;
            return None;
        }
        FILE => {
            listing.encrypted |= flags & 0x04 != 0;
            let (packed, expanded) = (header.u32()?, header.u32()?);
            header.skip(11)?;
            let name = header.u16()?;
            header.skip(4)?;
            let (mut packed, mut expanded) = (u64::from(packed), u64::from(expanded));
            if flags & 0x100 != 0 {
                packed |= u64::from(header.u32()?) << 32;
                expanded |= u64::from(header.u32()?) << 32;
            }
            let name = header.take(usize::from(name))?;
            // A Unicode form may follow the name, after a zero.
            let name = name.split(|octet| *octet == 0).next().unwrap_or_default();
            listing.add(name, expanded);
            data = packed;
        }
        _ if flags & 0x8000 != 0 => data = header.u32()?.into(),
        _ => {}
    }
    blocks.skip(usize::try_from(data).ok()?)
}

fn new_block(blocks: &mut Octets<'_>, listing: &mut Listing) -> Option<()> {
    const FILE: u64 = 2;
    const ENCRYPTION: u64 = 4;
    const END: u64 = 5;
    blocks.skip(4)?;
    let size = usize::try_from(blocks.vint()?).ok()?;
    let whole = blocks.take(size)?;
    let mut header = Octets::new(whole);
    let (kind, flags) = (header.vint()?, header.vint()?);
    let extra = if flags & 1 != 0 { header.vint()? } else { 0 };
    let data = if flags & 2 != 0 { header.vint()? } else { 0 };
    match kind {
        ENCRYPTION => {
            listing.encrypted = true;
            return None;
        }
        END => return None,
        FILE => {
            let of_file = header.vint()?;
            let expanded = header.vint()?;
            header.vint()?;
            for flag in [2, 4] {
                if of_file & flag != 0 {
                    header.skip(4)?;
                }
            }
            header.vint()?;
            header.vint()?;
            let name = usize::try_from(header.vint()?).ok()?;
            listing.add(header.take(name)?, expanded);
            let extra = size.checked_sub(usize::try_from(extra).ok()?)?;
            listing.encrypted |= has_key(whole.get(extra..)?);
        }
        _ => {}
    }
    blocks.skip(usize::try_from(data).ok()?)
}

/// Whether a record of encryption is among those after a file's header.
fn has_key(extra: &[u8]) -> bool {
    let mut extra = Octets::new(extra);
    while let Some(size) = extra.vint().and_then(|size| usize::try_from(size).ok()) {
        let Some(record) = extra.take(size) else {
            return false;
        };
        if Octets::new(record).vint() == Some(1) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old(flags: u16) -> Vec<u8> {
        let file = [
            &[0, 0, 0x74][..],
            &flags.to_le_bytes(),
            &37_u16.to_le_bytes(),
            &3_u32.to_le_bytes(),
            &9_u32.to_le_bytes(),
            &[0; 11],
            &5_u16.to_le_bytes(),
            &[0; 4],
            b"a.exe",
            b"xyz",
        ]
        .concat();
        [
            OLD,
            &[0, 0, 0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0],
            &file,
            &file,
        ]
        .concat()
    }

    fn new(extra: &[u8]) -> Vec<u8> {
        let mut header = vec![2, 3, u8::try_from(extra.len()).unwrap(), 3];
        header.extend([0, 9, 0, 0, 0, 5]);
        header.extend(b"a.exe");
        header.extend(extra);
        let size = u8::try_from(header.len()).unwrap();
        let file = [&[0, 0, 0, 0, size][..], &header, b"xyz"].concat();
        [NEW, &file, &file].concat()
    }

    #[test]
    fn names_sizes_and_passwords_show() {
        for (rar, encrypted) in [
            (old(0), false),
            (old(4), true),
            (new(&[]), false),
            (new(&[2, 1, 0]), true),
        ] {
            let listing = list(&rar).unwrap();
            assert_eq!(listing.names, ["a.exe", "a.exe"]);
            assert_eq!((listing.expanded, listing.encrypted), (18, encrypted));
        }
    }

    #[test]
    fn headers_may_be_encrypted_as_a_whole() {
        let old = [OLD, &[0, 0, 0x73, 0x80, 0, 13, 0, 0, 0, 0, 0, 0, 0]].concat();
        assert!(list(&old).unwrap().encrypted);
        let new = [NEW, &[0, 0, 0, 0, 2, 4, 0]].concat();
        assert!(list(&new).unwrap().encrypted);
    }
}
