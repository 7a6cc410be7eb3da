mod injection;
mod privacy;
mod replacement;
mod words;

use super::check::{fits, mailed};
use super::samples as said;
use super::{Audience, Scene, Templates};
use crate::domain::samples::{self as life, Texts};
use crate::domain::{AvisId, Demarche, Dossier, Email, Person, Recipient as To};

/// A stage on which every sample can be said.
struct Stage {
    templates: Templates,
    texts: Texts,
    demarche: Demarche,
    dossiers: Vec<(&'static str, Dossier)>,
    instructeur: Person,
    email: Email,
}

impl Stage {
    fn set(texts: Texts) -> Self {
        let email = Email::new(&texts.instructeur);
        Self {
            templates: Templates::embedded(),
            demarche: life::demarche(&texts),
            dossiers: life::dossiers(&texts),
            instructeur: Person::Instructeur(email.clone()),
            email,
            texts,
        }
    }

    fn dossier(&self, name: &str) -> &Dossier {
        let found = self.dossiers.iter().find(|(known, _)| *known == name);
        &found.unwrap().1
    }

    fn scene<'a>(&'a self, dossier: &'a Dossier, audience: Audience) -> Scene<'a> {
        Scene {
            dossier,
            demarche: &self.demarche,
            at: life::now(),
            by: Some(&self.instructeur),
            audience,
            mark_of: Some(&self.email),
            can_reply: true,
        }
    }

    /// All that a chat audience could ever read.
    fn chat(&self, audience: Audience) -> Vec<String> {
        let mut all = Vec::new();
        for (_, dossier) in &self.dossiers {
            let scene = self.scene(dossier, audience);
            all.push(self.templates.card(&scene).unwrap());
            for notice in life::notices(&self.texts)
                .iter()
                .filter(|notice| fits(notice, dossier))
            {
                all.push(self.templates.chat(notice, &scene).unwrap());
            }
            for answer in said::answers(&self.texts) {
                all.push(self.templates.answer(&answer, Some(&scene)).unwrap());
            }
            for refusal in life::refusals(&self.texts) {
                all.push(self.templates.refusal(&refusal, Some(&scene)).unwrap());
            }
        }
        for name in said::ROOM_LINES {
            let fields = said::room_fields(&self.texts);
            all.push(self.templates.room_named(name, audience, &fields).unwrap());
        }
        all
    }

    /// All mails that an audience could ever get about dossiers.
    fn mails(&self, audience: Audience) -> Vec<super::Worded> {
        let mut all = Vec::new();
        for (_, dossier) in &self.dossiers {
            if matches!(audience, Audience::Expert(avis) if !dossier.avis.contains_key(&avis)) {
                continue;
            }
            let scene = self.scene(dossier, audience);
            for notice in life::notices(&self.texts)
                .iter()
                .filter(|notice| fits(notice, dossier))
            {
                let told = mailed(notice).contains(&audience);
                if told {
                    all.push(self.templates.mail(notice, &scene).unwrap());
                }
            }
        }
        all
    }
}

#[test]
fn every_sample_can_be_worded_for_every_audience() {
    let faults = Templates::embedded().check();
    let listed: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(listed, Vec::<String>::new());
}

#[test]
fn the_samples_hold_every_kind_of_thing() {
    let texts = Texts::default();
    let notices: Vec<_> = life::notices(&texts)
        .iter()
        .map(|it| tag(it, "notice"))
        .collect();
    all_of::<crate::domain::Notice>("notice", &notices);
    let refusals: Vec<_> = life::refusals(&texts)
        .iter()
        .map(|it| tag(it, "kind"))
        .collect();
    all_of::<crate::domain::Refusal>("kind", &refusals);
    let events: Vec<_> = life::events(&texts)
        .iter()
        .map(|it| tag(it, "event"))
        .collect();
    all_of::<crate::domain::Event>("event", &events);
}

fn tag(value: &impl serde::Serialize, key: &str) -> String {
    let value = serde_json::to_value(value).unwrap();
    value.get(key).unwrap().as_str().unwrap().to_owned()
}

/// Serde itself lists the variants when it is given one that does not exist.
fn all_of<T: serde::de::DeserializeOwned>(key: &str, present: &[String]) {
    let error = serde_json::from_value::<T>(serde_json::json!({ key: "?" }))
        .err()
        .unwrap();
    let error = error.to_string();
    let variants: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    assert!(variants.len() > 20, "{error}");
    for variant in variants {
        assert!(
            present.iter().any(|tag| tag == variant),
            "no sample of {variant}"
        );
    }
}

#[test]
fn whoever_is_told_by_mail_has_a_wording() {
    let texts = Texts::default();
    let stage = Stage::set(texts.clone());
    let story = life::story(&texts);
    for end in 1..=story.len() {
        let dossier = crate::domain::replay(story.iter().take(end)).unwrap();
        let act = story.get(end - 1..end).unwrap();
        for effect in crate::domain::react(&dossier, &stage.demarche, act) {
            let crate::domain::Effect::Tell { to, notice, .. } = effect else {
                continue;
            };
            let audience = match to {
                To::Rooms | To::RoomsOf { .. } => continue,
                To::Groupe | To::Followers | To::Instructeur { .. } => Audience::Instructeur,
                To::Usager => Audience::Usager,
                To::Expert { avis } => Audience::Expert(avis),
            };
            stage
                .templates
                .mail(&notice, &stage.scene(&dossier, audience))
                .unwrap();
        }
    }
}

#[test]
fn the_sample_files_are_sound() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let demarches: Vec<Demarche> = files(&root.join("data/demarches"))
        .iter()
        .map(|text| toml::from_str(text).unwrap())
        .collect();
    assert_eq!(demarches.len(), 2);
    for demarche in &demarches {
        assert_eq!(demarche.faults(), Vec::<String>::new());
    }
    let fill = |text: &String| {
        let mut body: serde_json::Value = serde_json::from_str(text).unwrap();
        // The command line takes the number out before the form sees it.
        body.as_object_mut().unwrap().remove("demarche");
        let routed = body.pointer("/champs/departement").is_some();
        let demarche = demarches
            .iter()
            .find(|it| it.routage.is_some() == routed)
            .unwrap();
        crate::domain::fill(demarche, &body, &[])
    };
    let dossiers = files(&root.join("data/dossiers"));
    assert_eq!(dossiers.len(), 5);
    for text in &dossiers {
        assert_eq!(fill(text).err(), None);
    }
    let odd = files(&root.join("tests/data/dossiers"));
    assert_eq!(odd.iter().filter(|text| fill(text).is_ok()).count(), 1);
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

const EXPERT: Audience = Audience::Expert(AvisId(1));
