//! An act on a dossier of the platform: tried in thought, then asked of the platform. It has happened once the platform shows it.

use serde::{Deserialize, Serialize};

use super::super::act::rehearse;
use super::super::draft::Draft;
use super::super::line::Speaker;
use super::super::{App, Error};
use super::dossier_key;
use super::letter::Letter;
use crate::domain::{
    Command, Dossier, DossierId, Email, Event, MessageId, Person, Piece, Recorded, Refusal,
};
use crate::message::platform::{Act, FileIn, Order, PLATFORM, Profile};
use crate::message::{Body, Destination, Line, Outgoing};
use crate::mirror::{self, Ids, Mirror, Post};
use crate::store::{Collection, Queued, Store};

/// What came of an act.
pub(in crate::app) enum Acted {
    /// It happened. No event means that it was so already.
    Done(Vec<Recorded>),
    /// The platform is asked.
    Asked,
}

/// What becomes of the answer.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Errand<'a> {
    /// The line that asked for the act.
    pub(in crate::app) line: Option<&'a Line>,
    /// What to remember.
    pub(in crate::app) memo: Memo,
}

impl<'a> Errand<'a> {
    /// Whoever typed `line` is told; `tag` is the domain's of the act.
    pub(in crate::app) fn typed(line: &'a Line, tag: &str) -> Self {
        Self {
            line: Some(line),
            memo: Memo::Act {
                tag: tag.to_owned(),
            },
        }
    }
}

/// What an order remembers of why it was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "memo", rename_all = "snake_case")]
pub(in crate::app) enum Memo {
    /// Nobody waits: a colleague's answer by mail.
    #[default]
    Nothing,
    /// An act that somebody typed.
    Act {
        /// The domain's tag of the act.
        tag: String,
    },
    /// One dossier of an act on several.
    Bulk {
        /// Code of the bulk.
        code: String,
        /// Key of its run.
        run: String,
        /// Place of the dossier.
        place: usize,
    },
    /// What was said here is written there too.
    Copy {
        /// What: `usager` or `avis`.
        what: String,
    },
    /// What comes along with something of Greffier's own, which is done in any case: nobody waits.
    Along,
    /// Files that somebody wants to see.
    Files,
    /// Files of a mail that waits for them.
    Letter {
        /// The mail.
        letter: Box<Letter>,
    },
}

/// All that an order remembers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::app) struct Kept {
    /// Why.
    pub(in crate::app) why: Memo,
    /// Who acts.
    pub(in crate::app) by: Option<Email>,
    /// What was asked for.
    #[serde(default)]
    pub(in crate::app) commands: Vec<Command>,
    /// What is Greffier's own beside it.
    #[serde(default)]
    pub(in crate::app) beside: Vec<Event>,
}

/// What the platform is to be asked about a dossier.
#[derive(Debug, Default)]
pub(super) struct Request<'a> {
    /// In whose name; nobody's where files are fetched.
    pub(super) instructeur: Profile,
    /// What it is to do.
    pub(super) acts: Vec<Act>,
    /// The message of the dossier that it becomes there, where it was said here first.
    pub(super) message: Option<MessageId>,
    /// The line that asked for it.
    pub(super) line: Option<&'a Line>,
    /// What to remember.
    pub(super) kept: Kept,
    /// Tells several orders of one cause about one dossier apart.
    pub(super) suffix: &'a str,
}

