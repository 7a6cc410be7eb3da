//! The middle of mode `platform`, with what a platform says written by hand: what is told, what is asked, what is answered.

use std::sync::Arc;

use greffier::config::Room;
use greffier::domain::{DemarcheId, Dossier, DossierId, Privacy};
use greffier::message::platform::{
    Act, Answered, DemarcheIn, DescriptorIn, DossierIn, Ended, GroupeIn, MessageIn, Order, Profile,
    Progress, Said, TraitementIn,
};
use greffier::message::{Account, Body, Heard, Line, MailOut, Place, Post, Receipt, Verdict};
use greffier::mirror::Settings;
use greffier::store::Store as _;
use jiff::{SignedDuration, Timestamp};

use crate::conversation::desk::{Desk, Setting};

pub(super) const INES: &str = "ines.moreau@ddt-nord.example";
pub(super) const PAUL: &str = "paul.girard@ddt-nord.example";
pub(super) const USAGER: &str = "lina.faure@courriel.example";

pub(super) struct Middle {
    pub(super) desk: Desk,
    /// The dossier as the platform would show it.
    pub(super) shown: DossierIn,
}

pub(super) fn start() -> Timestamp {
    "2026-03-09T09:00:00+01:00".parse().unwrap()
}

pub(super) fn profile(email: &str) -> Profile {
    Profile {
        id: format!("Instructeur-{email}"),
        email: email.to_owned(),
    }
}

pub(super) fn demarche(mutations: &[&str]) -> DemarcheIn {
    DemarcheIn {
        number: 12,
        title: "Permis de démolir".to_owned(),
        state: "publiee".to_owned(),
        groupes: vec![GroupeIn {
            id: "Groupe-1".to_owned(),
            number: 1,
            label: "défaut".to_owned(),
            closed: false,
            instructeurs: vec![profile(INES), profile(PAUL)],
        }],
        annotations: vec![DescriptorIn {
            id: "Champ-9".to_owned(),
            kind: "textarea".to_owned(),
            label: "Avis reçus".to_owned(),
            ..DescriptorIn::default()
        }],
        mutations: mutations.iter().map(|name| (*name).to_owned()).collect(),
        ..DemarcheIn::default()
    }
}

pub(super) fn filed(number: u64, at: Timestamp) -> DossierIn {
    DossierIn {
        id: format!("Dossier-{number}"),
        number,
        demarche: 12,
        state: "en_construction".to_owned(),
        depot: at,
        modified: at,
        usager: USAGER.to_owned(),
        groupe: "défaut".to_owned(),
        traitements: vec![TraitementIn {
            id: format!("Traitement-{number}-1"),
            event: "depose".to_owned(),
            at,
            ..TraitementIn::default()
        }],
        ..DossierIn::default()
    }
}

