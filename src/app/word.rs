//! From an effect to messages: to whom, where, in which words. Worded before the commit, so that a broken template fails
//! where somebody is looking.

use super::draft::Draft;
use super::preference::Choice;
use super::{App, Error, scene};
use crate::config::Room;
use crate::directory::of_room;
use crate::domain::{
    Avis, AvisId, Demarche, Dossier, DossierId, Effect, Email, MessageId, Notice, Person, Piece,
    Privacy, Recipient, Valeur,
};
use crate::mail::{Purpose, thread_name, token};
use crate::message::{Body, Button, Destination, MailOut, Outgoing, Post, Style};
use crate::store::{Queued, Store};
use crate::template::{Audience, Worded};

/// Name of a dossier's card, which is also its thread.
pub(super) fn card_of(number: DossierId) -> String {
    format!("dossier-{number}")
}

/// The dossier of a card.
pub(super) fn dossier_of_card(card: &str) -> Option<DossierId> {
    card.strip_prefix("dossier-")?.parse().ok().map(DossierId)
}

/// Tag of the mail that a message becomes, by which it can be unsaid.
fn tag_of(dossier: &Dossier, message: MessageId) -> String {
    format!("message-{}-{message}", dossier.number)
}

/// What is being said, and about what.
struct Saying<'a> {
    dossier: &'a Dossier,
    demarche: &'a Demarche,
    by: &'a Person,
    notice: &'a Notice,
    not_before: Option<jiff::Timestamp>,
}

impl<S: Store> App<S> {
    /// Puts what `effect` makes Greffier say into the draft.
    pub(super) fn word(
        &self,
        draft: &mut Draft<'_, S>,
        dossier: &Dossier,
        demarche: &Demarche,
        by: &Person,
        effect: &Effect,
    ) -> Result<(), Error> {
        match effect {
            Effect::Card => self.card(draft, dossier, demarche),
            Effect::Unsay { message } => {
                draft.unsay(tag_of(dossier, *message));
                Ok(())
            }
            Effect::Tell {
                to,
                notice,
                not_before,
            } => {
                let saying = Saying {
                    dossier,
                    demarche,
                    by,
                    notice,
                    not_before: *not_before,
                };
                self.tell(draft, &saying, to)
            }
        }
    }

    fn tell(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        to: &Recipient,
    ) -> Result<(), Error> {
        let Saying {
            dossier,
            demarche,
            by,
            ..
        } = saying;
        match to {
            Recipient::Rooms => self.tell_rooms(draft, saying),
            Recipient::RoomsOf { groupe } => self.tell_left_rooms(draft, saying, groupe),
            // Nobody is told of his own act.
            Recipient::Groupe => members(demarche, dossier)
                .filter(|member| by.email() != Some(member))
                .try_for_each(|member| self.tell_if_wanted(draft, saying, member)),
            Recipient::Followers => followers(demarche, dossier)
                .filter(|follower| by.email() != Some(follower))
                .try_for_each(|follower| self.tell_if_wanted(draft, saying, follower)),
            // Somebody who left the group since is told nothing more.
            Recipient::Instructeur { email }
                if !members(demarche, dossier).any(|member| member == email) =>
            {
                Ok(())
            }
            Recipient::Instructeur { email } => {
                self.tell_privately(draft, saying, email)?;
                self.mail_instructeur(draft, saying, email)
            }
            Recipient::Usager => self.mail_usager(draft, saying),
            Recipient::Expert { avis } => self.mail_expert(draft, saying, *avis),
        }
    }

    /// The dossier's card, in every room of its group.
    fn card(
        &self,
        draft: &mut Draft<'_, S>,
        dossier: &Dossier,
        demarche: &Demarche,
    ) -> Result<(), Error> {
        let rooms = self
            .directory
            .rooms(dossier.demarche, &dossier.groupe, None);
        for room in rooms {
            let scene = scene(
                dossier,
                demarche,
                draft.at,
                None,
                Audience::Room(room.privacy),
            );
            let post = Post {
                text: self.templates.card(&scene)?,
                card: Some(card_of(dossier.number)),
                buttons: choices(dossier),
                ..Post::default()
            };
            self.post(draft, room, dossier.number, post);
        }
        Ok(())
    }

