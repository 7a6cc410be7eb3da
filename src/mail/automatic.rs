//! Who wrote a mail: a person, or a machine, and which.
//!
//! Corporate relays add list and suppression headers to people's mail, so no such header decides alone.

use std::sync::LazyLock;

use mail_parser::{Message, MimeHeaders};
use regex::{Regex, RegexSet};
use serde::{Deserialize, Serialize};

/// What kind of mail it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A person wrote it.
    Reply,
    /// A program answered: absence, acknowledgement, challenge. Held and shown, never filed, never answered.
    AutoReply,
    /// A mail server says what became of a mail of ours; also of a delay or a success.
    Bounce,
    /// A mailing list or a newsletter.
    List,
    /// A mail of ours that came back.
    Own,
    /// Nothing to read, a read receipt, a calendar answer.
    Other,
}

/// Why a mail is not a [`Class::Reply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No header could be read.
    Unreadable,
    /// No text and no file.
    Empty,
    /// Only its addressee could read it: S/MIME (RFC 8551) or PGP (RFC 3156), of which Greffier has no key.
    Encrypted,
    /// RFC 8098.
    ReadReceipt,
    /// RFC 6047.
    Calendar,
    /// RFC 3834 `Auto-Submitted`.
    AutoSubmitted,
    /// A header of an older autoresponder.
    Autoresponder,
    /// `Precedence: bulk`, `junk`, `auto_reply`.
    Precedence,
    /// The subject is one of an absence or an acknowledgement.
    Subject,
    /// The text speaks of an absence and answers nothing.
    Absence,
    /// A service that delivers our mail only after a click (Mailinblack and others).
    Challenge,
    /// `Return-Path: <>` or a sender such as `no-reply`.
    Robot,
    /// A delivery report.
    Delivery,
    /// Headers of a list.
    List,
    /// Our own `Message-ID`.
    OwnMessage,
}

/// What is known of a mail beside its parts.
pub(crate) struct Known<'a> {
    pub(crate) headers: &'a [(String, String)],
    pub(crate) subject: &'a str,
    pub(crate) from: &'a str,
    /// It carries a reply address of ours.
    pub(crate) token: bool,
    /// It answers something.
    pub(crate) answers: bool,
}

impl Known<'_> {
    fn header(&self, name: &str) -> Option<String> {
        let found = self
            .headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(
            found
                .1
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .to_lowercase(),
        )
    }

    fn has(&self, name: &str) -> bool {
        self.header(name).is_some()
    }
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

fn patterns(texts: &[&str]) -> RegexSet {
    RegexSet::new(texts).expect("the patterns are well formed")
}

