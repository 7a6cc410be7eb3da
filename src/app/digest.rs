//! Summaries: each day and each week, to those who chose them, what their démarches wait for. One mail for all the
//! démarches of a person, with numbers of dossiers and no names in it; none where there is nothing to say.
//!
//! That somebody has had his summary of a day is written in the commit that queues it. So it is made once, wherever the
//! process may be killed, and one whose hour passed while Greffier was down is made at the next start, once.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::draft::Draft;
use super::notify::Choice;
use super::preference::{Preferences, read_key};
use super::{App, Error};
use crate::domain::{Demarche, DemarcheId, Email, List, Mark, Of, Onglet, Periode, Statut};
use crate::store::{Collection, Store};
use crate::template::Worded;

/// Summaries made in one tick: the rest is for the next, so that nobody waits long behind the clock.
const AT_ONCE: usize = 50;
/// Dossiers of one list that are looked at; of more only what the lists count is said.
const LOOKED_AT: usize = 5_000;
/// What waits longer than this is old, in the summary of a week.
const OLD: SignedDuration = SignedDuration::from_hours(24 * 7);
/// The most old dossiers that are named, as on the platform.
const NAMED: usize = 5;

const BOTH: [Periode; 2] = [Periode::Semaine, Periode::Jour];

/// How each of somebody's démarches is to be summed up.
type Chosen = BTreeMap<DemarcheId, Choice>;

/// A démarche in somebody's summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Row {
    number: DemarcheId,
    titre: String,
    /// Deposited since the last summary.
    nouveaux: usize,
    en_construction: Option<usize>,
    en_instruction: Option<usize>,
    /// Both of them.
    en_cours: u64,
    a_suivre: u64,
    suivis: u64,
    expirants: u64,
    /// Dossiers that he follows and that have news, whatever it is.
    marques: u64,
    /// How many have each kind of it.
    demande: usize,
    messagerie: usize,
    avis: usize,
    annotations: usize,
    /// In the summary of a week: en construction for more than seven days, by number where they are few.
    anciens: Option<usize>,
    anciens_numeros: Vec<u64>,
    /// And en instruction for more than seven days.
    instruits: Option<usize>,
}

impl Row {
    /// Whether there is anything to say of it.
    fn speaks(&self, periode: Periode) -> bool {
        let waits = self.nouveaux > 0 || self.a_suivre > 0 || self.marques > 0;
        let stays = self.en_construction.is_none_or(|count| count > 0);
        waits
            || stays
            || self.expirants > 0
            || (periode == Periode::Semaine && self.instruits.is_none_or(|count| count > 0))
    }
}

/// A dossier's number, its statut, and since when it stands there.
type Standing = (u64, Statut, Timestamp);

/// What is en cours in a group.
#[derive(Debug, Clone, Default)]
struct Ongoing {
    /// Each of them; none where there are too many to look at.
    dossiers: Option<Vec<Standing>>,
}

/// What was counted in this tick: the instructeurs of a group share it.
#[derive(Debug, Default)]
struct Seen {
    ongoing: BTreeMap<(DemarcheId, String), Ongoing>,
    /// How many were deposited in a group since then.
    deposited: BTreeMap<(DemarcheId, String, Timestamp), usize>,
}

fn mark_key(periode: Periode, email: &Email) -> String {
    format!("digest\u{0}{}\u{0}{email}", tag(periode))
}

/// Where it is written that everybody has had the summary of a day.
fn sweep_key(periode: Periode) -> String {
    format!("digests\u{0}{}", tag(periode))
}

fn tag(periode: Periode) -> &'static str {
    match periode {
        Periode::Jour => "jour",
        Periode::Semaine => "semaine",
    }
}

impl<S: Store> App<S> {
    /// Makes the summaries whose hour has come. Answers whether there are more.
    pub(super) fn tell_digests(&self, draft: &mut Draft<'_, S>) -> Result<bool, Error> {
        let mut made = 0;
        let mut seen = Seen::default();
        for periode in BOTH {
            let Some(day) = periode.due(draft.at) else {
                continue;
            };
            let swept: Option<Date> = draft.get(Collection::Meta, &sweep_key(periode))?;
            if swept >= Some(day) {
                continue;
            }
            for (email, chosen) in self.subscribers(periode)? {
                let key = mark_key(periode, &email);
                let had: Option<Date> = draft.get(Collection::Meta, &key)?;
                if had >= Some(day) {
                    continue;
                }
                if made == AT_ONCE {
                    return Ok(true);
                }
                made += 1;
                let since = had
                    .and_then(|had| periode.moment(had))
                    .filter(|_| periode == Periode::Jour)
                    .or_else(|| periode.since(day))
                    .unwrap_or(draft.at);
                let made = self.apart(draft, |app, draft| {
                    app.digest(draft, &mut seen, periode, since, &email, &chosen)
                })?;
                // It would fail again and again: the next one is told with what is new since this one.
                if let Err(error) = made {
                    tracing::error!(%error, "A summary cannot be made; it is left out");
                }
                draft.put(Collection::Meta, key, &day)?;
            }
            draft.put(Collection::Meta, sweep_key(periode), &day)?;
        }
        Ok(false)
    }