impl<S: Store> App<S> {
    /// Does `commands` in order, all or none: at once where Greffier is the record, by asking the platform where that is.
    pub(in crate::app) fn perform(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        by: &Person,
        commands: &[Command],
        errand: &Errand<'_>,
    ) -> Result<Result<Acted, Refusal>, Error> {
        let found = draft.dossier(number)?.map(|change| change.dossier);
        let demarche = found
            .as_ref()
            .and_then(|found| self.demarche(found.demarche));
        let Some((dossier, demarche)) = found
            .zip(demarche)
            .filter(|(_, demarche)| demarche.plateforme.is_some())
        else {
            return Ok(self.act(draft, number, by, commands)?.map(Acted::Done));
        };
        let act = match rehearse(&dossier, demarche, by, draft.at, commands) {
            Ok((_, act)) => act,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mirror = self.mirror(draft, number)?;
        let Some(ids) = self.ids(draft, demarche)? else {
            return Ok(Err(Refusal::UnknownDossier { number }));
        };
        let acts = match mirror::acts(&dossier, &mirror, &ids, &act) {
            Ok(acts) => acts,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if acts.is_empty() {
            let done = self.act(draft, number, by, commands)?;
            if let Ok(act) = &done {
                self.copy(draft, number, act)?;
            }
            return Ok(done.map(Acted::Done));
        }
        if comes_along(&act, &acts) {
            let done = self.do_own(draft, &dossier, by, act)?;
            if let Ok(instructeur) = signer(&ids, by.email(), Refusal::NotAllowed) {
                let request = Request {
                    instructeur,
                    acts,
                    kept: Kept {
                        why: Memo::Along,
                        by: by.email().cloned(),
                        ..Kept::default()
                    },
                    suffix: "/along",
                    ..Request::default()
                };
                self.send_order(draft, &dossier, request)?;
            }
            return Ok(Ok(Acted::Done(done)));
        }
        // Who is sent a dossier follows it himself.
        let sent = act.iter().find_map(|recorded| match &recorded.event {
            Event::Sent { to } => Some(to),
            _ => None,
        });
        let instructeur = match signer(&ids, sent.or(by.email()), Refusal::NotAllowed) {
            Ok(instructeur) => instructeur,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let request = Request {
            instructeur,
            acts,
            line: errand.line,
            kept: Kept {
                why: errand.memo.clone(),
                by: by.email().cloned(),
                commands: commands.to_vec(),
                beside: beside(&act),
            },
            ..Request::default()
        };
        self.send_order(draft, &dossier, request)?;
        Ok(Ok(Acted::Asked))
    }

    /// Does what of `act` is Greffier's own, at once: whether its author follows on the platform changes nothing of it.
    fn do_own(
        &self,
        draft: &mut Draft<'_, S>,
        dossier: &Dossier,
        by: &Person,
        act: Vec<Recorded>,
    ) -> Result<Vec<Recorded>, Error> {
        let own: Vec<Recorded> = act
            .into_iter()
            .filter(|recorded| !matches!(recorded.event, Event::Followed { .. }))
            .collect();
        let events = own.iter().map(|recorded| recorded.event.clone());
        self.add_happened(draft, dossier.number, by, events.collect())?;
        self.copy(draft, dossier.number, &own)?;
        Ok(own)
    }

    /// Asks the platform.
    pub(super) fn send_order(
        &self,
        draft: &mut Draft<'_, S>,
        dossier: &Dossier,
        request: Request<'_>,
    ) -> Result<(), Error> {
        let Request {
            instructeur,
            acts,
            message,
            line,
            kept,
            suffix,
        } = request;
        let mut mirror = self.mirror(draft, dossier.number)?;
        let id = format!("{}/{}{suffix}", draft.cause, dossier.number);
        for act in &acts {
            if let Act::EnvoyerMessage { body, piece, .. } = act {
                mirror.posts.push(Post {
                    order: id.clone(),
                    author: instructeur.email.clone(),
                    body: body.clone(),
                    at: draft.at,
                    message,
                    piece: piece.clone(),
                    id: None,
                });
            }
        }
        let steps = acts.iter().any(mirror::steps);
        let order = Order {
            id,
            demarche: dossier.demarche.0,
            dossier: dossier.number.0,
            dossier_id: mirror.id.clone(),
            instructeur,
            acts,
            expects: mirror.last_traitement.clone().filter(|_| steps),
            at: draft.at,
            asked: line.cloned().map(Box::new),
            cause: draft.cause.clone(),
            memo: serde_json::to_value(&kept)
                .map_err(|error| Error::document(Collection::Mirror, &error))?,
        };
        draft.put(
            Collection::Mirror,
            dossier_key(dossier.number.0),
            &Mirror {
                dossier: dossier.number.0,
                ..mirror
            },
        )?;
        draft.queue(Queued {
            outgoing: Outgoing {
                to: Destination {
                    network: PLATFORM.to_owned(),
                    address: dossier.number.to_string(),
                },
                body: Body::Platform(Box::new(order)),
            },
            not_before: None,
            dossier: Some(dossier.number),
            tag: None,
        });
        Ok(())
    }

    /// Has files of a dossier fetched from the platform for whoever asks for them.
    pub(in crate::app) fn fetch_files(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        dossier: &Dossier,
        pieces: &[&Piece],
    ) -> Result<(), Error> {
        let request = Request {
            acts: fetch(pieces.iter().copied()),
            line: Some(speaker.line),
            kept: Kept {
                why: Memo::Files,
                by: speaker.email.clone(),
                ..Kept::default()
            },
            suffix: "/files",
            ..Request::default()
        };
        self.send_order(draft, dossier, request)?;
        self.asked(draft, speaker)
    }
}

/// In whose name the platform is asked: in that of `email`, whom a group must have; `nobody` is said where there is none.
pub(super) fn signer(
    ids: &Ids,
    email: Option<&Email>,
    nobody: Refusal,
) -> Result<Profile, Refusal> {
    if ids.mutations.is_empty() {
        return Err(Refusal::PlatformReadOnly);
    }
    let email = email.ok_or(nobody)?;
    let unknown = || Refusal::PlatformUnknownInstructeur {
        email: email.clone(),
    };
    mirror::instructeur(ids, email).ok_or_else(unknown)
}

/// The act that fetches those of `pieces` that are on the platform.
pub(super) fn fetch<'p>(pieces: impl Iterator<Item = &'p Piece>) -> Vec<Act> {
    let files = pieces.filter_map(|piece| {
        Some(FileIn {
            filename: piece.name.clone(),
            content_type: piece.media_type.clone(),
            bytes: piece.bytes,
            checksum: piece.elsewhere()?.to_owned(),
        })
    });
    vec![Act::Fetch {
        files: files.collect(),
    }]
}

/// Whether the platform is only to note that the author follows, beside an avis that Greffier asks for.
fn comes_along(act: &[Recorded], acts: &[Act]) -> bool {
    let asks = |recorded: &Recorded| matches!(recorded.event, Event::AvisRequested { .. });
    let follows = |act: &Act| matches!(act, Act::Suivi { follow: true });
    act.iter().any(asks) && acts.iter().all(follows)
}

/// What of `act` the platform knows nothing of, and that happens once the rest has.
fn beside(act: &[Recorded]) -> Vec<Event> {
    let own = act.iter().filter(|recorded| {
        matches!(
            recorded.event,
            Event::Sent { .. } | Event::AnswerAwaited { .. }
        )
    });
    own.map(|recorded| recorded.event.clone()).collect()
}
