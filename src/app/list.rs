//! Lists: démarches with their tabs, and the dossiers of a tab, a page at a time.

use super::ask::Listing;
use super::draft::Draft;
use super::line::Speaker;
use super::preference::{column, columns_of};
use super::reply::With;
use super::{App, Error};
use crate::domain::{Demarche, Dossier, DossierId, Email, List, Of, Onglet, Privacy, Valeur, fold};
use crate::message::{Button, Style};
use crate::store::Store;
use crate::template::{Answer, DemarcheRow, DossierRow};

/// Rows of a page.
const PAGE: usize = 20;

/// Most dossiers that a filter or a sort looks at: those that were deposited last.
const LOOKED_AT: usize = 5_000;

impl<S: Store> App<S> {
    pub(super) fn list_demarches(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
    ) -> Result<(), Error> {
        let Some(email) = &speaker.email else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let mut rows = Vec::new();
        for demarche in self
            .demarches
            .values()
            .filter(|demarche| demarche.has_instructeur(email))
        {
            let mut onglets = Vec::new();
            for onglet in Onglet::ALL {
                let lists = lists(demarche, email, onglet, None);
                let count = lists
                    .iter()
                    .map(|list| self.store.count(list))
                    .sum::<Result<u64, _>>()?;
                let marked = List {
                    demarche: demarche.number,
                    of: Of::Instructeur(email.clone()),
                    onglet,
                    marked: true,
                };
                onglets.push((
                    onglet.libelle().to_owned(),
                    count,
                    self.store.count(&marked)? > 0,
                ));
            }
            rows.push(DemarcheRow {
                number: demarche.number,
                titre: demarche.titre.clone(),
                etat: demarche.etat_at(draft.at),
                onglets,
            });
        }
        self.answer(draft, speaker, &Answer::Demarches { rows }, None)
    }

