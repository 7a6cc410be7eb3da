//! Messages and requests for an avis: what is asked of the platform of them, and what leaves by mail.

use greffier::domain::DemarcheId;
use greffier::message::platform::{
    Act, Answered, ChampIn, CorrectionIn, Ended, FileIn, MessageIn, Order, Said,
};
use greffier::message::{MailOut, Piece, Verdict};
use greffier::mirror::Settings;
use jiff::Timestamp;

use super::middle::{INES, Middle, PAUL, USAGER, filed, profile, written};

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
