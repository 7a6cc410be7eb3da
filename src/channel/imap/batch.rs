//! Some messages of a folder, taken in together: they wait for the disk, and for the middle, side by side.

use std::collections::BTreeMap;
use std::io;

use super::content::Content;
use super::fault::Fault;
use super::letter;
use super::mailbox::{Listed, Shelved};
use crate::channel::Inbox;
use crate::channel::authenticate::Arrival;
use crate::channel::clamd::Away;
use crate::message::{Heard, Incoming, MailIn, Verdict};

/// Messages taken together at most: as many as the writer takes.
const MESSAGES: usize = 64;
/// Octets of them at most, which are all in memory. A larger message is alone.
const OCTETS: u64 = 4 * 1024 * 1024;

/// `messages` in parts of a bounded size, in their order.
pub(super) fn batches(messages: &[Listed]) -> Vec<&[Listed]> {
    let (mut batches, mut rest) = (Vec::new(), messages);
    while !rest.is_empty() {
        let mut octets = 0;
        let fit = rest.iter().take(MESSAGES).take_while(|message| {
            octets += u64::from(message.bytes);
            octets <= OCTETS
        });
        let (batch, left) = rest.split_at(fit.count().max(1));
        batches.push(batch);
        rest = left;
    }
    batches
}

/// A message on its way to the middle.
struct Coming {
    uid: u32,
    id: String,
    mail: MailIn,
}

/// What came of messages that were taken together.
#[derive(Debug)]
pub(super) struct Batch {
    /// Those that are durable now, with where each belongs.
    pub(super) taken: Vec<(u32, Shelved)>,
    /// Those that may be why something broke.
    pub(super) breaking: Vec<u32>,
    /// Why the others are not taken.
    pub(super) ended: Result<(), Fault>,
}

impl Batch {
    fn none(ended: Result<(), Fault>) -> Self {
        Self {
            taken: Vec::new(),
            breaking: Vec::new(),
            ended,
        }
    }
}

/// Hands in the messages whose contents came, in their order.
pub(super) async fn take(
    inbox: &Inbox,
    messages: Vec<&Listed>,
    mut contents: BTreeMap<u32, Content>,
) -> Batch {
    let mut looks = Vec::new();
    for message in messages {
        // A message that is no longer there needs nothing.
        if let Some(content) = contents.remove(&message.uid) {
            // Side by side: each may wait for name servers.
            let look = look(inbox.clone(), message.clone(), content);
            looks.push((message.uid, tokio::spawn(look)));
        }
    }
    let (mut coming, mut originals) = (Vec::new(), Vec::new());
    let (mut breaking, mut unscanned) = (Vec::new(), Ok(()));
    for (uid, look) in looks {
        match look.await {
            Ok(Ok((one, octets))) => {
                coming.push(one);
                originals.push(octets);
            }
            Ok(Err((uid, away))) => {
                if away.reached {
                    breaking.push(uid);
                }
                unscanned = Err(Fault::from(away));
            }
            // What it broke off at is in this message: the others do not wait for it.
            Err(error) => {
                breaking.push(uid);
                unscanned = Err(unkept(io::Error::other(error)));
            }
        }
    }
    let mut batch = if coming.is_empty() {
        Batch::none(Ok(()))
    } else {
        match inbox.keep_all(originals).await {
            Ok(hashes) => hand(inbox, coming, hashes).await,
            Err(error) => Batch::none(Err(unkept(error))),
        }
    };
    batch.breaking = breaking;
    batch.ended = batch.ended.and(unscanned);
    batch
}

/// One message as the middle takes it, looked at from outside, and its octets; or that nothing scans it now.
async fn look(
    inbox: Inbox,
    message: Listed,
    content: Content,
) -> Result<(Coming, Vec<u8>), (u32, Away)> {
    let uid = message.uid;
    let (octets, too_large) = match content {
        Content::Whole(octets) => (octets, None),
        Content::Header(octets) => (octets, Some(u64::from(message.bytes))),
    };
    let (id, mut mail) = letter::read(&octets, too_large);
    // Of a mail too large only the header is at hand, and nothing of it is filed.
    let octets = if too_large.is_some() {
        let (octets, authentication) = inbox.check(octets, Arrival::Relayed).await;
        mail.authentication = authentication;
        octets
    } else {
        let examined = inbox.examine(octets, Arrival::Relayed).await;
        let (octets, examined) = examined.map_err(|away| (uid, away))?;
        mail.scan = examined.scan;
        mail.authentication = examined.authentication;
        octets
    };
    Ok((Coming { uid, id, mail }, octets))
}

async fn hand(inbox: &Inbox, coming: Vec<Coming>, hashes: Vec<io::Result<String>>) -> Batch {
    let mut ended = Ok(());
    let mut waiting = Vec::new();
    for (one, hash) in coming.into_iter().zip(hashes) {
        let Coming { uid, id, mut mail } = one;
        match hash {
            Ok(hash) => mail.original.hash = hash,
            Err(error) => {
                ended = Err(unkept(error));
                continue;
            }
        }
        let incoming = Incoming {
            id,
            at: crate::clock::now(),
            heard: Heard::Mail(mail),
        };
        let Ok(receipt) = inbox.submit(incoming).await else {
            ended = Err(Fault::Stopping);
            break;
        };
        waiting.push((uid, receipt));
    }
    let mut taken = Vec::new();
    for (uid, receipt) in waiting {
        match receipt.await {
            Ok(receipt) if receipt.verdict == Verdict::Quarantined => {
                taken.push((uid, Shelved::Quarantined));
            }
            Ok(_) => taken.push((uid, Shelved::Processed)),
            Err(_) => ended = Err(Fault::Stopping),
        }
    }
    Batch {
        taken,
        breaking: Vec::new(),
        ended,
    }
}

fn unkept(error: io::Error) -> Fault {
    Fault::Local {
        what: "a mail cannot be kept on the shelf",
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(messages: &[(u32, u32)]) -> Vec<Vec<u32>> {
        let messages: Vec<Listed> = messages
            .iter()
            .map(|(uid, bytes)| Listed {
                uid: *uid,
                bytes: *bytes,
                at: None,
                deleted: false,
                shelved: None,
            })
            .collect();
        let uids = |batch: &&[Listed]| batch.iter().map(|message| message.uid).collect();
        batches(&messages).iter().map(uids).collect()
    }

    #[test]
    fn a_batch_is_bounded_in_octets_and_a_large_message_is_alone() {
        let mib = 1024 * 1024;
        let messages = [
            (1, mib),
            (2, 3 * mib),
            (3, 1),
            (4, 50 * mib),
            (5, u32::MAX),
            (6, 1),
        ];
        assert_eq!(
            sizes(&messages),
            [vec![1, 2], vec![3], vec![4], vec![5], vec![6]]
        );
    }

    #[test]
    fn a_batch_is_bounded_in_messages_and_nothing_is_left_out() {
        let messages: Vec<(u32, u32)> = (1..=150).map(|uid| (uid, 0)).collect();
        let batches = sizes(&messages);
        assert_eq!(
            batches.iter().map(Vec::len).collect::<Vec<_>>(),
            [64, 64, 22]
        );
        assert!(batches.concat().into_iter().eq(1..=150));
        assert!(sizes(&[]).is_empty());
    }
}
