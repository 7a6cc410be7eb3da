//! What the platform shows against what is made of it.

mod unattributed;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::domain::{
    Command, Decision, Demarche, Dossier, Event, Mark, Person, Recorded, Request, Statut, Valeur,
    decide, evolve, replay,
};
use crate::message::platform::{
    Act, AvisIn, ChampIn, CorrectionIn, DemarcheIn, DescriptorIn, DossierIn, FileIn, GroupeIn,
    LabelIn, MessageIn, Profile, TraitementIn,
};

const INES: &str = "ines.moreau@ddt-nord.example";
const PAUL: &str = "paul.girard@ddt-nord.example";
const USAGER: &str = "lina.faure@courriel.example";
const CONTACT: &str = "contact@demarche.numerique.gouv.fr";

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + 60 * minute).unwrap()
}

fn profile(email: &str) -> Profile {
    Profile {
        id: format!("Instructeur-{email}"),
        email: email.to_owned(),
    }
}

fn descriptor(id: &str, kind: &str, label: &str) -> DescriptorIn {
    DescriptorIn {
        id: id.to_owned(),
        kind: kind.to_owned(),
        label: label.to_owned(),
        ..DescriptorIn::default()
    }
}

fn ids() -> DemarcheIn {
    DemarcheIn {
        number: 12,
        title: "Permis de démolir".to_owned(),
        state: "publiee".to_owned(),
        groupes: vec![
            GroupeIn {
                id: "Groupe-1".to_owned(),
                number: 1,
                label: "Nord".to_owned(),
                closed: false,
                instructeurs: vec![profile(INES), profile(PAUL)],
            },
            GroupeIn {
                id: "Groupe-2".to_owned(),
                number: 2,
                label: "Sud".to_owned(),
                closed: false,
                instructeurs: vec![profile(PAUL)],
            },
        ],
        labels: vec![LabelIn {
            id: "Label-1".to_owned(),
            name: "Urgent".to_owned(),
            color: "pink_macaron".to_owned(),
        }],
        champs: vec![
            descriptor("Champ-1", "text", "Commune"),
            descriptor("Champ-2", "integer_number", "Surface"),
            descriptor("Champ-3", "cojo", "Inconnu"),
        ],
        annotations: vec![
            descriptor("Champ-9", "textarea", "Instruction"),
            descriptor("Champ-10", "checkbox", "Vu en commission"),
            descriptor("Champ-11", "yes_no", "Recevable"),
        ],
        mutations: ["dossierAccepter".to_owned()].into(),
        ..DemarcheIn::default()
    }
}

fn served() -> Demarche {
    demarche(&ids(), &Settings::of(crate::domain::DemarcheId(12)))
}

fn champ(id: &str, label: &str, string: &str) -> ChampIn {
    ChampIn {
        id: id.to_owned(),
        descriptor: id.to_owned(),
        label: label.to_owned(),
        kind: "TextChamp".to_owned(),
        string: Some(string.to_owned()),
        ..ChampIn::default()
    }
}

fn filed() -> DossierIn {
    DossierIn {
        id: "Dossier-4807".to_owned(),
        number: 4807,
        demarche: 12,
        state: "en_construction".to_owned(),
        depot: at(0),
        modified: at(0),
        usager: USAGER.to_owned(),
        groupe: "Nord".to_owned(),
        labels: Some(Vec::new()),
        champs: vec![
            champ("Champ-1", "Commune", "Creil"),
            champ("Champ-2", "Surface", "42"),
            champ("Champ-3", "Inconnu", "ce que montre la plateforme"),
        ],
        traitements: vec![traitement(1, "depose", 0, Some(USAGER))],
        ..DossierIn::default()
    }
}

fn traitement(id: u32, event: &str, minute: i64, by: Option<&str>) -> TraitementIn {
    TraitementIn {
        id: format!("Traitement-{id}"),
        event: event.to_owned(),
        at: at(minute),
        by: by.map(str::to_owned),
        motivation: None,
    }
}

fn message(id: u32, email: &str, minute: i64, body: &str) -> MessageIn {
    MessageIn {
        id: format!("Commentaire-{id}"),
        email: email.to_owned(),
        body: body.to_owned(),
        at: at(minute),
        ..MessageIn::default()
    }
}

