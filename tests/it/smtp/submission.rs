//! Submission to a server that behaves, and to servers that do not.

use std::sync::Arc;

use greffier::channel::http::health::Health;
use greffier::channel::smtp::{Dkim, Envelope, Security, Settings, Smtp};
use greffier::channel::{Channel, Known};
use greffier::mail::compose::Identity;
use greffier::message::{Body, Destination, MailOut, Outcome, Outgoing};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::fake::{DROP, Fake, Given, HANG};
use crate::net::desk::{Desk, Memory};

const KEY: &str = "outbox-42.1f3a9c";
const PAUL: &str = "paul.faure@client.example";

fn settings(fake: &Fake) -> Settings {
    toml::from_str(&format!(
        "host = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\ntimeout_seconds = 20",
        fake.address.port()
    ))
    .unwrap()
}

fn smtp(settings: Settings) -> (Smtp, Arc<Health>) {
    let identity = Identity {
        domain: "greffe.example".to_owned(),
        from_address: "greffe@greffe.example".to_owned(),
        host: "mx.greffe.example".to_owned(),
        seal: None,
    };
    let health = Arc::new(Health::default());
    (
        Smtp::new(settings, identity, Arc::clone(&health)).unwrap(),
        health,
    )
}

fn mail() -> MailOut {
    MailOut {
        from_name: "Greffe".to_owned(),
        subject: "Votre dossier a été reçu".to_owned(),
        text: "Bonjour,\n\n.un point en tête\n".to_owned(),
        html: "<p>Bonjour</p>".to_owned(),
        reply_to: Some("reponse+abc".to_owned()),
        thread: Some("dossier-1".to_owned()),
        ..MailOut::default()
    }
}

fn to(address: &str, mail: MailOut) -> Outgoing {
    Outgoing {
        to: Destination {
            network: "mail".to_owned(),
            address: address.to_owned(),
        },
        body: Body::Mail(Box::new(mail)),
    }
}

fn known() -> Known {
    Known {
        thread: None,
        edits: None,
        since: Timestamp::from_second(1_717_405_200).unwrap(),
        shelf: Arc::new(Memory::default()),
    }
}

async fn sent(smtp: &Smtp) -> Outcome {
    smtp.deliver(KEY, &to(PAUL, mail()), &known()).await
}

fn delivered() -> Outcome {
    Outcome::Delivered {
        remote_id: format!("{KEY}@mx.greffe.example"),
    }
}

fn only(given: &[Given]) -> &Given {
    let [one] = given else { panic!("{given:?}") };
    one
}

fn is_well(health: &Health) -> bool {
    health.checks().iter().all(|check| check.ok)
}

