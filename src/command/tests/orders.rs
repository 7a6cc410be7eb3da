//! What the files declare fits what the domain understands.

use super::*;
use crate::domain;

/// Orders that are no act on a dossier: the middle answers them itself.
const ELSEWHERE: [&str; 37] = [
    "accept_quarantine",
    "allow_quarantine",
    "bind_room",
    "cancel",
    "columns",
    "confirm",
    "experts",
    "export",
    "filter",
    "help",
    "link",
    "list_accounts",
    "list_aliases",
    "list_avis",
    "list_demarches",
    "list_dossiers",
    "list_quarantine",
    "mail_trace",
    "make_attestation",
    "notifications",
    "reject_quarantine",
    "remember_quarantine",
    "revoke_alias",
    "send_document",
    "send_pieces",
    "show_dossier",
    "show_history",
    "show_messages",
    "show_persons",
    "show_pieces",
    "show_quarantine",
    "show_room",
    "sort",
    "stats",
    "status",
    "unbind_room",
    "unlink",
];

#[test]
fn each_example_of_an_act_makes_an_order_of_the_domain() {
    for spec in catalogue()
        .specs()
        .iter()
        .filter(|spec| !ELSEWHERE.contains(&spec.tag.as_str()))
    {
        for example in &spec.examples {
            let (order, dossiers) = order(example, &nowhere());
            assert!(
                !dossiers.is_empty() || example.contains("onglet="),
                "{example}"
            );
            let made = serde_json::from_value::<domain::Command>(order);
            assert!(made.is_ok(), "{example}: {made:?}");
        }
    }
}

#[test]
fn the_choices_of_a_correction_are_those_of_the_domain() {
    let spec = catalogue().get("corriger").expect("it is embedded");
    let motif = spec
        .options()
        .find(|arg| arg.name == "motif")
        .expect("it is declared");
    for choice in &motif.choices {
        let kind = serde_json::from_value::<domain::CorrectionKind>(choice.value.as_str().into());
        assert!(kind.is_ok(), "{choice:?}");
    }
}

#[test]
fn decisions_and_what_cannot_be_undone_are_confirmed() {
    let confirmed: Vec<_> = catalogue()
        .specs()
        .iter()
        .filter(|spec| spec.confirm)
        .map(|spec| spec.tag.as_str())
        .collect();
    let expected = [
        "return_to_construction",
        "accept",
        "dismiss",
        "refuse",
        "reopen",
        "delete",
    ];
    assert_eq!(confirmed, expected);
}
