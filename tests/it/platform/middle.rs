//! The middle of mode `platform`, with what a platform says written by hand: what is told, what is asked, what is answered.

use std::sync::Arc;

use greffier::config::Room;
use greffier::domain::{DemarcheId, Dossier, DossierId, Privacy};
use greffier::message::platform::{
    Act, Answered, ChampIn, CorrectionIn, DemarcheIn, DescriptorIn, DossierIn, Ended, FileIn,
    GroupeIn, MessageIn, Order, Profile, Progress, Said, TraitementIn,
};
use greffier::message::{
    Account, Body, Heard, Line, MailOut, Piece, Place, Post, Receipt, Verdict,
};
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
fn a_message_and_its_files_are_messages_there() {
    let mut middle = Middle::ready();
    middle.line(INES, "message 4807 Bonjour, il nous faut le plan.");
    let (orders, _) = middle.out();
    // Whoever writes follows, as on the site.
    let [
        Act::Suivi { follow: true },
        Act::EnvoyerMessage { body, .. },
    ] = &orders[0].acts[..]
    else {
        panic!("{orders:?}")
    };
    middle.wait(1);
    middle.shown.modified = middle.desk.now;
    middle.shown.followers = vec![profile(INES)];
    middle.shown.messages = vec![written(INES, body, middle.desk.now)];
    let answered = middle.answer(&orders[0], Ended::Done, &["Commentaire-1"]);
    assert!(answered.answers[0].contains("annuler"), "{answered:?}");
    // Delivery that was killed before it noted this finds the message again as its own.
    let half = middle.desk.app.other_half(4807).unwrap().unwrap();
    assert_eq!(half.claims[&orders[0].id], ["Commentaire-1"]);
    let (_, texts) = middle.out();
    assert!(
        texts
            .iter()
            .any(|text| text.contains("il nous faut le plan")),
        "{texts:?}"
    );
    // Taken back within five minutes: the platform has the same delay before its mail.
    let withdrawn = middle.line(INES, "annuler 4807");
    assert!(withdrawn.awaits, "{withdrawn:?}");
    let (orders, _) = middle.out();
    assert_eq!(
        orders[0].acts,
        [Act::SupprimerMessage {
            message: "Commentaire-1".to_owned()
        }]
    );
}

/// What becomes of a request for an avis before the files of the dossier are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetched {
    All,
    Nothing,
    Late,
}

