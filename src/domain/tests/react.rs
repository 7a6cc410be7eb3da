//! Who is told what.

use super::*;

fn to_instructeur(person: &Person) -> Recipient {
    Recipient::Instructeur {
        email: email(person),
    }
}

fn to_expert(avis: u32) -> Recipient {
    Recipient::Expert { avis: AvisId(avis) }
}

/// Whom, without what.
fn whom(story: &Story, by: &Person, command: Command) -> Vec<Recipient> {
    let tells = story.tells(by, command);
    tells.into_iter().map(|(to, _)| to).collect()
}

/// What the usager is told.
fn to_usager(story: &Story, by: &Person, command: Command) -> Vec<Notice> {
    let tells = story.tells(by, command).into_iter();
    tells
        .filter(|(to, _)| *to == Recipient::Usager)
        .map(|(_, notice)| notice)
        .collect()
}

fn filed(demarche: &Demarche) -> Vec<(Recipient, Notice)> {
    let story = given_in(demarche.clone());
    told(super::super::react(
        &story.dossier,
        &story.demarche,
        &story.log,
    ))
}

#[test]
fn a_deposit_is_said_to_the_rooms_the_usager_and_the_group() {
    let expected =
        [Recipient::Rooms, Recipient::Usager, Recipient::Groupe].map(|to| (to, Notice::Deposited));
    assert_eq!(filed(&demarche()), expected);
}

#[test]
fn a_declarative_deposit_mails_no_instructeur_and_says_what_was_made_of_it() {
    let mut demarche = demarche();
    let decided = Notice::Decided {
        decision: Decision::Accepte,
    };
    for (declarative, then) in [
        (Declarative::EnInstruction, Notice::PassedToInstruction),
        (Declarative::Accepte, decided),
    ] {
        demarche.declarative = Some(declarative);
        let expected = [Notice::Deposited, then]
            .into_iter()
            .flat_map(|notice| {
                [
                    (Recipient::Rooms, notice.clone()),
                    (Recipient::Usager, notice),
                ]
            })
            .collect::<Vec<_>>();
        assert_eq!(filed(&demarche), expected);
    }
}

#[test]
fn passing_en_instruction_tells_the_usager_and_not_that_somebody_follows() {
    assert_eq!(
        given().tells(&ines(), Command::PassToInstruction),
        [Recipient::Rooms, Recipient::Usager].map(|to| (to, Notice::PassedToInstruction))
    );
}

#[test]
fn the_steps_back_tell_whom_they_concern() {
    assert_eq!(
        whom(&given_instructed(), &ines(), Command::ReturnToConstruction),
        [Recipient::Rooms]
    );
    assert_eq!(
        whom(&given_accepted(), &ines(), Command::Reopen),
        [Recipient::Rooms, Recipient::Usager]
    );
}

#[test]
fn a_correction_mails_the_usager_once_and_only_after_five_minutes() {
    for story in [given(), given_instructed()] {
        let effects = story.says(&ines(), correct("Plan à joindre."));
        let notice = Notice::CorrectionRequested {
            message: MessageId(1),
        };
        let tell = |to, not_before| Effect::Tell {
            to,
            notice: notice.clone(),
            not_before,
        };
        assert_eq!(
            effects,
            [
                Effect::Card,
                tell(Recipient::Rooms, None),
                tell(Recipient::Usager, Some(story.at + WITHDRAW_DELAY))
            ]
        );
    }
}

#[test]
fn a_correction_that_is_no_longer_waited_for_asks_nothing() {
    let asked = given().and(&ines(), correct("Plan à joindre."));
    let unsaid = Effect::Unsay {
        message: MessageId(1),
    };
    for command in [Command::PassToInstruction, Command::ResolveCorrection] {
        assert!(asked.says(&paul(), command.clone()).contains(&unsaid));
        let left = asked.clone().later(WITHDRAW_DELAY);
        assert!(!left.says(&paul(), command).contains(&unsaid));
    }
}

#[test]
fn a_modification_resolves_no_correction_that_the_usager_has_not_read_of() {
    let asked = given().and(&ines(), correct("Plan à joindre."));
    let modified = asked.clone().and(&camille(), modify("Voici"));
    assert!(modified.dossier.correction.is_some());
    let later = asked.later(WITHDRAW_DELAY).and(&camille(), modify("Voici"));
    assert_eq!(later.dossier.correction, None);
}

#[test]
fn what_resolves_a_correction_is_said_rather_than_the_resolution() {
    let story = given().and(&ines(), correct("Plan à joindre."));
    let read = story.clone().later(WITHDRAW_DELAY);
    let modified = Notice::Modified {
        champs: vec!["Libellé de travaux".to_owned()],
    };
    assert_eq!(
        read.tells(&camille(), modify("Voici")),
        [(Recipient::Rooms, modified)]
    );
    assert_eq!(
        read.tells(&paul(), Command::ResolveCorrection),
        [(Recipient::Rooms, Notice::CorrectionResolved)]
    );
    let withdrawn = story.says(&ines(), Command::Withdraw);
    let message = MessageId(1);
    assert!(withdrawn.contains(&Effect::Unsay { message }));
    assert_eq!(told(withdrawn).len(), 1);
}

