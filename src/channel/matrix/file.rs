//! Files that people send: kept in mind until a command uses them, then fetched and put on the shelf.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use matrix_sdk::Room;
use matrix_sdk::media::{MediaFormat, MediaRequestParameters};
use matrix_sdk::ruma::OwnedMxcUri;
use matrix_sdk::ruma::events::room::MediaSource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Matrix;
use super::event::{Event, File};
use super::fault::Fault;
use super::hear::{place, remark};
use super::memo::Note;
use super::online::Online;
use super::sync::Ended;
use crate::channel::Inbox;
use crate::channel::upload::{safe_media_type, safe_name};
use crate::message::{Piece, Remarked, Scan};

/// Octets of one file (20 MB, as the démarches allow).
pub(super) const LARGEST: u64 = 20_000_000;
/// How long a file waits for the command that uses it.
const WAITS: SignedDuration = SignedDuration::from_mins(15);
/// Files that wait in one place for one person.
const MOST: usize = 10;

/// Waits before each try to fetch a file.
const TRIES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(4),
];

/// A file that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    name: String,
    media_type: String,
    bytes: Option<u64>,
    source: Value,
    at: Timestamp,
}

impl Waiting {
    /// `file`, as `event` brought it.
    pub(super) fn of(event: &Event, file: &File) -> Self {
        Self {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            source: file.source.clone(),
            at: event.at,
        }
    }

    fn fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) <= WAITS
    }

    fn source(&self) -> Option<MediaSource> {
        if self.source.is_object() {
            let file = serde_json::from_value(self.source.clone()).ok()?;
            return Some(MediaSource::Encrypted(Box::new(file)));
        }
        let url = self
            .source
            .as_str()
            .filter(|url| url.starts_with("mxc://"))?;
        Some(MediaSource::Plain(OwnedMxcUri::from(url)))
    }
}

/// Under what the files of `event`'s sender wait in that thread.
fn key(room: &Room, event: &Event, about: Option<&str>) -> String {
    let about = about.unwrap_or_default();
    format!("{} {about} {}", room.room_id(), event.sender)
}

impl Matrix {
    /// Keeps a file in mind for the next command of its sender in the same thread.
    pub(super) async fn keep_in_mind(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
        about: Option<&str>,
        waiting: Waiting,
    ) -> Result<(), Fault> {
        let key = key(room, event, about);
        let now = crate::clock::now();
        let mut files: Vec<Waiting> = online
            .memo
            .get(Note::Files(&key))
            .await?
            .unwrap_or_default();
        files.retain(|kept| kept.fresh(now) && *kept != waiting);
        if files.len() < MOST && waiting.fresh(now) {
            files.push(waiting);
        }
        Ok(online.memo.put(Note::Files(&key), &files).await?)
    }

    /// The files that go with `line`: those that its sender sent in the same thread within a quarter of an hour, if it is
    /// a line that takes files. None where one of them is not taken: its sender is told, and the line is not obeyed without
    /// it.
    pub(super) async fn files_for(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
        about: Option<&str>,
        line: &str,
        inbox: &Inbox,
    ) -> Result<Option<Vec<Piece>>, Ended> {
        if !(self.takes_files)(line) {
            return Ok(Some(Vec::new()));
        }
        let key = key(room, event, about);
        let waiting: Option<Vec<Waiting>> = online.memo.get(Note::Files(&key)).await?;
        let now = crate::clock::now();
        let mut pieces = Vec::new();
        for file in waiting.iter().flatten().filter(|file| file.fresh(now)) {
            match self.fetch(online, file, inbox).await? {
                Ok(piece) => pieces.push(piece),
                Err(why) => {
                    let place = place(online, room, event).await?;
                    self.remark(remark(event, &place, why));
                    self.files_used(online, room, event, about).await?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(pieces))
    }

    /// The files of that person in that thread were used or cannot be: the next command has none of them.
    pub(super) async fn files_used(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
        about: Option<&str>,
    ) -> Result<(), Fault> {
        let key = key(room, event, about);
        Ok(online.memo.remove(Note::Files(&key)).await?)
    }

    /// Fetches a file, has it scanned, and puts it on the shelf; or why it is not taken.
    pub(super) async fn fetch(
        &self,
        online: &Online,
        file: &Waiting,
        inbox: &Inbox,
    ) -> Result<Result<Piece, Remarked>, Ended> {
        if file.bytes.is_some_and(|bytes| bytes > LARGEST) {
            return Ok(Err(Remarked::FileUnread));
        }
        let Some(source) = file.source() else {
            return Ok(Err(Remarked::FileUnread));
        };
        let wanted = MediaRequestParameters {
            source,
            format: MediaFormat::File,
        };
        let Some(content) = download(online, &wanted).await? else {
            return Ok(Err(Remarked::FileUnread));
        };
        let bytes = content.len() as u64;
        if bytes > LARGEST || bytes == 0 {
            return Ok(Err(Remarked::FileUnread));
        }
        match inbox.scan(&content).await {
            Ok(None | Some(Scan::Clean)) => {}
            Ok(Some(Scan::Infected { .. })) => return Ok(Err(Remarked::FileInfected)),
            // The room is not kept waiting for the scanner: who sent it sends it again.
            Ok(Some(Scan::NotScanned)) | Err(_) => return Ok(Err(Remarked::FileUnread)),
        }
        let hash = inbox.keep(content).await.map_err(Fault::from)?;
        Ok(Ok(Piece {
            hash,
            name: safe_name(&file.name),
            media_type: safe_media_type(&file.media_type),
            bytes,
        }))
    }
}

/// The content of a file; none where it cannot be had. A file that is never to be had must not keep everything behind it
/// from being heard, so that patience has an end.
async fn download(
    online: &Online,
    wanted: &MediaRequestParameters,
) -> Result<Option<Vec<u8>>, Ended> {
    let media = online.client.media();
    for wait in TRIES {
        tokio::time::sleep(wait).await;
        let error = match media.get_media_content(wanted, false).await {
            Ok(content) => return Ok(Some(content)),
            Err(error) => error,
        };
        match Fault::from(error) {
            Fault::Away(_) | Fault::Limited(_) => {}
            // A virus scanner in between, a file that is gone, keys that do not fit.
            Fault::Denied { .. } | Fault::Local(_) => return Ok(None),
            fault => return Err(Ended::Failed(fault)),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn waiting(source: Value) -> Waiting {
        Waiting {
            name: "a".to_owned(),
            media_type: String::new(),
            bytes: None,
            source,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_file_is_fetched_from_the_homeserver_and_from_nowhere_else() {
        assert!(waiting(json!("mxc://hs/abc")).source().is_some());
        for odd in [
            json!("https://evil.example/x"),
            json!("file:///etc/passwd"),
            json!(3),
            json!({}),
        ] {
            assert!(waiting(odd.clone()).source().is_none(), "{odd}");
        }
    }

    #[test]
    fn a_file_waits_a_quarter_of_an_hour() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert!(waiting(json!("")).fresh(at(900)));
        assert!(!waiting(json!("")).fresh(at(901)));
    }
}