static SUBJECT: LazyLock<RegexSet> = LazyLock::new(|| {
    patterns(&[
        r"(?i)^(?:re ?: ?|tr ?: ?)?(?:\[[^\]]{1,40}\] ?)?(?:réponse automatique|reponse automatique|réponse d[’']absence|message d[’']absence|absence du bureau|absent du bureau|absente? ?[:(]|absence re ?:|répondeur ?:|notification d[’']absence|en congés? ?[:(]|je suis absent)",
        r"(?i)^(?:re ?: ?)?(?:accusé (?:de|d[’']) ?réception|accuse de reception|ar ?: ?votre (?:message|courriel|mail|demande)|confirmation de réception|nous avons bien reçu votre (?:message|courriel|mail|demande))",
        r"(?i)^(?:re ?: ?)?(?:automatic reply|auto(?:matic)?[- ]?(?:response|reply|réponse)|autoreply|out of (?:the )?office|vacation (?:reply|message)|away from (?:my|the) (?:office|desk|mail)|automatische antwort|abwesenheitsnotiz|respuesta automática|risposta automatica|automatisch antwoord|resposta automática|automatiskt svar|automatisk svar)",
        // Notes names the person in the subject.
        r"(?i)^\S[^:]{1,60} (?:est absente?(?:\(e\))?|ist außer haus|is out of the office)\b",
    ])
});
static CHALLENGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:mailinblack|mail en attente d[’']authentification|message en attente d[’']authentification|authentifi(?:er|ez)[- ]vous pour que votre (?:mail|message)|en attente de (?:votre )?validation de l[’']expéditeur|boxbe|spamarrest|verify (?:that )?you (?:are|sent)|confirm your (?:e-?mail|message) (?:delivery|to be delivered)|challenge.response|sender verification required|validez votre (?:envoi|adresse)[^.]{0,60}anti-?spam|votre message est en attente)",
    )
});
static ABSENCE: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"(?i)\b(?:je suis|je serai|nous sommes|nous serons|actuellement|étant) (?:actuellement |en ce moment |présentement )?(?:absente?s?|en (?:\pL+ )?congés?(?: (?:de )?(?:maternité|paternité|parental|maladie|annuels?))?|en vacances|en déplacement|en formation|en arrêt|indisponibles?)[^.]{0,60}\b(?:jusqu|du \d|au \d|à partir|pour une durée|de retour|et ne)",
        r"(?i)\b(?:absente?s? (?:du bureau|du service|jusqu)|(?:serai|sera|je suis|serons) de retour (?:le|au bureau|à compter)|en (?:mon|son|cas d[’']) absence|pendant mon absence|durant mon absence|ne (?:consulterai|lirai|traiterai|consulte|lis) (?:pas|plus) mes (?:mails|messages|courriels)|cette (?:boîte|adresse)(?: \pL+){0,2} n[’']est plus (?:relevée|consultée|utilisée|active|valide)|ne traite plus ces dossiers)",
        r"(?i)\b(?:(?:i am|i will be|i'm|i’m) (?:currently )?(?:out of (?:the )?office|away|on (?:leave|vacation|holiday))|out of (?:the )?office (?:until|from|with)|limited access to (?:my )?e-?mail|(?:ich bin|ich werde)[^.]{0,60}(?:nicht im büro|nicht im hause|abwesend)|estaré fuera de la oficina|sono assente fino|estou ausente|ik ben afwezig)",
        r"(?i)\b(?:ceci est (?:un message|une réponse) automatique|(?:message|réponse|courriel) (?:est )?(?:généré|envoyé)e? automatiquement|merci de ne pas (?:y )?répondre|this is an automat(?:ic|ed) (?:reply|response|message))",
    ]
    .map(pattern)
});
/// Sentences that a program puts before the absence: thanks for the mail, and that it has arrived.
static PREAMBLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:bonjour|bonsoir|madame|monsieur|hello|dear|hi|hallo|guten tag)\b|\b(?:merci|message|courriel|mail|courrier|demande|thank|nachricht)\b",
    )
});
static ROBOT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:mailer-daemon|mail-daemon|postmaster|(?:no|do-?not|ne-?pas)[-_.]?(?:reply|repl(?:y|ies)|repondre|répondre)|noreply|nepasrepondre|notifications?|bounces?|auto-?(?:reply|responder|confirm)|daemon)(?:[+@=._-]|$)",
    )
});

/// What a mail is by its headers and structure. None means that nothing speaks against a person.
pub(crate) fn by_headers(message: &Message<'_>, known: &Known<'_>) -> Option<(Class, Reason)> {
    let subject = known.subject.trim();
    if is_report(message, "disposition-notification") {
        return Some((Class::Other, Reason::ReadReceipt));
    }
    if is_calendar_answer(message) {
        return Some((Class::Other, Reason::Calendar));
    }
    if CHALLENGE.is_match(subject)
        || known.header("X-Mailinblack").is_some()
        || known.from.contains("mailinblack")
    {
        return Some((Class::AutoReply, Reason::Challenge));
    }
    if lists(known) {
        return Some((Class::List, Reason::List));
    }
    if known
        .header("Auto-Submitted")
        .is_some_and(|value| !value.starts_with("no"))
    {
        return Some((Class::AutoReply, Reason::AutoSubmitted));
    }
    if SUBJECT.is_match(subject) {
        return Some((Class::AutoReply, Reason::Subject));
    }
    if autoresponds(known) {
        return Some((Class::AutoReply, Reason::Autoresponder));
    }
    let precedence = known.header("Precedence").unwrap_or_default();
    if precedence.contains("auto_reply")
        || (matches!(precedence.as_str(), "bulk" | "junk") && !known.token)
    {
        return Some((Class::AutoReply, Reason::Precedence));
    }
    let null = known
        .header("Return-Path")
        .is_some_and(|path| path.replace(' ', "") == "<>");
    (null || ROBOT.is_match(known.from)).then_some((Class::AutoReply, Reason::Robot))
}

