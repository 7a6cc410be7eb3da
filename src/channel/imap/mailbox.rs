//! What is asked of a folder: its numbering, its messages, and to move some away.

use async_imap::imap_proto::{
    AttributeValue, MailboxDatum, Response, ResponseCode, Status, StatusAttribute,
};
use jiff::Timestamp;

use super::fault::Fault;
use super::name;
use super::wire::Wire;

/// Marks a mail that was dealt with and could not be moved to the folder of processed mail.
const PROCESSED: &str = "$GreffierTraite";
/// The same for the folder of quarantined mail.
const QUARANTINED: &str = "$GreffierQuarantaine";

/// A folder as it was when it was selected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Selected {
    /// Changes when messages get new numbers.
    pub(super) uid_validity: u32,
    /// The number that the next message will get.
    pub(super) uid_next: u32,
    /// When its newest message came.
    pub(super) newest: Option<Timestamp>,
}

/// Which folder a mail goes to once it was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shelved {
    /// That of processed mail.
    Processed,
    /// That of mail held until a person decides.
    Quarantined,
}

impl Shelved {
    /// All of them.
    pub(super) const ALL: [Self; 2] = [Self::Processed, Self::Quarantined];

    fn keyword(self) -> &'static str {
        match self {
            Self::Processed => PROCESSED,
            Self::Quarantined => QUARANTINED,
        }
    }
}

/// A message of the folder, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its number.
    pub(super) uid: u32,
    /// Its octets, as the server counts them.
    pub(super) bytes: u32,
    /// When it came.
    pub(super) at: Option<Timestamp>,
    /// Somebody has deleted it.
    pub(super) deleted: bool,
    /// It was dealt with already, and could not be moved.
    pub(super) shelved: Option<Shelved>,
}

/// Selects a folder.
pub(super) async fn select(wire: &mut Wire, folder: &str) -> Result<Selected, Fault> {
    let mut selected = Selected::default();
    let mut read_only = false;
    wire.command("SELECT", &name::folder(folder), |response| {
        if let Response::Data {
            status: Status::Ok,
            outcome,
        } = response
        {
            match outcome.code {
                Some(ResponseCode::UidValidity(validity)) => selected.uid_validity = validity,
                Some(ResponseCode::UidNext(next)) => selected.uid_next = next,
                Some(ResponseCode::ReadOnly) => read_only = true,
                _ => {}
            }
        }
    })
    .await?;
    wire.take_news();
    if read_only || selected.uid_validity == 0 {
        return Err(Fault::Lost(
            "mail in this folder has no lasting numbers, or cannot be moved".to_owned(),
        ));
    }
    let newest = newest(wire).await?;
    if let Some((uid, _)) = newest {
        selected.uid_next = selected.uid_next.max(uid.saturating_add(1));
    }
    selected.newest = newest.and_then(|(_, at)| at);
    Ok(selected)
}

/// The last message of the selected folder: its number and when it came.
async fn newest(wire: &mut Wire) -> Result<Option<(u32, Option<Timestamp>)>, Fault> {
    let last = wire.exists();
    if last == 0 {
        return Ok(None);
    }
    let mut newest = None;
    let what = format!("{last} (UID INTERNALDATE)");
    wire.command("FETCH", &what, |response| {
        newest = listed(response)
            .map(|message| (message.uid, message.at))
            .or(newest);
    })
    .await?;
    Ok(newest)
}

/// The numbering of a folder as it is now, if the server tells. A folder that was made anew while it is selected stays
/// what it was, and empty of news, on some servers.
pub(super) async fn numbering(wire: &mut Wire, folder: &str) -> Result<Option<u32>, Fault> {
    let mut numbering = None;
    let what = format!("{} (UIDVALIDITY)", name::folder(folder));
    let asked = wire.command("STATUS", &what, |response| {
        if let Response::MailboxData(MailboxDatum::Status { status, .. }) = response {
            numbering = status.iter().find_map(|attribute| match attribute {
                StatusAttribute::UidValidity(validity) => Some(*validity),
                _ => None,
            });
        }
    });
    match asked.await {
        Err(Fault::Refused { .. }) => Ok(None),
        ended => ended.map(|()| numbering),
    }
}