    /// Rooms that the dossier has left are told so for the last time, and its card there shows nothing more of it. A room
    /// that is for both groups is told as one of those that it is in.
    fn tell_left_rooms(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        groupe: &str,
    ) -> Result<(), Error> {
        let Saying {
            dossier,
            demarche,
            by,
            notice,
            ..
        } = saying;
        let rooms = self.directory.rooms(dossier.demarche, groupe, None);
        for room in rooms.filter(|room| !room.is_for(dossier.demarche, &dossier.groupe)) {
            let audience = Audience::Room(room.privacy);
            let scene = scene(dossier, demarche, draft.at, Some(by), audience);
            let text = self.templates.chat(notice, &scene)?;
            let card = Post {
                text: text.clone(),
                card: Some(card_of(dossier.number)),
                ..Post::default()
            };
            self.post(draft, room, dossier.number, card);
            if room.wants(notice.topic()) {
                let post = Post {
                    text,
                    thread: room.threads.then(|| card_of(dossier.number)),
                    alert: notice.alert(),
                    ..Post::default()
                };
                self.post(draft, room, dossier.number, post);
            }
        }
        Ok(())
    }

    fn tell_rooms(&self, draft: &mut Draft<'_, S>, saying: &Saying<'_>) -> Result<(), Error> {
        let Saying {
            dossier,
            demarche,
            by,
            notice,
            ..
        } = saying;
        let topic = Some(notice.topic());
        let rooms = self
            .directory
            .rooms(dossier.demarche, &dossier.groupe, topic);
        for room in rooms {
            let scene = scene(
                dossier,
                demarche,
                draft.at,
                Some(by),
                Audience::Room(room.privacy),
            );
            let mentions = if notice.alert() {
                self.mentions(draft, saying, room)?
            } else {
                Vec::new()
            };
            let post = Post {
                text: self.templates.chat(notice, &scene)?,
                thread: room.threads.then(|| card_of(dossier.number)),
                alert: notice.alert(),
                mentions,
                ..Post::default()
            };
            self.post(draft, room, dossier.number, post);
        }
        Ok(())
    }

    /// Accounts of the followers on the room's network. In a minimal room nobody is named.
    fn mentions(
        &self,
        draft: &Draft<'_, S>,
        saying: &Saying<'_>,
        room: &Room,
    ) -> Result<Vec<String>, Error> {
        if room.privacy == Privacy::Minimal {
            return Ok(Vec::new());
        }
        let mut mentions = Vec::new();
        for follower in followers(saying.demarche, saying.dossier) {
            let accounts = self.accounts(draft, follower)?;
            mentions.extend(
                accounts
                    .into_iter()
                    .filter(|account| account.network == room.network)
                    .map(|account| account.id),
            );
        }
        Ok(mentions)
    }

    fn post(&self, draft: &mut Draft<'_, S>, room: &Room, number: DossierId, post: Post) {
        let outgoing = Outgoing {
            to: of_room(room),
            body: Body::Post(post),
        };
        draft.queue(Queued {
            outgoing,
            not_before: None,
            dossier: Some(number),
            tag: None,
        });
    }

    /// Tells an instructeur as far as he chose to be told of that.
    fn tell_if_wanted(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        email: &Email,
    ) -> Result<(), Error> {
        let choice = self.choice(draft, email, saying.demarche.number, saying.notice)?;
        if matches!(choice, Choice::On | Choice::Chat) {
            self.tell_privately(draft, saying, email)?;
        }
        if matches!(choice, Choice::On | Choice::Mail) {
            self.mail_instructeur(draft, saying, email)?;
        }
        Ok(())
    }

