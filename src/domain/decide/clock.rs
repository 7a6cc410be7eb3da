//! What time alone brings about: the end of the conservation, silence, the closing of the démarche, reminders.

use jiff::Timestamp;

use super::super::demarche::Demarche;
use super::super::dossier::{Dossier, Person, Statut};
use super::super::event::{Event, Recorded};
use super::super::silence::silence;
use super::{Case, avis, conservation};

/// When the clock must next look at this dossier, if ever.
pub fn due(dossier: &Dossier, demarche: &Demarche) -> Option<Timestamp> {
    let all = [
        conservation::due(dossier, demarche),
        passes(dossier, demarche),
        decides(dossier, demarche),
        avis::reminded_next(dossier, demarche),
    ];
    all.into_iter().flatten().min()
}

/// What an act brings about in the same moment, after it: where silence decides, a dossier whose correction is made, or
/// waited for no more, is en instruction again, and its period runs from that minute. Nobody need do it.
pub fn resumed(dossier: &Dossier, demarche: &Demarche, at: Timestamp) -> Option<Recorded> {
    suspended(dossier, demarche)
        .filter(|()| dossier.correction.is_none())
        .map(|()| Recorded {
            at,
            by: Person::Greffier,
            event: Event::PassedToInstruction,
        })
}

/// Whether a dossier is back en construction where silence decides.
fn suspended(dossier: &Dossier, demarche: &Demarche) -> Option<()> {
    let back = dossier.statut == Statut::EnConstruction && dossier.present();
    silence(dossier, demarche).filter(|_| back).map(drop)
}

/// What time has brought about.
pub(super) fn tick(case: &Case<'_>) -> Vec<Event> {
    let Case {
        dossier,
        demarche,
        by,
        at,
        ..
    } = case;
    if **by != Person::Greffier {
        return Vec::new();
    }
    let over = |due: Option<Timestamp>| due.is_some_and(|due| *at >= due);
    if over(decides(dossier, demarche))
        && let Some((decision, _)) = silence(dossier, demarche)
    {
        let mut events = vec![Event::DecidedAutomatically { decision }];
        let open = dossier.avis.iter().filter(|(_, avis)| avis.open());
        events.extend(open.map(|(avis, _)| Event::AvisClosed { avis: *avis }));
        return events;
    }
    let mut events = if over(passes(dossier, demarche)) {
        let corrected = dossier.correction.is_some();
        let resolved = corrected.then_some(Event::CorrectionResolved);
        resolved
            .into_iter()
            .chain([Event::PassedToInstruction])
            .collect()
    } else {
        conservation::tick(case)
    };
    let stays = |event: &Event| !matches!(event, Event::Expired | Event::Purged { .. });
    if events.iter().all(stays) {
        events.extend(avis::reminders(case));
    }
    events
}

/// When a dossier en construction passes en instruction by itself: when the démarche closes, and where silence decides
/// at once, if its correction was made before [`resumed`] was there. One that somebody took back after the closing stays.
fn passes(dossier: &Dossier, demarche: &Demarche) -> Option<Timestamp> {
    if dossier.statut != Statut::EnConstruction || !dossier.present() {
        return None;
    }
    let suspended = suspended(dossier, demarche);
    let corrected = suspended
        .filter(|()| dossier.correction.is_none())
        .map(|()| dossier.since());
    // Where silence decides, what waits for a correction would be decided although nobody can make it any more.
    let waits = dossier.correction.is_some() && suspended.is_some();
    let closes = demarche
        .closes()
        .filter(|closes| dossier.since() < *closes && !waits);
    corrected.into_iter().chain(closes).min()
}

/// When silence decides.
fn decides(dossier: &Dossier, demarche: &Demarche) -> Option<Timestamp> {
    silence(dossier, demarche)?.1
}
