//! One folder, watched for as long as the daemon runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::connect::connect;
use super::fault::Fault;
use super::mailbox::{self, Content, Listed, Selected, Shelved};
use super::place::Place;
use super::wire::Wire;
use super::{Account, letter};
use crate::channel::Inbox;
use crate::channel::authenticate::{Arrival, Authenticator};
use crate::channel::clamd::Away;
use crate::message::{Heard, Incoming, Scan, Verdict};

/// Connections that a message may break before it is left alone for a while.
const TRIES: u8 = 3;
/// How long it is left alone.
const LEFT_ALONE: Duration = Duration::from_hours(1);

/// What a message has broken.
struct Broke {
    times: u8,
    last: Instant,
}

/// Whoever watches one folder.
pub(super) struct Watcher {
    account: Arc<Account>,
    authenticator: Option<Authenticator>,
    folder: String,
    inbox: Inbox,
    stop: CancellationToken,
    /// The numbering that the numbers below belong to.
    uid_validity: u32,
    /// Messages that were being fetched when a connection broke, and how often.
    broke: BTreeMap<u32, Broke>,
    /// Messages dealt with that could not be moved, tried again at the next connection.
    unmoved: BTreeMap<u32, Shelved>,
    /// Those of them tried in this connection.
    tried: BTreeSet<u32>,
    away: Backoff,
    refused: Backoff,
}

impl Watcher {
    pub(super) fn new(
        account: Arc<Account>,
        authenticator: Option<Authenticator>,
        folder: String,
        inbox: Inbox,
        stop: CancellationToken,
    ) -> Self {
        Self {
            account,
            authenticator,
            folder,
            inbox,
            stop,
            uid_validity: 0,
            broke: BTreeMap::new(),
            unmoved: BTreeMap::new(),
            tried: BTreeSet::new(),
            away: Backoff::AWAY,
            refused: Backoff::REFUSED,
        }
    }

