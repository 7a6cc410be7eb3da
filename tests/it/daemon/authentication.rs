//! Who says that a mail is from whom: mail that comes straight from a stranger, and out of a mailbox.

use std::fs;

use greffier::mail::dkim::Signer;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::desk::{Desk, INES, LINA};
use crate::net::authenticate::public;
use crate::net::dns::Dns;
use crate::servers::{USER, dovecot, until};

const UNPROVEN: &str = "n'a pas pu être authentifié";
const FORGED: &str = "semble usurpée";

/// A desk that nobody relays mail to, and the name server that it asks. The usagère's domain signs its mail and rejects
/// what is not signed.
struct Open {
    desk: Desk,
    dns: Dns,
    signer: Signer,
    /// The name server lives as long.
    _runtime: Runtime,
}

fn open(more: &str) -> Open {
    let runtime = Runtime::new().unwrap();
    let dns = runtime.block_on(Dns::new());
    let pem = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/dkim/rsa.pem"
    ))
    .unwrap();
    dns.txt("poste._domainkey.courriel.example", &public(&pem))
        .txt("_dmarc.courriel.example", "v=DMARC1; p=reject");
    let desk = Desk::closed();
    let path = desk.path().join("bot.toml");
    let bot = fs::read_to_string(&path).unwrap();
    let bot = bot.replace("[listener]\n", "[listener]\nrelays = []\n");
    let authentication = format!(
        "\n[authentication]\nnameservers = [\"{}\"]\n{more}",
        dns.address
    );
    fs::write(&path, bot + authentication.as_str()).unwrap();
    Open {
        desk,
        dns,
        signer: Signer::new("courriel.example", "poste", &pem).unwrap(),
        _runtime: runtime,
    }
}

impl Open {
    fn signed(&self, mail: &str) -> String {
        let signed = self.signer.sign(mail.as_bytes(), Timestamp::UNIX_EPOCH);
        String::from_utf8(signed.unwrap()).unwrap()
    }
}

#[test]
fn a_signed_reply_is_authenticated_and_a_forged_one_is_held_and_told() {
    let mut open = open("");
    open.desk.start();
    let desk = &open.desk;
    let number = desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");

    let signed = open.signed(&mail.answer(LINA, "Voici le plan corrigé.").text());
    assert_eq!(desk.send(LINA, &mail.reply_to, &signed), 250);
    desk.shown("Voici le plan corrigé.");
    desk.settled(0);
    assert!(!desk.room().contains(UNPROVEN));

    // What it says of itself, a stranger has written.
    let forged = mail.answer(LINA, "Je retire ma demande.").text();
    let forged = format!(
        "Authentication-Results: greffier.example; dmarc=pass header.from=courriel.example\r\n{forged}"
    );
    assert_eq!(
        desk.send(LINA, &mail.reply_to, &forged),
        250,
        "nothing is lost"
    );
    desk.shown(FORGED);
    desk.shown("quarantaine rejeter 1");
    desk.settled(0);
    assert_eq!(
        desk.count(LINA, "mis de côté"),
        0,
        "the one whose name was used is not written to"
    );
    let messages = desk.done(&format!("messages {number}"), INES);
    assert!(!messages.contains("Je retire"), "{messages}");
    assert!(!messages.contains(UNPROVEN), "{messages}");

    // A commune that says nothing of its mail is heard, and that is said.
    let other = desk.deposit("mairie@ailleurs.example", "Nord");
    let asked = desk.mail("mairie@ailleurs.example", &format!("n° {other}"));
    let reply = asked.answer("mairie@ailleurs.example", "La commune est d'accord.");
    assert_eq!(
        desk.send("mairie@ailleurs.example", &asked.reply_to, &reply.text()),
        250
    );
    desk.shown("La commune est d'accord.");
    desk.shown(UNPROVEN);
    assert_eq!(open.desk.stop(), 0);
}

#[test]
fn the_verdict_is_the_same_after_a_crash() {
    let mut open = open("timeout_seconds = 1\n");
    open.desk.start();
    open.desk.deposit(LINA, "Nord");
    let mail = open.desk.mail(LINA, "n° 1");
    open.desk.settled(0);
    assert_eq!(open.desk.stop(), 0);
    // The second thing heard after a start: the first is a tick of the clock.
    assert!(open.desk.start_killed_at(Some("after-journal:2")));
    until("the clock has ticked", || {
        (open.desk.ticks() > 0).then_some(())
    });
    let signed = open.signed(&mail.answer(LINA, "Voici le plan corrigé.").text());
    assert_eq!(open.desk.try_send(LINA, &mail.reply_to, &signed), None);
    open.desk.ended();
    open.dns.dead();
    open.desk.start();
    open.desk.shown("Voici le plan corrigé.");
    open.desk.settled(0);
    assert!(!open.desk.room().contains(UNPROVEN));
    assert_eq!(open.desk.stop(), 0);
}

#[test]
fn a_mail_in_a_mailbox_is_authenticated_by_its_signature() {
    let Some(server) = dovecot("") else { return };
    let mut client = server.client();
    let mut open = open(&format!(
        "[imap]\nhost = \"{}\"\nport = 1143\nsecurity = \"none\"\nuser = \"{USER}\"\npassword_file = \"{}\"\n",
        server.address(),
        server.path("password").display(),
    ));
    open.desk.start();
    until("the mailbox is read", || {
        fs::metadata(open.desk.path().join("var/imap.json")).ok()
    });
    open.desk.deposit(LINA, "Nord");
    let mail = open.desk.mail(LINA, "n° 1");
    let signed = open.signed(&mail.answer(LINA, "Voici le plan corrigé.").text());
    client.append("INBOX", None, &signed);
    open.desk.shown("Voici le plan corrigé.");
    open.desk.settled(0);
    assert!(!open.desk.room().contains(UNPROVEN));
    // Nobody knows what SPF said to the server that took it in: it is not forged, and not proven.
    client.append(
        "INBOX",
        None,
        &mail.answer(LINA, "Et voici la suite.").text(),
    );
    open.desk.shown("Et voici la suite.");
    open.desk.shown(UNPROVEN);
    assert_eq!(open.desk.stop(), 0);
}
