//! Archives of which only the head is read: 7z, gzip and tar.

use super::Listing;
use super::octets::{Octets, contains};

/// Longest header of a 7z archive that is looked through.
const HEADER_7Z: usize = 4 << 20;
/// Headers of a tar archive that are read: twice as many as a listing holds, and more.
const MOST_HEADERS: usize = 100_000;

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

/// A tar archive (POSIX.1-1988 ustar): a header of 512 octets before each file. A longer name stands in an entry of its own
/// before it, as GNU writes it or as POSIX.1-2001 (pax) does.
pub(super) fn list_tar(content: &[u8]) -> Option<Listing> {
    const BLOCK: usize = 512;
    let mut rest = Octets::new(content);
    let mut listing = Listing::default();
    let (mut long_name, mut long_size) = (None, None);
    // Entries that only describe the next one are no names, and end somewhere as well.
    for _ in 0..MOST_HEADERS {
        if listing.is_full() {
            break;
        }
        let Some(header) = rest.take(BLOCK) else {
            break;
        };
        let name = header.get(..100)?;
        let name = name.split(|octet| *octet == 0).next()?;
        if name.is_empty() {
            break;
        }
        let size = octal(header.get(124..136)?)?;
        let kind = header.get(156).copied().unwrap_or_default();
        let describes = matches!(kind, b'L' | b'K' | b'x' | b'g');
        let size = if describes {
            size
        } else {
            long_size.take().unwrap_or(size)
        };
        let length = usize::try_from(size).ok()?;
        let blocks = length.div_ceil(BLOCK);
        let value = rest.take(blocks.checked_mul(BLOCK)?);
        let described = value.unwrap_or_default();
        let described = described.get(..length).unwrap_or(described);
        match kind {
            b'L' => long_name = described.split(|octet| *octet == 0).next(),
            b'x' => {
                let records = pax(described);
                long_name = records.path.or(long_name);
                long_size = records.size.or(long_size);
            }
            b'K' | b'g' => {}
            _ => listing.add(long_name.take().unwrap_or(name), size),
        }
        if value.is_none() {
            break;
        }
    }
    listing.empty = listing.names.iter().all(|name| name.ends_with('/'));
    Some(listing)
}

/// What a pax header says of the next file.
#[derive(Default)]
struct Pax<'a> {
    path: Option<&'a [u8]>,
    size: Option<u64>,
}

/// Reads the records `LENGTH KEY=VALUE` of a pax header, each ended by a newline. Of two, the last holds.
fn pax(records: &[u8]) -> Pax<'_> {
    let mut pax = Pax::default();
    let mut rest = records;
    while let Some(space) = rest.iter().position(|octet| *octet == b' ') {
        let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u64>().ok();
        let length = rest.get(..space).and_then(number);
        let Some((record, after)) = length
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length > space)
            .and_then(|length| rest.split_at_checked(length))
        else {
            break;
        };
        let record = record.get(space + 1..).unwrap_or_default();
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(path) = record.strip_prefix(b"path=") {
            pax.path = Some(path);
        } else if let Some(size) = record.strip_prefix(b"size=") {
            pax.size = number(size);
        }
        rest = after;
    }
    pax
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
    fn a_long_name_in_a_tar_is_the_one_that_counts() {
        let file = |name: &[u8], kind: u8, content: &[u8]| {
            let mut block = vec![0; 512];
            block[..name.len()].copy_from_slice(name);
            let size = format!("{:011o}", content.len());
            block[124..135].copy_from_slice(size.as_bytes());
            block[156] = kind;
            let fill = vec![0; content.len().next_multiple_of(512) - content.len()];
            [&block[..], content, &fill].concat()
        };
        let long = [&[b'a'; 1_500][..], b"/setup.exe"].concat();
        let gnu = [
            file(b"././@LongLink", b'L', &[&long[..], b"\0"].concat()),
            file(b"plan.pdf", b'0', b"MZ"),
            file(b"note.txt", b'0', b"x"),
        ];
        let listing = list_tar(&gnu.concat()).unwrap();
        assert_eq!(listing.names.len(), 2);
        assert!(listing.names[0].ends_with("/setup.exe"));
        assert_eq!(listing.names[1], "note.txt");
        let pax = [
            file(
                b"PaxHeaders/plan.pdf",
                b'x',
                b"12 mtime=12\n18 path=setup.exe\n9 size=2\n",
            ),
            file(b"plan.pdf", b'0', b"MZ"),
            file(b"note.txt", b'0', b"x"),
        ];
        let listing = list_tar(&pax.concat()).unwrap();
        assert_eq!(listing.names, ["setup.exe", "note.txt"]);
        assert_eq!(listing.expanded, 3);
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
