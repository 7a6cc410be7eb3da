//! Archive, trash, expiry, purge.

use super::*;

fn tick(story: Story) -> Story {
    story.and(&Person::Greffier, Command::Tick)
}

fn months(at: Timestamp, months: i64) -> Timestamp {
    let at = at.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    at.checked_add(jiff::Span::new().months(months))
        .unwrap()
        .timestamp()
}

/// An accepted dossier on the day when its expiry is announced, and when that is.
fn noticed() -> (Story, Timestamp) {
    let mut story = given_accepted();
    let expires = months(story.at, 12);
    story.at = expires - days(14);
    (tick(story), expires)
}

fn expired() -> Story {
    let (mut story, expires) = noticed();
    story.at = expires;
    tick(story)
}

#[test]
fn only_what_is_decided_is_archived_or_deleted() {
    for (order, act) in [(Command::Archive, "archive"), (Command::Delete, "delete")] {
        for story in [given(), given_instructed()] {
            assert_eq!(
                story.when(&ines(), order.clone()),
                wrong(
                    act,
                    story.dossier.statut,
                    &[Statut::Accepte, Statut::Refuse, Statut::SansSuite]
                )
            );
        }
        for decision in [accept(), refuse("Non"), dismiss("Non")] {
            let story = given_instructed().and(&ines(), decision);
            assert!(story.when(&paul(), order.clone()).is_ok());
        }
    }
}

#[test]
fn archiving_twice_changes_nothing_and_unarchiving_needs_an_archive() {
    let story = given_accepted();
    assert_eq!(
        story.when(&ines(), Command::Unarchive),
        Err(Refusal::NotArchived)
    );
    let story = story.and(&ines(), Command::Archive);
    assert_eq!(story.when(&ines(), Command::Archive), Ok(vec![]));
    let story = story.and(&paul(), Command::Unarchive);
    assert!(!story.dossier.archived);
}

#[test]
fn what_is_deleted_can_be_restored_as_it_was() {
    let before = given_accepted().and(&ines(), Command::Archive);
    assert_eq!(
        before.when(&ines(), Command::Restore),
        Err(Refusal::NotTrashed)
    );
    let after = before
        .clone()
        .and(&ines(), Command::Delete)
        .and(&paul(), Command::Restore);
    assert_eq!(after.dossier, before.dossier);
}

#[test]
fn what_is_deleted_is_purged_after_two_weeks_and_no_sooner() {
    let story = given_accepted().and(&ines(), Command::Delete);
    let deleted = story.at;
    let early = story.clone().later(days(14) - SignedDuration::from_secs(1));
    assert_eq!(early.when(&Person::Greffier, Command::Tick), Ok(vec![]));
    let story = tick(story.later(days(14)));
    let tombstone = story.dossier.purged.as_deref().unwrap();
    assert_eq!(
        (tombstone.trashed, tombstone.expired, tombstone.statut),
        (deleted, false, Statut::Accepte)
    );
    assert_eq!(due(&story.dossier, &story.demarche), None);
    assert_eq!(
        story
            .later(days(9_999))
            .when(&Person::Greffier, Command::Tick),
        Ok(vec![])
    );
}

#[test]
fn nothing_personal_stays_after_the_purge() {
    let story = given_instructed()
        .and(&ines(), ask(&[ABF]))
        .and(&camille(), post("Secret"))
        .and(&paul(), annotate("suite", "Secret"))
        .and(&ines(), refuse("Secret"))
        .and(&ines(), Command::Delete);
    let story = tick(story.later(days(14)));
    let kept = serde_json::to_string(&story.dossier).unwrap();
    for personal in [
        "Secret", "camille", "ines", "paul", ABF, "Durand", "Toiture",
    ] {
        assert!(!kept.contains(personal), "{personal} in {kept}");
    }
    // The purge alone makes the same state: all events before it may go.
    assert_eq!(replay(story.log.last()), Some(story.dossier));
}

#[test]
fn the_expiry_is_announced_once_two_weeks_before() {
    let story = given_accepted();
    let expires = months(story.at, 12);
    assert_eq!(
        due(&story.dossier, &story.demarche),
        Some(expires - days(14))
    );
    let (story, expires) = noticed();
    assert_eq!(story.dossier.expiry_noticed, Some(expires));
    assert_eq!(
        story.later(days(13)).when(&Person::Greffier, Command::Tick),
        Ok(vec![])
    );
}

#[test]
fn what_expired_lies_two_weeks_in_the_trash_and_is_purged() {
    let story = expired();
    assert!(story.dossier.trash.as_ref().unwrap().expired);
    let story = tick(story.later(days(14)));
    assert!(story.dossier.purged.unwrap().expired);
}

#[test]
fn a_late_notice_still_leaves_two_weeks() {
    // The clock stood still for five months.
    let mut story = given_accepted();
    story.at = months(story.at, 17);
    let story = tick(story);
    assert_eq!(story.dossier.expiry_noticed, Some(story.at + days(14)));
    assert_eq!(story.when(&Person::Greffier, Command::Tick), Ok(vec![]));
}