/// What a mail is by its text, once nothing else has told and the text answers nothing.
pub(crate) fn by_text(text: &str) -> Option<(Class, Reason)> {
    let start: String = text.chars().take(1_500).collect();
    if CHALLENGE.is_match(&start) && start.contains("http") {
        return Some((Class::AutoReply, Reason::Challenge));
    }
    let short = text.chars().count() <= 1_200;
    (short && is_absence(&start)).then_some((Class::AutoReply, Reason::Absence))
}

/// Whether `text` speaks of an absence before it says anything else. Who first answers and then mentions a journey is
/// a person.
fn is_absence(text: &str) -> bool {
    let first = ABSENCE
        .iter()
        .filter_map(|absence| absence.find(text))
        .min_by_key(regex::Match::start);
    first.is_some_and(|found| {
        let before = text.get(..found.start()).unwrap_or_default();
        // The sentence in which it stands is its own.
        let mut sentences: Vec<&str> = before.split(['.', '!', '?', '\n']).collect();
        sentences.pop();
        !sentences
            .iter()
            .any(|said| said.split_whitespace().count() >= 5 && !PREAMBLE.is_match(said.trim()))
    })
}

fn autoresponds(known: &Known<'_>) -> bool {
    const HEADERS: &[&str] = &[
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponder",
        "X-Autogenerated",
        "X-Auto-Reply",
        "X-AutoReply-From",
        "X-Mail-Autoreply",
        "X-FC-MachineGenerated",
        "X-Vacation",
        "X-Cron-Env",
    ];
    if HEADERS.iter().any(|name| known.has(name))
        || known
            .header("Preference")
            .is_some_and(|value| value == "auto_reply")
    {
        return true;
    }
    // Exchange sets it on absences, and some gateways on everything: believed where no reply address of ours is there.
    known
        .header("X-Auto-Response-Suppress")
        .is_some_and(|value| {
            value.contains("all") || value.contains("oof") || value.contains("autoreply")
        })
        && !known.token
}

/// Weighs the signs of a list: a person answering through a relay that adds one of them is still a person.
fn lists(known: &Known<'_>) -> bool {
    let sign = |present: bool, weight: i32| if present { weight } else { 0 };
    let precedence = known.header("Precedence").unwrap_or_default();
    let weight = sign(known.has("List-Id"), 2)
        + sign(known.has("List-Post"), 2)
        + sign(known.has("List-Unsubscribe"), 1)
        + sign(known.has("List-Help"), 1)
        + sign(precedence == "list", 2)
        + sign(precedence == "bulk", 1)
        + sign(known.has("Feedback-ID") || known.has("X-Campaign-Id"), 1)
        + sign(known.has("X-Mailman-Version"), 2);
    let weight = weight - sign(known.token, 3) - sign(known.answers && known.has("In-Reply-To"), 1);
    weight >= 2
}

pub(crate) fn is_report(message: &Message<'_>, kind: &str) -> bool {
    message
        .parts
        .first()
        .and_then(|part| part.content_type())
        .is_some_and(|found| {
            found.ctype().eq_ignore_ascii_case("multipart")
                && found
                    .subtype()
                    .is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"))
                && found
                    .attribute("report-type")
                    .is_some_and(|found| found.eq_ignore_ascii_case(kind))
        })
}

fn is_calendar_answer(message: &Message<'_>) -> bool {
    message.parts.iter().any(|part| {
        part.content_type().is_some_and(|kind| {
            kind.subtype() == Some("calendar")
                && kind.attribute("method").is_some_and(|method| {
                    ["reply", "counter", "refresh"]
                        .iter()
                        .any(|known| method.eq_ignore_ascii_case(known))
                })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absences_are_known_by_their_text() {
        for text in [
            "Bonjour,\nJe suis absente jusqu’au 12 juin inclus.",
            "Je suis actuellement en congés et serai de retour le 3 juillet.",
            "Absent du bureau, je vous répondrai à mon retour.",
            "I am out of office until Monday.",
            "Ceci est un message automatique, merci de ne pas y répondre.",
        ] {
            assert_eq!(
                by_text(text),
                Some((Class::AutoReply, Reason::Absence)),
                "{text}"
            );
        }
    }

    #[test]
    fn people_who_mention_an_absence_are_people() {
        for text in [
            "Le mur est absent du plan.",
            "Bonjour, voici les pièces. Cordialement",
            "Le retour le plus simple est de passer en mairie.",
        ] {
            assert_eq!(by_text(text), None, "{text}");
        }
    }
}