/// The code of what a preview wants confirmed.
pub(super) fn code_of(preview: &Receipt) -> String {
    let code = preview.answers[0].split("`confirmer ").nth(1).unwrap();
    code.chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

/// A message as the platform shows it.
pub(super) fn written(by: &str, body: &str, at: Timestamp) -> MessageIn {
    MessageIn {
        id: "Commentaire-1".to_owned(),
        email: by.to_owned(),
        body: body.to_owned(),
        at,
        ..MessageIn::default()
    }
}

impl Middle {
    pub(super) fn new(settings: Settings, mutations: &[&str]) -> Self {
        let room = Room {
            externals: false,
            network: "matrix".to_owned(),
            id: "!salon".to_owned(),
            demarche: Some(DemarcheId(12)),
            groupe: None,
            notify: None,
            threads: true,
            privacy: Some(Privacy::Full),
        };
        let setting = Setting {
            rooms: vec![room],
            ..Setting::default()
        };
        let mut desk = Desk::new(setting, start());
        desk.app.mirrored = Arc::new([(settings.number, settings)].into());
        let mut middle = Self {
            shown: filed(4807, start()),
            desk,
        };
        middle.say(Said::Demarche(Box::new(demarche(mutations))));
        middle.learn();
        middle
    }

    /// The middle comes to know the démarches as they were read last.
    pub(super) fn learn(&mut self) {
        let app = &mut self.desk.app;
        app.demarches = greffier::app::mirrored(&*app.store, &app.mirrored).unwrap();
    }

    pub(super) fn ready() -> Self {
        let mut middle = Self::new(Settings::of(DemarcheId(12)), &["dossierAccepter"]);
        middle.wait(1);
        middle.shown = filed(4807, middle.desk.now);
        middle.look();
        middle.desk.pump(&[].into());
        middle
    }

    pub(super) fn say(&mut self, said: Said) -> Receipt {
        self.desk.hear(None, Heard::Platform(Box::new(said)))
    }

    /// The platform shows the dossier as it stands.
    pub(super) fn look(&mut self) -> Receipt {
        let shown = self.shown.clone();
        self.say(Said::Dossier(Box::new(shown)))
    }

    pub(super) fn wait(&mut self, minutes: i64) {
        self.desk.now += SignedDuration::from_mins(minutes);
    }

    pub(super) fn line(&mut self, by: &str, text: &str) -> Receipt {
        let line = Line {
            from: Account {
                network: "shell".to_owned(),
                id: by.to_owned(),
            },
            place: Place::Direct,
            text: text.to_owned(),
            files: Vec::new(),
            about: None,
            remote_id: None,
            doubt: None,
            addressed: true,
        };
        self.desk.hear(None, Heard::Line(line))
    }

    /// What waits to leave: orders of the platform, and texts of the room.
    pub(super) fn out(&mut self) -> (Vec<Order>, Vec<String>) {
        let (mut orders, mut texts) = (Vec::new(), Vec::new());
        for said in self.desk.pump(&[].into()) {
            match said.row.queued.outgoing.body {
                Body::Platform(order) => orders.push(*order),
                Body::Post(Post { text, .. }) => texts.push(text),
                _ => {}
            }
        }
        (orders, texts)
    }

    /// The dossier as it stands here.
    pub(super) fn dossier(&self) -> Dossier {
        let found = self.desk.app.store.load(DossierId(4807)).unwrap();
        found.unwrap().0
    }

    /// Mails that leave now, and orders to the platform.
    pub(super) fn mails(&mut self, orders: &mut Vec<Order>) -> Vec<MailOut> {
        let mut mails = Vec::new();
        for said in self.desk.pump(&[].into()) {
            match said.row.queued.outgoing.body {
                Body::Platform(order) => orders.push(*order),
                Body::Mail(mail) => mails.push(*mail),
                _ => {}
            }
        }
        mails
    }

    /// Mails to an address that leave now.
    pub(super) fn mailed(&mut self, address: &str) -> usize {
        let mails = self.desk.pump(&[].into()).into_iter().filter(|said| {
            let outgoing = &said.row.queued.outgoing;
            matches!(outgoing.body, Body::Mail(_)) && outgoing.to.address == address
        });
        mails.count()
    }

    /// The platform did a step of the dossier.
    pub(super) fn step(&mut self, event: &str, state: &str, by: &str) {
        let id = format!("Traitement-4807-{}", self.shown.traitements.len() + 1);
        self.shown.modified = self.desk.now;
        state.clone_into(&mut self.shown.state);
        self.shown.traitements.push(TraitementIn {
            id,
            event: event.to_owned(),
            at: self.desk.now,
            by: Some(by.to_owned()),
            motivation: None,
        });
    }

    pub(super) fn answer(&mut self, order: &Order, ended: Ended, messages: &[&str]) -> Receipt {
        let answered = Answered {
            order: order.clone(),
            ended,
            dossier: Some(Box::new(self.shown.clone())),
            messages: messages.iter().map(|id| (*id).to_owned()).collect(),
            files: Vec::new(),
        };
        self.say(Said::Answered(Box::new(answered)))
    }
}

#[test]
fn the_past_is_told_to_nobody_and_what_comes_is() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &[]);
    middle.shown = filed(1, start() - SignedDuration::from_hours(48));
    middle.look();
    let (_, texts) = middle.out();
    assert_eq!(texts, Vec::<String>::new(), "nobody is told of the past");
    middle.say(Said::Read(Progress {
        demarche: 12,
        met: start(),
        whole: true,
        ..Progress::default()
    }));
    middle.wait(5);
    middle.shown = filed(4807, middle.desk.now);
    middle.look();
    let (_, texts) = middle.out();
    assert!(texts.iter().any(|text| text.contains("4807")), "{texts:?}");
    // The same once more is nothing.
    let receipt = middle.look();
    assert_eq!(receipt.verdict, Verdict::Ignored);
    assert_eq!(middle.out().1, Vec::<String>::new());
}

