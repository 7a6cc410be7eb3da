//! Archives of which only the head is read: 7z, gzip and tar.

use super::Listing;
use super::octets::{Octets, contains};

/// Longest header of a 7z archive that is looked through.
const HEADER_7Z: usize = 4 << 20;

/// A 7z archive. Its names are compressed; whether it is encrypted shows where the coder is named.
pub(super) fn list_7z(content: &[u8]) -> Option<Listing> {
    const AES: &[u8] = b"\x06\xf1\x07\x01";
    let mut start = Octets::at(content, 12)?;
    let (offset, size) = (start.u64()?, start.u64()?);
    let (offset, size) = (usize::try_from(offset).ok()?, usize::try_from(size).ok()?);
    let header = Octets::at(content, offset.checked_add(32)?)?.take(size)?;
    let header = header.get(..header.len().min(HEADER_7Z))?;
    Some(Listing {
        empty: size == 0,
        encrypted: contains(header, AES),
        ..Listing::default()
    })
}

/// A gzip file (RFC 1952). Its end says how long it is, modulo 4 GB.
pub(super) fn list_gzip(content: &[u8]) -> Option<Listing> {
    let (_, end) = content.split_last_chunk::<4>()?;
    let expanded = u32::from_le_bytes(*end);
    let mut listing = Listing {
        expanded: expanded.into(),
        empty: expanded == 0 && content.len() < 100,
        ..Listing::default()
    };
    let mut head = Octets::new(content);
    head.skip(3)?;
    let flags = head.u8()?;
    head.skip(6)?;
    if flags & 0x04 != 0 {
        let extra = usize::from(head.u16()?);
        head.skip(extra)?;
    }
    if flags & 0x08 != 0 {
        let name = head.rest().split(|octet| *octet == 0).next()?;
        listing.add(name, 0);
    }
    Some(listing)
}

/// A tar archive (POSIX.1-1988 ustar): a header of 512 octets before each file.
pub(super) fn list_tar(content: &[u8]) -> Option<Listing> {
    const BLOCK: usize = 512;
    let mut rest = Octets::new(content);
    let mut listing = Listing::default();
    while !listing.is_full() {
        let Some(header) = rest.take(BLOCK) else {
            break;
        };
        let name = header.get(..100)?;
        let name = name.split(|octet| *octet == 0).next()?;
        if name.is_empty() {
            break;
        }
        let size = octal(header.get(124..136)?)?;
        listing.add(name, size);
        let blocks = usize::try_from(size).ok()?.div_ceil(BLOCK);
        if rest.skip(blocks.checked_mul(BLOCK)?).is_none() {
            break;
        }
    }
    listing.empty = listing.names.iter().all(|name| name.ends_with('/'));
    Some(listing)
}

/// A number in octal digits, or in binary where the first bit is set (GNU).
fn octal(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        let (_, low) = field.split_last_chunk::<8>()?;
        return Some(u64::from_be_bytes(*low));
    }
    let mut number = 0_u64;
    for octet in field.trim_ascii_start() {
        match octet {
            b'0'..=b'7' => {
                number = number
                    .checked_mul(8)?
                    .checked_add(u64::from(octet - b'0'))?;
            }
            _ => break,
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tar_is_read_header_by_header() {
        let file = |name: &[u8], size: &[u8]| {
            let mut block = vec![0; 1024];
            block[..name.len()].copy_from_slice(name);
            block[124..124 + size.len()].copy_from_slice(size);
            block
        };
        let tar = [
            file(b"a.txt", b"00000000003\0"),
            file(b"b.js", b"3\0"),
            vec![0; 1024],
        ];
        let listing = list_tar(&tar.concat()).unwrap();
        assert_eq!(listing.names, ["a.txt", "b.js"]);
        assert_eq!(listing.expanded, 6);
        assert!(list_tar(&[0; 1024]).unwrap().empty);
    }

    #[test]
    fn the_end_of_a_gzip_file_says_how_long_it_is() {
        let gzip = |length: u32| {
            let head = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03plan.dwg\0";
            [&head[..], &[3, 0, 0, 0, 0, 0], &length.to_le_bytes()].concat()
        };
        let listing = list_gzip(&gzip(1_000_000_000)).unwrap();
        assert_eq!(listing.names, ["plan.dwg"]);
        assert!(listing.is_bomb(1_000_000) && !listing.empty);
        assert!(list_gzip(&gzip(0)).unwrap().empty);
    }

    #[test]
    fn a_7z_archive_names_its_coder() {
        let archive = |header: &[u8]| {
            let size = (header.len() as u64).to_le_bytes();
            let head = b"7z\xbc\xaf\x27\x1c\0\x04\0\0\0\0";
            [&head[..], &[0; 8], &size, &[0; 4], header].concat()
        };
        assert!(list_7z(&archive(b"")).unwrap().empty);
        assert!(
            list_7z(&archive(b"\x17\x06\x24\x06\xf1\x07\x01"))
                .unwrap()
                .encrypted
        );
        assert!(
            !list_7z(&archive(b"\x17\x06\x23\x03\x01\x01"))
                .unwrap()
                .encrypted
        );
        assert!(list_7z(&archive(b"x")[..20]).is_none());
    }
}