#[test]
fn a_request_for_an_avis_leaves_with_the_files_of_the_platform() {
    for fetched in [Fetched::All, Fetched::Nothing, Fetched::Late] {
        let mut middle = Middle::new(Settings::of(DemarcheId(12)), &["dossierAccepter"]);
        middle.wait(1);
        middle.shown = filed(4807, middle.desk.now);
        middle.shown.champs = vec![ChampIn {
            id: "Champ-7".to_owned(),
            descriptor: "Champ-7".to_owned(),
            label: "Plan de masse".to_owned(),
            kind: "PieceJustificativeChamp".to_owned(),
            files: vec![FileIn {
                filename: "plan.pdf".to_owned(),
                content_type: "application/pdf".to_owned(),
                bytes: 9,
                checksum: "Y2Fs".to_owned(),
            }],
            ..ChampIn::default()
        }];
        middle.look();
        middle.out();
        let asked = middle.line(
            INES,
            "avis demander 4807 sdis@service.example Le plan vous convient-il ?",
        );
        assert_eq!(asked.verdict, Verdict::Done, "{asked:?}");
        let mut orders = Vec::new();
        let mut mails = middle.mails(&mut orders);
        assert_eq!(mails.len(), 0, "{fetched:?}");
        // Whoever asks follows there too, and nothing waits for that.
        assert_eq!(middle.dossier().avis.len(), 1);
        let follows = |order: &Order| order.acts == [Act::Suivi { follow: true }];
        assert!(orders.iter().any(follows));
        orders.retain(|order| !follows(order));
        if fetched == Fetched::Late {
            middle.line(INES, "avis revoquer 4807 1");
        }
        let order = orders.remove(0);
        assert!(matches!(&order.acts[..], [Act::Fetch { .. }]), "{order:?}");
        let (ended, files) = match fetched {
            Fetched::Nothing => (Ended::Hidden, Vec::new()),
            Fetched::All | Fetched::Late => {
                let hash = middle.desk.app.shelf.keep(b"%PDF-1.7\n").unwrap();
                let piece = Piece {
                    hash,
                    name: "plan.pdf".to_owned(),
                    media_type: "application/pdf".to_owned(),
                    bytes: 9,
                };
                (Ended::Done, vec![Some(piece)])
            }
        };
        middle.say(Said::Answered(Box::new(Answered {
            dossier: Some(Box::new(middle.shown.clone())),
            messages: Vec::new(),
            order,
            ended,
            files,
        })));
        mails.extend(middle.mails(&mut Vec::new()));
        let requests: Vec<&MailOut> = mails
            .iter()
            .filter(|mail| mail.text.contains("Le plan vous convient-il"))
            .collect();
        if fetched == Fetched::Late {
            assert!(requests.is_empty(), "it was taken back meanwhile");
            continue;
        }
        assert_eq!(requests.len(), 1, "{fetched:?}");
        assert!(
            requests[0].text.contains("plan.pdf"),
            "it names it in any case"
        );
        let names: Vec<&str> = requests[0].files.iter().map(|file| &*file.name).collect();
        let wanted: &[&str] = if fetched == Fetched::All {
            &["plan.pdf"]
        } else {
            &[]
        };
        assert_eq!(names, wanted);
    }
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

/// A message of a colleague's on the web; one that asks for a correction if `corrects`.
fn written_there(at: Timestamp, corrects: bool) -> MessageIn {
    MessageIn {
        correction: corrects.then(|| CorrectionIn {
            reason: "incomplete".to_owned(),
            resolved: None,
        }),
        ..written(PAUL, "Merci de joindre le plan de masse.", at)
    }
}

#[test]
fn a_message_taken_back_there_is_taken_back_here() {
    let mut middle = Middle::ready();
    middle.wait(1);
    middle.shown.modified = middle.desk.now;
    middle.shown.messages = vec![written_there(middle.desk.now, false)];
    middle.look();
    middle.out();
    middle.wait(1);
    middle.shown.modified = middle.desk.now;
    middle.shown.messages[0].body = String::new();
    middle.shown.messages[0].discarded = Some(middle.desk.now);
    let seen = middle.look();
    assert_eq!(seen.verdict, Verdict::Done, "{seen:?}");
    let dossier = middle.dossier();
    assert!(dossier.messages.values().all(|message| message.withdrawn));
    let (_, texts) = middle.out();
    assert!(
        texts
            .iter()
            .any(|text| text.contains("message repris") && !text.contains("pas été envoyé")),
        "{texts:?}"
    );
}

/// How a correction ends before its mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Passed,
    TakenBack,
    Not,
}

#[test]
fn a_correction_that_is_not_waited_for_any_more_is_not_mailed() {
    for ends in [Ends::Passed, Ends::TakenBack, Ends::Not] {
        let settings = Settings {
            usager_mail: true,
            ..Settings::of(DemarcheId(12))
        };
        let mut middle = Middle::new(settings, &["dossierPasserEnInstruction"]);
        middle.wait(1);
        middle.shown = filed(4807, middle.desk.now);
        middle.look();
        middle.wait(1);
        middle.shown.modified = middle.desk.now;
        middle.shown.messages = vec![written_there(middle.desk.now, true)];
        middle.shown.correction_pending = Some(middle.desk.now);
        middle.look();
        middle.out();
        middle.wait(2);
        if ends == Ends::Passed {
            // Nothing but the passage is asked for: it resolves the correction there, and the message stays.
            let asked = middle.line(INES, "instruire 4807");
            assert!(asked.awaits, "{asked:?}");
            let (orders, _) = middle.out();
            assert_eq!(orders[0].acts, [Act::PasserEnInstruction]);
            middle.step("passe_en_instruction", "en_instruction", INES);
            middle.shown.correction_pending = None;
            middle.shown.messages[0]
                .correction
                .as_mut()
                .unwrap()
                .resolved = Some(middle.desk.now);
            middle.answer(&orders[0], Ended::Done, &[]);
            let dossier = middle.dossier();
            assert!(dossier.correction.is_none());
            assert!(dossier.messages.values().all(|message| !message.withdrawn));
        }
        if ends == Ends::TakenBack {
            middle.shown.modified = middle.desk.now;
            middle.shown.correction_pending = None;
            let message = &mut middle.shown.messages[0];
            message.body = String::new();
            message.discarded = Some(middle.desk.now);
            message.correction.as_mut().unwrap().resolved = Some(middle.desk.now);
            middle.look();
            assert!(middle.dossier().correction.is_none());
        }
        middle.wait(10);
        let mails = middle.mailed(USAGER);
        assert_eq!(mails, usize::from(ends == Ends::Not), "{ends:?}");
    }
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
