//! The main job, whole, from a Discord channel: what `greffier demo` shows, with completion, forms, buttons and threads.

use serde_json::json;

use super::fake::Fake;
use super::scene::{Office, Thread};
use crate::daemon::desk::{ABF, LINA, PAUL, code};

#[test]
fn the_main_job_is_done_from_a_channel() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let paul = office.colleague("paul", PAUL);
    let (number, thread) = office.deposit();

    told_of_the_deposit(&thread, number);
    taken_in_charge(&office, &thread, number);
    avis_given(&office, &thread);
    usager_answered(&office, &thread, number);

    // Previewed for her alone after a form for the reasons, and confirmed by the button that the preview offers.
    let form = thread.inside.slash("accepter", &[]);
    let modal = form.modal();
    assert_eq!(modal["title"], "Accepte des dossiers");
    let preview = form
        .submit(&[("motivation", json!("Le projet respecte le règlement."))])
        .answer();
    assert!(preview.ephemeral, "the preview is for her alone");
    assert!(preview.text().contains("Le projet respecte le règlement."));
    assert_eq!(preview.buttons(), ["Confirmer", "Annuler"]);
    // Its code is of no use to anybody else.
    let code = code(&preview.text().replace('`', ""));
    let stolen = paul.slash("confirmer", &[("code", json!(code))]).answer();
    assert!(
        stolen.text().contains("rien à confirmer"),
        "{}",
        stolen.text()
    );
    office.bot.quiet();
    assert_eq!(office.bot.count(LINA, "a été accepté"), 0);

    let confirmed = thread.inside.press(preview.id, "Confirmer");
    let (kind, _) = confirmed.acknowledged();
    assert_eq!(kind, 6, "the preview becomes what came of it");
    let done = thread.inside.find(0, "what came of it", |seen| {
        let it = seen.id == preview.id && seen.text().contains("C'est fait");
        it.then(|| seen.clone())
    });
    assert!(done.buttons().is_empty(), "{:?}", done.buttons());
    let decision = office.bot.mail(LINA, "a été accepté");
    assert!(decision.text.contains("Le projet respecte le règlement."));
    thread.shown("accepté par");
    office.bot.mail(ABF, "a été accepté");
    let card = thread.becomes("Accepté");
    assert!(card.buttons().is_empty(), "{:?}", card.buttons());

    // Once is all.
    let again = office.room.slash("confirmer", &[("code", json!(code))]);
    assert!(again.answer().text().contains("rien à confirmer"));
    office.bot.quiet();
    assert_eq!(office.bot.count(LINA, "a été accepté"), 1, "decided once");
    assert_eq!(office.bot.stop(), 0);
    all_was(&fake);
}

/// A card that reads well alone, and in its thread the news.
fn told_of_the_deposit(thread: &Thread<'_>, number: u64) {
    let card = &thread.card;
    assert!(card.content.contains("Moreau"), "{}", card.content);
    assert!(card.embeds[0]["title"].as_str().unwrap().contains("Moreau"));
    assert!(card.embeds[0]["color"].is_u64());
    assert_eq!(
        card.buttons(),
        [
            "Suivre",
            "Passer en instruction",
            "Demander un avis",
            "Voir"
        ]
    );
    thread.shown(&format!("Nouveau dossier n° {number}"));
    let (id, name, archived) = thread.room.threads().pop().unwrap();
    assert_eq!((id, archived), (card.id, false));
    assert!(name.contains("Moreau"), "{name}");
}

/// A button of the card, and a command in the thread, where it needs no number.
fn taken_in_charge(office: &Office<'_>, thread: &Thread<'_>, number: u64) {
    let choices = office.room.complete("suivre", &[], "dossiers", "more");
    assert_eq!(choices.len(), 1, "{choices:?}");
    assert!(choices[0].0.contains("Moreau") && choices[0].0.contains("en construction"));
    assert_eq!(choices[0].1, json!(number.to_string()));

    let pressed = office.room.press(thread.card.id, "Suivre").answer();
    assert!(pressed.ephemeral, "a button answers who pressed it");
    assert!(pressed.text().contains("C'est fait"), "{}", pressed.text());
    thread.shown("suit ce dossier");
    thread.becomes("Suivi par");
    let done = thread.inside.slash("instruire", &[]).answer();
    assert!(
        !done.ephemeral && done.text().contains("C'est fait"),
        "{}",
        done.text()
    );
    thread.shown("passé en instruction");
    thread.becomes("En instruction");
    office.bot.mail(LINA, "instruction");
}

/// An expert is asked through the form of a button, and answers by mail with a file.
fn avis_given(office: &Office<'_>, thread: &Thread<'_>) {
    let form = office.room.press(thread.card.id, "Demander un avis");
    let asked = form.submit(&[
        ("experts", json!(ABF)),
        ("texte", json!("Le projet respecte-t-il\nles « abords » ?")),
        ("question", json!("Favorable ?")),
    ]);
    let answer = asked.answer();
    assert!(answer.text().contains("C'est fait"), "{}", answer.text());
    thread.shown("avis n° 1 demandé");
    let invitation = office.bot.mail(ABF, "abords");
    assert!(
        invitation.text.contains("Favorable ?"),
        "{}",
        invitation.text
    );
    let reply = invitation
        .answer(ABF, "Oui\n\nLe colombage est bien conservé.")
        .with_file("rapport.pdf", "%PDF rapport");
    assert_eq!(
        office.bot.send(ABF, &invitation.reply_to, &reply.text()),
        250
    );
    let news = thread.shown("colombage est bien conservé");
    let bare = news.text().replace('*', "");
    assert!(bare.contains("Réponse : oui"), "{bare}");
    assert!(news.text().contains("rapport.pdf"), "{}", news.text());
    // It rings for the one who asked, and for nobody else.
    assert_eq!(news.rung.users.len(), 1, "{:?}", news.rung);
    assert!(news.rung.users.contains(&office.ines.id));
    assert!(!news.rung.everyone && news.rung.roles.is_empty());
}

/// A message to the usager with a file, and the answer with another.
fn usager_answered(office: &Office<'_>, thread: &Thread<'_>, number: u64) {
    let file = office
        .ines
        .file("modele.pdf", "application/pdf", b"%PDF modele");
    let form = thread.inside.slash("message", &[("fichier", file)]);
    let answer = form
        .submit(&[("texte", json!("Pouvez-vous joindre le plan ?"))])
        .answer();
    // Until it leaves it can be taken back.
    assert!(
        answer.text().contains(&format!("annuler {number}")),
        "{}",
        answer.text()
    );
    office.bot.settled(1);
    office.bot.advance(301);
    let message = office.bot.mail(LINA, "joindre le plan");
    let answer = message
        .answer(LINA, "Voici le plan demandé.")
        .with_file("plan-masse.pdf", "%PDF plan");
    assert_eq!(
        office.bot.send(LINA, &message.reply_to, &answer.text()),
        250
    );
    let news = thread.shown("Voici le plan demandé.");
    assert!(news.text().contains("plan-masse.pdf"), "{}", news.text());
}

/// Everything was acknowledged in time, nothing was refused, and nobody was rung who was not meant.
fn all_was(fake: &Fake) {
    for request in fake.requests() {
        assert!(
            request.status < 400 || request.code == 10_003,
            "{request:?}"
        );
    }
    assert_eq!(fake.invalid(), 0);
}
