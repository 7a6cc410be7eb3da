//! Experts who write what would break out of where it is put, and others who write in their name.

use std::fmt::Write as _;
use std::fs;

use greffier::mail::dkim::Signer;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::desk::Desk;
use super::fake::Fault;
use crate::daemon::desk::{ABF, INES, LINA, until};
use crate::net::authenticate::public;
use crate::net::dns::Dns;

const OTHER: &str = "voisin@culture.example";
const HEADING: &str = "— Avis reçus par courriel (Greffier) —";

/// A platform, a daemon, an expert whose domain signs, and the avis that he is asked for.
struct Asked {
    desk: Desk,
    signer: Signer,
    number: i32,
    /// Where he answers.
    address: String,
    written: u32,
    _dns: Dns,
    _runtime: Runtime,
}

fn asked() -> Asked {
    let runtime = Runtime::new().unwrap();
    let dns = runtime.block_on(Dns::new());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dkim/rsa.pem");
    let pem = fs::read(folder).unwrap();
    dns.txt("poste._domainkey.culture.example", &public(&pem))
        .txt("_dmarc.culture.example", "v=DMARC1; p=reject");
    let mut desk = Desk::closed("avis_message = true\navis_annotation = \"Note interne\"\n");
    let path = desk.path().join("bot.toml");
    let bot = fs::read_to_string(&path).unwrap();
    let bot = bot.replace("[listener]\n", "[listener]\nrelays = []\n");
    let authentication = format!("\n[authentication]\nnameservers = [\"{}\"]\n", dns.address);
    fs::write(&path, format!("{bot}{authentication}")).unwrap();
    desk.start();
    desk.is_read();
    let number = desk.filed(LINA);
    desk.done(&format!("avis demander {number} {ABF} Abords ?"), INES);
    let address = desk.mail(ABF, "Abords ?").reply_to;
    Asked {
        desk,
        signer: Signer::new("culture.example", "poste", &pem).unwrap(),
        number,
        address,
        written: 0,
        _dns: dns,
        _runtime: runtime,
    }
}

impl Asked {
    /// A mail to the address that only the expert was told.
    fn mail(&mut self, from: &str, text: &str, files: usize) -> String {
        self.written += 1;
        let mut mail = format!(
            "From: <{from}>\r\nTo: <{}>\r\nSubject: Re: avis\r\nMessage-ID: <{}@poste.example>\r\n\
             Date: Mon, 03 Jun 2024 10:00:00 +0200\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=couture\r\n\r\n--couture\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
            self.address,
            self.written,
            text.replace('\n', "\r\n"),
        );
        for file in 1..=files {
            write!(
                mail,
                "--couture\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"vue {file}.txt\"\r\n\r\n\
                 Vue {file}\r\n"
            )
            .unwrap();
        }
        mail + "--couture--\r\n"
    }

    /// The expert himself writes: how many messages there are then, and what the annotation says.
    fn answers(&mut self, text: &str, files: usize) -> (usize, String) {
        let mail = self.mail(ABF, text, files);
        let signed = self.signer.sign(mail.as_bytes(), Timestamp::UNIX_EPOCH);
        let signed = String::from_utf8(signed.unwrap()).unwrap();
        assert_eq!(self.desk.send(ABF, &self.address, &signed), 250);
        self.desk.settled(0);
        self.there()
    }

    fn there(&self) -> (usize, String) {
        let note = self.desk.site.fake.champ_text(self.number, "Note interne");
        (
            self.desk
                .site
                .fake
                .done("dossierEnvoyerMessage", self.number),
            note.unwrap_or_default(),
        )
    }

    fn last(&self) -> String {
        let dossier = self.desk.site.fake.dossier(self.number);
        dossier.messages.last().unwrap().body.clone()
    }
}

#[test]
fn an_avis_stays_where_it_is_put_whatever_it_says() {
    let mut asked = asked();
    let (count, note) = asked.answers("@room <script>alert(1)</script> <b>Favorable</b>", 0);
    assert_eq!(count, 1);
    for text in [&note, &asked.last()] {
        assert!(text.contains("<b>Favorable</b>"), "{text}");
    }
    assert_eq!(note.matches(HEADING).count(), 1, "{note}");

    // What looks like the avis of somebody else does not stand there as one.
    let forged = format!(
        "{HEADING}\n\nAvis de sdis@service.example, demandé par {INES}\nReçu par courriel le 03/06/2024 à 10:00 :\nDéfavorable."
    );
    let (count, more) = asked.answers(&forged, 0);
    assert_eq!(count, 2);
    assert!(more.starts_with(note.trim_end()), "{more}");
    assert!(more.contains("Défavorable."), "{more}");
    for text in [&more, &asked.last()] {
        let lines = text.lines().map(str::trim);
        let heads = |start: &str| lines.clone().filter(|line| line.starts_with(start)).count();
        assert_eq!(heads("Avis de sdis"), 0, "{text}");
        assert!(heads(HEADING) <= 1, "{text}");
    }

    // What is added later is added at the end all the same.
    let (count, last) = asked.answers("Je confirme.", 0);
    assert_eq!(count, 3);
    assert!(
        last.starts_with(more.trim_end()) && last.trim_end().ends_with("Je confirme."),
        "{last}"
    );
    assert_eq!(asked.desk.count(LINA, "Favorable"), 0);
}

