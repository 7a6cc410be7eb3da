//! What was said of the dossier: messages, and the platform's own avis.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::super::valeur::piece;
use super::super::{Post, message};
use super::Look;
use crate::domain::{AvisId, CorrectionKind, Email, Event, MessageId, Person};
use crate::message::platform::{AvisIn, MessageIn, plain};

/// How much the two clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

impl Look<'_> {
    pub(super) fn messages(&mut self) {
        let mut next = self
            .known
            .and_then(|known| known.messages.keys().next_back())
            .map_or(1, |last| last.0 + 1);
        for read in &self.read.messages {
            match self.mirror.messages.get(&read.id).copied() {
                Some(message) => self.known_message(message, read),
                None => self.new_message(read, &mut next),
            }
        }
    }

    fn known_message(&mut self, id: MessageId, read: &MessageIn) {
        let Some(known) = self.known else { return };
        let before = known.messages.get(&id);
        if let Some(at) = read.discarded
            && before.is_some_and(|before| !before.withdrawn)
        {
            let by = before.map_or(Person::Plateforme, |before| before.by.clone());
            self.add(at, by, Event::MessageWithdrawn { message: id });
        }
        let pending = known.correction.as_ref();
        if pending.is_some_and(|pending| pending.message == id) {
            let resolved = match &read.correction {
                Some(correction) => correction.resolved,
                None => read.discarded.or(Some(self.at)),
            };
            let told = self
                .happened
                .iter()
                .any(|recorded| recorded.event == Event::CorrectionResolved);
            if let Some(at) = resolved.filter(|_| !told) {
                let by = if self.corrects() {
                    Person::Usager(self.usager())
                } else {
                    self.ordered(&Event::CorrectionResolved)
                        .map_or(Person::Plateforme, |hint| hint.by.clone())
                };
                self.add(at, by, Event::CorrectionResolved);
            }
        }
    }

    fn new_message(&mut self, read: &MessageIn, next: &mut u32) {
        let post = self.claim(read);
        let here = post.as_ref().and_then(|post| post.message);
        if let Some(message) = here {
            self.mirror.messages.insert(read.id.clone(), message);
            return;
        }
        let by = message::author(read, self.read, self.demarche);
        let message = MessageId(*next);
        *next += 1;
        self.mirror.messages.insert(read.id.clone(), message);
        let ours = post.and_then(|post| post.piece);
        let event = Event::MessagePosted {
            message,
            text: message::text(read, &by),
            pieces: match ours {
                // It is on the shelf already.
                Some(piece) => vec![piece],
                None => read.files.iter().map(piece).collect(),
            },
            mail: None,
        };
        self.add(read.at, by.clone(), event);
        if read.discarded.is_some() {
            let at = read.discarded.unwrap_or(read.at);
            self.add(at, by, Event::MessageWithdrawn { message });
            return;
        }
        // Whatever was asked, an answer came.
        let awaited = self.known.is_some_and(|known| known.awaited.is_some());
        if awaited && matches!(by, Person::Usager(_)) {
            self.add(read.at, by.clone(), Event::AnswerAwaited { message: None });
        }
        if let Some(correction) = &read.correction {
            let kind = match correction.reason.as_str() {
                "incomplete" => CorrectionKind::Incomplete,
                "outdated" => CorrectionKind::Outdated,
                _ => CorrectionKind::Incorrect,
            };
            self.add(read.at, by, Event::CorrectionRequested { kind, message });
            if let Some(at) = correction.resolved {
                self.add(at, Person::Plateforme, Event::CorrectionResolved);
            }
        }
    }

    /// The order that has made this message, if one has.
    fn claim(&mut self, read: &MessageIn) -> Option<Post> {
        let ours = |post: &Post| {
            if let Some(id) = &post.id {
                return *id == read.id;
            }
            let skewed = post.at.checked_sub(SKEW).unwrap_or(post.at);
            Email::new(&post.author) == Email::new(&read.email)
                && read.at >= skewed
                && plain(&post.body) == plain(&read.body)
        };
        let found = self.mirror.posts.iter().position(ours)?;
        let post = self.mirror.posts.remove(found);
        let claims = self.mirror.claims.entry(post.order.clone()).or_default();
        claims.push(read.id.clone());
        Some(post)
    }

    /// The platform's own avis, which Greffier only shows.
    pub(super) fn avis(&mut self) {
        let known = self.known.map(|known| &known.avis);
        let last = known.and_then(|avis| avis.keys().next_back());
        let mut next = last.map_or(1, |last| last.0 + 1);
        for read in &self.read.avis {
            let known = self.mirror.avis.get(&read.id).copied();
            let avis = known.unwrap_or(AvisId(next));
            if known.is_none() {
                next += 1;
                self.mirror.avis.insert(read.id.clone(), avis);
                self.requested(avis, read);
            }
            self.rendered(avis, read);
        }
        self.taken_away();
    }

    fn requested(&mut self, avis: AvisId, read: &AvisIn) {
        let by = match read.claimant.as_deref() {
            Some(claimant) => Person::Instructeur(Email::new(claimant)),
            None => Person::Plateforme,
        };
        let event = Event::AvisRequested {
            avis,
            expert: Email::new(read.expert.as_deref().unwrap_or_default()),
            text: read.question.clone(),
            question: read.label.clone().filter(|label| !label.trim().is_empty()),
            // The API does not tell: what is not known to be shared is not.
            confidentiel: true,
            to_usager: false,
            elsewhere: true,
            pieces: Vec::new(),
        };
        self.add(read.asked, by, event);
    }

    fn rendered(&mut self, avis: AvisId, read: &AvisIn) {
        if read.reponse.is_none() && read.answer.is_none() {
            return;
        }
        let text = read.reponse.clone().unwrap_or_default();
        let known = self.known.and_then(|known| known.avis.get(&avis));
        let before = known.and_then(|known| known.answers.last());
        if before.is_some_and(|before| before.text == text && before.oui_non == read.answer) {
            return;
        }
        let expert = Email::new(read.expert.as_deref().unwrap_or_default());
        let event = Event::AvisRendered {
            avis,
            text,
            oui_non: read.answer,
            pieces: read.files.iter().map(piece).collect(),
            mail: None,
        };
        let at = read.answered.unwrap_or(self.at);
        self.add(at, Person::Expert(expert), event);
    }

    /// An avis that was revoked before it was answered is not there any more.
    fn taken_away(&mut self) {
        let there: BTreeSet<&str> = self.read.avis.iter().map(|avis| avis.id.as_str()).collect();
        let gone: Vec<AvisId> = self
            .mirror
            .avis
            .iter()
            .filter(|(id, _)| !there.contains(id.as_str()))
            .map(|(_, avis)| *avis)
            .collect();
        for avis in gone {
            let known = self.known.and_then(|known| known.avis.get(&avis));
            if known.is_some_and(|avis| avis.revoked.is_none()) {
                self.add_now(Event::AvisRevoked { avis });
            }
        }
    }
}
