//! What people read about commands and about their slips.

use super::*;

fn said(line: &str, here: &Here) -> String {
    match catalogue().parse(line, here) {
        Ok(parsed) => panic!("{line} is understood as {}", parsed.spec.name),
        Err(error) => format!("> {line}\n{error}\n"),
    }
}

/// Every kind of error has a line that ends in it.
#[test]
fn each_slip_is_explained() {
    let long = format!("message 4807 {}", "a".repeat(10_001));
    let endless = "a".repeat(LONGEST_LINE + 1);
    let lines = [
        "",
        "suivvre 4807",
        "avis demnder 4807 a@b.fr Merci",
        "quarantaine ouvrir 3",
        "quarantaine 3",
        "bonjour tout le monde `@everyone`",
        "suivre",
        "suivre bonjour",
        "message Bonjour",
        "message 4807",
        "message 4807 « »",
        "refuser 4807",
        "envoyer 4807",
        "envoyer 4807 paul",
        "avis demander 4807 paul Merci",
        "avis demander 4807 a@b.fr confidentiel=peut-être Merci",
        "avis revoquer 4807 deux",
        "corriger 4807 motif=autre Le plan",
        "dossiers ailleurs",
        "suivre onglet=ailleurs",
        "suivre filtre=commune",
        "suivre 4812-4807",
        "suivre 99999999999999999999",
        "message 4807 « Bonjour",
        "dossiers taille=12",
        "dossier 4807 taille=12",
        "dossiers page=1 page=2",
        "dossier 4807 4808",
        "dossier 4807-4808",
        "message 4807 attendre=oui Merci de répondre.",
        "message 4807 taux=12 c’est peu",
        "avis demander 4807 a@b.fr Le projet convient-il ? confidentiel=oui",
        "piece 4807 1 2",
        "confirmer été",
        &long,
        &endless,
    ];
    let mut said: String = lines
        .iter()
        .map(|line| said(line, &nowhere()) + "\n")
        .collect();
    said.push_str(&super::messages::said(
        "message 12 pièces manquent",
        &in_thread(),
    ));
    let shortened = said
        .replace(&long, "message 4807 aaa…")
        .replace(&endless, "aaa…");
    insta::assert_snapshot!(shortened);
}

#[test]
fn help_lists_what_one_may_type() {
    insta::assert_snapshot!(
        "help_of_an_instructeur",
        catalogue().help(&Right::Instructeur, Record::Local)
    );
    insta::assert_snapshot!(
        "help_of_anyone",
        catalogue().help(&Right::Anyone, Record::Local)
    );
}

#[test]
fn each_command_is_explained() {
    insta::assert_snapshot!("markdown", catalogue().markdown());
    let explained = |name| {
        catalogue()
            .help_for(name, Record::Local)
            .unwrap_or_else(|error| error.to_string())
    };
    insta::assert_snapshot!("help_for_avis", explained("!Avis"));
    insta::assert_snapshot!("help_for_ne_plus", explained("ne plus"));
    insta::assert_snapshot!("help_for_a_slip", explained("demender avis"));
}

/// Where the platform is the record, what only its site can do is said so, and what the signs of the rest mean.
#[test]
fn help_says_what_the_platform_does() {
    let help = catalogue().help(&Right::Instructeur, Record::Platform);
    insta::assert_snapshot!("help_of_an_instructeur_of_the_platform", help);
    let explained = |name| catalogue().help_for(name, Record::Platform).unwrap();
    insta::assert_snapshot!("help_for_a_decision_of_the_platform", explained("accepter"));
    insta::assert_snapshot!("help_for_what_the_site_does", explained("supprimer"));
    for spec in catalogue().specs() {
        let explained = explained(&spec.name);
        let (asked, site) = (
            explained.contains('⏳'),
            explained.contains("sur le site de"),
        );
        assert_eq!(asked, spec.platform == Doer::Platform, "{explained}");
        assert_eq!(site, spec.platform == Doer::Site, "{explained}");
        let local = catalogue().help_for(&spec.name, Record::Local).unwrap();
        assert!(!local.contains("plateforme"), "{local}");
    }
}

