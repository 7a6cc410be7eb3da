//! How a message reaches those who are told: what is said together is one message, and at night nothing rings.

use super::App;
use crate::message::{Body, Post};
use crate::store::{Commit, Queued, Store};

/// Characters of one message, however many things it tells of.
const TOGETHER: usize = 2000;

/// Makes one message of notices of one dossier that follow each other in its thread, or in a room without threads:
/// several avis asked for at once, a deposit and what a declarative démarche made of it. Those of several dossiers stay
/// apart: the purge of one takes its messages away.
pub(super) fn together(outbox: &mut Vec<Queued>) {
    let mut kept: Vec<Queued> = Vec::with_capacity(outbox.len());
    for queued in outbox.drain(..) {
        let joined = kept
            .iter_mut()
            .rev()
            // Between two notices stands what goes elsewhere: mails, other rooms.
            .find(|before| before.outgoing.to == queued.outgoing.to)
            .is_some_and(|before| join(before, &queued));
        if !joined {
            kept.push(queued);
        }
    }
    *outbox = kept;
}

/// Puts `next` behind `before`, if the two are notices of one dossier, in one place, due at the same time.
fn join(before: &mut Queued, next: &Queued) -> bool {
    let alike = before.dossier == next.dossier
        && before.dossier.is_some()
        && before.not_before == next.not_before
        && before.tag.is_none()
        && next.tag.is_none();
    let (Body::Post(first), Body::Post(second)) = (&mut before.outgoing.body, &next.outgoing.body)
    else {
        return false;
    };
    let long = first.text.chars().count() + second.text.chars().count() + 2 > TOGETHER;
    if !alike || long || !is_notice(first) || !is_notice(second) || first.thread != second.thread {
        return false;
    }
    first.text.push_str("\n\n");
    first.text.push_str(&second.text);
    first.alert |= second.alert;
    for account in &second.mentions {
        if !first.mentions.contains(account) {
            first.mentions.push(account.clone());
        }
    }
    true
}

/// Words, and nothing else. An answer that is not in reply to a line brings files, or is of no dossier.
fn is_notice(post: &Post) -> bool {
    post.card.is_none()
        && post.answers.is_none()
        && !post.direct
        && !post.ephemeral
        && post.buttons.is_empty()
        && post.menu.is_empty()
        && post.files.is_empty()
}

impl<S: Store> App<S> {
    /// In quiet hours what is posted does not ring and pings nobody. An answer to somebody who has just typed may.
    pub(super) fn hush(&self, commit: &mut Commit) {
        let Some(quiet) = self.quiet else { return };
        for queued in &mut commit.outbox {
            let at = queued.not_before.unwrap_or(commit.at).max(commit.at);
            if let Body::Post(post) = &mut queued.outgoing.body
                && post.answers.is_none()
                && quiet.covers(at)
            {
                post.alert = false;
                post.mentions.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::DossierId;
    use crate::message::{Destination, Outgoing};

    fn notice(room: &str, number: u64, text: &str) -> Queued {
        let post = Post {
            text: text.to_owned(),
            thread: Some(format!("dossier-{number}")),
            ..Post::default()
        };
        queued(room, number, Body::Post(post))
    }

    fn queued(address: &str, number: u64, body: Body) -> Queued {
        Queued {
            outgoing: Outgoing {
                to: Destination {
                    network: "console".to_owned(),
                    address: address.to_owned(),
                },
                body,
            },
            not_before: None,
            dossier: Some(DossierId(number)),
            tag: None,
        }
    }

    fn texts(outbox: &[Queued]) -> Vec<&str> {
        let text = |queued: &'_ Queued| match &queued.outgoing.body {
            Body::Post(post) => post.text.len(),
            Body::Mail(_) | Body::React(_) | Body::Make(_) | Body::Platform(_) => 0,
        };
        assert!(outbox.iter().all(|queued| text(queued) < TOGETHER));
        outbox
            .iter()
            .map(|queued| match &queued.outgoing.body {
                Body::Post(post) => post.text.as_str(),
                Body::Mail(_) | Body::React(_) | Body::Make(_) | Body::Platform(_) => "mail",
            })
            .collect()
    }

    #[test]
    fn notices_of_one_thread_are_one_message_whatever_mails_go_between() {
        let mail = queued("expert@x.example", 1, Body::Mail(Box::default()));
        let mut outbox = vec![
            notice("salon", 1, "Un"),
            mail.clone(),
            notice("autre", 1, "Un ailleurs"),
            notice("salon", 1, "Deux"),
            mail,
            notice("salon", 2, "D’un autre dossier"),
            notice("salon", 1, "Trois"),
        ];
        together(&mut outbox);
        assert_eq!(
            texts(&outbox),
            [
                "Un\n\nDeux",
                "mail",
                "Un ailleurs",
                "mail",
                "D’un autre dossier",
                "Trois"
            ],
            "and the order of a room stays"
        );
    }

    #[test]
    fn in_a_room_without_threads_notices_of_one_dossier_are_one_message() {
        let bare = |number, text: &str| {
            let mut queued = notice("salon", number, text);
            if let Body::Post(post) = &mut queued.outgoing.body {
                post.thread = None;
            }
            queued
        };
        let mut answer = bare(2, "Une réponse");
        answer.dossier = None;
        let mut outbox = vec![
            bare(1, "Un"),
            bare(1, "Deux"),
            bare(2, "D’un autre dossier"),
            answer.clone(),
            answer,
        ];
        together(&mut outbox);
        assert_eq!(
            texts(&outbox),
            [
                "Un\n\nDeux",
                "D’un autre dossier",
                "Une réponse",
                "Une réponse"
            ]
        );
    }

    #[test]
    fn what_can_be_pressed_edited_taken_back_or_comes_later_stays_alone() {
        let plain = || notice("salon", 1, "Un");
        let change = |change: &dyn Fn(&mut Queued, &mut Post)| {
            let mut queued = plain();
            let Body::Post(mut post) = queued.outgoing.body.clone() else {
                panic!("a post");
            };
            change(&mut queued, &mut post);
            queued.outgoing.body = Body::Post(post);
            queued
        };
        let others = [
            change(&|_, post| post.card = Some("dossier-1".to_owned())),
            change(&|_, post| post.answers = Some("$1".to_owned())),
            change(&|_, post| post.thread = None),
            change(&|_, post| post.text = "x".repeat(1998)),
            change(&|queued, _| queued.tag = Some("t".to_owned())),
            change(&|queued, _| queued.not_before = Some(Timestamp::UNIX_EPOCH)),
        ];
        for other in others {
            let mut outbox = vec![plain(), other];
            let before = outbox.clone();
            together(&mut outbox);
            assert_eq!(outbox, before);
        }
    }
}
