//! Messages, and mail that comes back.

use super::*;

fn with_files(text: &str, pieces: Vec<Piece>) -> Command {
    Command::Post {
        text: text.to_owned(),
        pieces,
        mail: None,
        awaits: false,
    }
}

fn bounce(address: &str) -> Command {
    Command::Bounce {
        address: address.into(),
        why: "5.1.1\r\nunknown".to_owned(),
    }
}

#[test]
fn messages_are_written_in_every_statut() {
    for story in [given(), given_instructed(), given_accepted()] {
        for person in [ines(), camille()] {
            let story = story.clone().and(&person, post(" Bonjour \n"));
            let message = &story.dossier.messages[&MessageId(1)];
            assert_eq!((message.text.as_str(), &message.by), ("Bonjour", &person));
        }
    }
}

#[test]
fn writing_makes_an_instructeur_follow_while_en_cours() {
    let story = given().and(&paul(), post("Bonjour"));
    assert!(story.dossier.followed_by(&email(&paul())));
    let story = given_accepted().and(&paul(), post("Bonjour"));
    assert!(!story.dossier.followed_by(&email(&paul())));
}

#[test]
fn nobody_writes_once_it_is_archived() {
    let story = given_accepted().and(&ines(), Command::Archive);
    for person in [ines(), camille()] {
        assert_eq!(story.when(&person, post("Bonjour")), Err(Refusal::Archived));
    }
    let story = story.and(&ines(), Command::Unarchive);
    assert!(story.when(&camille(), post("Bonjour")).is_ok());
}

#[test]
fn an_instructeur_needs_a_text_and_the_usager_a_text_or_files() {
    let story = given();
    assert_eq!(
        story.when(&ines(), with_files(" ", vec![piece(1)])),
        Err(Refusal::TextRequired)
    );
    assert!(
        story
            .when(&camille(), with_files(" ", vec![piece(1)]))
            .is_ok()
    );
    assert_eq!(
        story.when(&camille(), post(" ")),
        Err(Refusal::TextRequired)
    );
}

#[test]
fn each_file_has_its_limit_and_together_they_have_none() {
    let limit = vec![piece(MAX_PIECE), piece(MAX_PIECE)];
    assert!(given().when(&ines(), with_files("Voici", limit)).is_ok());
    for person in [ines(), camille()] {
        let over = vec![piece(1), piece(MAX_PIECE + 1)];
        assert_eq!(
            given().when(&person, with_files("Voici", over)),
            Err(Refusal::TooLarge {
                name: "plan.pdf".to_owned(),
                max: MAX_PIECE
            })
        );
    }
}

#[test]
fn a_message_is_taken_back_within_five_minutes() {
    let story = given().and(&ines(), with_files("Erreur", vec![piece(1)]));
    let almost = SignedDuration::from_millis(299_999);
    assert_eq!(
        story.clone().later(almost).when(&ines(), Command::Withdraw),
        Ok(vec![Event::MessageWithdrawn {
            message: MessageId(1)
        }])
    );
    assert_eq!(
        story
            .clone()
            .later(WITHDRAW_DELAY)
            .when(&ines(), Command::Withdraw),
        Err(Refusal::TooLateToWithdraw)
    );
    let story = story.and(&ines(), Command::Withdraw);
    let message = &story.dossier.messages[&MessageId(1)];
    assert!(message.withdrawn && message.text.is_empty() && message.pieces.is_empty());
}

#[test]
fn only_one_s_own_message_is_taken_back() {
    let story = given().and(&camille(), post("Bonjour"));
    assert_eq!(
        story.when(&ines(), Command::Withdraw),
        Err(Refusal::NothingToWithdraw)
    );
    let story = story.and(&ines(), post("Bonjour")).and(&paul(), post("Et"));
    assert_eq!(
        story.when(&ines(), Command::Withdraw),
        Ok(vec![Event::MessageWithdrawn {
            message: MessageId(2)
        }])
    );
}

#[test]
fn messages_are_taken_back_last_first_and_each_once() {
    let story = given()
        .and(&ines(), post("Un"))
        .and(&ines(), post("Deux"))
        .and(&ines(), Command::Withdraw);
    assert!(story.dossier.messages[&MessageId(2)].withdrawn);
    let story = story.and(&ines(), Command::Withdraw);
    assert!(story.dossier.messages[&MessageId(1)].withdrawn);
    assert_eq!(
        story.when(&ines(), Command::Withdraw),
        Err(Refusal::NothingToWithdraw)
    );
    let story = story.and(&ines(), post("Trois"));
    assert!(story.dossier.messages.contains_key(&MessageId(3)));
}

#[test]
fn mail_that_comes_back_marks_the_address_once_on_one_line() {
    let story = given_instructed().and(&ines(), ask(&[ABF]));
    for address in ["camille@exemple.example", ABF] {
        assert_eq!(
            story.when(&Person::Greffier, bounce(address)),
            Ok(vec![Event::Bounced {
                address: address.into(),
                why: "5.1.1  unknown".to_owned()
            }])
        );
        let story = story.clone().and(&Person::Greffier, bounce(address));
        assert_eq!(story.when(&Person::Greffier, bounce(address)), Ok(vec![]));
    }
    assert_eq!(story.when(&Person::Greffier, bounce(SDIS)), Ok(vec![]));
}

#[test]
fn somebody_who_writes_can_be_reached_again() {
    let story = given_instructed()
        .and(&ines(), ask(&[ABF]))
        .and(&Person::Greffier, bounce("camille@exemple.example"))
        .and(&Person::Greffier, bounce(ABF));
    assert_eq!(story.dossier.bounced.len(), 2);
    let story = story
        .and(&camille(), post("Me voici"))
        .and(&expert(ABF), render(1, None));
    assert!(story.dossier.bounced.is_empty());
}
