//! Orders beside dossiers.

use jiff::Timestamp;

use super::*;
use crate::message::platform::{CorrectionIn, MessageIn, Profile};

const NOON: Timestamp = Timestamp::UNIX_EPOCH;

fn after(minutes: i64) -> Timestamp {
    NOON + SignedDuration::from_mins(minutes)
}

fn made(id: &str, event: &str, by: &str, minutes: i64) -> TraitementIn {
    TraitementIn {
        id: id.to_owned(),
        event: event.to_owned(),
        at: after(minutes),
        by: Some(by.to_owned()).filter(|by| !by.is_empty()),
        motivation: None,
    }
}

fn said(id: &str, email: &str, body: &str, minutes: i64) -> MessageIn {
    MessageIn {
        id: id.to_owned(),
        email: email.to_owned(),
        body: body.to_owned(),
        at: after(minutes),
        ..MessageIn::default()
    }
}

fn order(acts: Vec<Act>) -> Order {
    Order {
        id: "o".to_owned(),
        demarche: 1,
        dossier: 2,
        dossier_id: "d".to_owned(),
        instructeur: Profile {
            id: "i".to_owned(),
            email: "ines@ddt".to_owned(),
        },
        acts,
        expects: Some("t1".to_owned()),
        at: NOON,
        asked: None,
        cause: String::new(),
        memo: serde_json::Value::Null,
    }
}

fn write(body: &str) -> Act {
    Act::EnvoyerMessage {
        body: body.to_owned(),
        piece: None,
        correction: None,
    }
}

fn accept() -> Act {
    Act::Accepter {
        motivation: None,
        justificatif: None,
    }
}

/// How each act stands, up to the first that is not done.
fn standings(order: &Order, dossier: &DossierIn, claims: &Claims) -> (Vec<Standing>, Vec<String>) {
    let mut plan = Plan::new(order, dossier, claims);
    let mut standings = Vec::new();
    for act in &order.acts {
        let standing = plan.standing(act);
        standings.push(standing);
        if standing != Standing::Done {
            break;
        }
    }
    (standings, plan.messages())
}

fn states(acts: Vec<Act>, traitements: Vec<TraitementIn>) -> Vec<Standing> {
    let mut all = vec![made("t1", "depose", "", -60)];
    all.extend(traitements);
    let dossier = DossierIn {
        traitements: all,
        ..DossierIn::default()
    };
    standings(&order(acts), &dossier, &Claims::default()).0
}

#[test]
fn a_change_of_state_is_found_by_who_made_it_and_when() {
    use Standing::{Done, Moved, Open};
    let chain = || vec![Act::PasserEnInstruction, accept()];
    let passed = || made("t2", "passe_en_instruction", "Ines@ddt", 1);
    let accepted = || made("t3", "accepte", "ines@ddt", 2);
    assert_eq!(states(chain(), vec![]), [Open]);
    assert_eq!(states(chain(), vec![passed()]), [Done, Open]);
    assert_eq!(states(chain(), vec![passed(), accepted()]), [Done, Done]);
    // The usager deposits again, before anything is done or while it is.
    let deposited = || made("x", "depose_correction_usager", "", 1);
    assert_eq!(
        states(chain(), vec![deposited(), passed(), accepted()]),
        [Done, Done]
    );
    assert_eq!(states(chain(), vec![deposited()]), [Moved]);
    assert_eq!(states(chain(), vec![deposited(), passed()]), [Done, Moved]);
    assert_eq!(states(vec![accept()], vec![deposited()]), [Moved]);
    assert_eq!(
        states(vec![Act::PasserEnInstruction], vec![deposited()]),
        [Open]
    );
    // Somebody has taken it back since: it was done all the same.
    assert_eq!(
        states(
            chain(),
            vec![
                passed(),
                accepted(),
                made("t4", "repasse_en_instruction", "paul@ddt", 3)
            ]
        ),
        [Done, Done]
    );
    assert_eq!(
        states(
            chain(),
            vec![
                passed(),
                made("t3", "repasse_en_construction", "paul@ddt", 3)
            ]
        ),
        [Done, Moved]
    );
    assert_eq!(
        states(
            chain(),
            vec![made("t2", "passe_en_instruction", "paul@ddt", 1)]
        ),
        [Moved]
    );
    assert_eq!(
        states(
            vec![accept()],
            vec![made("t2", "accepte_automatiquement", "", 1)]
        ),
        [Moved]
    );
    // An older instance names states only.
    assert_eq!(
        states(
            chain(),
            vec![made("t2", "state:en_instruction", "ines@ddt", 1)]
        ),
        [Done, Open]
    );
}

#[test]
fn without_what_was_expected_the_dossier_is_another() {
    let dossier = DossierIn {
        traitements: vec![made("t9", "depose", "", 0)],
        ..DossierIn::default()
    };
    let standing = standings(&order(vec![accept()]), &dossier, &Claims::default()).0;
    assert_eq!(standing, [Standing::Moved]);
    let mut unaware = order(vec![accept()]);
    unaware.expects = None;
    assert_eq!(
        standings(&unaware, &dossier, &Claims::default()).0,
        [Standing::Open]
    );
}

