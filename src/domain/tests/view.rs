//! Where a dossier is listed.

use super::*;

/// The tabs of the group, then those of Ines, then those where she has an orange mark.
fn tabs(story: &Story) -> (Vec<Onglet>, Vec<Onglet>, Vec<Onglet>) {
    let view = View::of(&story.dossier, &story.demarche);
    let ours = Of::Groupe(story.dossier.groupe.clone());
    let hers = Of::Instructeur(email(&ines()));
    let of = |of: &Of, marked| {
        view.lists
            .iter()
            .filter(|list| list.of == *of && list.marked == marked)
            .map(|list| list.onglet)
            .collect()
    };
    assert!(
        view.lists
            .iter()
            .all(|list| list.demarche == DemarcheId(12))
    );
    (of(&ours, false), of(&hers, false), of(&hers, true))
}

#[test]
fn a_new_dossier_is_to_be_followed() {
    assert_eq!(
        tabs(&given()),
        (vec![Onglet::ASuivre, Onglet::Total], vec![], vec![])
    );
}

#[test]
fn a_followed_dossier_leaves_a_suivre_and_comes_back_with_the_last_follower() {
    let story = given().and(&ines(), Command::Follow);
    assert_eq!(
        tabs(&story),
        (vec![Onglet::Total], vec![Onglet::Suivis], vec![])
    );
    let both = story
        .and(&paul(), Command::Follow)
        .and(&ines(), Command::Unfollow);
    assert_eq!(tabs(&both), (vec![Onglet::Total], vec![], vec![]));
    let nobody = both.and(&paul(), Command::Unfollow);
    assert_eq!(tabs(&nobody).0, [Onglet::ASuivre, Onglet::Total]);
}

#[test]
fn a_mark_is_listed_until_it_is_looked_at() {
    let story = given_instructed().and(&camille(), post("Bonjour"));
    assert_eq!(tabs(&story).2, [Onglet::Suivis]);
    let story = story.and(&ines(), look(&[Mark::Messagerie]));
    assert!(tabs(&story).2.is_empty());
}

#[test]
fn a_decided_dossier_is_among_traites() {
    let story = given_accepted();
    assert_eq!(
        tabs(&story),
        (vec![Onglet::Traites, Onglet::Total], vec![], vec![])
    );
    let story = story.and(&camille(), post("Merci"));
    assert_eq!(tabs(&story).2, [Onglet::Traites]);
}

#[test]
fn an_archived_dossier_is_in_its_tab_alone() {
    let story = given_accepted()
        .and(&camille(), post("Merci"))
        .and(&ines(), Command::Archive);
    assert_eq!(tabs(&story), (vec![Onglet::Archives], vec![], vec![]));
}

#[test]
fn a_deleted_dossier_is_in_the_trash_alone() {
    let story = given_accepted().and(&ines(), Command::Archive);
    let story = story.and(&ines(), Command::Delete);
    assert_eq!(tabs(&story), (vec![Onglet::Supprimes], vec![], vec![]));
}

#[test]
fn an_expiring_dossier_is_in_its_tab_beside_the_others() {
    let story = given_accepted()
        .later(days(360))
        .and(&Person::Greffier, Command::Tick);
    assert_eq!(
        tabs(&story).0,
        [Onglet::Traites, Onglet::Total, Onglet::Expirants]
    );
    let archived = story.and(&ines(), Command::Archive);
    assert_eq!(tabs(&archived).0, [Onglet::Expirants, Onglet::Archives]);
    let extended = archived.and(&ines(), Command::Extend);
    assert_eq!(tabs(&extended).0, [Onglet::Archives]);
}

#[test]
fn a_reopened_dossier_comes_back_to_its_followers() {
    let story = given_accepted()
        .and(&ines(), Command::Archive)
        .and(&paul(), Command::Reopen);
    assert_eq!(
        tabs(&story),
        (vec![Onglet::Total], vec![Onglet::Suivis], vec![])
    );
}

#[test]
fn a_reassigned_dossier_is_in_its_new_group_alone() {
    let story = given().and(&ines(), reassign("Sud"));
    let view = View::of(&story.dossier, &story.demarche);
    assert!(
        view.lists
            .iter()
            .all(|list| list.of == Of::Groupe("Sud".into()))
    );
}

#[test]
fn a_purged_dossier_is_nowhere() {
    let story = given_accepted()
        .and(&ines(), Command::Delete)
        .later(days(14))
        .and(&Person::Greffier, Command::Tick);
    assert_eq!(View::of(&story.dossier, &story.demarche), View::default());
}
