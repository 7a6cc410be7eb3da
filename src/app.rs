//! The middle: from what was heard to one commit. Synchronous, and pure but for the store.
//!
//! Each thing heard is understood, decided, worded and committed whole. What cannot be handled for a reason of our own
//! (a broken template) is said to whoever asked and, if it is a mail, held in quarantine: nothing is lost, nothing loops.

mod act;
mod alias;
mod ask;
mod bulk;
mod clock;
mod confirm;
mod deposit;
mod depot;
mod desk;
mod digest;
mod draft;
mod export;
mod gather;
mod hush;
mod letter;
mod line;
mod link;
mod list;
mod made;
mod mail;
mod notify;
mod piece;
mod platform;
mod preference;
mod propose;
mod quarantine;
mod ration;
mod rehearsal;
mod remark;
mod reply;
mod room;
mod see;
mod select;
mod stats;
mod tally;
mod trace;
mod undelivered;
mod word;

pub use self::bulk::Next;
pub use self::desk::Desk;
pub use self::platform::{Mirrored, mirrored};
pub use self::ration::Ration;

use std::io::ErrorKind;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use jiff::Timestamp;

use self::draft::Draft;
use crate::command::Catalogue;
use crate::directory::Directory;
use crate::domain::{
    Demarche, DemarcheId, Demarches, Dossier, DossierId, Email, Groupe, Person, Quiet, Refusal,
};
use crate::mail::Own;
use crate::message::{Body, Heard, Incoming, Receipt, Verdict};
use crate::shelf::Shelf;
use crate::store::{Collection, Committed, JournalId, Queued, Store};
use crate::template::{Audience, Scene, Templates};

/// Everything that the middle thinks with. It never changes: a middle that knows more is [another one](Desk).
pub struct App<S> {
    /// The ledger.
    pub store: Arc<S>,
    /// The files.
    pub shelf: Arc<dyn Shelf>,
    /// The démarches and their rules.
    pub demarches: Demarches,
    /// How the démarches of the platform are served; none where Greffier itself is the record.
    pub mirrored: Mirrored,
    /// What people may type.
    pub catalogue: Catalogue,
    /// What Greffier says.
    pub templates: Arc<Templates>,
    /// Rooms and people.
    pub directory: Arc<Directory>,
    /// Who Greffier is by mail.
    pub own: Own,
    /// Name shown beside Greffier's mail address; the service of the démarche where empty.
    pub from_name: String,
    /// How answers by mail are taken.
    pub replies: Replies,
    /// When nothing rings, if ever.
    pub quiet: Option<Quiet>,
    /// Key of reply tokens and codes.
    pub secret: Vec<u8>,
    /// Where people find Greffier's HTTP server, without a slash at the end. Links lead there; none are made without it.
    pub public_url: Option<String>,
    /// How many dossiers a filter, a sort or a search looks at while others wait for the writer; what takes more is made
    /// in the workshop. [`AT_ONCE`] but in tests.
    pub at_once: u64,
    /// How many exports and documents one person may have made.
    pub ration: Ration,
}

impl<S> Clone for App<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            shelf: Arc::clone(&self.shelf),
            demarches: self.demarches.clone(),
            mirrored: Arc::clone(&self.mirrored),
            catalogue: self.catalogue.clone(),
            templates: Arc::clone(&self.templates),
            directory: Arc::clone(&self.directory),
            own: self.own.clone(),
            from_name: self.from_name.clone(),
            replies: self.replies.clone(),
            quiet: self.quiet,
            secret: self.secret.clone(),
            public_url: self.public_url.clone(),
            at_once: self.at_once,
            ration: self.ration,
        }
    }
}

/// How many dossiers are looked at while others wait for the writer: some 20 ms.
pub const AT_ONCE: u64 = 20_000;

/// How answers by mail are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replies {
    /// Days for which a reply address is answered after our last mail in its conversation; 0 for ever.
    pub days: u32,
    /// Whether an instructeur's answer is sent on although nothing proves that it is his.
    pub instructeurs_unauthenticated: bool,
    /// Keys that sealed reply addresses before, only to know these again.
    pub retired: Vec<Vec<u8>>,
}

impl Default for Replies {
    fn default() -> Self {
        Self {
            days: 400,
            instructeurs_unauthenticated: false,
            retired: Vec::new(),
        }
    }
}