#[test]
fn a_message_is_this_order_s_only_if_it_can_be() {
    use Standing::{Done, Open};
    let messages = |messages: Vec<MessageIn>, claims: &Claims| {
        let dossier = DossierIn {
            messages,
            ..DossierIn::default()
        };
        standings(&order(vec![write("Deux  mots")]), &dossier, claims)
    };
    let none = Claims::default();
    assert_eq!(
        messages(vec![said("m", "INES@ddt", "<p>Deux mots</p>", 1)], &none),
        (vec![Done], vec!["m".to_owned()])
    );
    assert_eq!(
        messages(vec![said("m", "paul@ddt", "Deux mots", 1)], &none).0,
        [Open]
    );
    assert_eq!(
        messages(vec![said("m", "ines@ddt", "Trois mots", 1)], &none).0,
        [Open]
    );
    assert_eq!(
        messages(vec![said("m", "ines@ddt", "Deux mots", -11)], &none).0,
        [Open]
    );
    let known = Claims {
        others: ["m".to_owned()].into(),
        ..Claims::default()
    };
    assert_eq!(
        messages(vec![said("m", "ines@ddt", "Deux mots", 1)], &known).0,
        [Open]
    );
    let own = Claims {
        own: ["m".to_owned()].into(),
        ..Claims::default()
    };
    assert_eq!(
        messages(vec![said("m", "ines@ddt", "Deux mots", -30)], &own).0,
        [Done]
    );
    let mut correction = said("m", "ines@ddt", "Deux mots", 1);
    correction.correction = Some(CorrectionIn::default());
    assert_eq!(messages(vec![correction], &none).0, [Open]);
    // The same words twice are two messages.
    let dossier = DossierIn {
        messages: vec![said("m", "ines@ddt", "a", 1)],
        ..DossierIn::default()
    };
    assert_eq!(
        standings(&order(vec![write("a"), write("a")]), &dossier, &none).0,
        [Done, Open]
    );
}

#[test]
fn a_demande_de_correction_takes_the_state_with_it() {
    let mut asked = said("m", "ines@ddt", "Le plan", 1);
    asked.correction = Some(CorrectionIn::default());
    let dossier = DossierIn {
        messages: vec![asked],
        traitements: vec![
            made("t1", "passe_en_instruction", "ines@ddt", -9),
            made("t2", "repasse_en_construction", "ines@ddt", 1),
        ],
        ..DossierIn::default()
    };
    let correction = Act::EnvoyerMessage {
        body: "Le plan".to_owned(),
        piece: None,
        correction: Some("incorrect".to_owned()),
    };
    let order = order(vec![correction, Act::PasserEnInstruction]);
    let standing = standings(&order, &dossier, &Claims::default()).0;
    assert_eq!(standing, [Standing::Done, Standing::Open]);
}

#[test]
fn a_demande_de_correction_undoes_nothing_that_somebody_else_has_done() {
    use Standing::{Done, Moved, Open};
    let ask = || Act::EnvoyerMessage {
        body: "Le plan".to_owned(),
        piece: None,
        correction: Some("incorrect".to_owned()),
    };
    assert_eq!(states(vec![ask()], vec![]), [Open]);
    for event in [
        "passe_en_instruction",
        "accepte",
        "accepte_automatiquement",
        "depose_correction_usager",
    ] {
        let made = made("t2", event, "paul@ddt", 1);
        assert_eq!(states(vec![ask()], vec![made]), [Moved], "{event}");
    }
    let own = made("t2", "passe_en_instruction", "ines@ddt", 1);
    assert_eq!(
        states(vec![Act::PasserEnInstruction, ask()], vec![own]),
        [Done, Open]
    );
    // A colleague has just asked for one, which is no change of state.
    let pending = DossierIn {
        state: "en_construction".to_owned(),
        correction_pending: Some(after(1)),
        traitements: vec![made("t1", "depose", "", -60)],
        ..DossierIn::default()
    };
    let standing = standings(&order(vec![ask()]), &pending, &Claims::default()).0;
    assert_eq!(standing, [Moved]);
}

#[test]
fn a_message_that_was_deleted_since_is_not_sent_again() {
    use Standing::{Done, Open};
    let deleted = |at: i64, discarded: i64| MessageIn {
        discarded: Some(after(discarded)),
        ..said("m", "ines@ddt", "", at)
    };
    let standing = |message: MessageIn, claims: &Claims| {
        let dossier = DossierIn {
            messages: vec![message],
            ..DossierIn::default()
        };
        standings(&order(vec![write("Bonjour")]), &dossier, claims).0
    };
    let none = Claims::default();
    let own = Claims {
        own: ["m".to_owned()].into(),
        ..Claims::default()
    };
    let read = Claims {
        others: ["m".to_owned()].into(),
        ..Claims::default()
    };
    assert_eq!(standing(deleted(1, 2), &none), [Done]);
    assert_eq!(standing(deleted(1, 2), &own), [Done]);
    assert_eq!(standing(deleted(1, 2), &read), [Done]);
    // Deleted before this was ordered, written before by himself, or by somebody else.
    assert_eq!(standing(deleted(-5, -4), &none), [Open]);
    assert_eq!(standing(deleted(-5, 2), &read), [Open]);
    let foreign = MessageIn {
        email: "paul@ddt".to_owned(),
        ..deleted(1, 2)
    };
    assert_eq!(standing(foreign, &none), [Open]);
    // The platform may write it otherwise than it was sent.
    let changed = said("m", "ines@ddt", "Bonjour !", 1);
    assert_eq!(standing(changed.clone(), &own), [Done]);
    assert_eq!(standing(changed, &none), [Open]);
}
