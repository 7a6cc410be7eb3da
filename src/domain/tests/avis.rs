//! Avis: asked, rendered, reminded, revoked, closed.

use super::*;

fn remind(avis: Option<u32>) -> Command {
    Command::RemindAvis {
        avis: avis.map(AvisId),
    }
}

fn revoke(avis: u32) -> Command {
    Command::RevokeAvis { avis: AvisId(avis) }
}

fn asked() -> Story {
    given_instructed().and(&ines(), ask(&[ABF]))
}

fn wanting_oui_non() -> Story {
    given_instructed().and(&ines(), ask_oui_non(ABF))
}

#[test]
fn each_expert_has_an_avis_of_his_own() {
    let story = given_instructed().and(&ines(), ask(&[ABF, SDIS]));
    let experts: Vec<_> = story
        .dossier
        .avis
        .iter()
        .map(|(id, avis)| (id.0, avis.expert.as_str()))
        .collect();
    assert_eq!(experts, [(1, ABF), (2, SDIS)]);
    assert_eq!(story.dossier.avis[&AvisId(1)].by, email(&ines()));
}

#[test]
fn asking_makes_the_author_follow() {
    let story = given().and(&paul(), ask(&[ABF]));
    assert!(story.dossier.followed_by(&email(&paul())));
}

#[test]
fn an_expert_named_twice_is_asked_once() {
    let events = given_instructed()
        .when(&ines(), ask(&[ABF, "ABF@Culture.example", ABF]))
        .unwrap();
    assert_eq!(events.len(), 1);
}

#[test]
fn an_expert_who_has_not_answered_is_not_asked_again() {
    assert_eq!(
        asked().when(&paul(), ask(&[SDIS, ABF])),
        Err(Refusal::AvisPending {
            expert: ABF.into(),
            avis: AvisId(1)
        })
    );
}

#[test]
fn an_expert_who_answered_may_be_asked_again() {
    let story = asked()
        .and(&expert(ABF), render(1, None))
        .and(&ines(), ask(&[ABF]));
    assert!(story.dossier.avis[&AvisId(2)].open());
}

#[test]
fn an_expert_whose_avis_was_revoked_may_be_asked_again_under_a_new_number() {
    let story = asked().and(&ines(), revoke(1)).and(&ines(), ask(&[ABF]));
    assert!(story.dossier.avis[&AvisId(2)].open());
}

#[test]
fn at_least_one_expert_is_asked_something() {
    assert_eq!(given().when(&ines(), ask(&[])), Err(Refusal::NoExpert));
    let silent = Command::RequestAvis {
        experts: vec![ABF.into()],
        text: " ".to_owned(),
        question: None,
        confidentiel: false,
        pieces: vec![],
    };
    assert_eq!(given().when(&ines(), silent), Err(Refusal::TextRequired));
}

#[test]
fn a_blank_question_is_none() {
    let blank = Command::RequestAvis {
        experts: vec![ABF.into()],
        text: "Votre avis ?".to_owned(),
        question: Some(" ".to_owned()),
        confidentiel: true,
        pieces: vec![],
    };
    let story = given().and(&ines(), blank);
    let avis = &story.dossier.avis[&AvisId(1)];
    assert_eq!(avis.question, None);
    assert!(avis.confidentiel);
}

#[test]
fn an_expert_needs_an_address() {
    let long = format!("{}@b.example", "a".repeat(255));
    for address in [
        "",
        "abf",
        "@b.example",
        "a@b",
        "a@b.example\r\nBcc: x@y.example",
        "a@b.example, c@d.example",
        "a@b@c.example",
        "a@.example",
        "a@b..example",
        "<a@b.example>",
        &long,
    ] {
        assert_eq!(
            given().when(&ines(), ask(&[address])),
            Err(Refusal::BadAddress {
                address: Email::new(address).to_string()
            }),
            "{address}"
        );
    }
}