#[test]
fn an_act_has_happened_once_the_platform_shows_it() {
    let mut middle = Middle::ready();
    let receipt = middle.line(INES, "instruire 4807");
    assert!(receipt.awaits, "{receipt:?}");
    let (orders, texts) = middle.out();
    let [order] = &orders[..] else {
        panic!("{orders:?}")
    };
    assert_eq!(order.acts, [Act::PasserEnInstruction]);
    assert_eq!(order.expects.as_deref(), Some("Traitement-4807-1"));
    assert_eq!(order.instructeur, profile(INES));
    assert_eq!(texts, Vec::<String>::new(), "nothing has happened yet");
    let before = middle.line(PAUL, "dossier 4807");
    assert!(before.answers[0].contains("En construction"), "{before:?}");

    middle.wait(1);
    middle.step("passe_en_instruction", "en_instruction", INES);
    middle.shown.followers = vec![profile(INES)];
    let answered = middle.answer(order, Ended::Done, &[]);
    assert!(
        answered.answers[0].contains("passé en instruction"),
        "{answered:?}"
    );
    let (orders, texts) = middle.out();
    assert_eq!(orders, []);
    let said = texts
        .iter()
        .filter(|text| text.contains("instruction"))
        .count();
    assert!(said >= 1, "{texts:?}");
    let after = middle.line(PAUL, "dossier 4807");
    assert!(after.answers[0].contains("En instruction"), "{after:?}");
    // What polling brings of it afterwards is nothing new.
    assert_eq!(middle.look().verdict, Verdict::Ignored);
}

#[test]
fn a_refusal_is_said_in_words_that_help() {
    let mut middle = Middle::ready();
    middle.line(INES, "instruire 4807");
    let (orders, _) = middle.out();
    // A colleague was faster, on the site: it is so already.
    middle.step("passe_en_instruction", "en_instruction", PAUL);
    let already = middle.answer(&orders[0], Ended::Moved { act: 0 }, &[]);
    assert_eq!(already.verdict, Verdict::Done, "{already:?}");

    let preview = middle.line(INES, "accepter 4807 Conforme.");
    let code = code_of(&preview);
    let confirmed = middle.line(INES, &format!("confirmer {code}"));
    assert!(confirmed.awaits, "{confirmed:?} after {preview:?}");
    let (orders, _) = middle.out();
    let refused = Ended::Refused {
        act: 0,
        sentences: vec!["Les informations du SIRET du dossier ne sont pas complètes".to_owned()],
    };
    let answered = middle.answer(&orders[0], refused, &[]);
    assert_eq!(answered.verdict, Verdict::Refused);
    assert!(answered.answers[0].contains("SIRET"), "{answered:?}");
    assert!(
        answered.answers[0].contains("La plateforme a refusé"),
        "{answered:?}"
    );
    for (ended, words) in [
        (Ended::ReadOnly, "ne peut que lire"),
        (Ended::Moved { act: 0 }, "a changé sur la plateforme"),
        (Ended::Hidden, "ne montre plus"),
        (Ended::GivenUp, "pas confirmé"),
    ] {
        let answered = middle.answer(&orders[0], ended, &[]);
        assert!(answered.answers[0].contains(words), "{answered:?}");
    }
}

#[test]
fn a_token_that_only_reads_is_said_before_anything_is_asked() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &[]);
    middle.look();
    let receipt = middle.line(INES, "suivre 4807");
    assert_eq!(receipt.verdict, Verdict::Refused);
    assert!(
        receipt.answers[0].contains("ne peut que lire"),
        "{receipt:?}"
    );
    assert_eq!(middle.out().0, []);
}

