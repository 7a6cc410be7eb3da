//! A form filled in as people's mail programs do: `tests/mails/formulaires`, made by `write.py` there. All say the same,
//! and each becomes the same dossier.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use greffier::domain::{Demarche, Demarches, DossierId, Piece, Valeur};
use greffier::mail::{Purpose, token};
use greffier::message::{Body, Heard, MailIn, MailOut};
use greffier::store::Store as _;
use jiff::civil::Date;

use crate::conversation::desk::{DOMAIN, Desk, Setting};

/// The code of the form in `asked.eml`, which is another one each time a form is sent.
const CODE: &str = "XE5S7J";
const JEAN: &str = "jean.martin@exemple.fr";

fn desk() -> Desk {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("tests/conversations/demarches/courriel.toml"));
    let demarche: Demarche = toml::from_str(&text.unwrap()).unwrap();
    let setting = Setting {
        demarches: Demarches::from([(demarche.number, demarche)]),
        ..Setting::default()
    };
    Desk::new(setting, "2026-06-02T08:05:11Z".parse().unwrap())
}

/// Hears `raw` as an answer to the form of Jean.
fn hear(desk: &mut Desk, raw: &[u8]) {
    let hash = desk.app.shelf.keep(raw).unwrap();
    let sealed = token(&desk.app.secret, 31, Purpose::Deposit, JEAN);
    let mail = MailIn {
        original: Piece {
            hash,
            name: "courriel.eml".to_owned(),
            media_type: "message/rfc822".to_owned(),
            bytes: raw.len() as u64,
        },
        mail_from: Some(JEAN.to_owned()),
        rcpt_to: vec![format!("reponse+{sealed}@{DOMAIN}")],
        peer: None,
        too_large: None,
        authentication: None,
        scan: None,
    };
    desk.hear(None, Heard::Mail(mail));
}

fn replaced(mut octets: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    while let Some(at) = octets.windows(old.len()).position(|part| part == old) {
        octets.splice(at..at + old.len(), new.iter().copied());
    }
    octets
}

/// The letters that were to be sent, in order.
fn letters(desk: &mut Desk) -> Vec<(String, MailOut)> {
    let said = desk.pump(&BTreeMap::new());
    let mails = said.into_iter().filter_map(|said| {
        let outgoing = said.row.queued.outgoing;
        match outgoing.body {
            Body::Mail(mail) => Some((outgoing.to.address, *mail)),
            _ => None,
        }
    });
    mails.collect()
}

/// What the last of them says.
fn letter(desk: &mut Desk) -> String {
    let last = letters(desk).pop();
    last.map(|(_, mail)| mail.text).unwrap_or_default()
}

#[test]
fn a_form_is_read_as_every_program_sends_it_back() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mails/formulaires");
    let (mut wrong, mut mails) = (String::new(), 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|ending| ending != "eml") || name == "asked.eml" {
            continue;
        }
        mails += 1;
        let mut desk = desk();
        let octets = fs::read(&path).unwrap();
        hear(
            &mut desk,
            b"From: <jean.martin@exemple.fr>\r\nMessage-ID: <vide@exemple.fr>\r\n\r\n\r\n",
        );
        let asked = letter(&mut desk);
        let code = asked
            .split("[fin ")
            .nth(1)
            .and_then(|rest| rest.get(..CODE.len()));
        let octets = replaced(octets, CODE.as_bytes(), code.unwrap().as_bytes());
        hear(&mut desk, &octets);
        let Some((dossier, _)) = desk.app.store.load(DossierId(1)).unwrap() else {
            let said = letter(&mut desk);
            // Its faults come first.
            let said: Vec<&str> = said.lines().take(60).collect();
            let _ = writeln!(wrong, "--- {name}: {said:#?}");
            continue;
        };
        let mut champs = dossier.champs.clone();
        let row = champs.remove("arbres");
        let essence = match &row {
            Some(Valeur::Rows(rows)) if rows.len() == 1 => {
                (rows[0]["essence"].shown(), rows[0]["nombre"].clone())
            }
            other => (format!("{other:?}"), Valeur::Integer(0)),
        };
        let fits = dossier.usager.as_str() == JEAN
            && dossier.demandeur.nom == "Martin"
            && dossier.demandeur.prenom == "Jean"
            && essence.0.starts_with("Ch")
            && essence.1 == Valeur::Integer(2)
            && champs.get("adresse") == Some(&Valeur::Text("1 rue Haute".to_owned()))
            && champs.get("motif") == Some(&Valeur::Text("Danger".to_owned()))
            && champs.get("debut") == Some(&Valeur::Date(Date::constant(2026, 6, 3)))
            && champs.get("surface") == Some(&Valeur::Decimal(1240.5))
            && champs.get("exact") == Some(&Valeur::YesNo(true))
            && champs.len() == 5;
        if !fits {
            let whom = &dossier.demandeur;
            let _ = writeln!(wrong, "--- {name}: {essence:?} {champs:?} {whom:?}");
        }
        letters(&mut desk);
        desk.leave();
    }
    assert!(mails >= 40, "{mails} mails only");
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn thousands_of_lines_and_odd_headers_do_no_harm() {
    let mut desk = desk();
    let lines = "Nom : Martin\r\n[7.1.1] Chêne : [x] 9) ☐\r\n".repeat(5_000);
    let raw = format!(
        "From: <{JEAN}>\r\nTo: <x@y.example>\r\nSubject: =?utf-8?Q?a=0D=0ABcc:_victime@exemple.fr?=\r\n\
         Message-ID: <gros@exemple.fr>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{lines}"
    );
    hear(&mut desk, raw.as_bytes());
    let letters = letters(&mut desk);
    let [(to, mail)] = letters.as_slice() else {
        panic!("one answer, not {}", letters.len());
    };
    assert_eq!(to, JEAN);
    assert!(!mail.subject.contains('\n') && !mail.text.contains("Bcc:"));
    assert!(mail.text.contains("Martin"), "{}", mail.text);
    desk.leave();
}