#[tokio::test]
async fn a_mail_is_handed_over_with_its_envelope() {
    let fake = Fake::new(&[]);
    let (smtp, health) = smtp(settings(&fake));
    assert_eq!(sent(&smtp).await, delivered());
    let given = fake.given();
    let given = only(&given);
    assert_eq!(given.mail, "MAIL FROM:<reponse+abc@greffe.example>");
    assert_eq!(given.rcpt, [format!("RCPT TO:<{PAUL}>")]);
    assert_eq!(fake.lines("EHLO")[0], "EHLO mx.greffe.example");
    for part in [
        "\r\nMessage-ID: <outbox-42.1f3a9c@mx.greffe.example>\r\n",
        "\r\n.un point en t",
        "Date: Mon, 3 Jun 2024 09:00:00",
    ] {
        assert!(given.content.contains(part), "{part}: {}", given.content);
    }
    assert!(!given.content.to_lowercase().contains("\r\nbcc:"));
    assert!(is_well(&health));
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_with_the_same_octets() {
    let fake = Fake::new(&[(".", &["451 4.3.0 later", "250 ok"])]);
    let (smtp, health) = smtp(settings(&fake));
    assert_eq!(
        sent(&smtp).await,
        Outcome::Retry {
            after: None,
            why: "451 4.3.0 later".to_owned()
        }
    );
    assert_eq!(sent(&smtp).await, delivered());
    let given = fake.given();
    assert_eq!((given[0].taken, given[1].taken), (false, true));
    assert_eq!(given[0].content, given[1].content);
    assert_eq!(fake.lines("EHLO").len(), 2, "one connection, two hellos");
    assert!(is_well(&health));
}

#[tokio::test]
async fn a_refusal_for_ever_says_why_and_names_nobody() {
    let fake = Fake::new(&[(
        "RCPT",
        &[
            "550-5.1.1 <paul.faure@client.example>:\r\n550 5.1.1 paul.faure is unknown at client.example",
        ],
    )]);
    let (smtp, health) = smtp(settings(&fake));
    let Outcome::Dead { why } = sent(&smtp).await else {
        panic!("it is tried again")
    };
    assert!(
        why.starts_with("550 5.1.1 ") && why.contains("is unknown"),
        "{why}"
    );
    assert!(!why.contains("paul") && !why.contains("client"), "{why}");
    assert!(is_well(&health));
    assert_eq!(fake.given(), []);
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_answer() {
    for (what, heard) in [("BODY", 0), (".", 1), ("RCPT", 0), ("MAIL", 0)] {
        let fake = Fake::new(&[(what, &[DROP])]);
        let (smtp, _) = smtp(settings(&fake));
        let outcome = sent(&smtp).await;
        assert!(
            matches!(outcome, Outcome::Retry { after: None, .. }),
            "{what}: {outcome:?}"
        );
        fake.script(what, &["250 2.0.0 ok"]);
        assert_eq!(sent(&smtp).await, delivered(), "{what}");
        // What the server may have had already comes as the same mail, for it and for the reader to recognise.
        let given = fake.given();
        assert_eq!(given.len(), heard + 1, "{what}");
        assert!(
            given.iter().all(|each| each.content == given[0].content),
            "{what}"
        );
    }
}

#[tokio::test]
async fn an_answer_out_of_turn_is_no_delivery() {
    let fake = Fake::new(&[(".", &["354 go on"])]);
    let (smtp, _) = smtp(settings(&fake));
    let outcome = sent(&smtp).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_left() {
    let fake = Fake::new(&[("RCPT", &[HANG])]);
    let (smtp, _) = smtp(Settings {
        timeout_seconds: 1,
        ..settings(&fake)
    });
    let outcome = sent(&smtp).await;
    assert!(
        matches!(&outcome, Outcome::Retry { why, .. } if why.contains("in time")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn what_is_refused_to_us_is_held_against_nobody() {
    for (what, answer) in [
        ("GREETING", "554 5.3.2 no service"),
        ("GREETING", "421 4.3.2 too many"),
        ("GREETING", DROP),
        ("EHLO", "550 who are you"),
        ("AUTH", "535 5.7.8 wrong password"),
        ("AUTH", "454 4.7.0 later"),
        ("MAIL", "550 5.7.1 not your address"),
        ("MAIL", "451 4.3.0 later"),
        ("RCPT", "530 5.7.0 authenticate first"),
        ("DATA", "503 5.5.1 out of order"),
    ] {
        let fake = Fake::new(&[
            ("EHLO", &["250-fake.example\r\n250 AUTH PLAIN"]),
            (what, &[answer]),
        ]);
        let password = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(password.path(), "secret\n").unwrap();
        let (smtp, health) = smtp(Settings {
            user: "greffe".to_owned(),
            password_file: Some(password.path().to_owned()),
            ..settings(&fake)
        });
        let outcome = sent(&smtp).await;
        assert!(
            matches!(outcome, Outcome::Held { .. }),
            "{what} {answer}: {outcome:?}"
        );
        assert!(!is_well(&health), "{what} {answer}");
        // The next mail does not even knock.
        let before = fake.lines("").len();
        assert!(matches!(sent(&smtp).await, Outcome::Held { .. }));
        assert_eq!(fake.lines("").len(), before, "{what} {answer}");
    }
}

#[tokio::test]
async fn a_rule_that_refuses_is_tried_again() {
    let fake = Fake::new(&[("RCPT", &["554 5.7.1 relay access denied"])]);
    let (smtp, _) = smtp(settings(&fake));
    assert!(matches!(sent(&smtp).await, Outcome::Retry { .. }));
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_where_tls_is_asked_for() {
    let fake = Fake::new(&[]);
    for (ehlo, starttls) in [
        ("250 fake.example", "220 go on"),
        ("250-fake.example\r\n250 STARTTLS", "454 4.7.0 not now"),
    ] {
        fake.script("EHLO", &[ehlo]);
        fake.script("STAR", &[starttls]);
        let (smtp, health) = smtp(Settings {
            security: Security::Starttls,
            ..settings(&fake)
        });
        assert!(matches!(sent(&smtp).await, Outcome::Held { .. }));
        assert!(!is_well(&health));
    }
    assert_eq!(fake.lines("MAIL"), [""; 0]);
}

#[tokio::test]
async fn reports_are_asked_for_where_they_are_offered() {
    let fake = Fake::new(&[("EHLO", &["250-fake.example\r\n250-DSN\r\n250 SIZE 50000"])]);
    let (smtp, _) = smtp(settings(&fake));
    assert_eq!(sent(&smtp).await, delivered());
    let given = fake.given();
    let given = only(&given);
    let size = given.content.len();
    assert_eq!(
        given.mail,
        format!(
            "MAIL FROM:<reponse+abc@greffe.example> SIZE={size} RET=HDRS ENVID=outbox-42.1f3a9c@mx.greffe.example"
        )
    );
    assert_eq!(
        given.rcpt,
        [format!("RCPT TO:<{PAUL}> NOTIFY=FAILURE,DELAY")]
    );
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_can() {
    let fake = Fake::new(&[]);
    let (smtp, _) = smtp(settings(&fake));
    let rene = to("rené@mairie-été.example", mail());
    let outcome = smtp.deliver(KEY, &rene, &known()).await;
    assert!(
        matches!(&outcome, Outcome::Dead { why } if why.starts_with("5.6.7 ")),
        "{outcome:?}"
    );
    // A domain can be written in ASCII, so nothing is needed for it.
    let rene = to("rene@mairie-été.example", mail());
    assert_eq!(smtp.deliver(KEY, &rene, &known()).await, delivered());
    assert!(fake.lines("MAIL")[0].ends_with('>'));
    let fake = Fake::new(&[(
        "EHLO",
        &["250-fake.example\r\n250-SMTPUTF8\r\n250 8BITMIME"],
    )]);
    let (smtp, _) = self::smtp(settings(&fake));
    let rene = to("rené@mairie-été.example", mail());
    assert_eq!(smtp.deliver(KEY, &rene, &known()).await, delivered());
    let given = fake.given();
    assert!(
        only(&given).mail.contains(" SMTPUTF8") && only(&given).mail.contains(" BODY=8BITMIME")
    );
    assert_eq!(
        only(&given).rcpt,
        ["RCPT TO:<rené@xn--mairie-t-h1ab.example>"]
    );
}

#[tokio::test]
async fn a_mail_that_is_too_large_for_the_server_is_not_begun() {
    let fake = Fake::new(&[("EHLO", &["250-fake.example\r\n250 SIZE 100"])]);
    let (smtp, health) = smtp(settings(&fake));
    assert!(matches!(sent(&smtp).await, Outcome::Dead { .. }));
    assert!(is_well(&health));
    assert_eq!(fake.lines("MAIL"), [""; 0]);
}

#[tokio::test]
async fn bounces_go_where_they_can_be_understood() {
    let fake = Fake::new(&[]);
    let (verp, _) = smtp(settings(&fake));
    let (from, _) = smtp(Settings {
        envelope: Envelope::From,
        ..settings(&fake)
    });
    let closed = MailOut {
        reply_to: None,
        ..mail()
    };
    // What Greffier answers to a mail that it refused.
    let refusal = MailOut {
        thread: None,
        in_reply_to: Some("1@client.example".to_owned()),
        ..closed.clone()
    };
    for (smtp, mail, address) in [
        (&verp, mail(), "reponse+abc@greffe.example"),
        (&verp, closed, "greffe@greffe.example"),
        (&verp, refusal, ""),
        (&from, mail(), "greffe@greffe.example"),
    ] {
        assert_eq!(
            smtp.deliver(KEY, &to(PAUL, mail), &known()).await,
            delivered()
        );
        assert_eq!(
            fake.lines("MAIL").pop().unwrap(),
            format!("MAIL FROM:<{address}>")
        );
    }
}

#[tokio::test]
async fn no_more_connections_than_allowed() {
    let fake = Fake::new(&[]);
    let (smtp, _) = smtp(Settings {
        connections: 2,
        ..settings(&fake)
    });
    let smtp = Arc::new(smtp);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let smtp = Arc::clone(&smtp);
        tasks.spawn(async move {
            let message = to(&format!("p{number}@client.example"), mail());
            smtp.deliver(&format!("outbox-{number}"), &message, &known())
                .await
        });
    }
    for outcome in tasks.join_all().await {
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    }
    assert_eq!(fake.given().len(), 12);
    assert!(fake.most_open() <= 2, "{}", fake.most_open());
}

#[tokio::test]
async fn it_says_goodbye_when_it_stops_and_still_sends_what_is_left() {
    let fake = Fake::new(&[]);
    let (smtp, _) = smtp(settings(&fake));
    assert_eq!(sent(&smtp).await, delivered());
    let (desk, stop) = (Desk::new(), CancellationToken::new());
    stop.cancel();
    smtp.listen(desk.inbox.clone(), stop).await.unwrap();
    assert_eq!(fake.lines("QUIT").len(), 1);
    assert_eq!(sent(&smtp).await, delivered());
    assert_eq!(fake.lines("QUIT").len(), 2);
}

#[tokio::test]
async fn mail_is_signed_where_there_is_a_key() {
    let fake = Fake::new(&[]);
    let key = tempfile::NamedTempFile::new().unwrap();
    // That of RFC 8463 §A.2.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    std::fs::write(key.path(), pem).unwrap();
    let dkim = Dkim {
        domain: "greffe.example".to_owned(),
        selector: "s1".to_owned(),
        key_file: key.path().to_owned(),
    };
    let (smtp, _) = smtp(Settings {
        dkim: Some(dkim),
        ..settings(&fake)
    });
    assert_eq!(sent(&smtp).await, delivered());
    assert_eq!(sent(&smtp).await, delivered());
    let given = fake.given();
    assert!(
        given[0].content.starts_with(
            "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n\td=greffe.example; s=s1;\r\n\tt=1717405200; h=from:"
        ),
        "{}",
        given[0].content
    );
    assert_eq!(given[0].content, given[1].content);
}

#[tokio::test]
async fn a_token_is_read_at_each_connection() {
    // The first connection is hung up on after its mail, so that there is a second.
    let fake = Fake::new(&[
        ("EHLO", &["250-fake.example\r\n250 AUTH XOAUTH2 PLAIN"]),
        ("AUTH", &["235 2.7.0 welcome"]),
        ("RSET", &[DROP]),
    ]);
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "first\n").unwrap();
    let (smtp, _) = smtp(Settings {
        user: "greffe@example.fr".to_owned(),
        token_file: Some(token.path().to_owned()),
        ..settings(&fake)
    });
    assert_eq!(sent(&smtp).await, delivered());
    std::fs::write(token.path(), "second\n").unwrap();
    assert_eq!(sent(&smtp).await, delivered());
    let said = |token: &str| {
        let message = format!("user=greffe@example.fr\u{1}auth=Bearer {token}\u{1}\u{1}");
        format!(
            "AUTH XOAUTH2 {}",
            data_encoding::BASE64.encode(message.as_bytes())
        )
    };
    assert_eq!(fake.lines("AUTH"), [said("first"), said("second")]);
    // No token is nobody's fault but ours.
    std::fs::write(token.path(), "\n").unwrap();
    assert!(matches!(sent(&smtp).await, Outcome::Held { .. }));
}
