//! From an effect to messages: to whom, where, in which words. Worded before the commit, so that a broken template fails
//! where somebody is looking.

use super::draft::Draft;
use super::notify::Choice;
use super::{App, Error, scene};
use crate::directory::{Bound, of_room};
use crate::domain::{
    Demarche, Dossier, DossierId, Effect, Email, MessageId, Notice, Person, Privacy, Recipient,
    Statut,
};
use crate::message::{Body, Button, Destination, Outgoing, Post, Style, Tone};
use crate::store::{Queued, Store};
use crate::template::{Audience, Scene};

/// Name of a dossier's card, which is also its thread.
pub(super) fn card_of(number: DossierId) -> String {
    format!("dossier-{number}")
}

/// The dossier of a card.
pub(super) fn dossier_of_card(card: &str) -> Option<DossierId> {
    card.strip_prefix("dossier-")?.parse().ok().map(DossierId)
}

/// Tag of the mail that a message becomes, by which it can be unsaid.
pub(super) fn tag_of(dossier: &Dossier, message: MessageId) -> String {
    format!("message-{}-{message}", dossier.number)
}

/// What is being said, and about what.
pub(super) struct Saying<'a> {
    pub(super) dossier: &'a Dossier,
    pub(super) demarche: &'a Demarche,
    pub(super) by: &'a Person,
    pub(super) notice: &'a Notice,
    pub(super) not_before: Option<jiff::Timestamp>,
}

impl<'a> Saying<'a> {
    /// What is said, as `audience` is to see it.
    pub(super) fn scene(&self, at: jiff::Timestamp, audience: Audience) -> Scene<'a> {
        Scene {
            can_reply: self.answered_by_mail(),
            ..scene(self.dossier, self.demarche, at, Some(self.by), audience)
        }
    }

    /// Whether an instructeur who is told of this can answer the usager by answering the mail. Only what the usager
    /// wrote is answered so: an answer to the news of an avis would be meant for the expert.
    pub(super) fn answered_by_mail(&self) -> bool {
        let by_usager = matches!(
            self.notice,
            Notice::MessagePosted {
                author: Person::Usager(_),
                ..
            }
        );
        by_usager && self.dossier.present() && !self.dossier.archived
    }
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
            Effect::Card => match &mut draft.hushed {
                Some(hushed) => {
                    hushed.card = true;
                    Ok(())
                }
                None => self.card(draft, dossier, demarche),
            },
            Effect::Attest { decided } => {
                self.order_attestation(draft, dossier.number, *decided);
                Ok(())
            }
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

    pub(super) fn tell(
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
            // The rooms are told of all at once.
            Recipient::Groupe if draft.hushed.is_some() && !self.is_roomless(dossier) => Ok(()),
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
    pub(super) fn card(
        &self,
        draft: &mut Draft<'_, S>,
        dossier: &Dossier,
        demarche: &Demarche,
    ) -> Result<(), Error> {
        let rooms = self
            .directory
            .rooms(dossier.demarche, &dossier.groupe, None);
        for room in &rooms {
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
                buttons: choices(dossier, self.has_forms(&room.network)),
                tone: Some(tone(dossier)),
                ..Post::default()
            };
            self.post(draft, room, dossier.number, post);
        }
        Ok(())
    }

    /// Whether nobody is told of the dossier in a room.
    pub(super) fn is_roomless(&self, dossier: &Dossier) -> bool {
        let rooms = self
            .directory
            .rooms(dossier.demarche, &dossier.groupe, None);
        rooms.is_empty()
    }

    /// Whether a choice may lack a text on that network: it asks for it.
    pub(super) fn has_forms(&self, network: &str) -> bool {
        let limits = self.directory.limits(network);
        limits.is_some_and(|limits| limits.forms)
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
            dossier, notice, ..
        } = saying;
        let rooms = self.directory.rooms(dossier.demarche, groupe, None);
        let left = |room: &&Bound| !room.is_for(dossier.demarche, &dossier.groupe);
        for room in rooms.iter().filter(left) {
            let audience = Audience::Room(room.privacy);
            let scene = saying.scene(draft.at, audience);
            let text = self.templates.chat(notice, &scene)?;
            let card = Post {
                text: text.clone(),
                card: Some(card_of(dossier.number)),
                ..Post::default()
            };
            self.post(draft, room, dossier.number, card);
            if room.wants(notice.topic()) && !hush(draft, room) {
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
            dossier, notice, ..
        } = saying;
        let topic = Some(notice.topic());
        let rooms = self
            .directory
            .rooms(dossier.demarche, &dossier.groupe, topic);
        for room in &rooms {
            if hush(draft, room) {
                continue;
            }
            let scene = saying.scene(draft.at, Audience::Room(room.privacy));
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
        room: &Bound,
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

    fn post(&self, draft: &mut Draft<'_, S>, room: &Bound, number: DossierId, post: Post) {
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

    /// Tells an instructeur as far as he chose to be told of that: at once, or with what comes within minutes.
    fn tell_if_wanted(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        email: &Email,
    ) -> Result<(), Error> {
        let choice = self.choice(draft, email, saying)?;
        if choice == Choice::Off || self.gather(draft, saying, email)? {
            return Ok(());
        }
        if choice.by_chat() {
            self.tell_privately(draft, saying, email)?;
        }
        if choice.by_mail() {
            self.mail_instructeur(draft, saying, email)?;
        }
        Ok(())
    }

    /// A private message on every account linked to him.
    pub(super) fn tell_privately(
        &self,
        draft: &mut Draft<'_, S>,
        saying: &Saying<'_>,
        email: &Email,
    ) -> Result<(), Error> {
        let Saying {
            dossier, notice, ..
        } = saying;
        for account in self.accounts(draft, email)? {
            if self.directory.limits(&account.network).is_none() {
                continue;
            }
            let scene = saying.scene(draft.at, self.in_private(&account.network));
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
}

/// Whether a room is told of many dossiers at once instead; it is noted then.
fn hush<S>(draft: &mut Draft<'_, S>, room: &Bound) -> bool {
    let Some(hushed) = &mut draft.hushed else {
        return false;
    };
    hushed.rooms.insert(of_room(room));
    true
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

/// How a dossier stands, at a glance.
fn tone(dossier: &Dossier) -> Tone {
    if !dossier.present() || dossier.archived {
        return Tone::Past;
    }
    match dossier.statut {
        Statut::EnConstruction => Tone::Waiting,
        Statut::EnInstruction => Tone::Active,
        Statut::Accepte => Tone::Good,
        Statut::Refuse => Tone::Bad,
        Statut::SansSuite => Tone::Past,
    }
}

/// What the card offers to press.
fn choices(dossier: &Dossier, forms: bool) -> Vec<Button> {
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
    if dossier.statut == Statut::EnConstruction {
        choices.push(button(
            "Passer en instruction",
            "▶️",
            format!("instruire {number}"),
            Style::Secondary,
        ));
    }
    if forms {
        choices.push(button(
            "Demander un avis",
            "📨",
            format!("avis demander {number}"),
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