#[test]
fn a_huge_avis_and_many_files_hold_nothing_up() {
    let mut asked = asked();
    let huge = "Le colombage est conservé. ".repeat(8_000);
    let (count, note) = asked.answers(&huge, 0);
    assert_eq!(count, 1);
    // It is cut, and whole in a file.
    assert!(
        note.contains("colombage") && note.len() < huge.len(),
        "{}",
        note.len()
    );
    assert!(asked.last().contains("colombage"));
    // One file a message.
    let (after, _) = asked.answers("Favorable, voir les vues.", 30);
    assert_eq!(after, 31);
    let number = asked.number;
    asked.desk.done(&format!("message {number} Merci."), INES);
    let (last, _) = asked.there();
    assert_eq!(last, after + 1);
}

#[test]
fn nobody_else_renders_it() {
    let mut asked = asked();
    let nothing = (0, String::new());
    // In his name, without his domain's signature.
    let forged = asked.mail(ABF, "Favorable.", 0);
    asked.desk.send(ABF, &asked.address, &forged);
    // By a colleague of his, who has the address, and by a stranger.
    let other = asked.mail(OTHER, "Favorable, de ma part.", 0);
    let other = asked.signer.sign(other.as_bytes(), Timestamp::UNIX_EPOCH);
    let other = String::from_utf8(other.unwrap()).unwrap();
    asked.desk.send(OTHER, &asked.address, &other);
    let stranger = asked.mail("x@ailleurs.example", "Favorable, dit un autre.", 0);
    asked
        .desk
        .send("x@ailleurs.example", &asked.address, &stranger);
    asked.desk.shown("quarantaine");
    asked.desk.settled(0);
    assert_eq!(asked.there(), nothing);
    assert!(
        !asked.desk.room().contains("avis rendu"),
        "{}",
        asked.desk.room()
    );
    // Once it is revoked, not even he.
    let number = asked.number;
    asked.desk.done(&format!("avis revoquer {number} 1"), INES);
    assert_eq!(asked.answers("Favorable, trop tard.", 0), nothing);
    assert!(
        !asked.desk.room().contains("avis rendu"),
        "{}",
        asked.desk.room()
    );
}

#[test]
fn a_lost_answer_posts_no_avis_twice() {
    for fault in [Fault::DropAfter, Fault::InternalAfter, Fault::Truncated] {
        let mut asked = asked();
        asked
            .desk
            .site
            .fake
            .fail("dossierEnvoyerMessage", 1, fault.clone());
        let (count, note) = asked.answers("Favorable <b>sous réserve</b>.", 2);
        assert_eq!(count, 2, "{fault:?}");
        assert_eq!(note.matches("sous réserve").count(), 1, "{note}");
    }
}

#[test]
fn a_kill_posts_no_avis_twice() {
    for point in [
        "after-send",
        "before-record",
        "after-record",
        "after-transaction",
    ] {
        let mut asked = asked();
        let mail = asked.mail(ABF, "Favorable.", 2);
        let signed = asked.signer.sign(mail.as_bytes(), Timestamp::UNIX_EPOCH);
        let signed = String::from_utf8(signed.unwrap()).unwrap();
        asked.desk.stop();
        if asked.desk.start_killed_at(Some(point)) {
            asked.desk.try_send(ABF, &asked.address, &signed);
            until("it is killed, or all is done", || {
                let all = asked.there().0 == 2;
                (all || !asked.desk.lives()).then_some(())
            });
        }
        asked.desk.kill();
        asked.desk.start();
        // Whoever got no answer hands it over once more.
        asked.desk.send(ABF, &asked.address, &signed);
        until("all is there", || (asked.there().0 >= 2).then_some(()));
        asked.desk.settled(0);
        let (count, note) = asked.there();
        assert_eq!(count, 2, "{point}");
        assert_eq!(note.matches("Favorable.").count(), 1, "{point}: {note}");
    }
}
