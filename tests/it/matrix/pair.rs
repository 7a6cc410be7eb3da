//! A decision that takes two, in an encrypted room: one reaction proposes it, another one of somebody else takes it.

use std::fs;

use super::client::People;
use super::scene::Office;
use crate::daemon::desk::PAUL;
use crate::servers::synapse::shared_synapse;

#[test]
fn two_reactions_of_two_people_take_a_decision() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open_with(server, &people, "quatre", true, |bot| {
        let file = bot.path().join("demarches/101.toml");
        let demarche = fs::read_to_string(&file).unwrap();
        fs::write(file, format!("four_eyes = true\n{demarche}")).unwrap();
    });
    let (_paul, seat) = office.colleague(&people, "paul-quatre", PAUL);
    let (number, thread) = office.deposit();
    let mark = office.room.mark();
    office
        .room
        .say(&format!("!accepter {number} Rien à conserver."));
    let preview = office.room.shown(mark, "Cette décision se prend à deux");
    office.room.react(&preview.id, "✅");
    let proposal = office.room.shown(mark, "Un autre instructeur du groupe");
    assert!(proposal.encrypted);
    // Who proposed it cannot take it, whatever he presses.
    office.room.react(&proposal.id, "✅");
    office.room.shown(mark, "Vous avez proposé cette décision");
    assert!(thread_is_open(&office, number));
    let there = seat.find(0, "the proposal, for the colleague", |seen| {
        (seen.id == proposal.id).then(|| seen.clone())
    });
    seat.react(&there.id, "✅");
    thread.becomes("Accepté");
    office.room.find(mark, "the end of the proposal", |seen| {
        let ours = seen.edits.as_deref() == Some(proposal.id.as_str());
        (ours && seen.text().contains("Confirmé par paul")).then_some(())
    });
    let mark = office.room.mark();
    office.room.say(&format!("!historique {number}"));
    let history = office.room.shown(mark, "Historique du dossier");
    let decided = history.text();
    assert!(
        decided.contains("par paul.faure, sur proposition de ines.roux"),
        "{decided}"
    );
    office.bot.quiet();
}

/// Nothing is decided yet.
fn thread_is_open(office: &Office<'_>, number: u64) -> bool {
    let name = format!("Dossier n° {number}");
    let shown = office.room.with(&name);
    shown.iter().all(|seen| !seen.text().contains("Accepté"))
}