    /// A private message on every account linked to him.
    fn tell_privately(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        email: &Email,
    ) -> Result<(), Error> {
        let Saying {
            dossier,
            demarche,
            by,
            notice,
            ..
        } = saying;
        let scene = scene(dossier, demarche, draft.at, Some(by), Audience::Instructeur);
        for account in self.accounts(draft, email)? {
            if self.directory.limits(&account.network).is_none() {
                continue;
            }
            let post = Post {
                text: self.templates.chat(notice, &scene)?,
                direct: true,
                alert: true,
                ..Post::default()
            };
            let to = Destination {
                network: account.network,
                address: account.id,
            };
            let outgoing = Outgoing {
                to,
                body: Body::Post(post),
            };
            draft.queue(Queued {
                outgoing,
                not_before: None,
                dossier: Some(dossier.number),
                tag: None,
            });
        }
        Ok(())
    }

    fn mail_instructeur(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        email: &Email,
    ) -> Result<(), Error> {
        let worded = self.mail_words(draft, saying, Audience::Instructeur)?;
        let mail = MailOut {
            thread: Some(thread_name(saying.dossier.number.0, Purpose::Instructeur)),
            ..self.envelope(saying, worded)
        };
        self.mail_to(draft, saying, email, mail, None);
        Ok(())
    }

    fn mail_usager(&self, draft: &mut Draft<'_, S>, saying: &Saying<'_>) -> Result<(), Error> {
        let Saying {
            dossier, notice, ..
        } = saying;
        let worded = self.mail_words(draft, saying, Audience::Usager)?;
        let number = dossier.number.0;
        let files = match notice {
            Notice::MessagePosted { message, .. } => dossier
                .messages
                .get(message)
                .map(|message| message.pieces.clone()),
            Notice::AttestationMade => dossier
                .decided
                .as_ref()
                .map(|decided| decided.attestation.iter().cloned().collect()),
            Notice::Decided { .. } => dossier
                .decided
                .as_ref()
                .map(|decided| decided.justificatif.iter().cloned().collect()),
            _ => None,
        };
        // Archived or deleted, the messagerie is closed: no answer is invited.
        let open = !dossier.archived && dossier.present();
        let mail = MailOut {
            reply_to: open.then(|| {
                self.own.reply_local(&token(
                    &self.secret,
                    number,
                    Purpose::Message,
                    dossier.usager.as_str(),
                ))
            }),
            thread: Some(thread_name(number, Purpose::Message)),
            in_reply_to: last_mail(dossier),
            files: files.unwrap_or_default(),
            ..self.envelope(saying, worded)
        };
        let tag = match notice {
            Notice::MessagePosted { message, .. } | Notice::CorrectionRequested { message } => {
                Some(tag_of(dossier, *message))
            }
            _ => None,
        };
        self.mail_to(draft, saying, &dossier.usager.clone(), mail, tag);
        Ok(())
    }

    fn mail_expert(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        id: AvisId,
    ) -> Result<(), Error> {
        let Saying {
            dossier, notice, ..
        } = saying;
        let Some(avis) = dossier.avis.get(&id) else {
            return Ok(());
        };
        let worded = self.mail_words(draft, saying, Audience::Expert(id))?;
        let number = dossier.number.0;
        let purpose = Purpose::Avis(id.0);
        let open = avis.revoked.is_none() && avis.closed.is_none() && dossier.statut.en_cours();
        let asked = matches!(
            notice,
            Notice::AvisRequested { .. } | Notice::AvisReminded { .. }
        );
        let files = if asked {
            shown_to_expert(dossier, avis)
        } else {
            Vec::new()
        };
        let last = avis
            .answers
            .iter()
            .rev()
            .find_map(|answer| answer.mail.as_ref()?.message_id.clone());
        let mail = MailOut {
            reply_to: open.then(|| {
                self.own
                    .reply_local(&token(&self.secret, number, purpose, avis.expert.as_str()))
            }),
            thread: Some(thread_name(number, purpose)),
            in_reply_to: last,
            files,
            ..self.envelope(saying, worded)
        };
        self.mail_to(draft, saying, &avis.expert.clone(), mail, None);
        Ok(())
    }

