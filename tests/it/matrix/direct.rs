//! Private conversations: opened, left, taken up again, and no longer private once a third person is there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::{People, Person, Room};
use super::scene::Office;
use crate::daemon::desk::until;
use crate::servers::synapse::shared_synapse;

/// Said where it is not answered.
const ASIDE: &str = "je vous réponds en privé";

/// The rooms that somebody is in.
fn rooms(person: &Person<'_>) -> BTreeSet<String> {
    let rooms = person.request("GET", "/_matrix/client/v3/joined_rooms", &Value::Null);
    serde_json::from_value(rooms["joined_rooms"].clone()).unwrap()
}

/// The room that somebody has come into since then; it must be encrypted.
fn opened<'a>(person: &Person<'a>, before: &BTreeSet<String>) -> Room<'a> {
    let id = until("a new conversation", || {
        rooms(person).difference(before).next().cloned()
    });
    person.enter(&id, true)
}

/// She leaves a conversation, and Greffier knows.
fn leaves(office: &Office<'_>, room: &Room<'_>) {
    let path = format!("/_matrix/client/v3/rooms/{}/leave", room.id);
    office.ines.request("POST", &path, &json!({}));
    let mark = office.room.mark();
    office.room.say("!statut");
    office.room.shown(mark, "à envoyer");
}

/// A room that nobody has bound, with Greffier and a third person in it.
fn unbound<'a>(office: &Office<'a>, third: &Person<'_>) -> Room<'a> {
    let room = office.ines.create(false, &[&office.bot.id, &third.id]);
    office.bot.comes(&room);
    room.until_member(&third.id, "join");
    room
}

#[test]
fn it_opens_an_encrypted_conversation_where_it_must_answer_in_private() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "ouvre", true);
    let (number, _) = office.deposit();
    let other = unbound(&office, &people.person("paul-ouvre"));
    leaves(&office, &office.direct);
    let before = rooms(&office.ines);
    other.say(&format!("!dossier {number}"));
    other.shown(0, ASIDE);
    let conversation = opened(&office.ines, &before);
    let answer = conversation.shown(0, "Secteur");
    assert!(answer.encrypted);
    assert!(other.with("Secteur").is_empty() && other.with("Moreau").is_empty());
    // From now on it is there that they speak.
    let mark = conversation.mark();
    conversation.say(&format!("dossier {number}"));
    conversation.shown(mark, "Secteur");
    let mark = conversation.mark();
    other.say(&format!("!dossier {number}"));
    conversation.shown(mark, "Secteur");
    office.bot.quiet();
    assert_eq!(rooms(&office.ines).difference(&before).count(), 1);
}

#[test]
fn who_leaves_is_not_followed_and_is_answered_when_he_comes_back() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "revient", true);
    let (number, _) = office.deposit();
    let other = unbound(&office, &people.person("paul-revient"));
    leaves(&office, &office.direct);
    let before = rooms(&office.ines);
    other.say(&format!("!dossier {number}"));
    let conversation = opened(&office.ines, &before);
    conversation.shown(0, "Secteur");
    leaves(&office, &conversation);
    // Invited once a day and not more: this answer waits.
    let mark = other.mark();
    other.say(&format!("!dossier {number}"));
    other.shown(mark, ASIDE);
    office.bot.settled(1);
    assert_eq!(rooms(&office.ines), before);
    // She takes it up again.
    let again = office.ines.direct(&office.bot.id);
    office.bot.comes(&again);
    let mark = again.mark();
    again.say("statut");
    again.shown(mark, "à envoyer");
    let waited = until("what had to wait", || {
        office.bot.advance(60);
        again.with("Secteur").pop()
    });
    assert!(waited.encrypted);
    office.bot.quiet();
    let now: Vec<String> = rooms(&office.ines).difference(&before).cloned().collect();
    assert_eq!(now, std::slice::from_ref(&again.id));
}

#[test]
fn with_a_third_person_a_conversation_is_not_private_any_more() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "tiers", true);
    let (number, _) = office.deposit();
    let direct = &office.direct;
    let mark = direct.mark();
    direct.say(&format!("dossier {number}"));
    direct.shown(mark, "Secteur");
    // Invited is as good as there: he could come in and read.
    let paul = people.person("paul-tiers");
    let before = rooms(&office.ines);
    let mark = direct.mark();
    direct.invite(&paul.id);
    let his = paul.enter(&direct.id, true);
    direct.say(&format!("dossier {number}"));
    direct.say(&format!("!dossier {number}"));
    direct.shown(mark, ASIDE);
    let conversation = opened(&office.ines, &before);
    conversation.shown(0, "Secteur");
    office.bot.quiet();
    let told: Vec<String> = direct
        .timeline()
        .iter()
        .skip(mark)
        .filter(|seen| seen.sender == office.bot.id && seen.is_message())
        .map(super::client::Seen::text)
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let tells = |text: &str| text.contains("Secteur") || text.contains("Moreau");
    let heard = his.timeline();
    assert!(
        heard.iter().all(|seen| !tells(&seen.text())),
        "{}",
        his.told()
    );
    // Alone again, they may speak there as before.
    direct.membership("kick", &paul.id);
    let mark = direct.mark();
    direct.say(&format!("dossier {number}"));
    direct.shown(mark, "Secteur");
    assert_eq!(conversation.with("Secteur").len(), 1);
    assert!(his.with("Secteur").is_empty());
}