/// Absorbs a look into what was known, and answers what was new.
fn look(known: &mut (Option<Dossier>, Mirror), read: &DossierIn) -> Vec<Vec<Recorded>> {
    look_at(known, read, read.modified)
}

/// The same at that time.
fn look_at(
    known: &mut (Option<Dossier>, Mirror),
    read: &DossierIn,
    now: Timestamp,
) -> Vec<Vec<Recorded>> {
    let absorbed = absorb(
        known.0.as_ref(),
        known.1.clone(),
        read,
        &served(),
        None,
        now,
    );
    let events: Vec<Recorded> = absorbed.acts.iter().flatten().cloned().collect();
    known.0 = events.iter().fold(known.0.take(), evolve);
    known.1 = absorbed.mirror;
    absorbed.acts
}

fn names(acts: &[Vec<Recorded>]) -> Vec<Vec<String>> {
    let name = |recorded: &Recorded| {
        let event = serde_json::to_value(&recorded.event).unwrap();
        event["event"].as_str().unwrap().to_owned()
    };
    acts.iter()
        .map(|act| act.iter().map(name).collect())
        .collect()
}

#[test]
fn a_box_that_nobody_has_ticked_is_no_annotation() {
    let mut read = filed();
    let said = |vu: &str, recevable: &str| {
        let both = [("Champ-10", vu), ("Champ-11", recevable)];
        both.map(|(id, said)| champ(id, id, said)).to_vec()
    };
    read.annotations = said("false", "");
    let mut known = (None, Mirror::default());
    assert_eq!(names(&look(&mut known, &read)), [["deposited"]]);
    // A “non” is an answer.
    read.annotations = said("false", "false");
    read.modified = at(1);
    assert_eq!(names(&look(&mut known, &read)), [["annotated"]]);
    for (minute, ticked) in [(2, "true"), (3, "false")] {
        read.annotations = said(ticked, "false");
        read.modified = at(minute);
        assert_eq!(names(&look(&mut known, &read)), [["annotated"]]);
    }
}

#[test]
fn a_dossier_seen_for_the_first_time_is_whole() {
    let mut read = filed();
    read.state = "accepte".to_owned();
    read.modified = at(30);
    read.motivation = Some("Conforme.".to_owned());
    read.archived = true;
    read.labels = Some(vec!["Urgent".to_owned()]);
    read.followers = vec![profile(INES)];
    read.traitements.extend([
        traitement(2, "passe_en_instruction", 10, Some(INES)),
        traitement(3, "accepte", 20, Some(PAUL)),
    ]);
    read.messages = vec![
        message(1, CONTACT, 0, "[Accusé de réception]<p>Bonjour</p>"),
        message(2, USAGER, 5, "Voici ma question : 2 < 3 ?"),
        message(
            3,
            "cousin@courriel.example",
            6,
            "<p>Une autre</p><p>ligne</p>",
        ),
    ];
    let mut known = (None, Mirror::default());
    let acts = look(&mut known, &read);
    assert_eq!(names(&acts)[0], ["deposited"]);
    let dossier = known.0.unwrap();
    assert_eq!(dossier.statut, Statut::Accepte);
    assert_eq!(dossier.deposited, at(0));
    let decided = dossier.decided.unwrap();
    assert_eq!((decided.at, decided.decision), (at(20), Decision::Accepte));
    assert_eq!(decided.motivation.as_deref(), Some("Conforme."));
    assert_eq!(decided.by, Person::Instructeur(PAUL.into()));
    assert!(dossier.archived && dossier.etiquettes.contains("Urgent"));
    assert!(dossier.followers.contains_key(&INES.into()));
    assert_eq!(dossier.champs["Champ-2"], Valeur::Integer(42));
    let said: Vec<_> = dossier.messages.values().collect();
    assert_eq!(said[0].by, Person::Plateforme);
    assert_eq!(said[1].text, "Voici ma question : 2 < 3 ?");
    assert_eq!(said[1].by, Person::Usager(USAGER.into()));
    assert_eq!(said[2].text, "Une autre\n\nligne");
    assert_eq!(said[2].by, Person::Usager("cousin@courriel.example".into()));
}

