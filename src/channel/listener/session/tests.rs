use super::*;

fn session(protocol: Protocol) -> Session {
    let policy = Policy {
        hostname: "mx.example".to_owned(),
        domain: "Greffe.example".to_owned(),
        max_bytes: 1000,
        max_recipients: 2,
        accepts: Arc::new(|local| local.starts_with("reponse+")),
    };
    Session::new(Arc::new(policy), protocol)
}

fn said(session: &mut Session, line: &str) -> String {
    match session.hear(Line::Complete(line.to_owned())) {
        Step::Say(reply) | Step::Close(reply) => reply.0.to_owned(),
        Step::Introduce(lines) => lines,
        Step::Content(_) => "354".to_owned(),
        Step::Chunk { octets, .. } => format!("chunk {octets}"),
    }
}

fn code(session: &mut Session, line: &str) -> String {
    said(session, line).chars().take(3).collect()
}

#[test]
fn everything_has_its_turn() {
    let mut session = session(Protocol::Smtp);
    assert_eq!(code(&mut session, "MAIL FROM:<a@b>"), "503");
    assert_eq!(code(&mut session, "EHLO client"), "250");
    assert_eq!(
        code(&mut session, "RCPT TO:<reponse+x@greffe.example>"),
        "503"
    );
    assert_eq!(code(&mut session, "DATA"), "503");
    assert_eq!(code(&mut session, "MAIL FROM:<>"), "250");
    assert_eq!(code(&mut session, "DATA"), "503");
    assert_eq!(code(&mut session, "MAIL FROM:<a@b>"), "503");
    assert_eq!(
        code(&mut session, "RCPT TO:<reponse+x@greffe.EXAMPLE>"),
        "250"
    );
    assert_eq!(code(&mut session, "DATA"), "354");
}

#[test]
fn it_is_no_relay() {
    let mut session = session(Protocol::Smtp);
    said(&mut session, "EHLO client");
    said(&mut session, "MAIL FROM:<a@b>");
    for (line, answer) in [
        ("RCPT TO:<reponse+x@elsewhere.example>", "550 5.7.1"),
        (
            "RCPT TO:<reponse+x@greffe.example@elsewhere.example>",
            "501",
        ),
        (
            "RCPT TO:<reponse+x%elsewhere.example@greffe.example.evil>",
            "550 5.7.1",
        ),
        ("RCPT TO:<somebody@greffe.example>", "550 5.1.1"),
        (
            "RCPT TO:<@greffe.example:reponse+x@elsewhere.example>",
            "550 5.7.1",
        ),
        ("RCPT TO:<>", "501"),
    ] {
        assert!(said(&mut session, line).starts_with(answer), "{line}");
    }
}

#[test]
fn the_size_is_refused_early() {
    let mut session = session(Protocol::Smtp);
    said(&mut session, "EHLO client");
    assert_eq!(code(&mut session, "MAIL FROM:<a@b> SIZE=1001"), "552");
    assert_eq!(
        code(&mut session, "MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME"),
        "250"
    );
}

#[test]
fn what_was_not_offered_is_refused() {
    let mut session = session(Protocol::Smtp);
    said(&mut session, "EHLO client");
    for line in [
        "MAIL FROM:<a@b> BODY=BINARYMIME",
        "MAIL FROM:<a@b> REQUIRETLS",
        "MAIL FROM:<a@b> RET=FULL",
    ] {
        assert_eq!(code(&mut session, line), "555", "{line}");
    }
    assert_eq!(code(&mut session, "MAIL FROM:<é@b>"), "553");
    assert_eq!(code(&mut session, "MAIL FROM:<é@b> SMTPUTF8"), "250");
}

#[test]
fn too_many_recipients_may_come_later() {
    let mut session = session(Protocol::Smtp);
    said(&mut session, "EHLO client");
    said(&mut session, "MAIL FROM:<a@b>");
    for (local, answer) in [("a", "250"), ("b", "250"), ("c", "452")] {
        assert_eq!(
            code(
                &mut session,
                &format!("RCPT TO:<reponse+{local}@greffe.example>")
            ),
            answer
        );
    }
}

#[test]
fn whoever_errs_on_and_on_is_shown_the_door() {
    let mut session = session(Protocol::Smtp);
    let codes: Vec<String> = (0..ERRORS_MAX)
        .map(|_| code(&mut session, "FROBNICATE"))
        .collect();
    assert_eq!(codes.first().map(String::as_str), Some("500"));
    assert_eq!(codes.last().map(String::as_str), Some("421"));
}

#[test]
fn each_protocol_has_its_own_greeting() {
    assert_eq!(code(&mut session(Protocol::Lmtp), "EHLO a"), "500");
    assert_eq!(code(&mut session(Protocol::Smtp), "LHLO a"), "500");
    assert_eq!(code(&mut session(Protocol::Lmtp), "LHLO a"), "250");
    assert_eq!(code(&mut session(Protocol::Smtp), "HELO a"), "250");
}
