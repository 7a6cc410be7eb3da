//! The contents of messages: several short ones at once, a long one piece by piece, of one too large its header.

use std::collections::BTreeMap;

use async_imap::imap_proto::{AttributeValue, Response};

use super::fault::Fault;
use super::mailbox::{Listed, set};
use super::wire::Wire;

/// Octets of the header of a mail that is too large.
const HEADER: u32 = 256 * 1024;
/// Octets of a long message that are fetched at once.
const PART: u32 = 1024 * 1024;
/// Octets that a message may have in any case when several are fetched together.
const SLACK: u32 = 64 * 1024;

/// The content of a message.
pub(super) enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// Its header, because it is larger than allowed.
    Header(Vec<u8>),
}

/// The contents of messages, without marking them as seen. What came before the connection broke is in `contents` all the
/// same; a message that is no longer there is not.
pub(super) async fn contents(
    wire: &mut Wire,
    messages: &[&Listed],
    max: u32,
    contents: &mut BTreeMap<u32, Content>,
) -> Result<(), Fault> {
    let (fit, large): (Vec<&Listed>, Vec<&Listed>) =
        messages.iter().partition(|message| message.bytes <= max);
    let (fit, long): (Vec<&Listed>, Vec<&Listed>) =
        fit.iter().partition(|message| message.bytes <= 2 * PART);
    for message in long {
        in_parts(wire, message.uid, max, contents).await?;
        if exceeds(contents, message.uid, max) {
            header(wire, message.uid, contents).await?;
        }
    }
    // Servers count wrong, some of them by design: a message may be longer than they say, but not all of them endlessly.
    let largest = fit.iter().map(|message| message.bytes).max();
    let limit = largest.map_or(0, |bytes| bytes.saturating_mul(2).max(SLACK).min(max));
    let uids: Vec<u32> = fit.iter().map(|message| message.uid).collect();
    whole(wire, &uids, limit, contents).await?;
    for uid in uids {
        if exceeds(contents, uid, limit) && limit < max {
            in_parts(wire, uid, max, contents).await?;
        }
        if exceeds(contents, uid, max) {
            header(wire, uid, contents).await?;
        }
    }
    for message in large {
        header(wire, message.uid, contents).await?;
    }
    Ok(())
}

/// Whether more than `limit` octets came of a message, so that there may be more of it.
fn exceeds(contents: &BTreeMap<u32, Content>, uid: u32, limit: u32) -> bool {
    let Some(Content::Whole(octets)) = contents.get(&uid) else {
        return false;
    };
    octets.len() as u64 > u64::from(limit)
}

/// Fetches a long message piece by piece, up to some octets more than `limit`: it is in memory once.
async fn in_parts(
    wire: &mut Wire,
    wanted: u32,
    limit: u32,
    contents: &mut BTreeMap<u32, Content>,
) -> Result<(), Fault> {
    contents.remove(&wanted);
    let mut octets: Option<Vec<u8>> = None;
    loop {
        let start = octets.as_ref().map_or(0, Vec::len);
        if start as u64 > u64::from(limit) {
            break;
        }
        let what = format!("{wanted} (UID BODY.PEEK[]<{start}.{PART}>)");
        sections(wire, &what, PART, |uid, part| {
            if uid == wanted {
                octets.get_or_insert_default().extend_from_slice(&part);
            }
        })
        .await?;
        let came = octets.as_ref().map_or(0, Vec::len).saturating_sub(start);
        if came > PART as usize {
            return Err(Fault::Lost(
                "more of a mail came than was asked for".to_owned(),
            ));
        }
        if came < PART as usize {
            break;
        }
    }
    if let Some(octets) = octets {
        contents.insert(wanted, Content::Whole(octets));
    }
    Ok(())
}

/// Fetches messages up to one octet more than `limit`, so that it is seen which are longer.
async fn whole(
    wire: &mut Wire,
    uids: &[u32],
    limit: u32,
    contents: &mut BTreeMap<u32, Content>,
) -> Result<(), Fault> {
    if uids.is_empty() {
        return Ok(());
    }
    let what = format!(
        "{} (UID BODY.PEEK[]<0.{}>)",
        set(uids),
        limit.saturating_add(1)
    );
    let count = u32::try_from(uids.len()).unwrap_or(u32::MAX);
    sections(wire, &what, limit.saturating_mul(count), |uid, octets| {
        if uids.contains(&uid) {
            contents.insert(uid, Content::Whole(octets));
        }
    })
    .await
}

async fn header(
    wire: &mut Wire,
    wanted: u32,
    contents: &mut BTreeMap<u32, Content>,
) -> Result<(), Fault> {
    let what = format!("{wanted} (UID BODY.PEEK[HEADER]<0.{HEADER}>)");
    sections(wire, &what, HEADER, |uid, octets| {
        if uid == wanted {
            contents.insert(uid, Content::Header(octets));
        }
    })
    .await
}

async fn sections(
    wire: &mut Wire,
    what: &str,
    bytes: u32,
    mut each: impl FnMut(u32, Vec<u8>),
) -> Result<(), Fault> {
    wire.fetch(what, bytes, |response| {
        let Response::Fetch(_, attributes) = response else {
            return;
        };
        let uid = attributes.iter().find_map(|attribute| match attribute {
            AttributeValue::Uid(uid) => Some(*uid),
            _ => None,
        });
        for attribute in attributes {
            if let (
                Some(uid),
                AttributeValue::BodySection {
                    data: Some(data), ..
                },
            ) = (uid, attribute)
            {
                each(uid, data.to_vec());
            }
        }
    })
    .await
}