#[test]
fn a_clock_that_jumped_years_takes_one_step_at_a_time() {
    let mut story = given_accepted();
    for expected in ["noticed", "expired", "purged"] {
        story = tick(story.later(days(3_000)));
        let Dossier {
            expiry_noticed,
            trash,
            purged,
            ..
        } = &story.dossier;
        let reached = match (expiry_noticed, trash, purged) {
            (_, _, Some(_)) => "purged",
            (_, Some(_), None) => "expired",
            (Some(_), None, None) => "noticed",
            (None, None, None) => "nothing",
        };
        assert_eq!(reached, expected);
    }
}

#[test]
fn an_extension_adds_a_month_to_what_was_announced() {
    assert_eq!(
        given_accepted().when(&ines(), Command::Extend),
        Err(Refusal::NotExpiring)
    );
    let (story, expires) = noticed();
    let story = story.and(&paul(), Command::Extend);
    assert_eq!(
        due(&story.dossier, &story.demarche),
        Some(months(expires, 1) - days(14))
    );
    assert_eq!(
        story.when(&paul(), Command::Extend),
        Err(Refusal::NotExpiring)
    );
    let mut again = story;
    again.at = months(expires, 1) - days(14);
    let again = tick(again).and(&ines(), Command::Extend);
    assert_eq!(again.dossier.extension_mois, 2);
    assert_eq!(
        due(&again.dossier, &again.demarche),
        Some(months(expires, 2) - days(14))
    );
}

#[test]
fn an_extension_after_a_late_notice_is_a_whole_month_too() {
    let mut story = given_accepted();
    story.at = months(story.at, 17);
    let story = tick(story);
    let announced = story.dossier.expiry_noticed.unwrap();
    let story = story.and(&ines(), Command::Extend);
    assert_eq!(
        due(&story.dossier, &story.demarche),
        Some(months(announced, 1) - days(14))
    );
}

#[test]
fn what_expired_and_is_restored_is_kept_a_month_more() {
    let story = expired().later(days(10)).and(&ines(), Command::Restore);
    assert!(story.dossier.present());
    assert_eq!(
        due(&story.dossier, &story.demarche),
        Some(months(story.at, 1) - days(14))
    );
}

#[test]
fn what_would_have_expired_in_the_trash_is_kept_a_month_more_too() {
    let (story, _) = noticed();
    let story = story.later(days(5)).and(&ines(), Command::Delete);
    let story = story.later(days(13)).and(&ines(), Command::Restore);
    assert_eq!(story.when(&Person::Greffier, Command::Tick), Ok(vec![]));
    assert_eq!(story.dossier.expiry_noticed, None);
}

#[test]
fn a_dossier_en_instruction_never_expires() {
    let mut story = given_instructed();
    story.demarche.conservation_en_construction = true;
    assert_eq!(due(&story.dossier, &story.demarche), None);
    assert_eq!(
        story
            .later(days(9_999))
            .when(&Person::Greffier, Command::Tick),
        Ok(vec![])
    );
}

#[test]
fn a_dossier_en_construction_expires_only_where_the_demarche_says_so() {
    let mut story = given();
    assert_eq!(due(&story.dossier, &story.demarche), None);
    story.demarche.conservation_en_construction = true;
    let story = tick(story.later(days(400)));
    let story = tick(story.later(days(14)));
    assert!(story.dossier.trash.is_some());
    assert!(story.dossier.statut.en_cours());
}

#[test]
fn passing_en_instruction_calls_the_expiry_off() {
    let mut story = given();
    story.demarche.conservation_en_construction = true;
    let story = tick(story.later(days(400))).and(&ines(), Command::PassToInstruction);
    assert_eq!(story.dossier.expiry_noticed, None);
    assert_eq!(due(&story.dossier, &story.demarche), None);
}

#[test]
fn a_demarche_that_lets_nothing_expire_any_more_calls_the_expiry_off() {
    let mut story = given();
    story.demarche.conservation_en_construction = true;
    let mut story = tick(story.later(days(400)));
    story.demarche.conservation_en_construction = false;
    assert_eq!(due(&story.dossier, &story.demarche), None);
}

#[test]
fn the_conservation_starts_anew_with_each_decision() {
    let (story, _) = noticed();
    let story = story
        .and(&ines(), Command::Extend)
        .and(&ines(), Command::Reopen)
        .and(&ines(), refuse("Non"));
    assert_eq!(story.dossier.extension_mois, 0);
    assert_eq!(
        due(&story.dossier, &story.demarche),
        Some(months(story.at, 12) - days(14))
    );
}

#[test]
fn what_is_archived_expires_like_the_rest() {
    let story = given_accepted().and(&ines(), Command::Archive);
    let story = tick(story.later(days(360)));
    assert!(story.dossier.expiry_noticed.is_some());
}