/// Why something heard could not be handled. A reason of ours, never of the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed: nothing can go on.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// A template failed.
    #[error("a template cannot be rendered: {0}")]
    Template(#[from] crate::template::Error),
    /// A file of the shelf cannot be read or written.
    #[error("a file cannot be read or written: {0}")]
    Shelf(#[from] std::io::Error),
    /// A document of the store does not have the form expected.
    #[error("a document of {collection:?} is not as expected: {why}")]
    Document {
        /// Which collection.
        collection: Collection,
        /// What the reader said.
        why: String,
    },
    /// A file of `commands/` names an order that does not exist.
    #[error("the order `{tag}` of commands/ is not known: {why}")]
    Order {
        /// Its tag.
        tag: String,
        /// What the reader said.
        why: String,
    },
    /// What was heard made the code that handles it panic.
    #[error("what handles it panicked")]
    Panic,
    /// The commit was stale again and again.
    #[error("the store moved at each of several tries")]
    Contended,
}

impl Error {
    /// Whether it says nothing of what was heard: the same comes through once there is room again, and is to be handed
    /// in again, for the ledger has no more room than the shelf.
    fn passes(&self) -> bool {
        match self {
            Self::Store(_) => true,
            Self::Shelf(error) => matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
            ),
            _ => false,
        }
    }

    /// Whether nothing else can go on either. A record that cannot be read says nothing of the others.
    fn stops_all(&self) -> bool {
        self.passes() && !matches!(self, Self::Store(crate::store::Error::Corrupt { .. }))
    }

    fn document(collection: Collection, error: &serde_json::Error) -> Self {
        Self::Document {
            collection,
            why: error.to_string(),
        }
    }
}

/// How often a stale commit is decided again. There is one writer, so once is rare already.
const TRIES: usize = 5;

impl<S: Store> App<S> {
    /// Handles `incoming` and answers what came of it. It is visible at once, and durable after the store's next flush.
    pub fn handle(
        &self,
        journal: Option<JournalId>,
        incoming: &Incoming,
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        match self.attempt(journal, incoming, now, |app, draft| {
            app.dispatch(draft, incoming)
        }) {
            Err(error) if !error.passes() => {
                tracing::error!(error = %error, "Cannot handle what was heard; it is put aside");
                self.attempt(journal, incoming, now, |app, draft| {
                    app.put_aside(draft, incoming)
                })
            }
            outcome => outcome,
        }
    }