#[test]
fn a_second_look_at_the_same_is_nothing() {
    let mut known = (None, Mirror::default());
    let mut read = filed();
    read.messages = vec![message(1, USAGER, 2, "Bonjour")];
    read.attestation = Some(FileIn::default());
    look(&mut known, &read);
    assert_eq!(look(&mut known, &read), Vec::<Vec<Recorded>>::new());
}

#[test]
fn what_happened_between_two_looks_is_told_in_its_order() {
    let mut known = (None, Mirror::default());
    look(&mut known, &filed());
    let mut read = filed();
    read.state = "refuse".to_owned();
    read.modified = at(50);
    read.motivation = Some("Trop grand.".to_owned());
    read.followers = vec![profile(INES)];
    read.champs[0] = champ("Champ-1", "Commune", "Senlis");
    read.champs_modified = Some(at(5));
    read.messages = vec![
        message(1, USAGER, 7, "J’ai changé la commune."),
        message(2, INES, 12, "C’est noté."),
        message(3, CONTACT, 40, "[Refus]<p>…</p>"),
    ];
    read.traitements.extend([
        traitement(2, "depose_correction_usager", 5, Some(USAGER)),
        traitement(3, "passe_en_instruction", 10, Some(INES)),
        traitement(4, "refuse", 40, Some(INES)),
    ]);
    read.avis = vec![AvisIn {
        id: "Avis-1".to_owned(),
        claimant: Some(INES.to_owned()),
        expert: Some("abf@culture.example".to_owned()),
        question: "Qu’en pensez-vous ?".to_owned(),
        reponse: Some("Défavorable.".to_owned()),
        asked: at(15),
        answered: Some(at(30)),
        ..AvisIn::default()
    }];
    let acts = look(&mut known, &read);
    assert_eq!(
        names(&acts),
        [
            vec!["modified"],
            vec!["message_posted"],
            vec!["followed", "passed_to_instruction"],
            vec!["message_posted"],
            vec!["avis_requested"],
            vec!["avis_rendered"],
            vec!["decided"],
            vec!["message_posted"],
        ]
    );
    let dossier = known.0.unwrap();
    assert_eq!(dossier.statut, Statut::Refuse);
    let marks = &dossier.followers[&INES.into()];
    assert!(marks.contains(&Mark::Avis));
    let avis = dossier.avis.values().next().unwrap();
    assert!(
        avis.elsewhere && avis.confidentiel,
        "nobody else may see it"
    );
}

#[test]
fn a_correction_is_asked_for_and_made() {
    let mut known = (None, Mirror::default());
    look(&mut known, &filed());
    let mut read = filed();
    read.modified = at(10);
    read.correction_pending = Some(at(10));
    read.messages = vec![MessageIn {
        correction: Some(CorrectionIn {
            reason: "incomplete".to_owned(),
            resolved: None,
        }),
        ..message(1, INES, 10, "Il manque le plan.")
    }];
    assert_eq!(
        names(&look(&mut known, &read)),
        [["message_posted", "correction_requested"]]
    );
    read.modified = at(20);
    read.champs_modified = Some(at(20));
    read.correction_pending = None;
    read.champs[0] = champ("Champ-1", "Commune", "Senlis");
    if let Some(correction) = &mut read.messages[0].correction {
        correction.resolved = Some(at(20));
    }
    assert_eq!(
        names(&look(&mut known, &read)),
        [["modified", "correction_resolved"]]
    );
}

#[test]
fn a_message_that_was_here_first_is_not_told_again() {
    let mut known = (None, Mirror::default());
    let mut read = filed();
    look(&mut known, &read);
    let posted = Recorded {
        at: at(5),
        by: Person::Usager(USAGER.into()),
        event: Event::MessagePosted {
            message: MessageId(1),
            text: "Par courriel.".to_owned(),
            pieces: Vec::new(),
            mail: None,
        },
    };
    known.0 = evolve(known.0.take(), &posted);
    known.1.posts = vec![Post {
        order: "o".to_owned(),
        author: INES.to_owned(),
        body: "[Réponse]\n\nPar courriel.".to_owned(),
        at: at(5),
        message: Some(MessageId(1)),
        piece: None,
        id: None,
    }];
    read.modified = at(6);
    read.messages = vec![message(
        7,
        INES,
        6,
        "<p>[Réponse]</p>\n<p>Par  courriel.</p>",
    )];
    assert_eq!(look(&mut known, &read), Vec::<Vec<Recorded>>::new());
    assert_eq!(known.1.messages["Commentaire-7"], MessageId(1));
    assert_eq!(known.1.claims["o"], ["Commentaire-7"]);
    assert!(known.1.posts.is_empty());
}

