//! What happens while nobody looks: what others do meanwhile, groups that are renamed, démarches that come back, orders that are
//! given up.

use std::collections::BTreeMap;

use greffier::domain::DemarcheId;
use greffier::message::Heard;
use greffier::message::platform::{Ended, Said};
use greffier::mirror::Settings;
use jiff::SignedDuration;

use super::middle::{
    INES, Middle, PAUL, USAGER, code_of, demarche, filed, profile, start, written,
};

#[test]
fn what_others_did_is_told_although_an_act_on_many_brings_it() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &["dossierBasculeSuivi"]);
    middle.wait(1);
    for number in [4807, 4808, 4809] {
        middle.shown = filed(number, middle.desk.now);
        middle.look();
    }
    middle.out();
    let preview = middle.line(INES, "suivre 4807-4809");
    middle.line(INES, &format!("confirmer {}", code_of(&preview)));
    let (orders, _) = middle.out();
    assert_eq!(orders.len(), 3);
    let order = orders.iter().find(|order| order.dossier == 4807).unwrap();
    middle.wait(1);
    middle.shown = filed(4807, order.at - SignedDuration::from_mins(1));
    middle.shown.modified = middle.desk.now;
    middle.shown.followers = vec![profile(INES)];
    middle.shown.messages = vec![written(USAGER, "Mon adresse a changé.", middle.desk.now)];
    middle.answer(order, Ended::Done, &[]);
    let (_, texts) = middle.out();
    let told = |what: &str| texts.iter().any(|text| text.contains(what));
    assert!(told("Mon adresse a changé."), "{texts:?}");
    assert!(!told("ines"), "who follows is told of all three: {texts:?}");
}

#[test]
fn a_label_on_an_old_dossier_is_told() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &[]);
    middle.shown = filed(4807, start() - SignedDuration::from_hours(48));
    middle.shown.labels = Some(Vec::new());
    middle.look();
    assert_eq!(middle.out().1, Vec::<String>::new());
    middle.wait(30);
    // It leaves the date of the last change as it is.
    middle.shown.labels = Some(vec!["Urgent".to_owned()]);
    middle.look();
    let (_, texts) = middle.out();
    assert!(
        texts.iter().any(|text| text.contains("Urgent")),
        "{texts:?}"
    );
}

impl Middle {
    /// The platform shows the démarche with its group under another name.
    fn rename(&mut self, label: &str) {
        let mut read = demarche(&["dossierBasculeSuivi"]);
        label.clone_into(&mut read.groupes[0].label);
        self.say(Said::Demarche(Box::new(read)));
        self.learn();
    }

    fn tick(&mut self) {
        self.desk.hear(None, Heard::Tick);
    }
}

#[test]
fn dossiers_follow_a_group_that_is_renamed() {
    let mut middle = Middle::ready();
    let more = 130;
    for number in 5000..5000 + more {
        middle.shown = filed(number, start() - SignedDuration::from_hours(48));
        middle.look();
    }
    middle.shown = filed(4807, middle.desk.now);
    middle.out();
    middle.rename("Nord");
    // One that is touched before its turn has come.
    middle.wait(1);
    middle.shown = filed(5000, start() - SignedDuration::from_hours(48));
    middle.shown.groupe = "Nord".to_owned();
    middle.shown.modified = middle.desk.now;
    middle.look();
    middle.tick();
    let shown = middle.desk.app.shown(12).unwrap();
    assert_eq!(shown.len(), usize::try_from(more).unwrap() + 1);
    let seen = middle.line(PAUL, "dossier 5100");
    assert!(seen.answers[0].contains("En construction"), "{seen:?}");
    let (_, texts) = middle.out();
    assert_eq!(texts, Vec::<String>::new(), "nobody is told");
    // Renamed once more: what came under the first name follows too.
    middle.rename("Oise");
    middle.tick();
    middle.tick();
    assert_eq!(middle.dossier().groupe, "Oise");
    assert_eq!(middle.desk.app.shown(12).unwrap().len(), shown.len());
}

