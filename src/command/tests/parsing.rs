//! Lines and the orders that they make.

use super::*;

fn one(dossier: u64) -> Vec<(u64, u64)> {
    vec![(dossier, dossier)]
}

fn post(text: &str) -> Value {
    json!({"do": "post", "text": text})
}

#[test]
fn a_dossier_is_named_in_many_ways() {
    for line in [
        "suivre 4807",
        "!suivre 4807",
        "/suivre 4807",
        "//suivre 4807",
        "! Suivre n° 4807",
        "SUIVRE\u{a0}#4807",
        "suivre\tn°\u{202f}4807.",
        "suivre dossier=4807",
        "suivre le dossier 4807",
        "prendre dossier n°4807",
    ] {
        assert_eq!(
            order(line, &nowhere()),
            (json!({"do": "follow"}), one(4807)),
            "{line}"
        );
    }
}

#[test]
fn several_dossiers_are_named_in_many_ways() {
    let ranges = |line| order(line, &nowhere()).1;
    assert_eq!(ranges("suivre 4807 4809"), [(4807, 4807), (4809, 4809)]);
    assert_eq!(
        ranges("suivre 4807, 4809 et 4811"),
        [(4807, 4807), (4809, 4809), (4811, 4811)]
    );
    assert_eq!(ranges("suivre 4807-4812"), [(4807, 4812)]);
    assert_eq!(ranges("suivre 4807 à 4812"), [(4807, 4812)]);
    assert_eq!(
        ranges("archiver dossiers=\"4807, 4810-4812\""),
        [(4807, 4807), (4810, 4812)]
    );
    assert_eq!(
        ranges("avis relancer 4807, 4808 2"),
        [(4807, 4807), (4808, 4808)]
    );
}

#[test]
fn an_onglet_and_filters_select_dossiers() {
    let parsed = catalogue()
        .parse(
            "suivre onglet=à suivre filtre=commune:Creil filtre=\"dépôt=juin 2024\"",
            &in_thread(),
        )
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        parsed.selection.onglet,
        Some(crate::domain::Onglet::ASuivre)
    );
    let filter = [("commune", "Creil"), ("dépôt", "juin 2024")];
    assert_eq!(
        parsed.selection.filter,
        filter.map(|(one, two)| (one.to_owned(), two.to_owned()))
    );
    assert!(parsed.selection.ranges.is_empty() && !parsed.selection.implied);
}

#[test]
fn a_number_in_the_text_is_no_dossier() {
    let line = "message 4807 12 pièces manquent";
    assert_eq!(
        order(line, &nowhere()),
        (post("12 pièces manquent"), one(4807))
    );
    let line = "message 4807 : 12, rue Haute, à 14 h";
    assert_eq!(
        order(line, &nowhere()),
        (post("12, rue Haute, à 14 h"), one(4807))
    );
    let line = "message 4807 à 12 heures";
    assert_eq!(order(line, &nowhere()), (post("à 12 heures"), one(4807)));
    let line = "message 4807, 4808 Bonjour";
    assert_eq!(order(line, &nowhere()).1, [(4807, 4807), (4808, 4808)]);
}

#[test]
fn in_a_thread_the_dossier_may_be_left_out() {
    assert_eq!(order("suivre", &in_thread()).1, one(4807));
    assert_eq!(order("suivre 4810", &in_thread()).1, one(4810));
    assert_eq!(
        order("message Bonjour", &in_thread()),
        (post("Bonjour"), one(4807))
    );
    assert_eq!(
        order("message 4807 12 pièces", &in_thread()),
        (post("12 pièces"), one(4807))
    );
    assert_eq!(
        order("message #4810 12 pièces", &in_thread()),
        (post("12 pièces"), one(4810))
    );
    assert_eq!(
        order("message « 12 pièces »", &in_thread()),
        (post("12 pièces"), one(4807))
    );
    assert_eq!(
        order("message 12e relance", &in_thread()),
        (post("12e relance"), one(4807))
    );
    let revoke = json!({"do": "revoke_avis", "avis": 2});
    assert_eq!(
        order("avis revoquer 2", &in_thread()),
        (revoke.clone(), one(4807))
    );
    assert_eq!(
        order("avis revoquer 4810 2", &in_thread()),
        (revoke, one(4810))
    );
    let parsed = catalogue()
        .parse("suivre", &in_thread())
        .map(|parsed| parsed.selection.implied);
    assert_eq!(parsed, Ok(true));
}

#[test]
fn in_a_thread_nonsense_numbers_are_text() {
    assert_eq!(
        order("message 12-10, réunion", &in_thread()),
        (post("12-10, réunion"), one(4807))
    );
    assert_eq!(
        order("message 06.12.34.56.78", &in_thread()),
        (post("06.12.34.56.78"), one(4807))
    );
}

