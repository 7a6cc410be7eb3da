//! Filing: routing, closed groups, declarative démarches.

use super::*;

fn routed() -> Demarche {
    let mut demarche = demarche();
    demarche.routage = Some(Routage {
        champ: "milieu".to_owned(),
    });
    demarche.groupes[0].valeurs = vec!["Forêt".to_owned()];
    demarche.groupes[1].valeurs = vec!["Étang".to_owned()];
    demarche
}

fn answering(milieu: Option<&str>) -> Deposit {
    let mut deposit = deposited();
    if let Some(milieu) = milieu {
        let answer = Valeur::Text(milieu.to_owned());
        deposit.champs.insert("milieu".to_owned(), answer);
    }
    deposit
}

fn groupe_of(demarche: &Demarche, filed: Deposit) -> Result<String, Refusal> {
    let log = deposit(demarche, DossierId(1), filed, start())?;
    Ok(replay(&log).unwrap().groupe)
}

#[test]
fn a_deposit_is_en_construction_followed_by_nobody() {
    let dossier = given().dossier;
    assert_eq!(dossier.statut, Statut::EnConstruction);
    assert!(dossier.followers.is_empty());
    assert_eq!((dossier.deposited, dossier.since()), (start(), start()));
    assert_eq!(dossier.steps[0].by, camille());
}

#[test]
fn a_closed_demarche_takes_nothing_and_is_still_instructed() {
    let mut story = given();
    story.demarche.etat = Etat::Close;
    assert_eq!(
        deposit(&story.demarche, DossierId(1), deposited(), start()),
        Err(Refusal::DemarcheClosed)
    );
    assert!(story.when(&ines(), Command::PassToInstruction).is_ok());
    story.demarche.etat = Etat::Test;
    assert!(deposit(&story.demarche, DossierId(1), deposited(), start()).is_ok());
}

#[test]
fn the_answer_leads_to_its_group_and_no_answer_to_the_first() {
    let demarche = routed();
    assert_eq!(
        groupe_of(&demarche, answering(Some("Étang"))),
        Ok("Sud".to_owned())
    );
    for milieu in [None, Some("Montagne")] {
        assert_eq!(
            groupe_of(&demarche, answering(milieu)),
            Ok("Nord".to_owned())
        );
    }
}

#[test]
fn a_routed_form_is_not_led_elsewhere_by_asking() {
    let asking = Deposit {
        groupe: Some("Nord".to_owned()),
        ..answering(Some("Étang"))
    };
    assert_eq!(groupe_of(&routed(), asking), Ok("Sud".to_owned()));
}

#[test]
fn a_closed_group_receives_nothing() {
    let mut demarche = routed();
    demarche.groupes[1].ferme = true;
    assert_eq!(
        groupe_of(&demarche, answering(Some("Étang"))),
        Ok("Nord".to_owned())
    );
    demarche.groupes[0].ferme = true;
    assert_eq!(
        groupe_of(&demarche, answering(Some("Étang"))),
        Err(Refusal::DemarcheClosed)
    );
}

#[test]
fn a_form_that_does_not_route_lets_one_ask_for_a_group() {
    let asking = |groupe: &str| Deposit {
        groupe: Some(groupe.to_owned()),
        ..deposited()
    };
    let mut demarche = demarche();
    assert_eq!(groupe_of(&demarche, asking(" SUD ")), Ok("Sud".to_owned()));
    assert_eq!(groupe_of(&demarche, deposited()), Ok("Nord".to_owned()));
    demarche.groupes[1].ferme = true;
    assert_eq!(
        groupe_of(&demarche, asking("Sud")),
        Err(Refusal::UnknownGroupe {
            groupe: "Sud".to_owned(),
            known: vec!["Nord".to_owned()]
        })
    );
}

#[test]
fn a_declarative_demarche_decides_by_itself() {
    let mut demarche = demarche();
    demarche.declarative = Some(Declarative::Accepte);
    let dossier = given_in(demarche.clone()).dossier;
    assert_eq!(dossier.statut, Statut::Accepte);
    assert_eq!(dossier.decided.unwrap().by, Person::Greffier);
    demarche.declarative = Some(Declarative::EnInstruction);
    let dossier = given_in(demarche).dossier;
    assert_eq!(dossier.statut, Statut::EnInstruction);
    assert!(dossier.followers.is_empty());
}

#[test]
fn what_does_not_begin_with_a_deposit_is_no_dossier() {
    let story = given_instructed();
    assert_eq!(replay(&story.log[1..]), None);
    assert_eq!(replay(&[]), None);
}

#[test]
fn a_second_deposit_changes_nothing_but_the_hour() {
    let story = given_instructed();
    let again = evolve(Some(story.dossier.clone()), &story.log[0]).unwrap();
    assert_eq!(again, story.dossier);
}
