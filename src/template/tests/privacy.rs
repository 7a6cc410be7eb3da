//! Every personal text of the samples is a marker; whoever may not read it must never meet it.

use super::*;
use crate::domain::Privacy;

fn marked() -> Texts {
    Texts {
        nom: "MknomMk".to_owned(),
        prenom: "MkprenomMk".to_owned(),
        usager: "mkusagermk@a.example".to_owned(),
        invite: "mkinvitemk@a.example".to_owned(),
        expert: "mkexpertmk@a.example".to_owned(),
        autre_expert: "mkautremk@a.example".to_owned(),
        instructeur: "mkinstructeurmk@ddt.example".to_owned(),
        collegue: "mkcolleguemk@ddt.example".to_owned(),
        champ: "MkchampMk".to_owned(),
        annotation: "MkannotationMk".to_owned(),
        etiquette: "MketiquetteMk".to_owned(),
        message: "MkmessageMk".to_owned(),
        reponse: "MkreponseMk".to_owned(),
        correction: "MkcorrectionMk".to_owned(),
        demande: "MkdemandeMk".to_owned(),
        question: "MkquestionMk".to_owned(),
        avis: "MkavisMk".to_owned(),
        avis_partage: "MkpartageMk".to_owned(),
        avis_confidentiel: "MkconfidentielMk".to_owned(),
        motivation: "MkmotivationMk".to_owned(),
        fichier: "MkfichierMk.pdf".to_owned(),
        fichier_avis: "MkcroquisMk.pdf".to_owned(),
        bounce: "MkbounceMk".to_owned(),
    }
}

/// The markers that appear in `texts`, without repetition.
fn markers(texts: &[String]) -> Vec<String> {
    let all = texts.join("\n").to_lowercase();
    let mut found: Vec<String> = all
        .split("mk")
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

fn mails(stage: &Stage, audience: Audience) -> Vec<String> {
    let mails = stage.mails(audience).into_iter();
    mails
        .flat_map(|mail| [mail.subject, mail.text, mail.html])
        .collect()
}

#[test]
fn a_minimal_room_reads_nothing_personal() {
    let stage = Stage::set(marked());
    let said = stage.chat(Audience::Room(Privacy::Minimal));
    // The labels of a démarche are its own words, and are listed to whoever mistypes one.
    assert_eq!(markers(&said), Vec::<String>::new());
}

#[test]
fn a_standard_room_reads_names_and_no_text() {
    let stage = Stage::set(marked());
    let said = stage.chat(Audience::Room(Privacy::Standard));
    assert_eq!(
        markers(&said),
        ["collegue", "etiquette", "instructeur", "nom", "prenom"]
    );
    assert!(!said.join("\n").contains("ddt.example"));
}

#[test]
fn a_full_room_reads_everything() {
    let stage = Stage::set(marked());
    let said = stage.chat(Audience::Room(Privacy::Full));
    let all = serde_json::to_string(&stage.dossier("accepted")).unwrap();
    assert_eq!(
        markers(&said),
        [markers(&[all]), vec!["bounce".to_owned()]]
            .concat()
            .sorted()
    );
}

#[test]
fn the_usager_reads_nothing_of_the_teams_work() {
    let stage = Stage::set(marked());
    // His name stands in no mail of ours: he knows it.
    assert_eq!(
        markers(&mails(&stage, Audience::Usager)),
        ["correction", "fichier", "message", "motivation", "reponse"]
    );
}

#[test]
fn an_expert_reads_the_demande_his_own_avis_and_what_is_shared() {
    let stage = Stage::set(marked());
    let read = markers(&mails(&stage, EXPERT));
    assert_eq!(
        read,
        [
            "autre",
            "champ",
            "croquis",
            "demande",
            "fichier",
            "instructeur",
            "nom",
            "partage",
            "prenom",
            "question"
        ]
    );
}

#[test]
fn an_expert_whose_avis_was_taken_away_reads_nothing() {
    let stage = Stage::set(marked());
    let scene = stage.scene(stage.dossier("with an avis revoked"), EXPERT);
    let notice = crate::domain::Notice::AvisRevoked { avis: AvisId(1) };
    let mail = stage.templates.mail(&notice, &scene).unwrap();
    assert_eq!(
        markers(&[mail.subject, mail.text, mail.html]),
        Vec::<String>::new()
    );
}

#[test]
fn without_a_scene_nothing_personal_is_said() {
    let stage = Stage::set(marked());
    let answers = said::answers(&stage.texts)
        .into_iter()
        .filter(|answer| !answer.of_dossier());
    let mut said: Vec<String> = answers
        .map(|answer| stage.templates.answer(&answer, None).unwrap())
        .collect();
    let refusals = life::refusals(&stage.texts);
    said.extend(
        refusals
            .iter()
            .map(|refusal| stage.templates.refusal(refusal, None).unwrap()),
    );
    assert_eq!(markers(&said), Vec::<String>::new());
}

#[test]
fn every_field_of_the_samples_has_a_rule() {
    use super::super::context::{Rule, rule};
    use super::super::scene::Level;
    let hidden = Rule::For(Level::Hidden);
    let texts = Texts::default();
    for notice in life::notices(&texts) {
        let value = serde_json::to_value(&notice).unwrap();
        let tag = tag(&notice, "notice");
        for field in value
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "notice")
        {
            // Who wrote a message is read from the message.
            let known = (tag.as_str(), field.as_str()) == ("message_posted", "author");
            assert!(known || rule(&tag, field) != hidden, "{tag}.{field}");
        }
    }
    for refusal in life::refusals(&texts) {
        let value = serde_json::to_value(&refusal).unwrap();
        for field in value
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "kind")
        {
            assert_ne!(rule("refusal", field), hidden, "{field}");
        }
    }
    for answer in said::answers(&texts) {
        let value = serde_json::to_value(&answer).unwrap();
        for field in value
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "answer")
        {
            assert_ne!(rule("answer", field), hidden, "{field}");
        }
    }
}

trait Sorted {
    fn sorted(self) -> Self;
}

impl Sorted for Vec<String> {
    fn sorted(mut self) -> Self {
        self.sort();
        self
    }
}