    /// Somebody chooses something: the summaries whose hour has passed are not his any more.
    pub(super) fn begin_digests(
        &self,
        draft: &mut Draft<'_, S>,
        email: &Email,
    ) -> Result<(), Error> {
        for periode in BOTH {
            let key = mark_key(periode, email);
            let had: Option<Date> = draft.get(Collection::Meta, &key)?;
            let swept: Option<Date> = draft.get(Collection::Meta, &sweep_key(periode))?;
            let due = periode.due(draft.at);
            // Who has one waiting, because Greffier was down at its hour, is not to lose it by a new choice. Who had none
            // any more begins anew.
            let waits =
                had.is_some() && swept < due && self.is_subscribed(draft, periode, email)?;
            if due > had && !waits {
                draft.put(Collection::Meta, key, &due)?;
            }
        }
        Ok(())
    }

    /// Whether somebody has that summary of any démarche.
    fn is_subscribed(
        &self,
        draft: &Draft<'_, S>,
        periode: Periode,
        email: &Email,
    ) -> Result<bool, Error> {
        for (demarche, _) in self.groupes_of(email) {
            let preferences = self.preferences(draft, email, demarche.number)?;
            if preferences.digest(periode) != Choice::Off {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Everybody who chose that summary, and for which démarches. A declarative one has none, as on the platform.
    fn subscribers(&self, periode: Periode) -> Result<BTreeMap<Email, Chosen>, Error> {
        let rows = self
            .store
            .scan(Collection::Preference, "", Bound::Unbounded, usize::MAX)?;
        let mut subscribers: BTreeMap<Email, Chosen> = BTreeMap::new();
        for (key, value) in rows {
            let preferences: Preferences = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Preference, &error))?;
            let choice = preferences.digest(periode);
            let Some((email, number)) = read_key(&key).filter(|_| choice != Choice::Off) else {
                continue;
            };
            let his = self.demarche(number).is_some_and(|demarche| {
                demarche.declarative.is_none() && demarche.has_instructeur(&email)
            });
            if his {
                subscribers.entry(email).or_default().insert(number, choice);
            }
        }
        Ok(subscribers)
    }

    fn digest(
        &self,
        draft: &mut Draft<'_, S>,
        seen: &mut Seen,
        periode: Periode,
        since: Timestamp,
        email: &Email,
        chosen: &Chosen,
    ) -> Result<(), Error> {
        let mut rows = Vec::new();
        for (number, choice) in chosen {
            let Some(demarche) = self.demarche(*number) else {
                continue;
            };
            let row = self.digest_row(draft.at, seen, demarche, email, since)?;
            if row.speaks(periode) {
                rows.push((row, *choice, demarche));
            }
        }
        let fields = |wanted: fn(Choice) -> bool| {
            let rows = rows.iter().filter(|(_, choice, _)| wanted(*choice));
            let rows: Vec<&Row> = rows.map(|(row, ..)| row).collect();
            (!rows.is_empty()).then(|| json!({ "periode": tag(periode), "rows": rows }))
        };
        if let Some(fields) = fields(Choice::by_chat) {
            self.post_about(draft, email, "recapitulatif", &fields)?;
        }
        let mailed = rows.iter().find(|(_, choice, _)| choice.by_mail());
        if let (Some(fields), Some((.., demarche))) = (fields(Choice::by_mail), mailed) {
            let worded: Worded = self.templates.mail_named("recapitulatif", &fields)?;
            self.mail_about(draft, demarche, email, tag(periode), worded);
        }
        Ok(())
    }

    fn digest_row(
        &self,
        at: Timestamp,
        seen: &mut Seen,
        demarche: &Demarche,
        email: &Email,
        since: Timestamp,
    ) -> Result<Row, Error> {
        let groupes: Vec<&str> = demarche
            .groupes_of(email)
            .map(|groupe| groupe.label.as_str())
            .collect();
        let of_groupes = |onglet| -> Vec<List> {
            let of = |label: &&str| {
                List::whole(demarche.number, Of::Groupe((*label).to_owned()), onglet)
            };
            groupes.iter().map(of).collect()
        };
        let count = |lists: &[List]| -> Result<u64, Error> {
            let counts = lists.iter().map(|list| self.store.count(list));
            Ok(counts.sum::<Result<u64, _>>()?)
        };
        let total = of_groupes(Onglet::Total);
        let mine = |onglet| List::whole(demarche.number, Of::Instructeur(email.clone()), onglet);
        let en_cours = count(&total)?.saturating_sub(count(&of_groupes(Onglet::Traites))?);
        let mut ongoing = Some(Vec::new());
        for groupe in &groupes {
            let found = self.ongoing(seen, demarche, groupe)?;
            ongoing = ongoing.zip(found).map(|(mut all, found)| {
                all.extend(found);
                all
            });
        }
        let of_statut = |statut, old: bool| -> Option<Vec<u64>> {
            let dossiers = ongoing.as_ref()?.iter();
            let wanted = dossiers.filter(|(_, stands, since)| {
                *stands == statut && !(old && at.duration_since(*since) < OLD)
            });
            Some(wanted.map(|(number, ..)| *number).collect())
        };
        let how_many = |statut, old| of_statut(statut, old).map(|found| found.len());
        let marked: Vec<List> = [Onglet::Suivis, Onglet::Traites]
            .into_iter()
            .map(|onglet| List {
                marked: true,
                ..mine(onglet)
            })
            .collect();
        let news = self.news(&marked, email)?;
        let kind = |mark| news.get(&mark).copied().unwrap_or_default();
        let mut anciens_numeros = of_statut(Statut::EnConstruction, true).unwrap_or_default();
        let anciens = how_many(Statut::EnConstruction, true);
        if anciens_numeros.len() > NAMED {
            anciens_numeros.clear();
        }
        Ok(Row {
            number: demarche.number,
            titre: demarche.titre.clone(),
            nouveaux: self.deposited(seen, demarche, &groupes, since)?,
            en_construction: how_many(Statut::EnConstruction, false),
            en_instruction: how_many(Statut::EnInstruction, false),
            en_cours,
            a_suivre: count(&of_groupes(Onglet::ASuivre))?,
            suivis: count(&[mine(Onglet::Suivis)])?,
            expirants: count(&of_groupes(Onglet::Expirants))?,
            marques: count(&marked)?,
            demande: kind(Mark::Demande),
            messagerie: kind(Mark::Messagerie),
            avis: kind(Mark::Avis),
            annotations: kind(Mark::Annotations),
            anciens,
            anciens_numeros,
            instruits: how_many(Statut::EnInstruction, true),
        })
    }

    /// What is en cours in a group: followed by nobody, or by one of the group.
    fn ongoing(
        &self,
        seen: &mut Seen,
        demarche: &Demarche,
        groupe: &str,
    ) -> Result<Option<Vec<Standing>>, Error> {
        let key = (demarche.number, groupe.to_owned());
        if let Some(known) = seen.ongoing.get(&key) {
            return Ok(known.dossiers.clone());
        }
        let mut lists = vec![List::whole(
            demarche.number,
            Of::Groupe(groupe.to_owned()),
            Onglet::ASuivre,
        )];
        let members = demarche.groupe(groupe).into_iter();
        lists.extend(
            members
                .flat_map(|groupe| &groupe.instructeurs)
                .map(|member| {
                    List::whole(
                        demarche.number,
                        Of::Instructeur(member.clone()),
                        Onglet::Suivis,
                    )
                }),
        );
        let page = self.store.page(&lists, None, LOOKED_AT)?;
        let dossiers = if page.next.is_some() {
            None
        } else {
            let mut dossiers = Vec::new();
            for number in page.dossiers {
                if let Some((dossier, _)) = self.store.load(number)?
                    && dossier.groupe == groupe
                {
                    dossiers.push((number.0, dossier.statut, dossier.since()));
                }
            }
            Some(dossiers)
        };
        let found = Ongoing { dossiers };
        seen.ongoing.insert(key, found.clone());
        Ok(found.dossiers)
    }

    /// How many dossiers of these groups were deposited since then.
    fn deposited(
        &self,
        seen: &mut Seen,
        demarche: &Demarche,
        groupes: &[&str],
        since: Timestamp,
    ) -> Result<usize, Error> {
        let mut count = 0;
        for groupe in groupes {
            let key = (demarche.number, (*groupe).to_owned(), since);
            count += if let Some(known) = seen.deposited.get(&key) {
                *known
            } else {
                let of = Of::Groupe((*groupe).to_owned());
                let found =
                    self.deposited_since(&List::whole(demarche.number, of, Onglet::Total), since)?;
                seen.deposited.insert(key, found);
                found
            };
        }
        Ok(count)
    }

    /// How many of `list` were deposited since then; a list begins with the newest.
    fn deposited_since(&self, list: &List, since: Timestamp) -> Result<usize, Error> {
        let mut after = None;
        let mut count = 0;
        loop {
            let page = self.store.page(std::slice::from_ref(list), after, 100)?;
            for number in page.dossiers {
                let Some((dossier, _)) = self.store.load(number)? else {
                    continue;
                };
                if dossier.deposited < since {
                    return Ok(count);
                }
                count += 1;
            }
            match page.next {
                Some(next) if count < LOOKED_AT => after = Some(next),
                _ => return Ok(count),
            }
        }
    }

    /// How many dossiers of `lists` have each kind of news for somebody.
    fn news(&self, lists: &[List], email: &Email) -> Result<BTreeMap<Mark, usize>, Error> {
        let mut news = BTreeMap::new();
        for number in self.store.page(lists, None, LOOKED_AT)?.dossiers {
            let Some((dossier, _)) = self.store.load(number)? else {
                continue;
            };
            for mark in dossier.followers.get(email).into_iter().flatten() {
                *news.entry(*mark).or_default() += 1;
            }
        }
        Ok(news)
    }
}
