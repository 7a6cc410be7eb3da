//! Archive, trash and expiry.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::super::act::Refusal;
use super::super::demarche::Demarche;
use super::super::dossier::{Dossier, Statut, Tombstone};
use super::super::event::Event;
use super::{Case, TRAITE};

/// Days between the notice and the expiry.
pub const EXPIRY_NOTICE_DAYS: i64 = 14;
/// Days in "supprimés récemment" before the purge.
pub const TRASH_DAYS: i64 = 14;

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// Archiver.
pub(super) fn archive(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    case.needs("archive", &TRAITE)?;
    Ok(if case.dossier.archived {
        Vec::new()
    } else {
        vec![Event::Archived]
    })
}

/// Désarchiver.
pub(super) fn unarchive(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    if !case.dossier.archived {
        return Err(Refusal::NotArchived);
    }
    Ok(vec![Event::Unarchived])
}

/// Supprimer.
pub(super) fn delete(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    case.needs("delete", &TRAITE)?;
    Ok(vec![Event::Deleted])
}

/// Restaurer. What expired, or would have meanwhile, is kept a month more, or it would expire again at once.
pub(super) fn restore(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    let Some(trash) = &case.dossier.trash else {
        return Err(Refusal::NotTrashed);
    };
    let over = case
        .dossier
        .expiry_noticed
        .is_some_and(|expires| expires <= case.at);
    Ok(if trash.expired || over {
        vec![Event::Restored, Event::Extended]
    } else {
        vec![Event::Restored]
    })
}

/// Prolonger la conservation.
pub(super) fn extend(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    if case.dossier.expiry_noticed.is_none() {
        return Err(Refusal::NotExpiring);
    }
    Ok(vec![Event::Extended])
}

/// When the conservation ends: months after the decision, or after filing where the démarche says so; never en instruction.
fn expires(dossier: &Dossier, demarche: &Demarche) -> Option<Timestamp> {
    if demarche.plateforme.is_some() {
        return dossier.expires;
    }
    let counted = match dossier.statut {
        Statut::EnConstruction => demarche.conservation_en_construction,
        Statut::EnInstruction => false,
        Statut::Accepte | Statut::Refuse | Statut::SansSuite => true,
    };
    if !counted {
        return None;
    }
    let months = i64::from(demarche.conservation_mois) + i64::from(dossier.extension_mois);
    let end = dossier
        .since()
        .to_zoned_datetime(TimeZone::UTC)
        .checked_add(Span::new().months(months))
        .ok()?;
    let end = end.timestamp();
    Some(dossier.kept_until.map_or(end, |until| until.max(end)))
}

/// When it is to be announced that it expires, or when it expires, or is purged.
pub(super) fn due(dossier: &Dossier, demarche: &Demarche) -> Option<Timestamp> {
    if dossier.purged.is_some() {
        return None;
    }
    // What comes after the notice is the platform's to do.
    let over = dossier.trash.is_some() || dossier.expiry_noticed.is_some();
    if demarche.plateforme.is_some() && over {
        return None;
    }
    if let Some(trash) = &dossier.trash {
        return trash.at.checked_add(days(TRASH_DAYS)).ok();
    }
    let expires = expires(dossier, demarche)?;
    dossier
        .expiry_noticed
        .or_else(|| expires.checked_sub(days(EXPIRY_NOTICE_DAYS)).ok())
}

/// What the end of the conservation brings about. A notice that comes late pushes the expiry back: people always have their two weeks.
pub(super) fn tick(case: &Case<'_>) -> Vec<Event> {
    let Case {
        dossier,
        demarche,
        at,
        ..
    } = case;
    if due(dossier, demarche).is_none_or(|due| *at < due) {
        return Vec::new();
    }
    if let Some(trash) = &dossier.trash {
        let tombstone = Tombstone {
            number: dossier.number,
            demarche: dossier.demarche,
            groupe: dossier.groupe.clone(),
            statut: dossier.statut,
            deposited: dossier.deposited,
            decided: dossier.decided.as_ref().map(|decided| decided.at),
            trashed: trash.at,
            expired: trash.expired,
        };
        return vec![Event::Purged { tombstone }];
    }
    if dossier.expiry_noticed.is_some() {
        return vec![Event::Expired];
    }
    let Some(expires) = expires(dossier, demarche) else {
        return Vec::new();
    };
    if demarche.plateforme.is_some() {
        return vec![Event::ExpiryNoticed { expires }];
    }
    let earliest = at.checked_add(days(EXPIRY_NOTICE_DAYS)).unwrap_or(expires);
    vec![Event::ExpiryNoticed {
        expires: expires.max(earliest),
    }]
}