    pub(super) fn list_dossiers(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        listing: &Listing,
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
        let only = if let [only] = demarches.as_slice() {
            Some(*only)
        } else {
            None
        };
        // Of several démarches the columns differ: a filter that was typed is never left out in silence.
        if only.is_none()
            && listing.names_columns()
            && let Err(answer) = self.meant(speaker, None)
        {
            return self.answer(draft, speaker, &answer, None);
        }
        let mut plan = match self.plan(draft, &email, only, listing)? {
            Ok(plan) => plan,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        // What somebody follows may be in several groups; a group's room hears of its own.
        plan.groupe = groupe
            .filter(|_| listing.onglet == Onglet::Suivis)
            .map(str::to_owned);
        let lists: Vec<List> = demarches
            .iter()
            .flat_map(|demarche| lists(demarche, &email, listing.onglet, groupe))
            .collect();
        let mut dossiers = self.pick(draft, &lists, &plan)?;
        let total = if plan.whole() {
            dossiers.len() as u64
        } else {
            lists
                .iter()
                .map(|list| self.store.count(list))
                .sum::<Result<u64, _>>()?
        };
        let first = (plan.page - 1) * PAGE;
        let more = (first + PAGE) < usize::try_from(total).unwrap_or(usize::MAX);
        if plan.whole() {
            dossiers = dossiers.into_iter().skip(first).take(PAGE).collect();
        }
        let privacy = self
            .directory
            .privacy(&speaker.line.from.network, &speaker.line.place);
        let rows: Vec<DossierRow> = dossiers
            .iter()
            .map(|dossier| {
                row(
                    dossier,
                    self.demarche(dossier.demarche),
                    &email,
                    privacy,
                    &plan,
                )
            })
            .collect();
        let menu = if self.has_forms(&speaker.line.from.network) {
            rows.iter().map(entry).collect()
        } else {
            Vec::new()
        };
        let answer = Answer::Dossiers {
            demarche: only.map(|demarche| (demarche.number, demarche.titre.clone())),
            onglet: listing.onglet,
            rows,
            total,
            next: more.then(|| next_line(listing, plan.page + 1)),
        };
        let with = With {
            menu: &menu,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, None, with)
    }

    /// How a list is to be made: columns, filter and sort, the saved ones where none is typed.
    fn plan(
        &self,
        draft: &Draft<'_, S>,
        email: &Email,
        only: Option<&Demarche>,
        listing: &Listing,
    ) -> Result<Result<Plan, Answer>, Error> {
        let mut plan = Plan {
            page: listing.page.unwrap_or(1).clamp(1, 10_000),
            ..Plan::default()
        };
        let Some(demarche) = only else {
            // Columns and filters belong to one démarche.
            return Ok(Ok(plan));
        };
        let saved = self.preferences(draft, email, demarche.number)?;
        let colonnes = listing.colonnes.as_ref().unwrap_or(&saved.colonnes);
        let filtre = listing.filtre.as_ref().unwrap_or(&saved.filtre);
        for name in colonnes {
            match column(demarche, name) {
                Ok(column) => plan.colonnes.push(column),
                Err(answer) => return Ok(Err(answer)),
            }
        }
        for (name, value) in filtre {
            match column(demarche, name) {
                Ok((id, _)) => plan.filtre.push((id, fold(value))),
                Err(answer) => return Ok(Err(answer)),
            }
        }
        if let Some(tri) = &listing.tri {
            let (name, down) = tri
                .strip_prefix('-')
                .map_or((tri.as_str(), false), |name| (name, true));
            match column(demarche, name) {
                Ok((id, _)) => plan.tri = Some((id, down)),
                Err(answer) => return Ok(Err(answer)),
            }
        }
        Ok(Ok(plan))
    }

    /// The dossiers of a page; all that the filter lets through where there is a filter or a sort.
    fn pick(
        &self,
        draft: &Draft<'_, S>,
        lists: &[List],
        plan: &Plan,
    ) -> Result<Vec<Dossier>, Error> {
        let (skip, wanted) = if plan.whole() {
            (0, LOOKED_AT)
        } else {
            ((plan.page - 1) * PAGE, PAGE)
        };
        let page = self.store.page(lists, None, skip + wanted)?;
        let mut dossiers = Vec::new();
        for number in page.dossiers.into_iter().skip(skip) {
            let Some(change) = draft.dossier(number)? else {
                continue;
            };
            let demarche = self.demarche(change.dossier.demarche);
            let kept = plan
                .filtre
                .iter()
                .all(|(id, wanted)| fold(&cell(&change.dossier, demarche, id)).contains(wanted));
            let groupe = plan.groupe.as_ref();
            if kept && groupe.is_none_or(|groupe| *groupe == change.dossier.groupe) {
                dossiers.push(change.dossier);
            }
        }
        if let Some((id, down)) = &plan.tri {
            dossiers.sort_by_cached_key(|dossier| {
                sort_key(dossier, self.demarche(dossier.demarche), id)
            });
            if *down {
                dossiers.reverse();
            }
        }
        Ok(dossiers)
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

/// How a list is made.
#[derive(Debug, Default)]
struct Plan {
    page: usize,
    /// Only dossiers of this group.
    groupe: Option<String>,
    colonnes: Vec<(String, String)>,
    filtre: Vec<(String, String)>,
    tri: Option<(String, bool)>,
}

impl Plan {
    /// Whether the whole tab must be looked at to know the page.
    fn whole(&self) -> bool {
        self.tri.is_some() || !self.filtre.is_empty() || self.groupe.is_some()
    }
}

/// The lists behind a tab of somebody.
pub(super) fn lists(
    demarche: &Demarche,
    email: &Email,
    onglet: Onglet,
    groupe: Option<&str>,
) -> Vec<List> {
    let list = |of| List {
        demarche: demarche.number,
        of,
        onglet,
        marked: false,
    };
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
    demarche: Option<&Demarche>,
    email: &Email,
    privacy: Privacy,
    plan: &Plan,
) -> DossierRow {
    let named = privacy >= Privacy::Standard;
    let colonnes = plan.colonnes.iter().filter(|_| privacy == Privacy::Full);
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
        etiquettes: if named {
            dossier.etiquettes.iter().cloned().collect()
        } else {
            Vec::new()
        },
        colonnes: colonnes
            .map(|(id, label)| (label.clone(), cell(dossier, demarche, id)))
            .collect(),
    }
}

/// What a column shows of a dossier.
pub(super) fn cell(dossier: &Dossier, demarche: Option<&Demarche>, id: &str) -> String {
    debug_assert!(
        demarche.is_none_or(|demarche| columns_of(demarche).iter().any(|(known, _)| known == id)),
        "columns are checked before"
    );
    crate::domain::column(dossier, id)
}

/// Numbers and dates sort as such, the rest as text without accents; what is empty comes last.
fn sort_key(dossier: &Dossier, demarche: Option<&Demarche>, id: &str) -> (bool, i64, String) {
    let valeur = dossier
        .champs
        .get(id)
        .or_else(|| dossier.annotations.get(id));
    match (id, valeur) {
        ("depot", _) => (false, dossier.deposited.as_second(), String::new()),
        ("mise_a_jour", _) => (false, dossier.updated.as_second(), String::new()),
        (_, Some(Valeur::Integer(number))) => (false, number.saturating_mul(1000), String::new()),
        #[expect(clippy::cast_possible_truncation, reason = "a sort key; saturates")]
        (_, Some(Valeur::Decimal(number))) => (false, (number * 1000.0) as i64, String::new()),
        (_, Some(Valeur::Date(date))) => (
            false,
            i64::from(date.year()) * 400 + i64::from(date.day_of_year()),
            String::new(),
        ),
        (_, _) => {
            let text = fold(&cell(dossier, demarche, id));
            (text.is_empty(), 0, text)
        }
    }
}

/// The line that shows the next page of the same list.
fn next_line(listing: &Listing, page: usize) -> String {
    use crate::command::quote;
    let mut words = vec![format!("dossiers {}", listing.onglet.libelle())];
    words.extend(
        listing
            .demarche
            .map(|demarche| format!("demarche={demarche}")),
    );
    let filters = listing.filtre.iter().flatten();
    words.extend(
        filters.map(|(column, value)| format!("filtre={}", quote(&format!("{column}={value}")))),
    );
    words.extend(listing.tri.as_ref().map(|tri| format!("tri={tri}")));
    let colonnes = listing.colonnes.as_ref();
    words.extend(colonnes.map(|colonnes| format!("colonnes={}", quote(&colonnes.join(", ")))));
    words.push(format!("page={page}"));
    words.join(" ")
}
