//! The main job on the platform from an encrypted Matrix room: a real homeserver, a stock client, mailboxes.

use super::desk::{Site, with_mail};
use super::fake::Statut;
use crate::daemon::desk::{ABF, INES, LINA, until};
use crate::matrix::client::People;
use crate::matrix::scene::{Bot, Thread};
use crate::servers::synapse::shared_synapse;

#[test]
fn a_dossier_of_the_site_is_instructed_from_an_encrypted_room() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let site = Site::open();
    let ines = people.person("ines-site");
    let mut bot = Bot::on(server, &people, "greffier-site");
    let room = ines.create(true, &[&bot.id]);
    bot.bind(&room.id, "privacy = \"full\"");
    site.follow(&bot, &with_mail());
    bot.start();
    bot.comes(&room);
    site.is_read(&bot);
    bot.link(&ines, INES);

    let filed = site.fake.usager_files(site.demarche, LINA);
    let number = u64::try_from(filed).unwrap();
    let thread = Thread::of(&room, number);
    thread.shown(&format!("Nouveau dossier n° {number}"));
    let line = room.say(&format!("!suivre {number}"));
    room.reacted(&line, "✅");
    thread.shown("suit ce dossier");
    let line = thread.say("!instruire");
    // What the platform is asked takes a moment, which is shown.
    room.reacted(&line, "⏳");
    room.reacted(&line, "✅");
    thread.becomes("En instruction");
    assert_eq!(site.fake.dossier(filed).statut, Statut::EnInstruction);

    thread.say(&format!(
        "!avis demander {ABF} Le projet respecte-t-il les abords ?"
    ));
    thread.shown("avis n° 1 demandé");
    let invitation = bot.mail(ABF, "abords");
    let reply = invitation
        .answer(ABF, "Favorable, le colombage est conservé.")
        .text();
    assert_eq!(bot.send(ABF, &invitation.reply_to, &reply), 250);
    thread.shown("colombage est conservé");
    until("the avis stands in the annotation", || {
        let note = site.fake.champ_text(filed, "Note interne")?;
        note.contains("colombage est conservé").then_some(())
    });

    thread.say("!message Pouvez-vous joindre le plan ?");
    thread.shown("Le courriel part");
    assert_eq!(site.fake.done("dossierEnvoyerMessage", filed), 1);
    bot.advance(301);
    let message = bot.mail(LINA, "joindre le plan");
    let answer = message.answer(LINA, "Voici le plan demandé.").text();
    assert_eq!(bot.send(LINA, &message.reply_to, &answer), 250);
    thread.shown("Voici le plan demandé.");
    until("the answer stands on the platform", || {
        (site.fake.done("dossierEnvoyerMessage", filed) == 2).then_some(())
    });

    // The usager writes on the site, and the decision is previewed, confirmed by the reaction that is offered.
    site.fake
        .usager(filed)
        .writes("Où en est ma demande ?", &[]);
    thread.shown("Où en est ma demande ?");
    thread.say("!accepter Le projet respecte le règlement.");
    let preview = thread.shown("À confirmer");
    room.reacted(&preview.id, "✅");
    assert_eq!(site.fake.done("dossierAccepter", filed), 0);
    room.react(&preview.id, "✅");
    thread.becomes("Accepté");
    let dossier = site.fake.dossier(filed);
    assert_eq!(dossier.statut, Statut::Accepte);
    assert_eq!(
        dossier.motivation.as_deref(),
        Some("Le projet respecte le règlement.")
    );
    bot.quiet();
    for (mutation, times) in [
        ("dossierBasculeSuivi", 1),
        ("dossierPasserEnInstruction", 1),
        ("dossierAccepter", 1),
        ("dossierEnvoyerMessage", 2),
    ] {
        assert_eq!(site.fake.done(mutation, filed), times, "{mutation}");
    }
    assert!(
        room.timeline()
            .iter()
            .filter(|seen| seen.is_message())
            .all(|seen| seen.encrypted)
    );
    assert_eq!(bot.stop(), 0);
}