    fn attempt(
        &self,
        journal: Option<JournalId>,
        incoming: &Incoming,
        now: Timestamp,
        think: impl Fn(&Self, &mut Draft<'_, S>) -> Result<(), Error>,
    ) -> Result<Receipt, Error> {
        for tries in 0..TRIES {
            let mut draft = Draft::new(&*self.store, journal, &incoming.id, now);
            draft.again = tries > 0;
            guarded(|| think(self, &mut draft))??;
            let mut commit = draft.finish();
            hush::together(&mut commit.outbox);
            self.hush(&mut commit);
            self.prefix(&mut commit.outbox);
            let committed = self.store.commit(&commit)?;
            match committed {
                Committed::Applied => {
                    if commit
                        .changes
                        .iter()
                        .any(|change| change.collection == Collection::Room)
                    {
                        self.learn_rooms()?;
                    }
                    return Ok(commit.receipt);
                }
                Committed::AlreadyDone(receipt) => return Ok(receipt),
                Committed::Stale => {}
            }
        }
        Err(Error::Contended)
    }

    /// Lets `think` add to the draft, or leaves that as it was where it fails at what is its own: the rest of the commit
    /// goes on. The outer error is one with which nothing can go on.
    fn apart<T>(
        &self,
        draft: &mut Draft<'_, S>,
        think: impl FnOnce(&Self, &mut Draft<'_, S>) -> Result<T, Error>,
    ) -> Result<Result<T, Error>, Error> {
        let before = draft.clone();
        match guarded(|| think(self, draft)).unwrap_or_else(Err) {
            Err(error) if error.stops_all() => Err(error),
            Err(error) => {
                *draft = before;
                Ok(Err(error))
            }
            thought => Ok(thought),
        }
    }

    /// Puts what must stand before a command in a room before each that is shown there.
    fn prefix(&self, outbox: &mut [Queued]) {
        for queued in outbox {
            let limits = self.directory.limits(&queued.outgoing.to.network);
            let prefix = limits.map_or("", |limits| limits.prefix);
            if let Body::Post(post) = &mut queued.outgoing.body
                && !post.direct
                && !prefix.is_empty()
            {
                post.text = self.catalogue.prefixed(&post.text, prefix);
            }
        }
    }

    fn dispatch(&self, draft: &mut Draft<'_, S>, incoming: &Incoming) -> Result<(), Error> {
        match &incoming.heard {
            Heard::Line(line) => self.line(draft, line, incoming.at),
            Heard::Mail(mail) => self.mail(draft, mail),
            Heard::Deposit(deposit) => self.deposit(draft, deposit),
            Heard::Tick => self.tick(draft),
            Heard::Undelivered(undelivered) => self.undelivered(draft, undelivered),
            Heard::Remark(remark) => self.remark(draft, remark),
            Heard::Room(room) => self.meet(draft, room),
            Heard::Made(made) => self.made(draft, made),
            Heard::Platform(said) => self.platform(draft, said),
            Heard::Step(step) => self.step(draft, step),
            Heard::Fetch { export } => self.fetch(draft, export),
        }
    }

    /// What is left to do with something that we failed at: say so, hold the mail, forget nothing.
    fn put_aside(&self, draft: &mut Draft<'_, S>, incoming: &Incoming) -> Result<(), Error> {
        draft.receipt.verdict = Verdict::Refused;
        match &incoming.heard {
            Heard::Line(line) => {
                let sorry = "Une erreur interne m’empêche de répondre\u{a0}; rien n’a été fait. L’exploitant en est averti.";
                self.reply(draft, line, sorry.to_owned());
                Ok(())
            }
            Heard::Mail(mail) => self.hold_unread(draft, mail),
            Heard::Step(step) => self.step_over(draft, step),
            Heard::Deposit(_)
            | Heard::Tick
            | Heard::Undelivered(_)
            | Heard::Remark(_)
            | Heard::Room(_)
            | Heard::Made(_)
            | Heard::Platform(_)
            | Heard::Fetch { .. } => Ok(()),
        }
    }

    /// The démarche of that number.
    fn demarche(&self, number: DemarcheId) -> Option<&Demarche> {
        self.demarches.get(&number)
    }

    /// The groups that somebody instructs.
    fn groupes_of<'a>(
        &'a self,
        person: &'a Email,
    ) -> impl Iterator<Item = (&'a Demarche, &'a Groupe)> {
        self.demarches.values().flat_map(move |demarche| {
            demarche
                .groupes_of(person)
                .map(move |groupe| (demarche, groupe))
        })
    }

    /// A dossier that `person` may see, with its démarche, or the refusal that tells nothing.
    fn visible(
        &self,
        draft: &Draft<'_, S>,
        number: DossierId,
        person: &Email,
    ) -> Result<Result<(Dossier, &Demarche), Refusal>, Error> {
        let found = draft
            .dossier(number)?
            .map(|change| change.dossier)
            .filter(|dossier| dossier.purged.is_none());
        let seen = found.and_then(|dossier| {
            let demarche = self.demarche(dossier.demarche)?;
            demarche
                .groupe(&dossier.groupe)?
                .instructeurs
                .contains(person)
                .then_some((dossier, demarche))
        });
        Ok(seen.ok_or(Refusal::UnknownDossier { number }))
    }
}

/// What `think` answers. Where it panics nothing is half done, since nothing is committed before it ends; and what it
/// panics at must not stop the writer each time it is taken from the journal.
fn guarded<T>(think: impl FnOnce() -> T) -> Result<T, Error> {
    std::panic::catch_unwind(AssertUnwindSafe(think)).map_err(|_| Error::Panic)
}

/// A dossier as somebody is to see it.
fn scene<'a>(
    dossier: &'a Dossier,
    demarche: &'a Demarche,
    at: Timestamp,
    by: Option<&'a Person>,
    audience: Audience,
) -> Scene<'a> {
    Scene {
        dossier,
        demarche,
        at,
        by,
        audience,
        mark_of: None,
        can_reply: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_like_another() {
        assert_eq!(guarded(|| 1).ok(), Some(1));
        let outcome = guarded(|| -> u8 { panic!("what nobody foresaw") });
        assert!(matches!(outcome, Err(Error::Panic)));
    }
}