/// The messages from `first` on, in the order in which they came.
pub(super) async fn list(wire: &mut Wire, first: u32) -> Result<Vec<Listed>, Fault> {
    wire.take_news();
    // Some servers find fault with any number in an empty folder.
    if wire.exists() == 0 {
        return Ok(Vec::new());
    }
    let mut messages = Vec::new();
    let what = format!("{first}:* (UID RFC822.SIZE FLAGS INTERNALDATE)");
    wire.fetch(&what, 0, |response| {
        // `n:*` names the last message even where its number is below n (RFC 3501 §6.4.8).
        messages.extend(listed(response).filter(|message| message.uid >= first));
    })
    .await?;
    messages.sort_unstable_by_key(|message| message.uid);
    messages.dedup_by_key(|message| message.uid);
    Ok(messages)
}

fn listed(response: &Response<'_>) -> Option<Listed> {
    let Response::Fetch(_, attributes) = response else {
        return None;
    };
    let mut message = Listed {
        uid: 0,
        bytes: 0,
        at: None,
        deleted: false,
        shelved: None,
    };
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => message.uid = *uid,
            AttributeValue::Rfc822Size(bytes) => message.bytes = *bytes,
            AttributeValue::InternalDate(at) => message.at = internal_date(at),
            AttributeValue::Flags(flags) => {
                let has = |wanted: &str| flags.iter().any(|flag| flag.eq_ignore_ascii_case(wanted));
                message.deleted = has("\\Deleted");
                message.shelved = [Shelved::Quarantined, Shelved::Processed]
                    .into_iter()
                    .find(|shelved| has(shelved.keyword()));
            }
            _ => {}
        }
    }
    // Without a number it is news of a flag, not an answer to what was asked.
    (message.uid > 0).then_some(message)
}

/// `date-time` of RFC 3501 §9, like ` 7-Jul-2024 02:44:25 +0200`.
fn internal_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim())
        .ok()?
        .to_timestamp()
        .ok()
}

/// A sequence set of RFC 3501 §9.
pub(super) fn set(uids: &[u32]) -> String {
    let uids: Vec<String> = uids.iter().map(ToString::to_string).collect();
    uids.join(",")
}

/// Moves messages to `folder`: each whole or not at all, and nothing else with them. Refused, some may have been moved.
pub(super) async fn shelve(wire: &mut Wire, uids: &[u32], folder: &str) -> Result<(), Fault> {
    let set = set(uids);
    let there = format!("{set} {}", name::folder(folder));
    if wire.can("MOVE") {
        return wire.command("UID MOVE", &there, |_| {}).await;
    }
    wire.command("UID COPY", &there, |_| {}).await?;
    let deleted = format!("{set} +FLAGS.SILENT (\\Deleted)");
    wire.command("UID STORE", &deleted, |_| {}).await?;
    if wire.can("UIDPLUS") {
        return wire.command("UID EXPUNGE", &set, |_| {}).await;
    }
    // EXPUNGE takes all that is marked: it is said only when nothing else is.
    let mut marked = Vec::new();
    wire.command("UID SEARCH", "DELETED", |response| {
        if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
            marked.extend_from_slice(uids);
        }
    })
    .await?;
    if marked.iter().all(|uid| uids.contains(uid)) {
        wire.command("EXPUNGE", "", |_| {}).await?;
    }
    Ok(())
}

/// Marks a message that was dealt with and cannot be moved now, where the server keeps such marks.
pub(super) async fn mark(wire: &mut Wire, uid: u32, shelved: Shelved) -> Result<(), Fault> {
    let mark = format!("{uid} +FLAGS.SILENT ({})", shelved.keyword());
    match wire.command("UID STORE", &mark, |_| {}).await {
        Err(Fault::Refused { .. }) => Ok(()),
        ended => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[u8]) -> Option<Listed> {
        listed(&Response::parse(line).unwrap().1)
    }

    #[test]
    fn a_message_is_listed_with_what_is_known_of_it() {
        let line = b"* 3 FETCH (UID 12 RFC822.SIZE 4096 FLAGS (\\Seen $greffiertraite) INTERNALDATE \" 3-Jun-2024 10:12:33 +0200\")\r\n";
        let message = parsed(line).unwrap();
        assert_eq!((message.uid, message.bytes), (12, 4096));
        assert_eq!(message.at.unwrap().to_string(), "2024-06-03T08:12:33Z");
        assert_eq!(message.shelved, Some(Shelved::Processed));
        assert!(!message.deleted);
    }

    #[test]
    fn news_of_a_flag_is_not_a_message() {
        assert_eq!(parsed(b"* 3 FETCH (FLAGS (\\Deleted))\r\n"), None);
    }

    #[test]
    fn a_date_that_is_none_is_none() {
        for odd in ["", "3-Jun-2024", "99-Xyz-2024 10:12:33 +0200"] {
            assert_eq!(internal_date(odd), None, "{odd:?}");
        }
    }
}