    fn mail_words(
        &self,
        draft: &Draft<'_, S>,
        saying: &Saying<'_>,
        audience: Audience,
    ) -> Result<Worded, Error> {
        let scene = scene(
            saying.dossier,
            saying.demarche,
            draft.at,
            Some(saying.by),
            audience,
        );
        Ok(self.templates.mail(saying.notice, &scene)?)
    }

    fn envelope(&self, saying: &Saying<'_>, worded: Worded) -> MailOut {
        let Worded {
            subject,
            text,
            html,
        } = worded;
        let from_name = if self.from_name.is_empty() {
            saying.demarche.service.clone()
        } else {
            self.from_name.clone()
        };
        MailOut {
            from_name,
            subject,
            text,
            html,
            dossier: Some(saying.dossier.number.0),
            ..MailOut::default()
        }
    }

    fn mail_to(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        to: &Email,
        mail: MailOut,
        tag: Option<String>,
    ) {
        let to = Destination {
            network: "mail".to_owned(),
            address: to.to_string(),
        };
        let outgoing = Outgoing {
            to,
            body: Body::Mail(Box::new(mail)),
        };
        draft.queue(Queued {
            outgoing,
            not_before: saying.not_before,
            dossier: Some(saying.dossier.number),
            tag,
        });
    }
}

/// Bytes of the dossier's own files that go with a request for an avis; most mail servers take some 25 MB in all.
const WITH_REQUEST: u64 = 12 * 1024 * 1024;

/// The files that an expert reads: those of the request, then the dossier's own as far as a mail can carry them. His
/// mail lists them all and says whom to ask for the rest.
fn shown_to_expert(dossier: &Dossier, avis: &Avis) -> Vec<Piece> {
    let mut files = avis.pieces.clone();
    let mut room = WITH_REQUEST;
    for piece in dossier.champs.values().flat_map(Valeur::pieces) {
        if piece.bytes <= room {
            room -= piece.bytes;
            files.push(piece.clone());
        }
    }
    files
}

/// The instructeurs of the dossier's group.
fn members<'a>(demarche: &'a Demarche, dossier: &Dossier) -> impl Iterator<Item = &'a Email> {
    demarche
        .groupe(&dossier.groupe)
        .into_iter()
        .flat_map(|groupe| &groupe.instructeurs)
}

/// Those who follow the dossier and may still see it: somebody who left the group is told nothing more.
fn followers<'a>(demarche: &'a Demarche, dossier: &'a Dossier) -> impl Iterator<Item = &'a Email> {
    members(demarche, dossier).filter(|member| dossier.followed_by(member))
}

/// `Message-ID` of the usager's last mail, so that ours answers it.
fn last_mail(dossier: &Dossier) -> Option<String> {
    dossier
        .messages
        .values()
        .rev()
        .find_map(|message| message.mail.as_ref()?.message_id.clone())
}

/// What the card offers to press.
fn choices(dossier: &Dossier) -> Vec<Button> {
    let number = dossier.number;
    let button = |label: &str, emoji: &str, line: String, style| Button {
        label: label.to_owned(),
        emoji: emoji.to_owned(),
        line,
        style,
    };
    if !dossier.present() || dossier.archived || dossier.statut.traite() {
        return Vec::new();
    }
    let mut choices = Vec::new();
    if dossier.followers.is_empty() {
        choices.push(button(
            "Suivre",
            "👋",
            format!("suivre {number}"),
            Style::Primary,
        ));
    }
    if dossier.statut == crate::domain::Statut::EnConstruction {
        choices.push(button(
            "Passer en instruction",
            "▶️",
            format!("instruire {number}"),
            Style::Secondary,
        ));
    }
    choices.push(button(
        "Voir",
        "👁️",
        format!("dossier {number}"),
        Style::Secondary,
    ));
    choices
}
