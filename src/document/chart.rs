//! The four pictures of the statistics: what each shows, as its template draws it and as it is said in words.

mod said;

use jiff::civil::Date;
use serde::Serialize;

use super::Theme;
use crate::domain::stats::{Decisions, Figures, Month, Week};
use crate::domain::{Decision, Demarche};
use crate::template::french;
pub use said::alt;

/// Pixels for each point of the picture, which is 800 points wide.
pub(super) const SCALE: f32 = 2.0;

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chart {
    /// How long dossiers took, month by month.
    Temps,
    /// How far dossiers got.
    Avancee,
    /// What was decided.
    Taux,
    /// What came and went, week by week.
    Semaines,
}

impl Chart {
    /// All of them, in the platform's order.
    pub const ALL: [Self; 4] = [Self::Temps, Self::Avancee, Self::Taux, Self::Semaines];

    /// Its title.
    pub fn titre(self) -> &'static str {
        match self {
            Self::Temps => "Temps de traitement",
            Self::Avancee => "Avancée des dossiers",
            Self::Taux => "Taux d’acceptation",
            Self::Semaines => "Répartition par semaine",
        }
    }

    /// The name of its file, without an ending.
    pub fn nom(self) -> &'static str {
        match self {
            Self::Temps => "temps-de-traitement",
            Self::Avancee => "avancee",
            Self::Taux => "taux-d-acceptation",
            Self::Semaines => "repartition-par-semaine",
        }
    }
}

/// The three decisions in the order in which they are drawn, as their template and people know them.
const SUITES: [(Decision, &str, &str); 3] = [
    (Decision::Accepte, "accepte", "Acceptés"),
    (Decision::Refuse, "refuse", "Refusés"),
    (Decision::SansSuite, "sans_suite", "Sans suite"),
];

/// What `graphique.typ` reads.
#[derive(Debug, Serialize)]
pub(super) struct Data {
    genre: &'static str,
    sombre: bool,
    titre: &'static str,
    sous_titre: String,
    source: String,
    /// What is written where there is nothing to draw.
    vide: Option<&'static str>,
    mois: Vec<Mois>,
    etapes: Vec<Etape>,
    suites: Vec<Suite>,
    semaines: Vec<Semaine>,
    graduations: Vec<Graduation>,
    depots: &'static str,
}

#[derive(Debug, Serialize)]
struct Mois {
    nom: &'static str,
    annee: Option<String>,
    /// Of the longest, from 0 to 1.
    part: Option<f64>,
    valeur: String,
}

#[derive(Debug, Serialize)]
struct Etape {
    nom: &'static str,
    nombre: String,
    pourcent: String,
    part: f64,
    suites: Vec<Suite>,
}

#[derive(Debug, Serialize)]
struct Suite {
    motif: &'static str,
    nom: &'static str,
    nombre: String,
    pourcent: String,
    part: f64,
}

#[derive(Debug, Serialize)]
struct Semaine {
    /// Its month, on the first week of one.
    nom: Option<&'static str>,
    depots: f64,
    suites: Vec<Suite>,
}

#[derive(Debug, Serialize)]
struct Graduation {
    part: f64,
    nom: String,
}

/// What the template draws.
pub(super) fn data(chart: Chart, figures: &Figures, demarche: &Demarche, theme: Theme) -> Data {
    let mut data = Data {
        genre: "",
        sombre: theme == Theme::Dark,
        titre: chart.titre(),
        sous_titre: String::new(),
        source: format!(
            "Au {} · {}",
            french::day(figures.on),
            short(&demarche.titre, 55)
        ),
        vide: None,
        mois: Vec::new(),
        etapes: Vec::new(),
        suites: Vec::new(),
        semaines: Vec::new(),
        graduations: Vec::new(),
        depots: "Déposés",
    };
    match chart {
        Chart::Temps => temps(&mut data, figures),
        Chart::Avancee => avancee(&mut data, figures),
        Chart::Taux => taux(&mut data, figures),
        Chart::Semaines => semaines(&mut data, figures),
    }
    data
}

fn temps(data: &mut Data, figures: &Figures) {
    data.genre = "mois";
    data.sous_titre = match figures.usual {
        Some(usual) => format!(
            "Usuel : {}\u{a0}j, au mieux {}\u{a0}j, au pire {}\u{a0}j · moyenne par mois",
            days(usual.usual),
            days(usual.fast),
            days(usual.slow)
        ),
        None => "Jours entre dépôt et décision, moyenne par mois".to_owned(),
    };
    let longest = figures.months.iter().filter_map(|month| month.days).max();
    if longest.is_none() {
        data.vide = Some("Aucun dossier traité sur les douze mois achevés");
    }
    let longest = f64::from(longest.unwrap_or(0).max(1));
    let mois = |(at, month): (usize, &Month)| Mois {
        nom: abbreviated(month.first),
        annee: (at == 0 || month.first.month() == 1).then(|| month.first.year().to_string()),
        part: month.days.map(|days| f64::from(days) / longest),
        valeur: month.days.map(days).unwrap_or_default(),
    };
    data.mois = figures.months.iter().enumerate().map(mois).collect();
}