#[test]
fn what_the_api_cannot_do_is_said() {
    let mut middle = Middle::ready();
    middle.step("passe_en_instruction", "en_instruction", INES);
    middle.wait(1);
    middle.step("accepte", "accepte", INES);
    middle.look();
    let preview = middle.line(INES, "supprimer 4807");
    assert!(preview.answers[0].contains("sur le site"), "{preview:?}");
    middle.out();
}

#[test]
fn many_at_once_are_reported_once_the_platform_has_answered() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &["dossierBasculeSuivi"]);
    for number in 101..=112 {
        middle.shown = filed(number, start());
        middle.look();
    }
    let preview = middle.line(INES, "suivre 101-112");
    let code = code_of(&preview);
    middle.line(INES, &format!("confirmer {code}"));
    let mut waiting = Vec::new();
    let mut done = 0;
    loop {
        let (orders, _) = middle.out();
        waiting.extend(orders);
        assert!(waiting.len() <= 8, "the rest can still be stopped");
        let Some(order) = waiting.pop() else { break };
        middle.wait(1);
        middle.shown = filed(order.dossier, start());
        let ended = if order.dossier == 105 {
            Ended::Refused {
                act: 0,
                sentences: vec!["L’instructeur n’a pas les droits d’accès à ce dossier".to_owned()],
            }
        } else {
            middle.shown.modified = middle.desk.now;
            middle.shown.followers = vec![profile(INES)];
            Ended::Done
        };
        middle.answer(&order, ended, &[]);
        done += 1;
    }
    assert_eq!(done, 12);
    let report = middle.line(INES, &format!("confirmer {code}"));
    let report = report.answers.join("\n");
    assert!(
        report.contains("11") && report.contains("droits d’accès"),
        "{report}"
    );
}

#[test]
fn the_day_on_which_silence_decides_is_shown() {
    let mut middle = Middle::ready();
    middle.wait(1);
    middle.step("passe_en_instruction", "en_instruction", INES);
    middle.shown.sva_svr = Some("2026-05-09T01:15:00+02:00".parse().unwrap());
    middle.look();
    let (_, texts) = middle.out();
    let told = |text: &String| text.contains("par silence le 9\u{a0}mai 2026");
    assert!(texts.iter().any(told), "{texts:?}");
    let seen = middle.line(PAUL, "dossier 4807");
    assert!(seen.answers.iter().any(told), "{seen:?}");
    middle.wait(1);
    middle.step("accepte", "accepte", INES);
    middle.look();
    middle.out();
    let seen = middle.line(PAUL, "dossier 4807");
    assert!(!seen.answers.iter().any(told), "{seen:?}");
}

#[test]
fn a_decision_of_two_is_decided_once_the_platform_has_taken_it() {
    for refused in [false, true] {
        let settings = Settings {
            four_eyes: true,
            ..Settings::of(DemarcheId(12))
        };
        let mut middle = Middle::new(settings, &["dossierAccepter"]);
        middle.wait(1);
        middle.shown = filed(4807, middle.desk.now);
        middle.shown.state = "en_instruction".to_owned();
        middle.look();
        middle.out();
        let code = code_of(&middle.line(INES, "accepter 4807 Conforme."));
        middle.line(INES, &format!("confirmer {code}"));
        assert_eq!(middle.out().0, [], "one alone decides nothing");
        middle.line(PAUL, &format!("confirmer {code}"));
        let (orders, texts) = middle.out();
        let asked = texts
            .iter()
            .any(|text| text.contains("la plateforme est interrogée"));
        assert!(asked, "{texts:?}");
        middle.wait(1);
        if refused {
            let sentences = vec!["Le dossier est en attente de correction".to_owned()];
            middle.answer(&orders[0], Ended::Refused { act: 0, sentences }, &[]);
        } else {
            middle.step("accepte", "accepte", PAUL);
            middle.answer(&orders[0], Ended::Done, &[]);
        }
        let texts = middle.out().1.concat();
        assert_eq!(texts.contains("**accepté**"), !refused, "{texts}");
        let told = texts.contains("la décision confirmée n’a pas été prise sur la plateforme");
        assert_eq!(told, refused, "{texts}");
    }
}
