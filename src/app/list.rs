//! Lists: the dossiers of a tab, a page at a time, filtered, searched and sorted.

mod dashboard;
mod filter;
mod plan;

use super::ask::{Ask, Listing};
use super::draft::Draft;
use super::line::Speaker;
use super::reply::With;
use super::{App, Error};
use crate::command::Here;
use crate::domain::query::{Found, Query};
use crate::domain::{Demarche, Dossier, DossierId, Email, List, Of, Onglet, Privacy, paris};
use crate::message::work::Work;
use crate::message::{Button, Style};
use crate::store::{Store, find};
use crate::template::{Answer, DossierRow};

pub(super) use filter::{filtered, named, tests};
use plan::Plan;
pub(super) use plan::sort_by;

/// Rows of a page.
const PAGE: usize = 20;

impl<S: Store> App<S> {
    /// `dossiers` and `chercher`. `found` is what the workshop has found, where it was asked.
    pub(super) fn list_dossiers(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        listing: &Listing,
        found: Option<&Found>,
    ) -> Result<(), Error> {
        let Some(email) = speaker.email.clone() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let room = self
            .directory
            .room(&speaker.line.from.network, &speaker.line.place);
        let groupe = room.as_ref().and_then(|room| room.groupe.as_deref());
        // What is listed in a room is what the room is for.
        let wanted = room
            .as_ref()
            .and_then(|room| room.demarche)
            .or(listing.demarche);
        let demarches: Vec<&Demarche> = self
            .demarches
            .values()
            .filter(|demarche| {
                wanted.is_none_or(|wanted| wanted == demarche.number)
                    && demarche.has_instructeur(&email)
            })
            .collect();
        if demarches.is_empty() {
            let answer = self.meant(speaker, wanted).err().unwrap_or(Answer::NoRight);
            return self.answer(draft, speaker, &answer, None);
        }
        // Of several démarches the columns differ: a filter that was typed is never left out in silence.
        if demarches.len() > 1
            && listing.names_columns()
            && let Err(answer) = self.meant(speaker, None)
        {
            return self.answer(draft, speaker, &answer, None);
        }
        let mut plan = match self.plan(draft, &email, &demarches, groupe, listing)? {
            Ok(plan) => plan,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        let exact = self.exact(draft, &email, &demarches, groupe, listing)?;
        plan.query.except = exact.as_ref().map(|dossier| dossier.number);
        let total = self.total(&plan.query.lists)?;
        let found = match found {
            Some(found) => Some(found.clone()),
            None => self.picked(&plan.query, total)?,
        };
        let Some(found) = found else {
            let query = Box::new(plan.query);
            return self.order(draft, speaker, Work::List { query });
        };
        let mut dossiers: Vec<Dossier> = exact.filter(|_| plan.page == 1).into_iter().collect();
        let (network, place) = (&speaker.line.from.network, &speaker.line.place);
        for number in &found.numbers {
            // In the meantime it may have been purged, or have gone to others.
            if let Ok((dossier, _)) = self.visible(draft, *number, &email)?
                && self.directory.may_hear(network, place, &dossier)
            {
                dossiers.push(dossier);
            }
        }
        self.tell_list(draft, speaker, listing, &plan, &found, total, &dossiers)
    }

    /// What was found by the workshop for a line that asked for a list.
    pub(super) fn tell_found(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        found: &Found,
    ) -> Result<(), Error> {
        let here = Here {
            dossier: None,
            today: draft.at.to_zoned_datetime(paris()).date(),
        };
        let parsed = self.catalogue.parse(&speaker.line.text, &here);
        let asked = parsed
            .ok()
            .and_then(|parsed| super::line::asked(&parsed.spec.tag, &parsed.values));
        match asked {
            Some(Ask::ListDossiers(listing)) => {
                self.list_dossiers(draft, speaker, &listing, Some(found))
            }
            _ => self.answer(draft, speaker, &Answer::NotMade, None),
        }
    }

    /// The dossier whose number was searched for.
    fn exact(
        &self,
        draft: &Draft<'_, S>,
        email: &Email,
        demarches: &[&Demarche],
        groupe: Option<&str>,
        listing: &Listing,
    ) -> Result<Option<Dossier>, Error> {
        let texte = listing.texte.as_deref().filter(|_| listing.partout);
        let typed = texte
            .unwrap_or_default()
            .trim_start_matches(|letter: char| letter.is_whitespace() || "nN°ºo#".contains(letter));
        let Ok(number) = typed.trim().parse() else {
            return Ok(None);
        };
        let seen = self.visible(draft, DossierId(number), email)?.ok();
        Ok(seen.map(|(dossier, _)| dossier).filter(|dossier| {
            demarches
                .iter()
                .any(|demarche| demarche.number == dossier.demarche)
                && groupe.is_none_or(|groupe| groupe == dossier.groupe)
        }))
    }

    fn total(&self, lists: &[List]) -> Result<u64, Error> {
        let counts = lists.iter().map(|list| self.store.count(list));
        Ok(counts.sum::<Result<u64, _>>()?)
    }

    /// What `query` finds among `total` dossiers; none where that takes too long to wait for.
    fn picked(&self, query: &Query, total: u64) -> Result<Option<Found>, Error> {
        if query.plain() {
            let page = self
                .store
                .page(&query.lists, None, query.skip + query.take)?;
            return Ok(Some(Found {
                numbers: page.dossiers.into_iter().skip(query.skip).collect(),
                fitting: total,
                whole: true,
            }));
        }
        if query.sorts() && total > self.at_once {
            return Ok(None);
        }
        let found = find(&*self.store, query, self.at_once, &|| false)?;
        let known = found.whole || found.fitting > (query.skip + query.take) as u64;
        Ok(known.then_some(found))
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is in the answer")]
    fn tell_list(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        listing: &Listing,
        plan: &Plan,
        found: &Found,
        total: u64,
        dossiers: &[Dossier],
    ) -> Result<(), Error> {
        let Some(email) = &speaker.email else {
            return Ok(());
        };
        let privacy = self
            .directory
            .privacy(&speaker.line.from.network, &speaker.line.place);
        let rows: Vec<DossierRow> = dossiers
            .iter()
            .filter_map(|dossier| {
                let demarche = self.demarche(dossier.demarche)?;
                Some(row(dossier, demarche, email, privacy, plan))
            })
            .collect();
        let forms = self.has_forms(&speaker.line.from.network);
        let menu = if forms {
            rows.iter().map(entry).collect()
        } else {
            Vec::new()
        };
        let last = (plan.page * PAGE) as u64 >= found.fitting;
        let next = (!last).then(|| page_line(listing, plan.page + 1));
        let pages = usize::try_from(found.fitting)
            .unwrap_or(usize::MAX)
            .div_ceil(PAGE)
            .max(1);
        let previous = (plan.page > 1).then(|| page_line(listing, pages.min(plan.page - 1)));
        let turn = |line: &Option<String>, label: &str, emoji: &str| {
            let line = line.clone().filter(|_| forms)?;
            Some(Button {
                label: label.to_owned(),
                emoji: emoji.to_owned(),
                line,
                style: Style::Secondary,
            })
        };
        let buttons: Vec<Button> = [
            turn(&previous, "Page précédente", "◀️"),
            turn(&next, "Page suivante", "▶️"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let demarche = match plan.query.lists.first().map(|list| list.demarche) {
            Some(number) if plan.query.lists.iter().all(|list| list.demarche == number) => {
                self.demarche(number)
            }
            _ => None,
        };
        let filtered = listing.partout || listing.texte.is_some() || !plan.filters.is_empty();
        let exact = u64::from(plan.query.except.is_some());
        let answer = Answer::Dossiers {
            demarche: demarche.map(|demarche| (demarche.number, demarche.titre.clone())),
            onglet: listing.onglet,
            texte: listing.texte.clone(),
            partout: listing.partout,
            rows,
            total: if plan.narrowed && plan.filters.is_empty() {
                found.fitting
            } else {
                total
            },
            fitting: filtered.then_some(found.fitting + exact),
            at_least: !found.whole,
            filters: plan.filters.clone(),
            tri: plan.tri.clone(),
            pastille: plan.pastille,
            page: plan.page,
            next,
            previous,
        };
        let with = With {
            menu: &menu,
            buttons: &buttons,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, None, with)
    }

    /// Numbers of dossiers near at hand for somebody, each with what it is: his own first, then those to be followed.
    pub fn near(&self, email: &Email) -> Result<Vec<(DossierId, String)>, Error> {
        let mine: Vec<&Demarche> = self
            .demarches
            .values()
            .filter(|demarche| demarche.has_instructeur(email))
            .collect();
        let mut near = Vec::new();
        for onglet in [Onglet::Suivis, Onglet::ASuivre] {
            let lists: Vec<List> = mine
                .iter()
                .flat_map(|demarche| lists(demarche, email, onglet, None))
                .collect();
            for number in self.store.page(&lists, None, PAGE)?.dossiers {
                if let Some((dossier, _)) = self.store.load(number)? {
                    near.push((
                        number,
                        format!(
                            "{}, {}",
                            dossier.demandeur.name(),
                            dossier.statut.libelle().to_lowercase()
                        ),
                    ));
                }
            }
        }
        Ok(near)
    }
}

/// The lists behind a tab of somebody.
pub(super) fn lists(
    demarche: &Demarche,
    email: &Email,
    onglet: Onglet,
    groupe: Option<&str>,
) -> Vec<List> {
    let list = |of| List::whole(demarche.number, of, onglet);
    if onglet == Onglet::Suivis {
        return vec![list(Of::Instructeur(email.clone()))];
    }
    let mine = demarche
        .groupes_of(email)
        .filter(|mine| groupe.is_none_or(|wanted| wanted == mine.label));
    mine.map(|mine| list(Of::Groupe(mine.label.clone())))
        .collect()
}

/// A row of a list, to be picked.
fn entry(row: &DossierRow) -> Button {
    let who = row.demandeur.as_ref();
    let who = who.map(|who| format!(" {who}")).unwrap_or_default();
    let statut = row.statut.libelle().to_lowercase();
    Button {
        label: format!("n° {}{who} · {statut}", row.number),
        emoji: "👁️".to_owned(),
        line: format!("dossier {}", row.number),
        style: Style::Secondary,
    }
}

fn row(
    dossier: &Dossier,
    demarche: &Demarche,
    email: &Email,
    privacy: Privacy,
    plan: &Plan,
) -> DossierRow {
    let named = privacy >= Privacy::Standard;
    let colonnes = plan.colonnes.iter().filter(|_| privacy == Privacy::Full);
    let etiquettes = dossier.etiquettes.iter().filter(|_| named);
    DossierRow {
        number: dossier.number,
        demandeur: named.then(|| dossier.demandeur.name()),
        statut: dossier.statut,
        deposited: dossier.deposited,
        marks: dossier
            .followers
            .get(email)
            .map(|marks| marks.iter().copied().collect())
            .unwrap_or_default(),
        followers: dossier.followers.len(),
        en_attente: dossier.correction.is_some(),
        reponse_attendue: dossier.awaited.is_some(),
        open_avis: dossier.avis.values().filter(|avis| avis.open()).count(),
        archived: dossier.archived,
        etiquettes: etiquettes
            .map(|etiquette| demarche.etiquette_shown(etiquette))
            .collect(),
        colonnes: colonnes
            .map(|named| (named.label.clone(), named.column.shown(dossier)))
            .collect(),
    }
}

/// The line that shows another page of the same list.
fn page_line(listing: &Listing, page: usize) -> String {
    use crate::command::quote;
    let demarche = listing
        .demarche
        .map(|demarche| format!("demarche={demarche}"));
    let mut words = Vec::new();
    if listing.partout {
        words.push("chercher".to_owned());
        words.extend(demarche);
        words.push(format!("page={page}"));
        words.extend(listing.texte.clone());
        return words.join(" ");
    }
    words.push(format!("dossiers {}", listing.onglet.libelle()));
    words.extend(demarche);
    let filters = listing.filtre.iter().flatten();
    words.extend(
        filters.map(|(column, value)| format!("filtre={}", quote(&format!("{column}={value}")))),
    );
    words.extend(
        listing
            .texte
            .as_ref()
            .map(|texte| format!("texte={}", quote(texte))),
    );
    words.extend(
        listing
            .tri
            .as_ref()
            .map(|tri| format!("tri={}", quote(tri))),
    );
    words.extend(
        listing
            .pastille
            .map(|on| format!("pastille={}", if on { "oui" } else { "non" })),
    );
    let colonnes = listing.colonnes.as_ref();
    words.extend(colonnes.map(|colonnes| format!("colonnes={}", quote(&colonnes.join(", ")))));
    words.push(format!("page={page}"));
    words.join(" ")
}