#[test]
fn an_instructeur_s_message_leaves_after_five_minutes() {
    let story = given_instructed().and(&paul(), Command::Follow);
    let effects = story.says(&ines(), post("Bonjour"));
    let notice = Notice::MessagePosted {
        message: MessageId(1),
        author: ines(),
    };
    assert_eq!(
        effects,
        [
            Effect::Tell {
                to: Recipient::Rooms,
                notice: notice.clone(),
                not_before: None
            },
            Effect::Tell {
                to: Recipient::Usager,
                notice,
                not_before: Some(story.at + WITHDRAW_DELAY)
            }
        ]
    );
}

#[test]
fn the_usager_s_message_goes_to_rooms_and_followers_and_not_back_to_him() {
    assert_eq!(
        whom(&given_instructed(), &camille(), post("Bonjour")),
        [Recipient::Rooms, Recipient::Followers]
    );
}

#[test]
fn a_decision_is_said_to_rooms_and_usager() {
    for order in [accept(), refuse("Non"), dismiss("Non")] {
        assert_eq!(
            whom(&given_instructed(), &ines(), order),
            [Recipient::Rooms, Recipient::Usager]
        );
    }
}

#[test]
fn a_decision_taken_in_one_go_is_said_once() {
    let story = given();
    let (story, passed) = story.act(&ines(), Command::PassToInstruction).unwrap();
    let (story, decided) = story.act(&ines(), accept()).unwrap();
    let act = [passed, decided].concat();
    let effects = super::super::react(&story.dossier, &story.demarche, &act);
    assert_eq!(effects.len(), 4);
    let notice = Notice::Decided {
        decision: Decision::Accepte,
    };
    assert_eq!(
        told(effects),
        [Recipient::Rooms, Recipient::Usager].map(|to| (to, notice.clone()))
    );
}

/// ABF answered twice over two avis and is asked a third; SDIS did not answer; DRAC answered and was revoked.
fn consulted(decision_access: bool) -> Story {
    let mut story = given_instructed();
    story.demarche.experts.decision_access = decision_access;
    story
        .and(&ines(), ask(&[ABF, SDIS, "drac@culture.example"]))
        .and(&expert(ABF), render(1, None))
        .and(&expert("drac@culture.example"), render(3, None))
        .and(&ines(), Command::RevokeAvis { avis: AvisId(3) })
        .and(&ines(), ask(&[ABF]))
        .and(&expert(ABF), render(4, None))
        .and(&ines(), ask(&[ABF]))
}

#[test]
fn experts_who_answered_are_told_the_decision_once_each_where_they_may() {
    let story = consulted(true);
    let decided = Notice::Decided {
        decision: Decision::Accepte,
    };
    let closed = Notice::AvisClosed { avis: AvisId(2) };
    assert_eq!(
        story.tells(&ines(), accept()),
        [
            (Recipient::Rooms, decided.clone()),
            (Recipient::Usager, decided.clone()),
            (to_expert(4), decided),
            (to_expert(2), closed)
        ]
    );
}

#[test]
fn experts_who_may_not_know_the_decision_are_told_that_nothing_is_waited_for() {
    assert_eq!(
        whom(&consulted(false), &ines(), accept()),
        [
            Recipient::Rooms,
            Recipient::Usager,
            to_expert(2),
            to_expert(5)
        ]
    );
}

#[test]
fn avis_are_between_the_rooms_and_the_experts() {
    let story = given_instructed().and(&ines(), ask_oui_non(ABF));
    assert_eq!(
        whom(&given_instructed(), &ines(), ask(&[ABF])),
        [Recipient::Rooms, to_expert(1)]
    );
    for order in [
        Command::RemindAvis { avis: None },
        Command::RevokeAvis { avis: AvisId(1) },
    ] {
        assert_eq!(
            whom(&story, &ines(), order),
            [Recipient::Rooms, to_expert(1)]
        );
    }
    assert_eq!(
        whom(&story, &expert(ABF), render(1, Some(true))),
        [Recipient::Rooms, Recipient::Followers]
    );
    let unclear = story.tells(&expert(ABF), render(1, None));
    let asked_again = Notice::AvisUnclear { avis: AvisId(1) };
    assert!(unclear.contains(&(to_expert(1), asked_again)));
}

