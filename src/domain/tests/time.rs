//! What time alone brings about: silence (SVA, SVR), the closing of a démarche, reminders to experts.

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn tick(story: Story) -> Story {
    story.and(&Person::Greffier, Command::Tick)
}

fn due_of(story: &Story) -> Option<Timestamp> {
    due(&story.dossier, &story.demarche)
}

/// A dossier filed at that time in a démarche changed so.
fn filed(when: &str, change: impl FnOnce(&mut Demarche)) -> Story {
    let mut demarche = demarche();
    change(&mut demarche);
    let log = deposit(&demarche, DossierId(4807), deposited(), at(when)).unwrap();
    Story {
        dossier: replay(&log).unwrap(),
        demarche,
        at: at(when),
        log,
    }
}

fn months(months: u16) -> Silence {
    Silence {
        months,
        ..Silence::default()
    }
}

fn sva(when: &str, rule: Silence) -> Story {
    filed(when, |demarche| demarche.sva = Some(rule))
}

fn decides(story: &Story) -> Option<Timestamp> {
    silence(&story.dossier, &story.demarche).and_then(|(_, at)| at)
}

fn incorrect(text: &str) -> Command {
    Command::RequestCorrection {
        kind: CorrectionKind::Incorrect,
        text: text.to_owned(),
        pieces: Vec::new(),
    }
}

#[test]
fn the_period_runs_from_the_day_after_the_deposit_and_ends_at_a_quarter_past_one() {
    let weeks = |weeks| Silence {
        weeks,
        ..Silence::default()
    };
    let in_days = |days| Silence {
        days,
        ..Silence::default()
    };
    for (filed, rule, ends) in [
        ("2024-06-03T07:00:00Z", months(2), "2024-08-03T23:15:00Z"),
        // Half past midnight in Paris is the next day there.
        ("2024-06-03T22:30:00Z", months(2), "2024-08-04T23:15:00Z"),
        // From 31 January, and from a day before a leap day.
        ("2024-01-30T12:00:00Z", months(1), "2024-02-29T00:15:00Z"),
        ("2023-01-30T12:00:00Z", months(1), "2023-02-28T00:15:00Z"),
        ("2024-02-28T12:00:00Z", months(12), "2025-02-28T00:15:00Z"),
        ("2024-12-30T12:00:00Z", months(2), "2025-02-28T00:15:00Z"),
        // Over the change of clocks: winter time before, summer time after.
        ("2024-03-28T12:00:00Z", in_days(3), "2024-03-31T23:15:00Z"),
        ("2024-03-28T12:00:00Z", in_days(2), "2024-03-31T00:15:00Z"),
        ("2024-10-24T12:00:00Z", weeks(1), "2024-11-01T00:15:00Z"),
    ] {
        let story = sva(filed, rule);
        assert_eq!(story.dossier.statut, Statut::EnInstruction);
        assert_eq!(decides(&story), Some(at(ends)), "{filed} {rule:?}");
        assert_eq!(due_of(&story), Some(at(ends)));
    }
}

#[test]
fn silence_decides_on_that_day_and_no_sooner() {
    for (change, statut) in [
        (
            (|demarche: &mut Demarche| demarche.sva = Some(months(2))) as fn(&mut Demarche),
            Statut::Accepte,
        ),
        (|demarche| demarche.svr = Some(months(2)), Statut::Refuse),
    ] {
        let mut story = filed("2024-06-03T07:00:00Z", change).and(&ines(), ask(&[ABF]));
        story.demarche.avis_reminder_days = 0;
        story.at = at("2024-08-03T23:14:59Z");
        assert_eq!(story.when(&Person::Greffier, Command::Tick), Ok(vec![]));
        story.at = at("2024-08-03T23:15:00Z");
        let told = story.tells(&Person::Greffier, Command::Tick);
        let story = tick(story);
        assert_eq!(story.dossier.statut, statut);
        let decided = story.dossier.decided.clone().unwrap();
        assert_eq!(
            (decided.by, decided.motivation),
            (Person::Greffier, None),
            "nobody decided, and nobody gave a reason"
        );
        assert!(!story.dossier.avis[&AvisId(1)].open());
        assert!(told.iter().any(
            |(to, notice)| *to == Recipient::Usager && matches!(notice, Notice::Decided { .. })
        ));
        assert_eq!(story.when(&Person::Greffier, Command::Tick), Ok(vec![]));
        // Taken up again, it is decided by people.
        let again = story.and(&ines(), Command::Reopen);
        assert_eq!(silence(&again.dossier, &again.demarche), None);
        assert_eq!(due_of(&again), None);
    }
}

