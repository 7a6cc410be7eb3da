//! What was said, as a conversation shows it.

use greffier::message::{Body, MailOut, Mark, Outgoing, Post, Receipt, Verdict};

use super::desk::Said;

/// Longest line of a mail that is shown.
const SHOWN: usize = 100;

/// One line for a mail; a chat message whole, a card that changes by its first line.
pub(super) fn said(said: &Said) -> String {
    let Outgoing { to, body } = &said.row.queued.outgoing;
    let head = format!("outbox-{} {} →", said.row.id, to.network);
    let line = match body {
        Body::Mail(mail) => format!("{head} {} {}", to.address, mail_line(mail)),
        Body::React(react) => {
            format!(
                "{head} {} : {} sur {}",
                to.address,
                mark(react.mark),
                react.remote_id
            )
        }
        Body::Make(order) => format!("{head} {}", order.work.name()),
        Body::Platform(order) => format!("{head} {:?}", order.acts),
        Body::Post(post) => format!(
            "{head} {}{} : {}",
            to.address,
            qualities(post, said.edited),
            post_text(post, said.edited)
        ),
    };
    match &said.failed {
        Some(why) => format!("{line}\n✗ n’arrive pas : {why}"),
        None => line,
    }
}

fn mail_line(mail: &MailOut) -> String {
    let text = mail
        .text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('—'))
        .collect::<Vec<_>>()
        .join(" ");
    let mut line: String = text.chars().take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        line.push('…');
    }
    let files: Vec<&str> = mail.files.iter().map(|file| file.name.as_str()).collect();
    let files = if files.is_empty() {
        String::new()
    } else {
        format!(" (joint {})", files.join(", "))
    };
    format!("[{}]{files} : {line}", mail.subject)
}

fn qualities(post: &Post, edited: bool) -> String {
    let mut words = Vec::new();
    if post.direct {
        words.push("privé".to_owned());
    }
    match (&post.card, edited) {
        (Some(_), true) => words.push("carte changée".to_owned()),
        (Some(_), false) => words.push("carte".to_owned()),
        (None, _) => {}
    }
    if let Some(thread) = &post.thread {
        words.push(format!("fil {}", thread.trim_start_matches("dossier-")));
    }
    if post.alert {
        words.push("sonne".to_owned());
    }
    words.extend(
        post.mentions
            .iter()
            .map(|account| format!("pour {account}")),
    );
    words.extend(post.files.iter().map(|file| format!("joint {}", file.name)));
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({})", words.join(", "))
    }
}

fn post_text(post: &Post, edited: bool) -> String {
    let lines: Vec<&str> = post
        .text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let lines = lines.into_iter().map(str::trim_end);
    let card = post.card.as_deref();
    if edited && card.is_some_and(|card| card.starts_with("dossier-")) {
        // The second line, the démarche, never changes.
        let changing = lines.enumerate().filter(|(index, _)| *index != 1);
        return changing
            .map(|(_, line)| line)
            .collect::<Vec<_>>()
            .join(" | ");
    }
    let mut text = lines.collect::<Vec<_>>().join("\n");
    if !post.buttons.is_empty() {
        let labels: Vec<String> = post
            .buttons
            .iter()
            .map(|button| format!("[{} : {}]", button.label, button.line))
            .collect();
        text.push('\n');
        text.push_str(&labels.join(" "));
    }
    text
}

pub(super) fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Heard => "👀",
        Mark::Running => "⏳",
        Mark::Done => "✅",
        Mark::Failed => "❌",
    }
}

/// Everything of a row, on demand.
pub(super) fn whole(outgoing: &Outgoing, html: bool) -> String {
    match &outgoing.body {
        Body::Mail(mail) if html => mail.html.clone(),
        Body::Mail(mail) => {
            let reply = if mail.reply_to.is_some() {
                "oui"
            } else {
                "non"
            };
            format!(
                "De : {}\nObjet : {}\nRéponse possible : {reply}\n{}",
                mail.from_name, mail.subject, mail.text
            )
        }
        Body::Post(post) => post.text.clone(),
        Body::React(react) => mark(react.mark).to_owned(),
        Body::Make(order) => order.work.name().to_owned(),
        Body::Platform(order) => format!("{:?}", order.acts),
    }
}

/// Fails where Greffier gave up: no conversation should come to that.
pub(super) fn sound(outgoing: &Outgoing) {
    let text = whole(outgoing, false);
    assert!(!text.contains("erreur interne"), "Greffier failed: {text}");
}

/// What the one who handed something in is told.
pub(super) fn receipt(receipt: &Receipt) -> Vec<String> {
    let verdict = match receipt.verdict {
        Verdict::Done => None,
        Verdict::Refused => Some("= refusé"),
        Verdict::Misunderstood => Some("= mal compris"),
        Verdict::Quarantined => Some("= mis de côté"),
        Verdict::Ignored => Some("= ignoré"),
        Verdict::Unknown => Some("= démarche inconnue"),
    };
    let mut lines: Vec<String> = verdict.into_iter().map(str::to_owned).collect();
    lines.extend(
        receipt
            .errors
            .iter()
            .map(|fault| format!("✗ {} : {}", fault.pointer, fault.detail)),
    );
    lines.extend(
        receipt
            .answers
            .iter()
            .map(|answer| format!("réponse : {answer}")),
    );
    lines
}