#[test]
fn a_list_is_kept_to() {
    let mut story = given();
    story.demarche.experts = ExpertPolicy {
        policy: Policy::List,
        list: vec![ABF.into()],
        decision_access: false,
    };
    assert_eq!(
        story.when(&ines(), ask(&[ABF, SDIS])),
        Err(Refusal::ExpertNotListed {
            expert: SDIS.into(),
            list: vec![ABF.into()]
        })
    );
    assert!(story.when(&ines(), ask(&["ABF@culture.EXAMPLE"])).is_ok());
}

#[test]
fn with_a_free_policy_the_list_is_a_suggestion() {
    let mut story = given();
    story.demarche.experts.list = vec![ABF.into()];
    assert!(story.when(&ines(), ask(&[SDIS])).is_ok());
}

#[test]
fn no_avis_is_asked_or_rendered_after_the_decision() {
    let story = asked().and(&ines(), accept());
    assert_eq!(
        story.when(&ines(), ask(&[SDIS])),
        wrong(
            "request_avis",
            Statut::Accepte,
            &[Statut::EnConstruction, Statut::EnInstruction]
        )
    );
    assert_eq!(
        story.when(&expert(ABF), render(1, None)),
        Err(Refusal::AvisClosed { avis: AvisId(1) })
    );
}

#[test]
fn an_avis_that_was_answered_takes_no_complement_after_the_decision() {
    let story = asked()
        .and(&expert(ABF), render(1, None))
        .and(&ines(), accept());
    assert_eq!(
        story.when(&expert(ABF), render(1, None)),
        Err(Refusal::AvisClosed { avis: AvisId(1) })
    );
    // Reopened, it does again; one that the decision closed stays closed.
    let story = story.and(&ines(), Command::Reopen);
    assert!(story.when(&expert(ABF), render(1, None)).is_ok());
    let story = asked().and(&ines(), accept()).and(&ines(), Command::Reopen);
    assert_eq!(
        story.when(&expert(ABF), render(1, None)),
        Err(Refusal::AvisClosed { avis: AvisId(1) })
    );
    assert!(story.when(&ines(), ask(&[ABF])).is_ok());
}

#[test]
fn a_second_answer_is_a_complement() {
    let story = asked()
        .and(&expert(ABF), render(1, None))
        .and(&expert(ABF), render(1, None));
    assert_eq!(story.dossier.avis[&AvisId(1)].answers.len(), 2);
}

#[test]
fn oui_or_non_counts_only_where_it_was_asked() {
    let story = asked().and(&expert(ABF), render(1, Some(true)));
    assert_eq!(story.dossier.avis[&AvisId(1)].oui_non(), None);
    let story = wanting_oui_non().and(&expert(ABF), render(1, Some(true)));
    assert_eq!(story.dossier.avis[&AvisId(1)].oui_non(), Some(true));
}

#[test]
fn the_last_clear_oui_or_non_counts() {
    let story = wanting_oui_non()
        .and(&expert(ABF), render(1, Some(true)))
        .and(&expert(ABF), render(1, Some(false)))
        .and(&expert(ABF), render(1, None));
    assert_eq!(story.dossier.avis[&AvisId(1)].oui_non(), Some(false));
}

#[test]
fn an_unclear_answer_is_asked_again_once() {
    let unclear = |story: &Story| {
        let events = story.when(&expert(ABF), render(1, None)).unwrap();
        events.contains(&Event::AvisUnclear { avis: AvisId(1) })
    };
    let story = wanting_oui_non();
    assert!(unclear(&story));
    assert!(!unclear(&story.clone().and(&expert(ABF), render(1, None))));
    assert!(!unclear(&story.and(&expert(ABF), render(1, Some(false)))));
    assert!(!unclear(&asked()));
}