    /// Watches until it is asked to stop, through any number of connections.
    pub(super) async fn watch(mut self) {
        loop {
            let fault = match self.connection().await {
                Ok(()) | Err(Fault::Stopping) => return,
                Err(_) if self.stop.is_cancelled() => return,
                Err(fault) => fault,
            };
            let wait = self.wait(&fault);
            self.account.pulse.ill(&self.folder, fault.to_string());
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Says what is wrong, and how long to wait.
    fn wait(&mut self, fault: &Fault) -> Duration {
        let wait = match fault {
            Fault::Login(_) => self.refused.next(),
            _ => self.away.next(),
        };
        let seconds = wait.as_secs();
        match fault {
            Fault::Login(_) => tracing::error!(
                "IMAP: {fault}; look at imap.user and its password or token. The next try is in {seconds} seconds"
            ),
            Fault::Local { .. } => {
                tracing::error!("IMAP: {fault}. The next try is in {seconds} seconds");
            }
            Fault::Unscanned(_) => {
                tracing::debug!("IMAP: {fault}. The next try is in {seconds} seconds");
            }
            _ => tracing::warn!("IMAP: {fault}. The next try is in {seconds} seconds"),
        }
        wait
    }

    /// One connection, from the login to the fault that ends it.
    async fn connection(&mut self) -> Result<(), Fault> {
        let stop = self.stop.clone();
        let (mut wire, place) = tokio::select! {
            () = stop.cancelled() => return Err(Fault::Stopping),
            begun = self.begin() => begun?,
        };
        self.tried.clear();
        if self.uid_validity != place.uid_validity {
            self.uid_validity = place.uid_validity;
            self.broke.clear();
            self.unmoved.clear();
        }
        loop {
            for message in mailbox::list(&mut wire, place.first_uid).await? {
                if stop.is_cancelled() {
                    wire.leave().await;
                    return Ok(());
                }
                if place.takes(message.uid, message.at) && !message.deleted {
                    self.deal_with(&mut wire, &message).await?;
                }
            }
            self.account.pulse.well(&self.folder);
            self.away.calm();
            self.refused.calm();
            if !wire.take_news() {
                self.rest(&mut wire).await?;
                if !wire.take_news() {
                    // Only time has passed: what could not be moved may be tried again.
                    self.tried.clear();
                }
            }
            if stop.is_cancelled() {
                wire.leave().await;
                return Ok(());
            }
        }
    }

    /// Logs in, sees to the folders and finds the place.
    async fn begin(&self) -> Result<(Wire, Place), Fault> {
        let settings = &self.account.settings;
        let mut wire = connect(&self.account).await?;
        mailbox::ensure(&mut wire, &settings.processed).await?;
        mailbox::ensure(&mut wire, &settings.quarantine).await?;
        let selected = mailbox::select(&mut wire, &self.folder).await?;
        let place = self.place(&selected)?;
        tracing::debug!("IMAP: a folder is open, {} messages in it", wire.exists());
        Ok((wire, place))
    }

    /// Where to begin in the folder. A first start, and new numbers, are remembered before anything is taken.
    fn place(&self, selected: &Selected) -> Result<Place, Fault> {
        let settings = &self.account.settings;
        let key = format!("{}@{}/{}", settings.user, settings.host, self.folder);
        let known = self.account.places.get(&key);
        let place = match &known {
            Some(place) if place.uid_validity == selected.uid_validity => place.clone(),
            Some(place) => {
                tracing::warn!(
                    "IMAP: the server has numbered a folder anew (UIDVALIDITY); mail older than the first start is told by its date"
                );
                place.renumbered(selected.uid_validity)
            }
            None if settings.take_all => Place {
                uid_validity: selected.uid_validity,
                first_uid: 1,
                before: None,
                renumbered: false,
            },
            None => Place {
                uid_validity: selected.uid_validity,
                first_uid: selected.uid_next,
                before: selected.newest,
                renumbered: false,
            },
        };
        if known.as_ref() != Some(&place) {
            self.account
                .places
                .put(&key, place.clone())
                .map_err(|error| Fault::Local {
                    what: "imap.json cannot be written",
                    error,
                })?;
        }
        Ok(place)
    }

    /// Takes a message in and moves it away.
    async fn deal_with(&mut self, wire: &mut Wire, message: &Listed) -> Result<(), Fault> {
        let uid = message.uid;
        let known = self.unmoved.get(&uid).copied().or(message.shelved);
        if let Some(shelved) = known {
            return if self.tried.insert(uid) {
                self.shelve(wire, uid, shelved).await
            } else {
                Ok(())
            };
        }
        let alone = |broke: &Broke| broke.times >= TRIES && broke.last.elapsed() < LEFT_ALONE;
        if self.broke.get(&uid).is_some_and(alone) {
            return Ok(());
        }
        let Some(shelved) = self.take(wire, message).await? else {
            return Ok(());
        };
        self.tried.insert(uid);
        self.shelve(wire, uid, shelved).await
    }

    /// Fetches a message and hands it in; where it belongs, once that is durable. None if it is no longer there.
    async fn take(&mut self, wire: &mut Wire, message: &Listed) -> Result<Option<Shelved>, Fault> {
        let fetched = tokio::select! {
            () = self.stop.cancelled() => return Err(Fault::Stopping),
            fetched = mailbox::content(wire, message, self.account.settings.max_bytes) => fetched,
        };
        let content = match fetched {
            Ok(content) => content,
            Err(fault) => return Err(self.broken_by(message.uid, fault)),
        };
        let (mut octets, too_large) = match content {
            Content::Whole(octets) => (octets, None),
            Content::Header(octets) => (octets, Some(u64::from(message.bytes))),
            Content::Gone => return Ok(None),
        };
        let scan = match self.scan(&octets, too_large).await {
            Ok(scan) => scan,
            Err(away) if away.reached => return Err(self.broken_by(message.uid, away.into())),
            Err(away) => return Err(away.into()),
        };
        self.broke.remove(&message.uid);
        let (id, mut mail) = letter::read(&octets, too_large);
        mail.scan = scan;
        if let Some(authenticator) = &self.authenticator {
            let (checked, verdict) = authenticator.check(octets, Arrival::Relayed).await;
            octets = checked;
            mail.authentication = Some(verdict);
        }
        mail.original.hash = self
            .inbox
            .keep(octets)
            .await
            .map_err(|error| Fault::Local {
                what: "a mail cannot be kept on the shelf",
                error,
            })?;
        let incoming = Incoming {
            id,
            at: crate::clock::now(),
            heard: Heard::Mail(mail),
        };
        let Ok(receipt) = self.inbox.hand(incoming).await else {
            return Err(Fault::Stopping);
        };
        Ok(Some(match receipt.verdict {
            Verdict::Quarantined => Shelved::Quarantined,
            _ => Shelved::Processed,
        }))
    }

    /// What the virus scanner says. Of a mail too large only the header is at hand, and nothing of it is filed.
    async fn scan(&self, octets: &[u8], too_large: Option<u64>) -> Result<Option<Scan>, Away> {
        match too_large {
            Some(_) => Ok(None),
            None => self.inbox.scan(octets).await,
        }
    }

    /// Counts what a message has broken: one that always does must not keep the others from being read.
    fn broken_by(&mut self, uid: u32, fault: Fault) -> Fault {
        let last = Instant::now();
        let broke = self.broke.entry(uid).or_insert(Broke { times: 0, last });
        broke.times = broke.times.saturating_add(1);
        broke.last = last;
        if broke.times >= TRIES {
            tracing::error!(
                "IMAP: message {uid} could not be fetched {} times; it is tried again in an hour",
                broke.times
            );
        }
        fault
    }

    async fn shelve(&mut self, wire: &mut Wire, uid: u32, shelved: Shelved) -> Result<(), Fault> {
        let settings = &self.account.settings;
        let folder = match shelved {
            Shelved::Processed => &settings.processed,
            Shelved::Quarantined => &settings.quarantine,
        };
        let mut moved = mailbox::shelve(wire, uid, folder).await;
        if matches!(&moved, Err(Fault::Refused { code, .. }) if code.is("TRYCREATE")) {
            mailbox::ensure(wire, folder).await?;
            moved = mailbox::shelve(wire, uid, folder).await;
        }
        match moved {
            Err(fault @ Fault::Refused { .. }) => {
                tracing::warn!(
                    "IMAP: message {uid} is dealt with and cannot be moved: {fault}. It is marked, and moved later"
                );
                self.unmoved.insert(uid, shelved);
                mailbox::mark(wire, uid, shelved).await
            }
            ended => {
                self.unmoved.remove(&uid);
                ended
            }
        }
    }

    /// Waits for a message, or for the time to look again.
    async fn rest(&self, wire: &mut Wire) -> Result<(), Fault> {
        let settings = &self.account.settings;
        if wire.can("IDLE") {
            let renewal = Duration::from_secs(settings.idle_minutes * 60);
            match wire.idle(renewal, &self.stop).await {
                // Offered and refused: it is asked for now and then, as from a server without it.
                Err(Fault::Refused { .. }) => {}
                ended => return ended,
            }
        }
        tokio::select! {
            () = self.stop.cancelled() => Ok(()),
            () = tokio::time::sleep(Duration::from_secs(settings.poll_seconds)) => {
                wire.command("NOOP", "", |_| {}).await
            }
        }
    }
}
