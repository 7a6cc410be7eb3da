//! Whatever people ask, in whatever order: what the table forbids is never reached.

mod sound;
mod step;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;

/// A démarche with rules drawn at random.
fn demarches() -> impl Strategy<Value = Demarche> {
    let declarative = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Declarative::EnInstruction)),
        1 => Just(Some(Declarative::Accepte)),
    ];
    let rules = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (declarative, 1..4_u32, rules).prop_map(|(declarative, conservation_mois, rules)| {
        let (en_construction, listed, decision_access, obligatoire) = rules;
        let mut demarche = demarche();
        demarche.declarative = declarative;
        if declarative.is_none() && conservation_mois % 2 == 0 {
            demarche.svr = Some(Silence {
                days: 20,
                ..Silence::default()
            });
        }
        demarche.conservation_mois = conservation_mois;
        demarche.conservation_en_construction = en_construction;
        demarche.experts = ExpertPolicy {
            policy: if listed { Policy::List } else { Policy::Free },
            list: vec![ABF.into()],
            decision_access,
        };
        demarche.annotations[0].obligatoire = obligatoire;
        demarche
    })
}

fn once_more_changes_nothing(command: &Command) -> bool {
    !matches!(
        command,
        Command::Post { .. }
            | Command::Withdraw
            | Command::Send { .. }
            | Command::RenderAvis { .. }
            | Command::RemindAvis { .. }
    )
}

fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// Does `steps` one after the other, and looks at every state on the way.
fn walk(demarche: Demarche, steps: &[step::Step]) -> Result<(), TestCaseError> {
    let mut story = given_in(demarche);
    let first = super::super::react(&story.dossier, &story.demarche, &story.log);
    sound::words(&story, &camille(), &first)?;
    for step::Step { by, after, command } in steps {
        story.at += *after;
        let before = story.clone();
        let follows = story.when(by, command.clone());
        prop_assert_eq!(&follows, &before.when(by, command.clone()));
        let Ok((next, act)) = story.act(by, command.clone()) else {
            story = before;
            continue;
        };
        story = next;
        sound::act(&before, &act)?;
        sound::state(&story)?;
        sound::lists(&story)?;
        let effects = super::super::react(&story.dossier, &story.demarche, &act);
        prop_assert!(!act.is_empty() || effects.is_empty());
        sound::words(&story, by, &effects)?;
        // Where silence decides, a period may be over the moment that a correction is made.
        let silent = *command == Command::Tick && story.demarche.svr.is_some();
        if once_more_changes_nothing(command) && !silent {
            let again = story.when(by, command.clone());
            prop_assert!(
                again.as_ref().is_ok_and(Vec::is_empty) || again.is_err(),
                "{:?} then {:?}",
                command,
                again
            );
        }
        for recorded in &act {
            prop_assert_eq!(&round_trip(recorded), recorded);
        }
        prop_assert_eq!(&round_trip(&story.dossier), &story.dossier);
        let replayed = replay(&story.log);
        prop_assert_eq!(replayed.as_ref(), Some(&story.dossier));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_acts_reaches_what_the_table_forbids(
        demarche in demarches(),
        steps in prop::collection::vec(step::steps(), 0..60),
    ) {
        walk(demarche, &steps)?;
    }

    #[test]
    fn events_in_an_order_that_cannot_be_make_nothing_panic(
        demarche in demarches(),
        steps in prop::collection::vec(step::steps(), 0..30),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let mut story = given_in(demarche.clone());
        for step::Step { by, after, command } in steps {
            story.at += after;
            if let Ok((next, _)) = story.clone().act(&by, command) {
                story = next;
            }
        }
        let mut dossier = Some(given_in(demarche.clone()).dossier);
        for index in order {
            let recorded = index.get(&story.log);
            dossier = evolve(dossier, recorded);
            if let Some(dossier) = &dossier {
                super::super::react(dossier, &demarche, std::slice::from_ref(recorded));
                View::of(dossier, &demarche);
            }
        }
    }
}

/// What is remarkable in a state.
fn remarkable(dossier: &Dossier) -> BTreeSet<&'static str> {
    let avis = |holds: fn(&Avis) -> bool| dossier.avis.values().any(holds);
    let mut remarkable = BTreeSet::from([dossier.statut.libelle()]);
    for (name, holds) in [
        (
            "reopened",
            dossier.steps.len() > 3 && dossier.statut.en_cours(),
        ),
        ("archived", dossier.archived),
        (
            "deleted",
            dossier.trash.as_ref().is_some_and(|trash| !trash.expired),
        ),
        (
            "expired",
            dossier.trash.as_ref().is_some_and(|trash| trash.expired),
        ),
        ("expiring", dossier.expiry_noticed.is_some()),
        ("extended", dossier.extension_mois > 0),
        ("purged", dossier.purged.is_some()),
        ("waiting for a correction", dossier.correction.is_some()),
        ("reassigned", !dossier.reassignments.is_empty()),
        ("bounced", !dossier.bounced.is_empty()),
        (
            "withdrawn",
            dossier.messages.values().any(|message| message.withdrawn),
        ),
        ("open avis", avis(Avis::open)),
        ("closed avis", avis(|avis| avis.closed.is_some())),
        ("revoked avis", avis(|avis| avis.revoked.is_some())),
        ("reminded avis", avis(|avis| avis.reminders > 0)),
        ("complement", avis(|avis| avis.answers.len() > 1)),
        ("unclear avis", avis(|avis| avis.asked_again)),
        (
            "mark",
            dossier.followers.values().any(|marks| !marks.is_empty()),
        ),
        (
            "attestation",
            dossier
                .decided
                .as_ref()
                .is_some_and(|decided| decided.attestation.is_some()),
        ),
    ] {
        if holds {
            remarkable.insert(name);
        }
    }
    remarkable
}

/// Walks that are refused everything would prove nothing: these come by all there is to see.
#[test]
fn the_walks_go_everywhere() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = prop::collection::vec(step::steps(), 60);
    let mut seen = BTreeSet::new();
    for _ in 0..256 {
        let mut story = given();
        for step::Step { by, after, command } in steps.new_tree(&mut runner).unwrap().current() {
            story.at += after;
            if let Ok((next, _)) = story.clone().act(&by, command) {
                story = next;
            }
            seen.extend(remarkable(&story.dossier));
        }
    }
    assert_eq!(seen.len(), Statut::ALL.len() + 19, "{seen:?}");
}