fn avancee(data: &mut Data, figures: &Figures) {
    data.genre = "avancee";
    data.sous_titre = String::from("Dossiers, et leur part de ceux qui ont été déposés");
    let funnel = figures.funnel;
    if funnel.deposited == 0 {
        data.vide = Some("Aucun dossier déposé");
    }
    let etape = |nom, count, suites| Etape {
        nom,
        nombre: french::nombre(count),
        pourcent: format!("{}\u{a0}%", rounded(count, funnel.deposited)),
        part: share(count, funnel.deposited),
        suites,
    };
    data.etapes = vec![
        etape("Déposés", funnel.deposited, Vec::new()),
        etape("Instruction débutée", funnel.instructed, Vec::new()),
        etape(
            "Traités",
            funnel.decided,
            suites(figures.decisions, funnel.deposited),
        ),
    ];
}

fn taux(data: &mut Data, figures: &Figures) {
    data.genre = "taux";
    let total = figures.decisions.total();
    data.sous_titre = match total {
        0 => String::new(),
        1 => "Sur 1 dossier traité".to_owned(),
        _ => format!("Sur {} dossiers traités", french::nombre(total)),
    };
    if total == 0 {
        data.vide = Some("Aucun dossier traité");
    }
    data.suites = suites(figures.decisions, total);
}

fn semaines(data: &mut Data, figures: &Figures) {
    data.genre = "semaines";
    data.sous_titre = String::from("Dossiers déposés et traités, sur six mois");
    let busiest = figures
        .weeks
        .iter()
        .map(|week| week.deposited.max(week.decided.total()));
    let busiest = busiest.max().unwrap_or(0);
    if busiest == 0 {
        data.vide = Some("Aucun dossier déposé ni traité sur six mois");
    }
    let step = step(busiest);
    let top = busiest.div_ceil(step).max(1) * step;
    let graduation = |at| Graduation {
        part: share(at * step, top),
        nom: french::nombre(at * step),
    };
    data.graduations = (0..=top / step).map(graduation).collect();
    let semaine = |week: &Week| Semaine {
        nom: (week.monday.day() <= 7).then(|| abbreviated(week.monday)),
        depots: share(week.deposited, top),
        suites: suites(week.decided, top),
    };
    data.semaines = figures.weeks.iter().map(semaine).collect();
    data.suites = suites(figures.decisions, figures.decisions.total());
}

fn suites(decisions: Decisions, of: u64) -> Vec<Suite> {
    let suite = |(decision, motif, nom)| {
        let count = decisions.of(decision);
        Suite {
            motif,
            nom,
            nombre: french::nombre(count),
            pourcent: percent(count, of),
            part: share(count, of),
        }
    };
    SUITES.into_iter().map(suite).collect()
}

/// A step of 1, 2 or 5 times a power of ten that makes at most five of them up to `most`.
fn step(most: u64) -> u64 {
    let mut ten = 1;
    loop {
        for step in [ten, 2 * ten, 5 * ten] {
            if most <= 5 * step {
                return step;
            }
        }
        ten *= 10;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(count: u64, of: u64) -> f64 {
    if of == 0 {
        return 0.0;
    }
    count as f64 / of as f64
}

/// `82,4 %`. Only nothing is 0 and only all is 100: what is rounded to these is told by its bound.
fn percent(count: u64, of: u64) -> String {
    let permille = (u128::from(count) * 2000 + u128::from(of)) / (u128::from(of.max(1)) * 2);
    if permille == 0 && count > 0 {
        return "<\u{a0}0,1\u{a0}%".to_owned();
    }
    let permille = if count < of {
        permille.min(999)
    } else {
        permille
    };
    format!("{},{}\u{a0}%", permille / 10, permille % 10)
}

/// `82`, for hundredths.
fn rounded(count: u64, of: u64) -> u128 {
    (u128::from(count) * 200 + u128::from(of)) / (u128::from(of.max(1)) * 2)
}

fn days(days: u32) -> String {
    french::nombre(days.into())
}

fn short(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max - 1).collect();
    format!("{}…", cut.trim_end())
}

fn abbreviated(day: Date) -> &'static str {
    const SHORT: [&str; 12] = [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
        "déc.",
    ];
    usize::try_from(day.month() - 1)
        .ok()
        .and_then(|month| SHORT.get(month))
        .copied()
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_and_written_in_french() {
        assert_eq!(percent(2, 3), "66,7\u{a0}%");
        assert_eq!(percent(0, 0), "0,0\u{a0}%");
        assert_eq!(percent(5, 5), "100,0\u{a0}%");
        assert_eq!(percent(99_999, 100_000), "99,9\u{a0}%");
        assert_eq!(percent(1, 100_000), "<\u{a0}0,1\u{a0}%");
        assert_eq!(rounded(2, 3), 67);
    }

    #[test]
    fn an_axis_has_few_round_steps() {
        for (most, expected) in [(0, 1), (5, 1), (6, 2), (23, 5), (26, 10), (4_000, 1_000)] {
            assert_eq!(step(most), expected, "{most}");
        }
    }
}
