//! DKIM, SPF, DMARC and ARC against a name server on loopback. The mails of `tests/data/authentication` were signed by
//! another program than ours.

use std::fmt::Write as _;
use std::net::IpAddr;

use greffier::channel::authenticate::{Arrival, Authenticator, Settings};
use greffier::channel::control;
use greffier::mail::dkim::Signer;
use greffier::message::Heard;
use greffier::message::authentication::{Authentication, State};
use jiff::Timestamp;

use super::dns::Dns;

/// The peer of those who may send for `ville.example`.
const THEIRS: &str = "192.0.2.1";
/// Anybody else.
const OTHER: &str = "203.0.113.9";
const SENDER: &str = "mairie@ville.example";

fn mail(name: &str) -> String {
    let path = format!(
        "{}/tests/data/authentication/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap().replace('\n', "\r\n")
}

fn unsigned() -> String {
    "From: Mairie <mairie@ville.example>\r\nSubject: Avis\r\n\r\nFavorable.\r\n".to_owned()
}

fn key(kind: &str) -> String {
    let keys = mail("keys.txt");
    let line = keys
        .lines()
        .find_map(|line| line.strip_prefix(kind))
        .unwrap();
    line.trim().to_owned()
}

/// The keys of all signers, and SPF of `ville.example`.
async fn dns() -> Dns {
    let dns = Dns::new().await;
    for domain in ["ville.example", "evil.example", "listes.example"] {
        dns.txt(&format!("test._domainkey.{domain}"), &key("rsa"));
    }
    dns.txt("test._domainkey.courrier.ville.example", &key("ed25519"))
        .txt("ville.example", "v=spf1 mx ip6:2001:db8::/32 ~all")
        .mx("ville.example", "mx.ville.example")
        .host("mx.ville.example", THEIRS)
        .txt("evil.example", "v=spf1 ip4:203.0.113.9 -all");
    dns
}

fn settings(dns: &Dns) -> Settings {
    Settings {
        nameservers: vec![dns.address.to_string()],
        // What keeps silent on purpose is waited for as long as that.
        timeout_seconds: 1,
        trusted_forwarders: vec!["listes.example".to_owned()],
        ..Settings::default()
    }
}

fn authenticator(settings: &Settings) -> Authenticator {
    let relays = vec!["mx.greffier.example".to_owned()];
    Authenticator::new(settings, relays, "greffier.example".to_owned())
}

fn from(peer: &str, mail_from: &str) -> Arrival {
    Arrival::Direct {
        peer: peer.parse::<IpAddr>().unwrap(),
        hello: "poste.ailleurs.example".to_owned(),
        mail_from: mail_from.to_owned(),
    }
}

async fn check(dns: &Dns, mail: &str, arrival: Arrival) -> Authentication {
    let octets = mail.as_bytes().to_vec();
    let (kept, verdict) = authenticator(&settings(dns)).check(octets, arrival).await;
    assert_eq!(kept, mail.as_bytes());
    verdict
}

/// State, method and domain, as `pass dkim ville.example`.
async fn says(dns: &Dns, mail: &str, arrival: Arrival) -> String {
    let verdict = check(dns, mail, arrival).await;
    let state = serde_json::to_value(verdict.state).unwrap();
    format!(
        "{} {} {}",
        state.as_str().unwrap(),
        verdict.method,
        verdict.domain.unwrap_or_default()
    )
    .trim()
    .to_owned()
}

#[tokio::test]
async fn a_good_signature_of_the_sender_s_domain_passes() {
    let dns = dns().await;
    for arrival in [from(OTHER, "x@ailleurs.example"), Arrival::Relayed] {
        for name in ["aligned.eml", "simple.eml"] {
            assert_eq!(
                says(&dns, &mail(name), arrival.clone()).await,
                "pass dkim ville.example",
                "{name}"
            );
        }
        assert_eq!(
            says(&dns, &mail("ed25519.eml"), arrival).await,
            "pass dkim courrier.ville.example"
        );
    }
    dns.txt("_dmarc.ville.example", "v=DMARC1; p=reject");
    assert_eq!(
        says(&dns, &mail("aligned.eml"), from(OTHER, "")).await,
        "pass dmarc ville.example"
    );
}

#[tokio::test]
async fn what_does_not_prove_the_sender_counts_as_none() {
    let dns = dns().await;
    let aligned = mail("aligned.eml");
    for (what, mail) in [
        ("another's signature", mail("unaligned.eml")),
        ("a changed body", aligned.replace("favorable", "opposée")),
        (
            "a changed subject",
            aligned.replace("Subject: Avis", "Subject: Refus"),
        ),
        ("a signature that has expired", mail("expired.eml")),
        ("SHA-1", mail("sha1.eml")),
        (
            "text behind the signed length",
            mail("length.eml") + "Et voici la suite.\r\n",
        ),
        ("a signed length", mail("length.eml")),
        (
            "a key that is not there",
            aligned.replace("s=test", "s=perdu"),
        ),
    ] {
        for arrival in [from(OTHER, "x@ailleurs.example"), Arrival::Relayed] {
            let verdict = check(&dns, &mail, arrival).await;
            assert_eq!(
                (verdict.state, verdict.aligned),
                (State::None, false),
                "{what}: {verdict:?}"
            );
        }
    }
    assert_eq!(
        says(
            &dns,
            &mail("unaligned.eml"),
            from(OTHER, "x@ailleurs.example")
        )
        .await,
        "none dkim evil.example"
    );
}

#[tokio::test]
async fn spf_speaks_for_the_peer() {
    let dns = dns().await;
    assert_eq!(
        says(&dns, &unsigned(), from(THEIRS, SENDER)).await,
        "pass spf ville.example"
    );
    assert_eq!(
        says(&dns, &unsigned(), from("2001:db8::7", SENDER)).await,
        "pass spf ville.example"
    );
    // `~all` is no failure, and a commune without DMARC none either.
    assert_eq!(says(&dns, &unsigned(), from(OTHER, SENDER)).await, "none");
    assert_eq!(
        says(&dns, &unsigned(), from("2001:db9::7", SENDER)).await,
        "none"
    );
    assert_eq!(
        says(&dns, &unsigned(), from(OTHER, "x@sans-spf.example")).await,
        "none"
    );
    // A good peer of another domain.
    assert_eq!(
        says(&dns, &unsigned(), from(OTHER, "x@evil.example")).await,
        "none spf evil.example"
    );
    // Without a reverse-path the name in HELO speaks.
    let hello = Arrival::Direct {
        peer: THEIRS.parse().unwrap(),
        hello: "ville.example".to_owned(),
        mail_from: String::new(),
    };
    assert_eq!(
        says(&dns, &unsigned(), hello).await,
        "pass spf ville.example"
    );
    assert_eq!(says(&dns, &unsigned(), Arrival::Relayed).await, "none");
}

#[tokio::test]
async fn a_hard_failure_of_spf_is_the_domain_s_own_word() {
    let dns = Dns::new().await;
    dns.txt("ville.example", "v=spf1 ip4:192.0.2.1 -all");
    assert_eq!(
        says(&dns, &unsigned(), from(OTHER, SENDER)).await,
        "fail spf ville.example"
    );
    dns.txt("test._domainkey.ville.example", &key("rsa"));
    assert_eq!(
        says(&dns, &mail("aligned.eml"), from(OTHER, SENDER)).await,
        "pass dkim ville.example",
        "forwarded"
    );
}

#[tokio::test]
async fn a_policy_fails_what_has_neither() {
    for (policy, expected) in [
        ("v=DMARC1; p=reject", "fail dmarc ville.example"),
        ("v=DMARC1; p=quarantine; pct=10", "fail dmarc ville.example"),
        ("v=DMARC1; p=none", "none"),
    ] {
        let dns = dns().await;
        dns.txt("_dmarc.ville.example", policy);
        assert_eq!(
            says(&dns, &unsigned(), from(OTHER, SENDER)).await,
            expected,
            "{policy}"
        );
        // Nothing is known to have failed where the peer is ours.
        assert_eq!(
            says(&dns, &mail("unaligned.eml"), Arrival::Relayed).await,
            "none dkim evil.example"
        );
    }
}

#[tokio::test]
async fn a_from_behind_another_s_good_signature_is_forged() {
    let dns = dns().await;
    dns.txt("_dmarc.ville.example", "v=DMARC1; p=reject");
    let verdict = says(&dns, &mail("unaligned.eml"), from(OTHER, "x@evil.example")).await;
    assert_eq!(verdict, "fail dmarc ville.example");
}

#[tokio::test]
async fn the_policy_of_the_organisation_is_for_what_is_below_it() {
    let dns = dns().await;
    dns.txt(
        "_dmarc.ville.example",
        "v=DMARC1; p=none; sp=reject; adkim=s",
    )
    .host("services.ville.example", THEIRS);
    let below = unsigned().replace("@ville", "@services.ville");
    assert_eq!(
        says(&dns, &below, from(OTHER, "")).await,
        "fail dmarc services.ville.example"
    );
    // `adkim=s` wants the very domain.
    assert_eq!(
        says(&dns, &mail("ed25519.eml"), Arrival::Relayed).await,
        "none dkim courrier.ville.example"
    );
    assert_eq!(
        says(&dns, &mail("aligned.eml"), Arrival::Relayed).await,
        "pass dmarc ville.example"
    );
}

#[tokio::test]
async fn a_policy_above_the_organisation_is_for_nobody() {
    let dns = dns().await;
    dns.txt("_dmarc.example", "v=DMARC1; p=reject")
        .txt("_dmarc.gouv.fr", "v=DMARC1; p=reject");
    assert_eq!(says(&dns, &unsigned(), from(OTHER, SENDER)).await, "none");
    let ministry = unsigned().replace("@ville.example", "@culture.gouv.fr");
    assert_eq!(says(&dns, &ministry, from(OTHER, SENDER)).await, "none");
}

#[tokio::test]
async fn a_domain_beyond_ascii_is_asked_for_as_the_dns_has_it() {
    let dns = dns().await;
    dns.txt("_dmarc.xn--mairie-lan-h7a.fr", "v=DMARC1; p=reject")
        .txt("xn--mairie-lan-h7a.fr", "v=spf1 ip4:192.0.2.1 ~all");
    let mail = unsigned().replace("@ville.example", "@mairie-élan.fr");
    assert_eq!(
        says(&dns, &mail, from(OTHER, "x@mairie-élan.fr")).await,
        "fail dmarc mairie-élan.fr"
    );
    assert_eq!(
        says(&dns, &mail, from(THEIRS, "x@mairie-élan.fr")).await,
        "pass dmarc xn--mairie-lan-h7a.fr"
    );
}

#[tokio::test]
async fn a_trusted_forwarder_s_seal_is_believed() {
    let dns = dns().await;
    dns.txt("_dmarc.ville.example", "v=DMARC1; p=reject");
    let sealed = mail("sealed.eml");
    for arrival in [from(OTHER, "liste@listes.example"), Arrival::Relayed] {
        assert_eq!(says(&dns, &sealed, arrival).await, "pass arc ville.example");
    }
    let from_list = || from(OTHER, "liste@listes.example");
    for (what, mail) in [
        ("it saw a failure", mail("sealed-failed.eml")),
        (
            "changed after the seal",
            sealed.replace("favorable", "opposée"),
        ),
        (
            "another result",
            sealed.replace(
                "dkim=pass header.d=ville.example;",
                "dkim=pass header.d=ville.example ;x",
            ),
        ),
        (
            "another sender",
            sealed.replace("<mairie@ville", "<maire@ville"),
        ),
    ] {
        assert_eq!(
            says(&dns, &mail, from_list()).await,
            "fail dmarc ville.example",
            "{what}"
        );
    }
    let strangers = Settings {
        trusted_forwarders: vec!["autres.example".to_owned()],
        ..settings(&dns)
    };
    let (_, verdict) = authenticator(&strangers)
        .check(sealed.into_bytes(), from_list())
        .await;
    assert_eq!(verdict.state, State::Fail, "{verdict:?}");
}

#[tokio::test]
async fn the_word_of_a_relay_counts_only_behind_it() {
    let dns = dns().await;
    dns.txt("_dmarc.ville.example", "v=DMARC1; p=reject");
    let stamped = |results: &str| format!("Authentication-Results: {results}\r\n{}", unsigned());
    let pass = stamped("mx.greffier.example; dmarc=pass header.from=ville.example");
    assert_eq!(
        says(&dns, &pass, Arrival::Relayed).await,
        "pass dmarc ville.example"
    );
    assert_eq!(
        says(&dns, &pass, from(OTHER, SENDER)).await,
        "fail dmarc ville.example"
    );
    let fail = format!(
        "Authentication-Results: mx.greffier.example; dmarc=fail header.from=ville.example\r\n{}",
        mail("aligned.eml")
    );
    assert_eq!(
        says(&dns, &fail, Arrival::Relayed).await,
        "fail dmarc ville.example"
    );
    assert_eq!(
        says(&dns, &fail, from(OTHER, SENDER)).await,
        "pass dmarc ville.example"
    );
    let other = stamped("mx.ailleurs.example; dmarc=pass header.from=ville.example");
    assert_eq!(says(&dns, &other, Arrival::Relayed).await, "none");
    // What it leaves open is looked at.
    let open = format!(
        "Authentication-Results: mx.greffier.example; dmarc=none header.from=ville.example\r\n{}",
        mail("aligned.eml")
    );
    assert_eq!(
        says(&dns, &open, Arrival::Relayed).await,
        "pass dmarc ville.example"
    );
}

#[tokio::test]
async fn a_relayed_mail_without_signatures_asks_nobody() {
    let dns = dns().await;
    assert_eq!(says(&dns, &unsigned(), Arrival::Relayed).await, "none");
    assert_eq!(dns.asked(), 0);
}

#[tokio::test]
async fn while_the_dns_is_silent_nothing_is_known_and_nothing_fails() {
    for (what, trouble) in [
        ("dead", None),
        ("silence on the key", Some("test._domainkey.ville.example")),
        ("silence on the policy", Some("_dmarc.ville.example")),
        ("silence on SPF", Some("ville.example")),
    ] {
        for quick in [false, true] {
            let dns = dns().await;
            dns.txt("_dmarc.ville.example", "v=DMARC1; p=reject");
            match trouble {
                None if quick => dns.servfail("example"),
                None => dns.dead(),
                Some(name) if quick => dns.servfail(name),
                Some(name) => dns.silent(name),
            };
            let broken = mail("aligned.eml").replace("Subject: Avis", "Subject: Refus");
            let verdict = check(&dns, &broken, from(OTHER, SENDER)).await;
            assert_eq!(verdict.state, State::None, "{what}, {quick}: {verdict:?}");
            assert_eq!(
                verdict.note.as_deref(),
                Some("The DNS did not answer"),
                "{what}, {quick}"
            );
        }
    }
}

#[tokio::test]
async fn hostile_answers_are_no_answers() {
    let dns = Dns::new().await;
    dns.garbage("_domainkey.ville.example")
        .txt("_dmarc.ville.example", "v=DMARC1; p=reject; rua=mailto:")
        // Includes without end, and far more hosts than may be asked for.
        .txt(
            "ville.example",
            "v=spf1 include:ville.example include:a.ville.example ptr:%{p} -all",
        )
        .txt(
            "a.ville.example",
            "v=spf1 include:ville.example exists:%{l}%{l}%{l}.x.example -all",
        );
    for _ in 0..40 {
        dns.mx("mx.ville.example", "mx.ville.example");
    }
    let verdict = check(&dns, &mail("aligned.eml"), from(OTHER, SENDER)).await;
    assert_ne!(verdict.state, State::Pass, "{verdict:?}");
    let long = format!("{}@ville.example", "a".repeat(60_000));
    let verdict = check(&dns, &unsigned(), from(OTHER, &long)).await;
    assert_ne!(verdict.state, State::Pass, "{verdict:?}");
}

#[tokio::test]
async fn signatures_without_number_or_end_cost_a_few_questions() {
    let dns = Dns::new().await;
    let mut many = String::new();
    for number in 0..400 {
        write!(many, "DKIM-Signature: v=1; a=rsa-sha256; d=d{number}.example; s=s; h=from; bh=AAAA; b=AAAA; l={number}\r\n").unwrap();
        write!(many, "DKIM-Signature: v=1; a=rsa-sha256; d=d{number}.example; s=s; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA; r=y\r\n").unwrap();
    }
    // The body is empty, so that its hash is right.
    let mail = format!("{many}From: a@ville.example\r\n\r\n");
    assert_eq!(says(&dns, &mail, Arrival::Relayed).await, "none");
    assert!((1..40).contains(&dns.asked()), "{}", dns.asked());
    let fields = "x:".repeat(100_000);
    let endless = format!(
        "DKIM-Signature: v=1; a=rsa-sha256; d=ville.example; s=s; h=from:{fields}y; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\nFrom: a@ville.example\r\n\r\n"
    );
    let verdict = check(&dns, &endless, Arrival::Relayed).await;
    assert_eq!(verdict.state, State::None);
}

#[tokio::test]
async fn without_a_single_from_nobody_answers_for_a_mail() {
    let dns = dns().await;
    let aligned = mail("aligned.eml");
    for wrong in [
        format!("From: eve@evil.example\r\n{aligned}"),
        aligned.replace("From: ", "From: eve@evil.example, "),
        aligned.replace("From: ", "Reply-To: "),
        String::new(),
        "\r\n\r\n".to_owned(),
    ] {
        let verdict = check(&dns, &wrong, from(THEIRS, SENDER)).await;
        assert_eq!(verdict.state, State::None, "{wrong}");
        assert!(verdict.note.is_some(), "{wrong}");
    }
    assert_eq!(dns.asked(), 0);
}

#[tokio::test]
async fn the_sender_of_a_piped_mail_is_checked() {
    let dns = dns().await;
    let desk = super::desk::Desk::new();
    let inbox = desk
        .inbox
        .clone()
        .checked_by(authenticator(&settings(&dns)));
    let admin: control::Admin = std::sync::Arc::new(Ok);
    for octets in [mail("aligned.eml"), unsigned()] {
        let request = control::Request::Mail(control::MailRequest {
            original_base64: Some(data_encoding::BASE64.encode(octets.as_bytes())),
            ..control::MailRequest::default()
        });
        control::answer(request, &inbox, &admin).await;
    }
    let heard = desk
        .heard()
        .into_iter()
        .map(|incoming| match incoming.heard {
            Heard::Mail(mail) => mail.authentication.map(|found| found.state),
            other => panic!("{other:?}"),
        });
    let states: Vec<_> = heard.collect();
    assert_eq!(states, [Some(State::Pass), Some(State::None)]);
}

#[tokio::test]
async fn switched_off_only_a_relay_is_believed() {
    let dns = dns().await;
    let off = Settings {
        check: false,
        ..settings(&dns)
    };
    let checked = async |mail: String, arrival| {
        authenticator(&off)
            .check(mail.into_bytes(), arrival)
            .await
            .1
            .state
    };
    let stamped = format!(
        "Authentication-Results: mx.greffier.example; dkim=pass header.d=ville.example\r\n{}",
        unsigned()
    );
    assert_eq!(
        checked(stamped.clone(), Arrival::Relayed).await,
        State::Pass
    );
    assert_eq!(checked(stamped, from(OTHER, SENDER)).await, State::None);
    assert_eq!(
        checked(mail("aligned.eml"), from(THEIRS, SENDER)).await,
        State::None
    );
    assert_eq!(dns.asked(), 0);
}

#[tokio::test]
async fn our_own_signature_passes() {
    let pem = std::fs::read(format!(
        "{}/tests/data/dkim/rsa.pem",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap();
    let signer = Signer::new("ville.example", "greffier", &pem).unwrap();
    let signed = signer
        .sign(unsigned().as_bytes(), Timestamp::UNIX_EPOCH)
        .unwrap();
    let dns = Dns::new().await;
    dns.txt("greffier._domainkey.ville.example", &public(&pem));
    let signed = String::from_utf8(signed).unwrap();
    assert_eq!(
        says(&dns, &signed, Arrival::Relayed).await,
        "pass dkim ville.example"
    );
}

/// The record of the public half of a private RSA key.
pub(crate) fn public(pem: &[u8]) -> String {
    use ring::signature::{KeyPair as _, RsaKeyPair};
    use rustls_pki_types::PrivatePkcs8KeyDer;
    use rustls_pki_types::pem::PemObject as _;
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem).unwrap();
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let public = data_encoding::BASE64.encode(key.public_key().as_ref());
    format!("v=DKIM1; p={public}")
}