#[test]
fn in_a_thread_a_text_that_starts_by_a_number_is_asked_about() {
    let ambiguous = Error::Ambiguous {
        command: "message".to_owned(),
        number: 12,
        here: 4807,
    };
    for text in [
        "12 pièces manquent",
        "n° 12, rue Haute",
        "12, 14 rue Haute",
        "le dossier 12 est clos",
        "12-14 rue",
    ] {
        let error = catalogue().parse(&format!("message {text}"), &in_thread());
        assert_eq!(error, Err(ambiguous.clone()), "{text}");
    }
}

#[test]
fn text_is_kept_as_typed() {
    let text = |line| value(line, "text");
    assert_eq!(
        text("message 4807 Bonjour,\n\n- un ;\n- « deux ».  \n"),
        "Bonjour,\n\n- un ;\n- « deux »."
    );
    assert_eq!(
        text("message 4807 \"Oui\" et \"non\""),
        "\"Oui\" et \"non\""
    );
    assert_eq!(text("message 4807 “Oui”"), "Oui");
    assert_eq!(
        text("message 4807 « taux=12 c’est peu »"),
        "taux=12 c’est peu"
    );
    assert_eq!(text("message 4807 Taux=12 est peu"), "Taux=12 est peu");
    assert_eq!(text("message 4807 taux = 12"), "taux = 12");
    assert_eq!(text("message 4807 l’avis d'hier"), "l’avis d'hier");
}

#[test]
fn experts_are_told_apart_from_what_is_asked_of_them() {
    let expected = json!({"do": "request_avis", "experts": ["a@b.fr", "c@d.fr"], "confidentiel": true,
        "question": "Favorable, ou non ?", "text": "Merci de répondre à x@y.fr"});
    for line in [
        "avis demander 4807 a@b.fr, c@d.fr question=\"Favorable, ou non ?\" confidentiel=oui Merci de répondre à x@y.fr",
        "avis demander confidentiel=1 question=« Favorable, ou non ? » 4807 <A@B.fr>; et C@d.fr Merci de répondre à x@y.fr",
        "Avis-Demander 4807 experts=\"a@b.fr c@d.fr\" confidentiel=vrai question=“Favorable, ou non ?” texte=\"Merci de répondre à x@y.fr\"",
    ] {
        assert_eq!(
            order(line, &nowhere()),
            (expected.clone(), one(4807)),
            "{line}"
        );
    }
}

#[test]
fn what_people_add_out_of_habit_is_forgiven() {
    let send = json!({"do": "send", "to": "paul@ddt"});
    for line in [
        "envoyer 4807 à paul@ddt",
        "envoyer paul@ddt 4807",
        "envoyer 4807 instructeur=paul@ddt",
    ] {
        assert_eq!(order(line, &nowhere()), (send.clone(), one(4807)), "{line}");
    }
    let annotate =
        json!({"do": "annotate", "annotation": "Date de visite", "value": "3 juin 2024"});
    for name in [
        "« Date de visite »",
        "\"Date de visite\"=",
        "annotation=\"Date de visite\"",
    ] {
        let line = format!("annoter 4807 {name} 3 juin 2024");
        assert_eq!(
            order(&line, &nowhere()),
            (annotate.clone(), one(4807)),
            "{line}"
        );
    }
    assert_eq!(value("annoter 4807 enjeu=fort", "value"), "fort");
    assert_eq!(value("dossiers 12", "demarche"), 12);
    assert_eq!(value("aide avis demander", "command"), "avis demander");
}

#[test]
fn an_option_that_does_not_exist_is_no_address() {
    let error = catalogue().parse("envoyer 4807 to=paul@ddt", &nowhere());
    assert!(
        matches!(error, Err(Error::UnknownOption { .. })),
        "{error:?}"
    );
}

#[test]
fn values_are_typed_and_completed() {
    let values = |line| order(line, &nowhere()).0;
    assert_eq!(
        values("corriger 4807 Le plan"),
        json!({"do": "request_correction", "kind": "incorrect", "text": "Le plan"})
    );
    assert_eq!(
        value("corriger 4807 motif=\"pas à jour\" Le plan", "kind"),
        "outdated"
    );
    assert_eq!(
        value("corriger motif=Pas à jour 4807 Le plan", "kind"),
        "outdated"
    );
    assert_eq!(
        values("dossiers"),
        json!({"do": "list_dossiers", "onglet": "a_suivre"})
    );
    assert_eq!(
        values(
            "dossiers au total page=2 filtre=a=b filtre=\"c d=e\" colonnes=\"nom, date de dépôt\""
        ),
        json!({"do": "list_dossiers", "onglet": "total", "page": 2, "filtre": [["a", "b"], ["c d", "e"]], "colonnes": ["nom", "date de dépôt"]})
    );
    assert_eq!(
        values("etiqueter retirer 4807 urgent"),
        json!({"do": "label", "etiquette": "urgent", "on": false})
    );
    assert_eq!(
        value("annoter 4807 « Date de visite » 3 juin 2024", "value"),
        "3 juin 2024"
    );
    assert_eq!(
        value("filtre commune=Creil \"date de dépôt\"=juin", "filtre"),
        json!([["commune", "Creil"], ["date de dépôt", "juin"]])
    );
    assert_eq!(
        value("lier Ines.Roux@DDT.example", "value"),
        "ines.roux@ddt.example"
    );
    assert_eq!(value("lier `k7m2-x4`", "value"), "K7M2X4");
    assert_eq!(
        values("notifications messages courriel"),
        json!({"do": "notifications", "choix": "message", "valeur": "mail"})
    );
}