#[test]
fn who_asked_for_the_avis_is_told_even_if_he_does_not_follow() {
    let story = given_instructed()
        .and(&paul(), ask(&[ABF]))
        .and(&paul(), Command::Unfollow);
    assert!(whom(&story, &expert(ABF), render(1, None)).contains(&to_instructeur(&paul())));
}

#[test]
fn who_asked_for_the_avis_and_left_the_group_is_told_nothing() {
    let story = given_instructed()
        .and(&paul(), ask(&[ABF]))
        .and(&ines(), reassign("Sud"));
    assert!(!whom(&story, &expert(ABF), render(1, None)).contains(&to_instructeur(&paul())));
}

#[test]
fn sending_tells_whom_it_is_sent_to_unless_it_is_oneself() {
    assert_eq!(
        whom(&given(), &ines(), send(&paul())),
        [Recipient::Rooms, to_instructeur(&paul())]
    );
    assert_eq!(whom(&given(), &ines(), send(&ines())), [Recipient::Rooms]);
}

#[test]
fn a_reassignment_is_said_in_both_groups() {
    let story = given_instructed().and(&paul(), Command::Follow);
    let from = Recipient::RoomsOf {
        groupe: "Nord".to_owned(),
    };
    assert_eq!(
        whom(&story, &ines(), reassign("Sud")),
        [Recipient::Rooms, Recipient::Groupe, from]
    );
}

#[test]
fn what_colleagues_do_among_themselves_is_said_in_the_rooms_alone() {
    for order in [
        Command::Follow,
        annotate("suite", "x"),
        label("Urgent", true),
    ] {
        assert_eq!(whom(&given(), &ines(), order), [Recipient::Rooms]);
    }
    for order in [Command::Archive, Command::Delete] {
        assert_eq!(whom(&given_accepted(), &ines(), order), [Recipient::Rooms]);
    }
}

#[test]
fn what_is_archived_makes_no_noise() {
    let story = given_accepted().and(&ines(), Command::Archive);
    for order in [annotate("suite", "x"), label("Urgent", true)] {
        assert_eq!(whom(&story, &ines(), order), []);
    }
}

#[test]
fn the_expiry_is_said_to_followers_and_to_the_usager_unless_archived() {
    let everybody = [Recipient::Rooms, Recipient::Followers, Recipient::Usager];
    let story = given_accepted();
    let archived = story.clone().and(&ines(), Command::Archive);
    let late = |story: Story| story.later(days(360));
    let tick = || Command::Tick;
    assert_eq!(
        whom(&late(story.clone()), &Person::Greffier, tick()),
        everybody
    );
    assert_eq!(
        whom(&late(archived), &Person::Greffier, tick()),
        everybody[..2]
    );
    let noticed = late(story).and(&Person::Greffier, tick());
    assert_eq!(
        whom(&noticed.later(days(14)), &Person::Greffier, tick()),
        everybody
    );
}

#[test]
fn restoring_what_expired_is_said_once() {
    let story = given_accepted()
        .later(days(360))
        .and(&Person::Greffier, Command::Tick)
        .later(days(14))
        .and(&Person::Greffier, Command::Tick);
    assert_eq!(
        story.tells(&ines(), Command::Restore),
        [(Recipient::Rooms, Notice::Restored)]
    );
}

#[test]
fn looking_is_not_said_at_all() {
    let story = given_instructed().and(&camille(), post("Bonjour"));
    assert_eq!(story.says(&ines(), look(&[Mark::Messagerie])), []);
}

#[test]
fn the_attestation_follows_the_acceptance() {
    let order = Command::AttachAttestation { piece: piece(9) };
    assert_eq!(
        to_usager(&given_accepted(), &Person::Greffier, order),
        [Notice::AttestationMade]
    );
}

#[test]
fn an_attestation_is_made_where_the_demarche_attests_the_decision() {
    let made = |story: &Story, order| {
        let effects = story.says(&ines(), order);
        let made = |effect: &&Effect| matches!(effect, Effect::Attest { .. });
        effects.iter().filter(made).count()
    };
    let mut story = given_instructed();
    assert_eq!(made(&story, accept()), 1);
    assert_eq!(made(&story, refuse("Non")), 0);
    assert_eq!(made(&story, dismiss("Non")), 0);
    story.demarche.attestation_refus = story.demarche.attestation.take();
    assert_eq!(made(&story, accept()), 0);
    assert_eq!(made(&story, refuse("Non")), 1);
}

#[test]
fn mail_that_comes_back_is_said_in_the_rooms_archived_or_not() {
    let order = || Command::Bounce {
        address: email(&camille()),
        why: "5.1.1".to_owned(),
    };
    let story = given_accepted();
    assert_eq!(whom(&story, &Person::Greffier, order()), [Recipient::Rooms]);
    let archived = story.and(&ines(), Command::Archive);
    assert_eq!(
        whom(&archived, &Person::Greffier, order()),
        [Recipient::Rooms]
    );
}