#[test]
fn only_the_state_is_told_where_an_instance_has_no_traitements() {
    let mut known = (None, Mirror::default());
    let mut read = filed();
    read.traitements.clear();
    look(&mut known, &read);
    read.state = "en_instruction".to_owned();
    read.modified = at(9);
    let acts = look(&mut known, &read);
    assert_eq!(names(&acts), [["passed_to_instruction"]]);
    assert_eq!(acts[0][0].by, Person::Plateforme);
}

fn asked(command: Command) -> Vec<Act> {
    let mut known = (None, Mirror::default());
    let mut read = filed();
    read.state = "en_instruction".to_owned();
    read.traitements
        .push(traitement(2, "passe_en_instruction", 10, Some(INES)));
    read.followers = vec![profile(INES)];
    look(&mut known, &read);
    let dossier = known.0.unwrap();
    let by = Person::Instructeur(INES.into());
    let request = Request {
        by: by.clone(),
        at: at(60),
        command,
    };
    let events = decide(&dossier, &served(), &request).unwrap();
    let act: Vec<Recorded> = events
        .into_iter()
        .map(|event| Recorded {
            at: at(60),
            by: by.clone(),
            event,
        })
        .collect();
    acts(&dossier, &known.1, &ids(), &act).unwrap()
}

#[test]
fn what_is_decided_here_is_asked_there() {
    let refuse = Command::Refuse {
        motivation: Some("Trop grand.".to_owned()),
        justificatif: None,
    };
    assert_eq!(
        asked(refuse),
        [Act::Refuser {
            motivation: "Trop grand.".to_owned(),
            justificatif: None
        }]
    );
    let correct = Command::RequestCorrection {
        kind: crate::domain::CorrectionKind::Incomplete,
        text: "Il manque le plan.".to_owned(),
        pieces: Vec::new(),
    };
    // The request takes the dossier back by itself.
    assert_eq!(
        asked(correct),
        [Act::EnvoyerMessage {
            body: "Il manque le plan.".to_owned(),
            piece: None,
            correction: Some("incomplete".to_owned()),
        }]
    );
    let reassign = Command::Reassign {
        groupe: "sud".to_owned(),
    };
    assert_eq!(
        asked(reassign),
        [Act::ChangerGroupe {
            groupe: "Groupe-2".to_owned(),
            label: "Sud".to_owned()
        }]
    );
    let send = Command::Send { to: PAUL.into() };
    assert_eq!(asked(send), [Act::Suivi { follow: true }]);
    let avis = Command::RequestAvis {
        experts: vec!["abf@culture.example".into()],
        text: "Qu’en pensez-vous ?".to_owned(),
        question: None,
        confidentiel: false,
        pieces: Vec::new(),
    };
    assert_eq!(asked(avis), [], "avis are Greffier's own");
}

#[test]
fn each_further_file_is_a_message_of_its_own() {
    let piece = |name: &str| Piece {
        hash: "0".repeat(64),
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: 3,
    };
    let post = Command::Post {
        text: "Voici.".to_owned(),
        pieces: vec![piece("a.pdf"), piece("b.pdf")],
        mail: None,
        awaits: true,
    };
    let bodies: Vec<String> = asked(post)
        .into_iter()
        .filter_map(|act| match act {
            Act::EnvoyerMessage { body, .. } => Some(body),
            _ => None,
        })
        .collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[1].ends_with("b.pdf"));
}