#[test]
fn an_answer_is_a_text_or_files() {
    let answer = |text: &str, pieces: Vec<Piece>| Command::RenderAvis {
        avis: AvisId(1),
        text: text.to_owned(),
        oui_non: None,
        pieces,
        mail: None,
    };
    let story = asked();
    let by = expert(ABF);
    assert_eq!(
        story.when(&by, answer(" ", vec![])),
        Err(Refusal::TextRequired)
    );
    assert!(story.when(&by, answer(" ", vec![piece(1)])).is_ok());
    assert!(matches!(
        story.when(&by, answer("Vu", vec![piece(MAX_PIECE + 1)])),
        Err(Refusal::TooLarge { .. })
    ));
}

#[test]
fn the_author_reminds_even_if_he_does_not_follow() {
    let story = asked().and(&ines(), Command::Unfollow);
    assert_eq!(
        story.when(&ines(), remind(Some(1))),
        Ok(vec![Event::AvisReminded { avis: AvisId(1) }])
    );
    let story = story.and(&ines(), remind(None));
    let avis = &story.dossier.avis[&AvisId(1)];
    assert_eq!((avis.reminders, avis.reminded), (1, Some(story.at)));
}

#[test]
fn only_the_author_or_a_follower_reminds_and_revokes() {
    let story = asked();
    for order in [remind(Some(1)), remind(None), revoke(1)] {
        assert_eq!(
            story.when(&paul(), order.clone()),
            Err(Refusal::NotInCharge)
        );
        let followed = story.clone().and(&paul(), Command::Follow);
        assert!(followed.when(&paul(), order).is_ok());
    }
}

#[test]
fn only_what_is_waited_for_is_reminded() {
    let story = given_instructed().and(&ines(), ask(&[ABF, SDIS, "drac@culture.example"]));
    let story = story
        .and(&expert(ABF), render(1, None))
        .and(&ines(), revoke(2));
    assert_eq!(
        story.when(&ines(), remind(None)),
        Ok(vec![Event::AvisReminded { avis: AvisId(3) }])
    );
    assert_eq!(
        story.when(&ines(), remind(Some(1))),
        Err(Refusal::AvisAnswered { avis: AvisId(1) })
    );
    assert_eq!(
        story.when(&ines(), remind(Some(2))),
        Err(Refusal::AvisRevoked { avis: AvisId(2) })
    );
    let story = story.and(&ines(), revoke(3));
    assert_eq!(story.when(&ines(), remind(None)), Err(Refusal::NoOpenAvis));
}

#[test]
fn nothing_is_reminded_after_the_decision() {
    let story = asked().and(&ines(), accept());
    for avis in [None, Some(1)] {
        assert_eq!(
            story.when(&ines(), remind(avis)),
            wrong(
                "remind_avis",
                Statut::Accepte,
                &[Statut::EnConstruction, Statut::EnInstruction]
            )
        );
    }
    let story = story.and(&ines(), Command::Reopen);
    assert_eq!(
        story.when(&ines(), remind(Some(1))),
        Err(Refusal::AvisClosed { avis: AvisId(1) })
    );
}

#[test]
fn a_revoked_avis_takes_no_answer() {
    let story = asked().and(&ines(), revoke(1));
    assert_eq!(
        story.when(&expert(ABF), render(1, None)),
        Err(Refusal::AvisRevoked { avis: AvisId(1) })
    );
    assert_eq!(story.when(&ines(), revoke(1)), Ok(vec![]));
}

#[test]
fn an_answer_stays_when_its_avis_is_revoked_even_after_the_decision() {
    let story = asked()
        .and(&expert(ABF), render(1, None))
        .and(&ines(), accept())
        .and(&ines(), revoke(1));
    let avis = &story.dossier.avis[&AvisId(1)];
    assert_eq!(avis.answers.len(), 1);
    assert_eq!(avis.revoked, Some(story.at));
}

#[test]
fn an_avis_that_there_is_not_is_said_with_those_there_are() {
    for order in [remind(Some(7)), revoke(7)] {
        assert_eq!(
            asked().when(&ines(), order),
            Err(Refusal::UnknownAvis {
                avis: AvisId(7),
                known: vec![AvisId(1)]
            })
        );
    }
}