#[test]
fn what_cancels_is_a_code_a_dossier_or_nothing() {
    assert_eq!(
        order("annuler", &nowhere()),
        (json!({"do": "cancel"}), vec![])
    );
    assert_eq!(
        order("annuler K7M2", &nowhere()),
        (json!({"do": "cancel", "code": "K7M2"}), vec![])
    );
    assert_eq!(
        order("annuler 4807", &nowhere()),
        (json!({"do": "cancel"}), one(4807))
    );
    assert_eq!(
        order("quarantaine accepter 3 4807", &nowhere()),
        (json!({"do": "accept_quarantine", "id": 3}), one(4807))
    );
    assert_eq!(
        order("quarantaine accepter 3", &nowhere()),
        (json!({"do": "accept_quarantine", "id": 3}), vec![])
    );
}

#[test]
fn a_slip_in_a_second_word_is_not_sent_as_a_text() {
    for (line, meant) in [
        ("corriger resoudr", "corriger resoudre"),
        ("avis demnder a@b.fr Merci", "avis demander"),
        ("etiqueter retier 4807 urgent", "etiqueter retirer"),
    ] {
        match catalogue().parse(line, &in_thread()) {
            Err(Error::Unknown { nearest, .. }) => assert_eq!(nearest, [meant], "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn a_line_that_is_too_long_is_refused_unread() {
    let line = format!("message 4807 {}", "a ".repeat(500_000));
    assert_eq!(
        catalogue().parse(&line, &nowhere()),
        Err(Error::LineTooLong { most: LONGEST_LINE })
    );
}

#[test]
fn a_demarche_is_named_first_after_the_name_or_last() {
    let demarche = |line: &str| {
        let catalogue = catalogue();
        let parsed = catalogue.parse(line, &nowhere()).expect(line);
        let named = parsed.values.get("demarche").cloned();
        let named = named.or(parsed.selection.demarche.map(Into::into));
        (named, parsed.values.clone())
    };
    for line in [
        "colonnes 12 nom, statut",
        "colonnes nom, statut demarche=12",
        "filtre 12 nature:Toiture",
        "filtre nature:Toiture demarche=12",
        "filtre effacer 12",
        "tri 12 -depot",
        "tri -depot démarche=12",
        "tri effacer 12",
        "notifications 12",
        "notifications message non demarche=12",
        "chercher martin demarche=12",
        "archiver onglet=traités filtre=commune:Creil demarche=12",
        "instruire demarche=12 filtre=commune:Creil",
        "message demarche=12 onglet=suivis Bonjour.",
        "message onglet=suivis Bonjour. demarche=12",
    ] {
        let (named, values) = demarche(line);
        assert_eq!(named, Some(12.into()), "{line}");
        let said = serde_json::to_string(&values).expect(line);
        assert!(!said.contains("demarche="), "{line}: {said}");
    }
    // Of dossiers that are named by their numbers it is text.
    let (named, values) = demarche("message 4807 Voyez demarche=12");
    assert_eq!(named, None);
    assert_eq!(values.get("text"), Some(&"Voyez demarche=12".into()));
}

#[test]
fn options_after_the_text_are_refused_and_what_only_looks_so_is_text() {
    let parsed = |text: &str| {
        let line = format!("avis demander 4807 a@b.fr {text}");
        catalogue().parse(&line, &nowhere())
    };
    for text in [
        "Merci. confidentiel=oui",
        "Merci. question=\"Est-ce conforme ?\"",
        "Merci. confidentiel=oui question=\"Est-ce conforme ?\"",
        "Merci.\nconfidentiel=oui ",
        "Merci. Confidentiel=oui question=«\u{a0}Conforme ?\u{a0}»",
    ] {
        let refused = parsed(text);
        assert!(
            matches!(refused, Err(Error::LateOption { .. })),
            "{text}: {refused:?}"
        );
    }
    for text in [
        "Le nombre d’étages est e=3",
        "Voir https://example.fr/?page=2&confidentiel=oui",
        "Est-ce confidentiel=oui ou non ?",
        "Cochez confidentiel=peut-être",
        "\"Cochez la case confidentiel=oui\"",
        "\"Répondez question=Conforme\"",
        "« Cochez confidentiel=oui »",
    ] {
        assert!(parsed(text).is_ok(), "{text}: {:?}", parsed(text));
    }
}