/// Any state that the platform can show, reached by any way: what matters is that the mirror follows.
fn shown() -> impl Strategy<Value = DossierIn> {
    let steps = prop::collection::vec((0u8..7, 0u8..2), 0..8);
    let rest = (
        prop::collection::btree_set(0u8..2, 0..3),
        any::<bool>(),
        any::<bool>(),
        0u8..3,
        prop::collection::vec((0u8..3, any::<bool>()), 0..4),
    );
    (steps, rest).prop_map(|(steps, (followers, label, south, commune, messages))| {
        let mut read = filed();
        let mut minute = 1;
        for (index, (kind, who)) in steps.iter().enumerate() {
            minute += 3;
            let by = if *who == 0 { INES } else { PAUL };
            let (event, state) = match (kind, read.state.as_str()) {
                (0, "en_construction") => ("passe_en_instruction", "en_instruction"),
                (1, "en_instruction") => ("repasse_en_construction", "en_construction"),
                (2, "en_instruction") => ("accepte", "accepte"),
                (3, "en_instruction") => ("refuse", "refuse"),
                (4, "en_instruction") => ("classe_sans_suite", "sans_suite"),
                (5, "accepte" | "refuse" | "sans_suite") => {
                    ("repasse_en_instruction", "en_instruction")
                }
                (6, "en_construction") => ("depose_correction_usager", "en_construction"),
                _ => continue,
            };
            let id = u32::try_from(index).unwrap() + 2;
            read.traitements
                .push(traitement(id, event, minute, Some(by)));
            state.clone_into(&mut read.state);
        }
        let accounts = [INES, PAUL];
        read.followers = followers
            .iter()
            .map(|who| profile(accounts[usize::from(*who)]))
            .collect();
        read.labels = Some(if label {
            vec!["Urgent".to_owned()]
        } else {
            Vec::new()
        });
        if south {
            read.groupe = "Sud".to_owned();
        }
        read.champs[0] = champ(
            "Champ-1",
            "Commune",
            ["Creil", "Senlis", ""][usize::from(commune)],
        );
        for (index, (who, discarded)) in messages.iter().enumerate() {
            let author = [USAGER, INES, CONTACT][usize::from(*who)];
            let number = u32::try_from(index).unwrap();
            let mut said = message(
                number,
                author,
                i64::from(number),
                &format!("Texte {number}"),
            );
            said.discarded = discarded.then(|| at(40));
            read.messages.push(said);
        }
        read.modified = at(60) + SignedDuration::from_secs(1);
        read
    })
}

proptest! {
    #[test]
    fn the_mirror_follows_whatever_is_shown(first in shown(), mut second in shown()) {
        // Time and history only go on.
        second.modified = at(120);
        let known: BTreeSet<String> = first.traitements.iter().map(|step| step.id.clone()).collect();
        second.traitements.retain(|step| !known.contains(&step.id));
        let mut history = first.traitements.clone();
        history.append(&mut second.traitements);
        second.traitements = history;
        let mut state = (None, Mirror::default());
        for read in [&first, &second] {
            let acts = look(&mut state, read);
            let dossier = state.0.clone().unwrap();
            prop_assert_eq!(Some(dossier.statut), absorb::step::state(&read.state));
            let followers: BTreeSet<String> = dossier.followers.keys().map(ToString::to_string).collect();
            let wanted: BTreeSet<String> = read.followers.iter().map(|who| who.email.clone()).collect();
            prop_assert_eq!(followers, wanted);
            prop_assert_eq!(Some(dossier.etiquettes.iter().cloned().collect::<Vec<_>>()), read.labels.clone());
            prop_assert_eq!(&dossier.groupe, &read.groupe);
            prop_assert_eq!(dossier.champs.contains_key("Champ-1"), read.champs[0].string.as_deref() != Some(""));
            for said in &read.messages {
                let known = &dossier.messages[&state.1.messages[&said.id]];
                prop_assert_eq!(known.withdrawn, said.discarded.is_some() || known.withdrawn);
            }
            prop_assert!(acts.iter().flatten().count() > 0 || state.0.is_some());
            prop_assert_eq!(look(&mut state, read), Vec::<Vec<Recorded>>::new());
        }
        let events: Vec<Recorded> = Vec::new();
        prop_assert_eq!(replay(&events), None);
    }
}
