//! People who ask for things, at times that go forward.

use proptest::prelude::*;

use super::*;

/// One person asks for one thing, some time after the last.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) by: Person,
    pub(super) after: SignedDuration,
    pub(super) command: Command,
}

fn instructeurs() -> impl Strategy<Value = Person> {
    prop_oneof![6 => Just(ines()), 4 => Just(paul()), 2 => Just(zoe()), 1 => Just(stranger())]
}

fn experts() -> impl Strategy<Value = Person> {
    prop_oneof![Just(expert(ABF)), Just(expert(SDIS))]
}

fn people() -> impl Strategy<Value = Person> {
    prop_oneof![
        instructeurs(),
        experts(),
        Just(camille()),
        Just(Person::Usager("voisin@exemple.example".into())),
        Just(Person::Greffier),
    ]
}

/// What an instructeur may want.
fn orders() -> impl Strategy<Value = Command> {
    let all: Vec<Command> = super::super::admission::orders();
    prop_oneof![
        12 => prop::sample::select(all),
        3 => Just(Command::PassToInstruction),
        4 => prop::sample::select(vec![post("Bonjour"), correct("À revoir"), Command::Withdraw]),
        2 => prop::sample::select(vec![
            accept(),
            refuse("Non conforme"),
            dismiss("Sans objet"),
            refuse(" "),
            Command::Accept { motivation: Some("Bien".to_owned()), justificatif: Some(piece(3)) },
        ]),
        3 => (prop::sample::subsequence(vec![ABF, SDIS, "pas une adresse"], 0..3), any::<bool>())
            .prop_map(|(experts, question)| match experts.as_slice() {
                [one] if question => ask_oui_non(one),
                several => ask(several),
            }),
        1 => (1..5_u32).prop_map(|avis| Command::RevokeAvis { avis: AvisId(avis) }),
        1 => prop::option::of(1..5_u32)
            .prop_map(|avis| Command::RemindAvis { avis: avis.map(AvisId) }),
        2 => prop::sample::select(vec![
            annotate("suite", "x"),
            annotate("suite", ""),
            annotate("visite", "3/6/2024"),
            annotate("visite", "jamais"),
            label("Urgent", false),
            label("Autre", true),
            reassign("Nord"),
            send(&zoe()),
            look(&[Mark::Avis, Mark::Annotations, Mark::Demande]),
        ]),
    ]
}

/// Somebody with what he may want.
fn sensible() -> impl Strategy<Value = (Person, Command)> {
    let usager = prop_oneof![
        "[a-c]".prop_map(|text| modify(&text)),
        Just(post("Bonjour")),
        Just(Command::Post {
            text: String::new(),
            pieces: vec![piece(5)],
            mail: None,
            awaits: false,
        }),
    ];
    let render = (1..5_u32, any::<Option<bool>>()).prop_map(|(avis, oui)| render(avis, oui));
    let greffier = prop_oneof![
        4 => Just(Command::Tick),
        1 => prop::sample::select(vec!["camille@exemple.example", ABF, SDIS]).prop_map(|address| {
            Command::Bounce { address: address.into(), why: "5.1.1".to_owned() }
        }),
        1 => (1..3_u64).prop_map(|bytes| Command::AttachAttestation { piece: piece(bytes) }),
    ];
    prop_oneof![
        8 => (instructeurs(), orders()),
        2 => (Just(camille()), usager),
        2 => (experts(), render),
        2 => (Just(Person::Greffier), greffier),
    ]
}

fn pauses() -> impl Strategy<Value = SignedDuration> {
    prop_oneof![
        6 => (0..400_i64).prop_map(SignedDuration::from_secs),
        2 => (0..120_i64).prop_map(SignedDuration::from_hours),
        1 => (10..200_i64).prop_map(days),
    ]
}

/// Mostly what makes sense, and sometimes what does not.
pub(super) fn steps() -> impl Strategy<Value = Step> {
    let asked = prop_oneof![6 => sensible(), 1 => (people(), orders())];
    (asked, pauses()).prop_map(|((by, command), after)| Step { by, after, command })
}