#[test]
fn a_correction_suspends_the_period_until_it_is_made() {
    let mut story = sva("2024-06-03T07:00:00Z", months(2));
    story.at = at("2024-06-10T12:00:00Z");
    let mut story = story.and(&ines(), incorrect("Le plan."));
    assert_eq!(story.dossier.statut, Statut::EnConstruction);
    assert_eq!(
        silence(&story.dossier, &story.demarche),
        Some((Decision::Accepte, None))
    );
    story.at = at("2025-06-10T12:00:00Z");
    assert_eq!(
        story.when(&Person::Greffier, Command::Tick),
        Ok(vec![]),
        "suspended for as long as it takes"
    );
    story.at = at("2024-06-20T12:00:00Z");
    let story = story.and(&camille(), modify("Un autre plan"));
    assert_eq!(story.dossier.statut, Statut::EnInstruction);
    assert_eq!(story.log.last().unwrap().by, Person::Greffier);
    // Ten days later than without.
    assert_eq!(decides(&story), Some(at("2024-08-13T23:15:00Z")));
    // A second one adds to the first.
    let mut story = story;
    story.at = at("2024-07-01T12:00:00Z");
    let mut story = story.and(&ines(), incorrect("La légende."));
    story.at = at("2024-07-02T12:00:00Z");
    let story = story.and(&ines(), Command::ResolveCorrection);
    assert_eq!(decides(&story), Some(at("2024-08-14T23:15:00Z")));
}

#[test]
fn a_correction_ends_at_the_minute_it_is_made_whenever_the_clock_comes() {
    let made = |when: &str| {
        let mut story = sva("2024-06-03T07:00:00Z", months(2));
        story.at = at("2024-06-10T12:00:00Z");
        let mut story = story.and(&ines(), incorrect("Le plan."));
        story.at = at(when);
        let (story, act) = story.act(&camille(), modify("Un autre plan")).unwrap();
        let Recorded { at: end, by, event } = act.last().unwrap();
        assert_eq!(
            (*end, by, event),
            (at(when), &Person::Greffier, &Event::PassedToInstruction)
        );
        let mut late = story.clone();
        late.at = at("2024-06-25T12:00:00Z");
        assert_eq!(late.when(&Person::Greffier, Command::Tick), Ok(vec![]));
        decides(&story)
    };
    // A second before midnight in Paris, and at midnight.
    let ends = Some(at("2024-08-13T23:15:00Z"));
    assert_eq!(made("2024-06-20T21:59:59Z"), ends);
    let ends = Some(at("2024-08-14T23:15:00Z"));
    assert_eq!(made("2024-06-20T22:00:00Z"), ends);
}

#[test]
fn what_was_incomplete_begins_the_period_anew_and_so_does_reset() {
    let corrected = |rule: Silence, correction: Command| {
        let mut story = sva("2024-06-03T07:00:00Z", rule);
        story.at = at("2024-06-10T12:00:00Z");
        let mut story = story.and(&ines(), correction);
        story.at = at("2024-06-20T12:00:00Z");
        decides(&story.and(&camille(), modify("Un autre plan")))
    };
    let reset = Silence {
        resume: Resume::Reset,
        ..months(2)
    };
    let anew = Some(at("2024-08-20T23:15:00Z"));
    assert_eq!(corrected(months(2), correct("Il manque le plan.")), anew);
    assert_eq!(corrected(reset, incorrect("Le plan.")), anew);
    assert_eq!(
        corrected(months(2), incorrect("Le plan.")),
        Some(at("2024-08-13T23:15:00Z"))
    );
}

