//! Mail that says what became of a mail of ours: delivery reports (RFC 3464) and their older, free forms.

use std::sync::LazyLock;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};
use regex::{Regex, RegexSet};
use serde::{Deserialize, Serialize};

use super::address::normalise_address;
use super::automatic::is_report;

/// What a delivery report says of one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounce {
    /// Whom our mail was for.
    pub recipient: Option<String>,
    /// Enhanced status code (RFC 3463): `5.1.1`.
    pub status: Option<String>,
    /// What became of the mail.
    pub action: Action,
    /// `Message-ID` of our mail, without angle brackets.
    pub original_message_id: Option<String>,
}

impl Bounce {
    /// Whether the mail will never arrive. A delay is not a failure.
    pub fn is_failure(&self) -> bool {
        self.action == Action::Failed
    }
}

/// RFC 3464 §2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It will not arrive.
    Failed,
    /// It has not arrived yet; the other side goes on trying.
    Delayed,
    /// It has arrived.
    Delivered,
    /// It went on to a system that reports nothing.
    Relayed,
    /// It arrived at a list, which sends it on.
    Expanded,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[A-Za-z0-9._%+=-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"));
static STATUS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b([245]\.\d{1,3}\.\d{1,3})\b"));
static MESSAGE_ID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?im)^[> \t]{0,8}Message-ID:\s{0,4}<([^<>\s]+)>"));
static DELAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:delay(?:ed)?|retard(?:é|ée)?|différée?|warning: message still undelivered|will (?:keep trying|be retried)|nouvelles? tentatives?|not yet been delivered|n[’']a pas encore été)\b",
    )
});
/// Subjects of free-form reports: qmail, Exim, Exchange in French and English, Gmail, Orange, Free, Lotus.
static SUBJECT: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i)^(?:re: ?)?(?:undeliver(?:ed|able)|delivery (?:status notification|failure|has failed|failed|delayed|incomplete)|mail delivery (?:failed|failure|delayed|subsystem|system)|failure notice|returned mail|mail (?:system error|could not be delivered)|message (?:delivery|not delivered|undeliverable)|warning: (?:could not send|message)|unzustellbar|delivery notification|mail status report|nondeliverable|non-?delivery)",
        r"(?i)^(?:non remis|non délivré|non distribu|(?:rapport d[’'])?[ée]chec (?:de|d[’'])\s?(?:la )?(?:remise|livraison|distribution|envoi|l[’']envoi)|retour (?:de )?(?:courrier|mail)|message non (?:remis|distribué|délivré)|courrier non (?:remis|distribué)|notification d[’'](?:échec|état de remise)|avis de non.remise|remise (?:différée|retardée)|retard de remise|adresse introuvable)",
    ])
    .expect("the patterns are well formed")
});

/// The report in `message`, where it is one as a whole (RFC 6522 §3). A person who attaches one is no mail server.
pub(crate) fn report(message: &Message<'_>) -> Option<Bounce> {
    if !is_report(message, "delivery-status") {
        return None;
    }
    let Some(PartType::Multipart(children)) = message.parts.first().map(|root| &root.body) else {
        return None;
    };
    let mut children = children.iter();
    let part = children.find_map(|child| {
        let part = message.parts.get(usize::try_from(*child).ok()?)?;
        is_status(part).then_some(part)
    })?;
    let text = String::from_utf8_lossy(part.contents())
        .chars()
        .take(65_536)
        .collect::<String>()
        .replace("\r\n", "\n");
    let mut bounces: Vec<Bounce> = text.split("\n\n").take(100).filter_map(recipient).collect();
    let first_failed = bounces.iter().position(Bounce::is_failure).unwrap_or(0);
    let mut bounce = if bounces.is_empty() {
        Bounce {
            recipient: None,
            status: None,
            action: Action::Failed,
            original_message_id: None,
        }
    } else {
        bounces.swap_remove(first_failed)
    };
    bounce.original_message_id = original_message_id(message);
    Some(bounce)
}

fn is_status(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|kind| {
        let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
        kind.ctype().eq_ignore_ascii_case("message")
            && matches!(
                subtype.as_str(),
                "delivery-status" | "global-delivery-status"
            )
    })
}

