//! Who may do what, and how an account becomes somebody.

use super::desk::{Desk, INES, LINA, ROSE, between};

#[test]
fn an_account_is_linked_by_a_code() {
    let desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    let account = "compte-7";
    let follow = format!("suivre {number}");

    desk.refused_or_told(&follow, account, "lier");
    desk.done(&format!("lier {INES}"), account);
    let mail = desk.mail(INES, "code");
    assert_eq!(mail.reply_to, "");
    let code = between(&mail.text, "lier ", " ").unwrap();
    let code = code.trim_matches(['`', ',', '»']);
    desk.refused("lier ZZZZZZ", account);
    desk.refused_or_told(&follow, account, "lier");
    // The code is that account's alone.
    desk.refused(&format!("lier {code}"), "compte-8");
    desk.refused_or_told(&follow, "compte-8", "lier");
    desk.done(&format!("lier {code}"), account);
    desk.done(&follow, account);
    desk.shown("suit ce dossier");
    desk.done("delier", account);
    desk.refused_or_told(&follow, account, "lier");

    // Whose address it is stays unsaid: no mail leaves to a stranger, the answer is the same.
    let known = desk
        .done(&format!("lier {INES}"), "compte-9")
        .replace("ines.roux", "X");
    let unknown = desk.done("lier passant@ailleurs.example", "compte-10");
    assert_eq!(known, unknown.replace("passant", "X"));
    desk.settled(0);
    assert_eq!(desk.count("passant@ailleurs.example", ""), 0);
}

#[test]
fn the_other_group_and_strangers_see_and_do_nothing() {
    let desk = Desk::open();
    let north = desk.deposit(LINA, "Nord");
    let south = desk.deposit(LINA, "Sud");
    for line in [
        "suivre",
        "instruire",
        "dossier",
        "messages",
        "historique",
        "personnes",
        "pieces",
        "piece",
    ] {
        let foreign = desk.command(&format!("{line} {north}"), ROSE);
        let nowhere = desk.command(&format!("{line} 999"), ROSE);
        assert_eq!(foreign.code, 1, "{line}: {}", foreign.text);
        assert_eq!(
            foreign.text.replace(&north.to_string(), "999"),
            nowhere.text,
            "{line}"
        );
        assert_eq!(
            desk.command(&format!("{line} {north}"), "passant@ailleurs.example")
                .code,
            1
        );
    }
    desk.refused(&format!("accepter {north}"), ROSE);
    desk.refused(&format!("message {north} Bonjour"), ROSE);
    assert!(!desk.done("dossiers", ROSE).contains("n° 1"));
    desk.done(&format!("suivre {south}"), ROSE);
    desk.settled(0);
    assert_eq!(desk.mails().len(), 2, "only what acknowledges the deposits");
}

#[test]
fn a_message_is_taken_back_in_time_or_not_at_all() {
    let desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    desk.done(&format!("suivre {number}"), INES);
    desk.done(
        &format!("message {number} Bonjour, première version."),
        INES,
    );
    desk.advance(290);
    desk.done(&format!("annuler {number}"), INES);
    desk.done(&format!("message {number} Bonjour, seconde version."), INES);
    desk.advance(301);
    desk.mail(LINA, "seconde version");
    desk.settled(0);
    assert_eq!(desk.count(LINA, "première version"), 0);
    let late = desk.refused(&format!("annuler {number}"), INES);
    assert!(late.contains("cinq minutes"), "{late}");
    assert_eq!(desk.count(LINA, "seconde version"), 1);
}