#[test]
fn a_correction_that_is_taken_back_suspends_nothing() {
    let story = sva("2024-06-03T07:00:00Z", months(2)).later(days(2));
    let story = story.and(&ines(), correct("Il manque le plan."));
    let story = story.later(SignedDuration::from_mins(2));
    let story = story.and(&ines(), Command::Withdraw);
    assert_eq!(story.dossier.statut, Statut::EnInstruction);
    assert_eq!(decides(&story), Some(at("2024-08-03T23:15:00Z")));
}

#[test]
fn where_silence_decides_a_dossier_goes_back_by_a_correction_only() {
    let story = sva("2024-06-03T07:00:00Z", months(2));
    assert_eq!(
        story.when(&ines(), Command::ReturnToConstruction),
        Err(Refusal::SilenceRuns)
    );
    assert!(story.when(&ines(), incorrect("Le plan.")).is_ok());
    assert!(
        given_instructed()
            .when(&ines(), Command::ReturnToConstruction)
            .is_ok()
    );
}

#[test]
fn a_rule_that_comes_later_decides_on_nothing_that_is_there() {
    let mut story = given_instructed();
    story.demarche.sva = Some(months(1));
    assert_eq!(silence(&story.dossier, &story.demarche), None);
    assert_eq!(
        story
            .later(days(999))
            .when(&Person::Greffier, Command::Tick),
        Ok(vec![])
    );
}

#[test]
fn a_demarche_closes_on_its_day_and_what_is_en_construction_passes_en_instruction() {
    let closing = |demarche: &mut Demarche| {
        demarche.auto_archive_on = Some("2024-07-01".parse().unwrap());
    };
    let story = filed("2024-06-03T07:00:00Z", closing);
    let closes = at("2024-06-30T22:00:00Z");
    assert_eq!(due_of(&story), Some(closes));
    let open = closes - SignedDuration::from_secs(1);
    assert!(deposit(&story.demarche, DossierId(2), deposited(), open).is_ok());
    assert_eq!(
        deposit(&story.demarche, DossierId(2), deposited(), closes),
        Err(Refusal::DemarcheClosed)
    );
    let mut story = story.and(&ines(), correct("Il manque le plan."));
    story.at = open;
    assert_eq!(story.when(&Person::Greffier, Command::Tick), Ok(vec![]));
    story.at = closes;
    let mut story = tick(story);
    assert_eq!(story.dossier.statut, Statut::EnInstruction);
    assert_eq!(story.dossier.correction, None);
    assert_eq!(due_of(&story), None);
    // Somebody takes it back afterwards: it stays.
    story.at = closes + days(1);
    let story = story.and(&ines(), Command::ReturnToConstruction);
    assert_eq!(story.when(&Person::Greffier, Command::Tick), Ok(vec![]));
}

#[test]
fn an_expert_is_reminded_on_working_mornings_and_at_most_twice() {
    // Asked on a Thursday; the Thursday after is Ascension.
    let mut story = filed("2024-05-02T12:00:00Z", |_| {}).and(&ines(), ask(&[ABF, SDIS]));
    let first = at("2024-05-10T07:00:00Z");
    assert_eq!(due_of(&story), Some(first));
    story.at = first - SignedDuration::from_secs(1);
    assert_eq!(story.when(&Person::Greffier, Command::Tick), Ok(vec![]));
    story.at = first;
    let mut story = tick(story.and(&expert(SDIS), render(2, None)));
    assert_eq!(story.dossier.avis[&AvisId(1)].reminders, 1);
    assert_eq!(story.dossier.avis[&AvisId(2)].reminders, 0, "he answered");
    // The next one: Friday 17 May. The clock stood still until Sunday, then until Whit Monday: it waits for Tuesday.
    assert_eq!(due_of(&story), Some(at("2024-05-17T07:00:00Z")));
    for holiday in ["2024-05-19T12:00:00Z", "2024-05-20T12:00:00Z"] {
        story.at = at(holiday);
        assert_eq!(story.when(&Person::Greffier, Command::Tick), Ok(vec![]));
    }
    story.at = at("2024-05-21T12:00:00Z");
    let story = tick(story);
    assert_eq!(story.dossier.avis[&AvisId(1)].reminders, 2);
    assert_eq!(due_of(&story), None, "twice, and no more");
    assert_eq!(
        story.later(days(60)).when(&Person::Greffier, Command::Tick),
        Ok(vec![])
    );
}

