//! The main job on the platform: filed on the site, followed, instructed, discussed and decided from a room and by mail.

use super::desk::{Desk, with_mail};
use super::fake::{Decision, Statut, Value};
use crate::daemon::desk::{ABF, INES, LINA, PAUL, ROSE, until};

#[test]
fn a_dossier_of_the_site_is_instructed_from_the_room() {
    let mut desk = Desk::open(&with_mail());
    let number = desk.filed(LINA);

    desk.type_line(&format!("suivre {number}"));
    desk.shown("suit ce dossier");
    assert_eq!(desk.site.fake.done("dossierBasculeSuivi", number), 1);
    let said = desk.done(&format!("instruire {number}"), INES);
    assert!(said.contains("passé en instruction"), "{said}");
    assert_eq!(desk.site.fake.dossier(number).statut, Statut::EnInstruction);

    // The expert has a mailbox and nothing else.
    desk.done(
        &format!("avis demander {number} {ABF} Le projet respecte-t-il les abords ?"),
        INES,
    );
    let invitation = desk.mail(ABF, "abords");
    let mail = invitation
        .answer(ABF, "Favorable, le colombage est conservé.")
        .text();
    assert_eq!(desk.send(ABF, &invitation.reply_to, &mail), 250);
    desk.shown("avis rendu");
    until("the avis stands in the annotation", || {
        let note = desk.site.fake.champ_text(number, "Note interne")?;
        note.contains("colombage est conservé").then_some(())
    });

    // A message leaves from here too, with its text and an address to answer to.
    desk.done(
        &format!("message {number} Bonjour, il nous manque le plan."),
        INES,
    );
    assert_eq!(desk.site.fake.done("dossierEnvoyerMessage", number), 1);
    desk.advance(6 * 60);
    let written = desk.mail(LINA, "il nous manque le plan");
    let mail = written.answer(LINA, "Bonjour, le voici.").text();
    assert_eq!(desk.send(LINA, &written.reply_to, &mail), 250);
    desk.shown("Bonjour, le voici.");
    until("the answer stands on the platform", || {
        (desk.site.fake.done("dossierEnvoyerMessage", number) == 2).then_some(())
    });
    let last = desk
        .site
        .fake
        .dossier(number)
        .messages
        .last()
        .unwrap()
        .body
        .clone();
    assert!(
        last.contains("Réponse de l’usager") && last.contains("le voici"),
        "{last}"
    );

    desk.confirmed(&format!("accepter {number} Conforme aux abords."), INES);
    assert_eq!(desk.site.fake.done("dossierAccepter", number), 1);
    let dossier = desk.site.fake.dossier(number);
    assert_eq!(dossier.statut, Statut::Accepte);
    assert_eq!(dossier.motivation.as_deref(), Some("Conforme aux abords."));
    let history = desk.done(&format!("historique {number}"), PAUL);
    assert!(history.contains("accepté, par ines.roux"), "{history}");

    // What is done on the site is told here.
    desk.site.fake.instructeur(PAUL).reopens(number);
    desk.shown("repassé en instruction");
    desk.settled(0);
    assert_eq!(desk.stop(), 0);
    let verified = desk.run(&["store", "verify"], b"");
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn what_others_do_on_the_site_is_told_once_and_to_their_group_only() {
    let desk = Desk::open("");
    let number = desk.filed(LINA);
    desk.site
        .fake
        .usager(number)
        .writes("Quand aurai-je une réponse ?", &[]);
    desk.shown("Quand aurai-je une réponse ?");
    desk.site.fake.instructeur(PAUL).passes(number);
    desk.shown("passé en instruction");
    desk.site
        .fake
        .instructeur(PAUL)
        .asks_correction(number, "incomplete", "Il manque le plan.");
    desk.shown("Il manque le plan.");
    desk.refused_or_told(&format!("dossier {number}"), ROSE, "existe pas");
    let sud = desk.site.fake.groupe(desk.site.demarche, "Sud").number;
    desk.site.fake.instructeur(PAUL).reassigns(number, sud);
    until("the other group has it", || {
        let said = desk.command(&format!("dossier {number}"), ROSE);
        (said.code == 0).then_some(())
    });
    desk.refused_or_told(&format!("dossier {number}"), INES, "existe pas");
    let room = desk.room();
    assert_eq!(
        room.matches("Quand aurai-je une réponse ?").count(),
        1,
        "{room}"
    );
}

#[test]
fn nobody_is_told_of_the_past() {
    let mut desk = Desk::closed("");
    let old = desk.site.fake.usager_files(desk.site.demarche, LINA);
    desk.site.fake.instructeur(INES).passes(old);
    desk.site
        .fake
        .instructeur(INES)
        .decides(old, Decision::Refuser, "Trop tard.");
    desk.site.fake.bulk(desk.site.demarche, 250);
    desk.start();
    desk.is_read();
    until("all are here", || {
        let said = desk.command("demarches", INES);
        let all = said.text.contains("au total 126");
        all.then_some(())
    });
    assert!(!desk.room().contains("dossier n°"), "{}", desk.room());
    let shown = desk.done(&format!("dossier {old}"), INES);
    assert!(shown.contains("Refusé"), "{shown}");
    assert!(
        !desk.done("demarches", INES).contains('🔶'),
        "nothing of the past is new"
    );
}

#[test]
fn a_lost_answer_repeats_no_act() {
    use super::fake::Fault;
    let desk = Desk::open("");
    let number = desk.filed(LINA);
    desk.site
        .fake
        .fail("dossierPasserEnInstruction", 1, Fault::DropAfter);
    desk.done(&format!("instruire {number}"), INES);
    desk.site
        .fake
        .fail("dossierEnvoyerMessage", 1, Fault::InternalAfter);
    desk.done(&format!("message {number} Bonjour."), INES);
    desk.site.fake.fail("dossierAccepter", 1, Fault::Truncated);
    desk.confirmed(&format!("accepter {number} Conforme."), INES);
    for mutation in [
        "dossierPasserEnInstruction",
        "dossierEnvoyerMessage",
        "dossierAccepter",
    ] {
        assert_eq!(desk.site.fake.done(mutation, number), 1, "{mutation}");
    }
}

#[test]
fn a_kill_repeats_no_act() {
    for point in [
        "before-send",
        "after-send",
        "before-record",
        "after-record",
        "before-transaction",
        "after-transaction",
    ] {
        let mut desk = Desk::closed("");
        let number = desk.site.fake.usager_files(desk.site.demarche, LINA);
        desk.start();
        desk.is_read();
        until("the dossier is here", || {
            (desk.command(&format!("dossier {number}"), INES).code == 0).then_some(())
        });
        desk.stop();
        if desk.start_killed_at(Some(point)) {
            desk.throw("ordre", &format!("instruire {number}"), INES);
            desk.throw("mot", &format!("message {number} Bonjour."), INES);
            until("it is killed, or both are done", || {
                let both = desk.site.fake.done("dossierEnvoyerMessage", number) > 0;
                (both || !desk.lives()).then_some(())
            });
        }
        desk.kill();
        desk.start();
        desk.throw("ordre", &format!("instruire {number}"), INES);
        desk.throw("mot", &format!("message {number} Bonjour."), INES);
        until("both are done", || {
            let both = desk.site.fake.done("dossierEnvoyerMessage", number) > 0
                && desk.site.fake.dossier(number).statut == Statut::EnInstruction;
            both.then_some(())
        });
        desk.settled(0);
        assert_eq!(
            desk.site.fake.done("dossierPasserEnInstruction", number),
            1,
            "{point}"
        );
        assert_eq!(
            desk.site.fake.done("dossierEnvoyerMessage", number),
            1,
            "{point}"
        );
    }
}

#[test]
fn files_stay_there_until_they_are_wanted() {
    let desk = Desk::open("");
    let number = desk.filed(LINA);
    let file = desk
        .site
        .fake
        .store_file("plan.pdf", "application/pdf", b"%PDF plan");
    desk.site
        .fake
        .usager(number)
        .writes("Voici le plan.", &[file]);
    desk.shown("Voici le plan.");
    assert_eq!(desk.site.fake.count("Files"), 0);
    let said = desk.done(&format!("piece {number} toutes"), INES);
    assert!(
        said.contains("pièces") || said.contains("Il est dans") || said.contains("plan.pdf"),
        "{said}"
    );
    assert_eq!(desk.site.fake.count("Files"), 1);
}

#[test]
fn a_token_that_only_reads_is_said() {
    let mut desk = Desk::closed("");
    desk.give(&desk.site.fake.read_token());
    let number = desk.site.fake.usager_files(desk.site.demarche, LINA);
    desk.start();
    desk.is_read();
    until("the dossier is here", || {
        (desk.command(&format!("dossier {number}"), INES).code == 0).then_some(())
    });
    desk.refused_or_told(&format!("suivre {number}"), INES, "ne peut que lire");
}

#[test]
fn a_correction_made_on_the_site_is_seen() {
    let desk = Desk::open("");
    let number = desk.filed(LINA);
    desk.done(
        &format!("corriger {number} motif=incomplet Il manque la surface."),
        INES,
    );
    assert_eq!(desk.site.fake.done("dossierEnvoyerMessage", number), 1);
    desk.site
        .fake
        .usager(number)
        .submits(&[("Téléphone", Value::Text("01 02 03 04 05".to_owned()))]);
    desk.shown("demande modifiée par l'usager : Téléphone");
}

#[test]
fn a_dossier_that_was_not_shown_for_a_while_is_back_as_it_was() {
    let mut desk = Desk::open("");
    let number = desk.filed(LINA);
    let fake = desk.site.fake.clone();
    // Nothing is changed on it: the token does not see it for a while.
    let hide = |at| fake.edit_dossier(number, false, |dossier| dossier.hidden_by_expired_at = at);
    // The patrol begins anew with each start.
    for (hidden, words) in [(Some(fake.now()), "— supprimé"), (None, "— restauré")] {
        desk.stop();
        hide(hidden);
        desk.start();
        desk.shown(words);
    }
    desk.done(&format!("suivre {number}"), INES);
}