/// The fields of one recipient (RFC 3464 §2.3).
fn recipient(group: &str) -> Option<Bounce> {
    let unfolded = group.replace("\n ", " ").replace("\n\t", " ");
    let field = |name: &str| {
        unfolded
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| found.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    };
    let address = field("Original-Recipient").or_else(|| field("Final-Recipient"));
    let action = field("Action");
    if address.is_none() && action.is_none() {
        return None;
    }
    let final_address = field("Final-Recipient").or(address);
    let address = final_address
        .as_deref()
        .map(|value| value.rsplit_once(';').map_or(value, |(_, address)| address));
    let status = field("Status")
        .and_then(|value| STATUS.find(&value).map(|found| found.as_str().to_owned()));
    let action = match action
        .unwrap_or_default()
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_lowercase()
        .as_str()
    {
        "delayed" => Action::Delayed,
        "delivered" => Action::Delivered,
        "relayed" => Action::Relayed,
        "expanded" => Action::Expanded,
        "failed" => Action::Failed,
        // Without an action the status tells: 4.y.z is for now, 2.y.z is success.
        _ => match status.as_deref().and_then(|status| status.chars().next()) {
            Some('4') => Action::Delayed,
            Some('2') => Action::Delivered,
            _ => Action::Failed,
        },
    };
    Some(Bounce {
        recipient: address.and_then(normalise_address),
        status,
        action,
        original_message_id: None,
    })
}

/// The report in a mail that a mail server wrote for people. `body` is its text.
pub(crate) fn free_form(
    message: &Message<'_>,
    headers: &[(String, String)],
    subject: &str,
    body: &str,
) -> Option<Bounce> {
    let failed = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("X-Failed-Recipients"))
        .map(|(_, value)| value.clone());
    if failed.is_none() && !SUBJECT.is_match(subject.trim()) {
        return None;
    }
    let text: String = body.chars().take(20_000).collect();
    let robot = ["mailer-daemon", "postmaster", "mail-daemon"];
    let mut addresses = ADDRESS
        .find_iter(failed.as_deref().unwrap_or(&text))
        .map(|found| found.as_str())
        .filter(|found| {
            let lower = found.to_lowercase();
            !robot.iter().any(|robot| lower.starts_with(robot)) && !lower.starts_with("outbox-")
        });
    let status = STATUS.find(&text).map(|found| found.as_str().to_owned());
    let delayed = DELAY.is_match(subject)
        || (status
            .as_deref()
            .is_some_and(|status| status.starts_with('4'))
            && DELAY.is_match(&text));
    let action = if delayed {
        Action::Delayed
    } else {
        Action::Failed
    };
    let recipient = addresses.next().and_then(normalise_address);
    Some(Bounce {
        recipient,
        status,
        action,
        original_message_id: original_message_id(message),
    })
}

/// The `Message-ID` of the mail that the report is about: in its third part, or quoted in its text.
fn original_message_id(message: &Message<'_>) -> Option<String> {
    message
        .parts
        .iter()
        .skip(1)
        .find_map(|part| match &part.body {
            PartType::Message(nested) => nested.message_id().map(str::to_owned),
            PartType::Text(text) => MESSAGE_ID
                .captures(text)
                .and_then(|found| found.get(1))
                .map(|id| id.as_str().to_owned()),
            PartType::Binary(octets) => {
                let text = String::from_utf8_lossy(
                    octets.get(..octets.len().min(65_536)).unwrap_or_default(),
                );
                MESSAGE_ID
                    .captures(&text)
                    .and_then(|found| found.get(1))
                    .map(|id| id.as_str().to_owned())
            }
            _ => None,
        })
        .or_else(|| {
            let text = message.body_text(0)?;
            MESSAGE_ID
                .captures(&text)
                .and_then(|found| found.get(1))
                .map(|id| id.as_str().to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::super::{Class, Own, Understood, understand};

    const STATUS: &str = "Content-Type: message/delivery-status\r\n\r\n\
        Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n";

    fn read(kind: &str, parts: &[&str]) -> Understood {
        let mut raw = format!(
            "From: Jean <jean@exemple.fr>\r\nSubject: Mon dossier\r\nMIME-Version: 1.0\r\n\
             Content-Type: {kind}; boundary=b\r\n\r\n"
        );
        for part in parts {
            raw.extend(["--b\r\n", part, "\r\n"]);
        }
        raw += "--b--\r\n";
        understand(raw.as_bytes(), &Own::default())
    }

    #[test]
    fn a_report_is_one_as_a_whole() {
        let report = read("multipart/report; report-type=delivery-status", &[STATUS]);
        assert_eq!(report.class, Class::Bounce);
        let status = report.bounce.and_then(|bounce| bounce.status);
        assert_eq!(status.as_deref(), Some("5.1.1"));
    }

    #[test]
    fn a_person_may_attach_a_report() {
        let text = "Content-Type: text/plain\r\n\r\nMon courriel m’est revenu.\r\n";
        let forwarded = format!(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=c\r\n\r\n--c\r\n{STATUS}\r\n--c--\r\n"
        );
        for part in [STATUS, forwarded.as_str()] {
            let reply = read("multipart/mixed", &[text, part]);
            assert_eq!(reply.class, Class::Reply);
            assert_eq!(reply.bounce, None);
            assert_eq!(reply.reply, "Mon courriel m’est revenu.");
        }
    }
}
