//! Words every sample for every audience, so that a template that fails does so before anybody waits for its words.

use std::collections::BTreeSet;

use crate::domain::samples::{self as life, Texts};
use crate::domain::{AvisId, Demarche, Dossier, Email, MessageId, Notice, Person, Privacy};

use super::{Audience, Diagnostic, Error, Scene, Templates, samples};

/// Everybody who may read something in chat.
pub(super) const CHAT: [Audience; 4] = [
    Audience::Room(Privacy::Minimal),
    Audience::Room(Privacy::Standard),
    Audience::Room(Privacy::Full),
    Audience::Instructeur,
];

/// Whether `notice` can be said of `dossier`: what it points at is there.
pub(super) fn fits(notice: &Notice, dossier: &Dossier) -> bool {
    let message = |id: &MessageId| dossier.messages.contains_key(id);
    match notice {
        Notice::MessagePosted { message: id, .. }
        | Notice::MessageWithdrawn { message: id }
        | Notice::CorrectionRequested { message: id } => message(id),
        Notice::AvisRendered { avis: id } => dossier
            .avis
            .get(id)
            .is_some_and(|avis| !avis.answers.is_empty()),
        Notice::AvisRequested { avis: id }
        | Notice::AvisUnclear { avis: id }
        | Notice::AvisReminded { avis: id }
        | Notice::AvisClosed { avis: id } => dossier
            .avis
            .get(id)
            .is_some_and(|avis| avis.revoked.is_none()),
        Notice::AvisRevoked { avis: id } => dossier.avis.contains_key(id),
        _ => true,
    }
}

/// Who is told of a notice by mail, as `domain::react` has it.
pub(super) fn mailed(notice: &Notice) -> Vec<Audience> {
    let usager = Audience::Usager;
    let instructeur = Audience::Instructeur;
    match notice {
        Notice::Deposited => vec![usager, instructeur],
        Notice::PassedToInstruction
        | Notice::Reopened
        | Notice::AttestationMade
        | Notice::CorrectionRequested { .. } => vec![usager],
        Notice::Decided { .. } => vec![usager, Audience::Expert(AvisId(1))],
        Notice::MessagePosted {
            author: Person::Instructeur(_),
            ..
        } => vec![usager],
        Notice::MessagePosted { .. } => vec![instructeur],
        Notice::AvisRendered { .. } | Notice::Sent { .. } | Notice::Reassigned { .. } => {
            vec![instructeur]
        }
        Notice::AvisRequested { avis }
        | Notice::AvisReminded { avis }
        | Notice::AvisRevoked { avis }
        | Notice::AvisUnclear { avis }
        | Notice::AvisClosed { avis } => vec![Audience::Expert(*avis)],
        Notice::ExpiryNoticed { .. } | Notice::Expired => vec![usager, instructeur],
        _ => Vec::new(),
    }
}

/// The démarches of the samples: with all that one can have, and with as little.
pub(super) fn demarches(texts: &Texts) -> [Demarche; 2] {
    let rich = life::demarche(texts);
    let mut bare = rich.clone();
    bare.mail = crate::domain::MailTexts::default();
    bare.motivation_dans_mail = false;
    bare.attestation = None;
    bare.attestation_refus = None;
    bare.annotations.clear();
    bare.description.clear();
    [rich, bare]
}

pub(super) fn check(templates: &Templates) -> Vec<Diagnostic> {
    let texts = Texts::default();
    let mut faults = BTreeSet::new();
    let mut note = |result: Result<(), Error>| match result {
        Ok(()) => {}
        Err(Error::Failed(diagnostic)) => drop(faults.insert(diagnostic)),
        Err(Error::Missing(file)) => drop(faults.insert(Diagnostic {
            file,
            line: 0,
            message: "is missing".to_owned(),
        })),
        Err(error @ Error::Context) => drop(faults.insert(Diagnostic {
            file: String::new(),
            line: 0,
            message: error.to_string(),
        })),
    };
    let instructeur = Email::new(&texts.instructeur);
    let all = [
        Some(Person::Instructeur(instructeur.clone())),
        Some(Person::Greffier),
        None,
    ];
    for demarche in &demarches(&texts) {
        for (name, dossier) in &life::dossiers(&texts) {
            // Who acted changes a few words only: one dossier shows them all.
            let persons = if *name == "accepted" { all.len() } else { 1 };
            for by in all.iter().take(persons) {
                let scene = Scene {
                    dossier,
                    demarche,
                    at: life::now(),
                    by: by.as_ref(),
                    audience: Audience::Instructeur,
                    mark_of: Some(&instructeur),
                    can_reply: by.is_some(),
                };
                of_scene(templates, &scene, &texts, &mut note);
            }
        }
    }
    without_scene(templates, &texts, &mut note);
    faults.into_iter().collect()
}

fn of_scene(
    templates: &Templates,
    scene: &Scene<'_>,
    texts: &Texts,
    note: &mut impl FnMut(Result<(), Error>),
) {
    for audience in CHAT {
        let scene = scene.for_audience(audience);
        note(templates.card(&scene).map(drop));
        for notice in life::notices(texts)
            .iter()
            .filter(|notice| fits(notice, scene.dossier))
        {
            note(templates.chat(notice, &scene).map(drop));
        }
        for answer in samples::answers(texts) {
            note(templates.answer(&answer, Some(&scene)).map(drop));
        }
        for refusal in life::refusals(texts) {
            note(templates.refusal(&refusal, Some(&scene)).map(drop));
        }
    }
    for notice in life::notices(texts)
        .iter()
        .filter(|notice| fits(notice, scene.dossier))
    {
        for audience in mailed(notice) {
            let known = match audience {
                Audience::Expert(avis) => scene.dossier.avis.contains_key(&avis),
                _ => true,
            };
            if known {
                note(
                    templates
                        .mail(notice, &scene.for_audience(audience))
                        .map(drop),
                );
            }
        }
    }
}

fn without_scene(templates: &Templates, texts: &Texts, note: &mut impl FnMut(Result<(), Error>)) {
    let nothing = serde_json::json!({});
    for audience in CHAT {
        for refusal in life::refusals(texts) {
            note(templates.refusal_to(&refusal, audience, None).map(drop));
        }
        for answer in samples::answers(texts)
            .iter()
            .filter(|answer| !answer.of_dossier())
        {
            note(templates.answer_to(answer, audience, None).map(drop));
        }
        for name in samples::ROOM_LINES {
            note(
                templates
                    .room_named(name, audience, &samples::room_fields(texts))
                    .map(drop),
            );
            note(templates.room_named(name, audience, &nothing).map(drop));
        }
    }
    for (file, _) in templates.env.templates() {
        let name = file.strip_prefix("discord/");
        if let Some(name) = name.and_then(|name| name.strip_suffix(".md")) {
            note(templates.phrase(name).map(drop));
        }
    }
    for (name, _) in samples::MAILS {
        note(
            templates
                .mail_named(name, &samples::mail_fields(texts))
                .map(drop),
        );
    }
    for (name, _) in samples::MAILS.iter().filter(|(name, _)| *name != "lier") {
        note(templates.mail_named(name, &nothing).map(drop));
    }
    note(
        templates
            .mail_named(samples::DIGEST, &samples::mail_fields(texts))
            .map(drop),
    );
}