#[test]
fn a_dossier_that_shows_the_new_name_first_is_not_reassigned() {
    let mut middle = Middle::ready();
    middle.wait(1);
    middle.shown.groupe = "Nord".to_owned();
    middle.shown.modified = middle.desk.now;
    middle.look();
    middle.rename("Nord");
    middle.tick();
    assert_eq!(middle.dossier().groupe, "Nord");
    assert_eq!(middle.out().1, Vec::<String>::new());
    let seen = middle.line(PAUL, "dossier 4807");
    assert!(seen.answers[0].contains("En construction"), "{seen:?}");
}

/// A démarche that is seen again after some days, in which a colleague has written.
fn away(days: i64, mailed: bool) -> Middle {
    let settings = Settings {
        usager_mail: mailed,
        ..Settings::of(DemarcheId(12))
    };
    let mut middle = Middle::new(settings, &[]);
    middle.wait(1);
    middle.shown = filed(4807, middle.desk.now);
    middle.look();
    middle.tick();
    middle.out();
    middle.wait(24 * 60);
    middle.tick();
    middle.wait(60);
    middle.shown.modified = middle.desk.now;
    middle.shown.labels = Some(vec!["Urgent".to_owned()]);
    middle.shown.messages = vec![written(PAUL, "Avez-vous le plan ?", middle.desk.now)];
    middle.wait(24 * 60 * days);
    middle.say(Said::Demarche(Box::new(demarche(&[]))));
    middle.look();
    middle
}

#[test]
fn a_demarche_that_comes_back_does_not_tell_its_past() {
    let mut middle = away(90, true);
    assert_eq!(middle.out().1, Vec::<String>::new());
    middle.wait(10);
    assert_eq!(middle.mailed(USAGER), 0);
    // What happens from now on is told, if nothing dates it too.
    middle.shown.labels = Some(Vec::new());
    middle.look();
    assert!(!middle.out().1.is_empty());
}

#[test]
fn what_happened_while_greffier_was_stopped_for_some_days_is_told() {
    let mut middle = away(5, false);
    let (_, texts) = middle.out();
    assert!(texts.iter().any(|text| text.contains("plan")), "{texts:?}");
    assert!(
        texts.iter().any(|text| text.contains("Urgent")),
        "{texts:?}"
    );
}

#[test]
fn an_old_message_is_not_mailed_although_it_is_told() {
    let mut middle = Middle::new(
        Settings {
            usager_mail: true,
            ..Settings::of(DemarcheId(12))
        },
        &[],
    );
    middle.wait(1);
    middle.shown = filed(4807, middle.desk.now);
    middle.look();
    middle.out();
    let then = middle.desk.now;
    // The platform was not to be reached, all the while that Greffier ran.
    for _ in 0..10 {
        middle.wait(24 * 60);
        middle.tick();
    }
    middle.shown.modified = then;
    middle.shown.messages = vec![written(PAUL, "Avez-vous le plan ?", then)];
    middle.look();
    let (_, texts) = middle.out();
    assert!(texts.iter().any(|text| text.contains("plan")), "{texts:?}");
    middle.wait(10);
    assert_eq!(middle.mailed(USAGER), 0);
}

#[test]
fn an_order_that_is_given_up_keeps_nobody_waiting() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &["dossierBasculeSuivi"]);
    middle.wait(1);
    for number in 4801..=4812 {
        middle.shown = filed(number, middle.desk.now);
        middle.look();
    }
    middle.out();
    let refused: BTreeMap<String, String> = (4801..=4812)
        .map(|number: u64| (number.to_string(), "Bad gateway".to_owned()))
        .collect();
    let preview = middle.line(INES, "suivre 4801-4812");
    let code = code_of(&preview);
    middle.line(INES, &format!("confirmer {code}"));
    middle.desk.pump(&refused);
    let report = middle.line(INES, &format!("confirmer {code}"));
    let report = report.answers.join("\n");
    assert!(
        report.contains("12") && report.contains("pas confirmé"),
        "{report}"
    );
    middle.line(INES, "message 4807 Bonjour, il nous faut le plan.");
    middle.desk.pump(&refused);
    let half = middle.desk.app.other_half(4807).unwrap().unwrap();
    assert_eq!(half.posts, [], "nobody waits for it to be seen");
}