#[test]
fn a_reminder_by_hand_counts_and_puts_the_next_one_off() {
    let story = filed("2024-06-03T12:00:00Z", |_| {}).and(&ines(), ask(&[ABF]));
    let story = story
        .later(days(3))
        .and(&ines(), Command::RemindAvis { avis: None });
    assert_eq!(due_of(&story), Some(at("2024-06-13T07:00:00Z")));
    let revoked = story
        .clone()
        .and(&ines(), Command::RevokeAvis { avis: AvisId(1) });
    assert_eq!(due_of(&revoked), None);
    let mut never = story;
    never.demarche.avis_reminder_days = 0;
    assert_eq!(due_of(&never), None);
    never.demarche.avis_reminder_days = 7;
    never.demarche.avis_reminders_max = 1;
    assert_eq!(due_of(&never), None);
}

#[test]
fn an_answer_is_waited_for_until_the_usager_writes() {
    let awaiting = |text: &str| Command::Post {
        text: text.to_owned(),
        pieces: Vec::new(),
        mail: None,
        awaits: true,
    };
    let story = given_instructed().and(&ines(), post("Bonjour"));
    assert_eq!(story.dossier.awaited, None, "only where it was said so");
    let story = story.and(&ines(), awaiting("Quand pouvons-nous venir ?"));
    assert_eq!(story.dossier.awaited, Some(MessageId(2)));
    assert_eq!(
        story.tells(&ines(), awaiting("Et ?")).len(),
        story.tells(&ines(), post("Et ?")).len()
    );
    let answered = story.clone().and(&camille(), post("Demain"));
    assert_eq!(answered.dossier.awaited, None);
    assert!(
        story
            .says(&camille(), post("Demain"))
            .contains(&Effect::Card)
    );
    let withdrawn = story.clone().and(&ines(), Command::Withdraw);
    assert_eq!(withdrawn.dossier.awaited, None);
    let told = story.tells(&ines(), Command::ResolveCorrection);
    assert_eq!(told, [(Recipient::Rooms, Notice::AnswerNotAwaited)]);
    let decided = story.clone().and(&ines(), accept());
    assert_eq!(decided.dossier.awaited, None);
    // The usager cannot make himself wait.
    assert_eq!(
        given_instructed()
            .and(&camille(), awaiting("Et moi ?"))
            .dossier
            .awaited,
        None
    );
}

#[test]
fn rules_that_cannot_be_are_refused_with_what_to_write() {
    let faults = |text: &str| {
        let head = "number = 1\ntitre = \"T\"\nservice = \"S\"\n";
        let tail = "\n[[groupe]]\nlabel = \"G\"\ninstructeurs = []\n";
        toml::from_str::<Demarche>(&format!("{head}{text}{tail}")).map_or_else(
            |error| vec![error.to_string()],
            |demarche| demarche.faults(),
        )
    };
    for fine in [
        "sva = { months = 2 }",
        "svr = { weeks = 6, resume = \"reset\" }",
        "auto_archive_on = \"2026-12-31\"\navis_reminder_days = 0",
        "avis_reminder_days = 10\navis_reminders_max = 3",
    ] {
        assert_eq!(faults(fine), Vec::<String>::new(), "{fine}");
    }
    for (wrong, hint) in [
        ("sva = {}", "sva = { months = 2 }"),
        ("sva = { months = 2, days = 3 }", "one period"),
        ("svr = { days = 900 }", "svr = { months = 2 }"),
        ("sva = { years = 1 }", "months"),
        ("sva = { months = 2 }\nsvr = { months = 2 }", "keep one"),
        (
            "sva = { months = 2 }\ndeclarative = \"accepte\"",
            "keep one",
        ),
        ("auto_archive_on = \"31/12/2026\"", "like \"2026-12-31\""),
        ("auto_archive_on = \"2026-02-30\"", "like \"2026-12-31\""),
        ("avis_reminder_days = 1000", "1 to 365"),
        ("avis_reminders_max = 99", "0 to 20"),
    ] {
        let found = faults(wrong).join("\n");
        assert!(found.contains(hint), "{wrong}: {found}");
    }
}