#[test]
fn usages_are_short() {
    let usages: Vec<_> = catalogue()
        .specs()
        .iter()
        .map(|spec| catalogue().usage(spec))
        .collect();
    insta::assert_snapshot!(usages.join("\n"));
}

/// French typography: a no-break space before `:` `»` and after `«`, a narrow one before `;` `!` `?`, curly apostrophes.
#[test]
fn commands_that_are_shown_bear_the_prefix_of_the_place() {
    let shown = |text| catalogue().prefixed(text, "!");
    assert_eq!(
        shown("Pour le prendre : `suivre 1` · `avis liste 1`, dans `bot.toml`"),
        "Pour le prendre : `!suivre 1` · `!avis liste 1`, dans `bot.toml`"
    );
    assert_eq!(shown("\\`suivre 1\\` et `aide"), "\\`suivre 1\\` et `aide");
    assert_eq!(shown(""), "");
}

#[test]
fn what_people_read_is_well_set() {
    let mut all = catalogue().markdown();
    for record in [Record::Local, Record::Platform] {
        all.push_str(&catalogue().help(&Right::Administrateur, record));
        for spec in catalogue().specs() {
            all.push_str(&catalogue().help_for(&spec.name, record).unwrap());
        }
    }
    for line in all.lines() {
        let outside_code: String = line.split('`').step_by(2).collect();
        for wrong in [" :", " ;", " !", " ?", " »", "« ", "'"] {
            assert!(!outside_code.contains(wrong), "{wrong:?} in {line}");
        }
    }
}

fn completed(typed: &str) -> (Vec<String>, Option<Expecting>) {
    let completion = catalogue().complete(typed);
    let start = typed
        .get(..completion.start)
        .expect("it starts within the line")
        .to_owned();
    let lines = completion
        .candidates
        .iter()
        .map(|candidate| start.clone() + candidate.insert.as_str());
    (lines.collect(), completion.expecting)
}

#[test]
fn names_are_completed() {
    assert_eq!(completed("sui").0, ["suivre"]);
    assert_eq!(completed("!REF").0, ["!refuser"]);
    assert_eq!(completed("avis d").0, ["avis demander"]);
    assert_eq!(completed("ne plus s").0, ["ne-plus-suivre"]);
    assert_eq!(
        completed("aide avis r").0,
        ["aide avis relancer", "aide avis revoquer"]
    );
    assert_eq!(completed("").0.len(), 25);
}

#[test]
fn what_comes_after_a_name_is_completed() {
    assert_eq!(completed("suivre "), (vec![], Some(Expecting::Dossier)));
    assert_eq!(
        completed("avis demander 4807 "),
        (
            vec![
                "avis demander 4807 question=".to_owned(),
                "avis demander 4807 confidentiel=".to_owned()
            ],
            Some(Expecting::Expert)
        )
    );
    assert_eq!(
        completed("avis demander 4807 conf").0,
        ["avis demander 4807 confidentiel="]
    );
    assert_eq!(
        completed("avis demander 4807 confidentiel=o").0,
        ["avis demander 4807 confidentiel=oui"]
    );
    assert_eq!(
        completed("corriger 4807 motif=incom").0,
        ["corriger 4807 motif=incomplet"]
    );
    assert_eq!(
        completed("dossiers tr").0,
        ["dossiers traités", "dossiers tri="]
    );
    assert_eq!(
        completed("suivre onglet=à s").0,
        ["suivre onglet=\"à suivre\""]
    );
    assert_eq!(completed("reaffecter 4807 ").1, Some(Expecting::Groupe));
    assert_eq!(completed("annoter 4807 ").1, Some(Expecting::Annotation));
    assert_eq!(completed("confirmer ").1, Some(Expecting::Code));
    assert_eq!(completed("message 4807 Bonjour ").1, None);
}

#[test]
fn completions_are_understood() {
    for spec in catalogue().specs() {
        assert!(
            completed(&spec.name).0.contains(&spec.name),
            "{}",
            spec.name
        );
    }
}
