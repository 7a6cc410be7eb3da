//! The same figures in words, for who does not see the picture.

use jiff::civil::Date;

use super::{Chart, SUITES, percent, rounded};
use crate::domain::stats::{Decisions, Figures};
use crate::template::french::{self, nombre};

/// What a picture shows, in French, with its figures.
pub fn alt(chart: Chart, figures: &Figures) -> String {
    let said = match chart {
        Chart::Temps => temps(figures),
        Chart::Avancee => avancee(figures),
        Chart::Taux => taux(figures.decisions),
        Chart::Semaines => semaines(figures),
    };
    format!("{}. {said}", chart.titre())
}

fn temps(figures: &Figures) -> String {
    let usual = figures.usual.map(|usual| {
        format!(
            "Temps usuel des trente derniers jours : {}, {} dans le meilleur des cas, {} dans le pire. ",
            days(usual.usual),
            days(usual.fast),
            days(usual.slow)
        )
    });
    let months: Vec<String> = figures
        .months
        .iter()
        .filter_map(|month| Some(format!("{} {}", named(month.first), days(month.days?))))
        .collect();
    let months = if months.is_empty() {
        "Aucun dossier traité sur les douze mois achevés.".to_owned()
    } else {
        format!(
            "Durée moyenne par mois de décision : {}.",
            months.join(", ")
        )
    };
    format!("{}{months}", usual.unwrap_or_default())
}

fn avancee(figures: &Figures) -> String {
    let funnel = figures.funnel;
    if funnel.deposited == 0 {
        return "Aucun dossier déposé.".to_owned();
    }
    let part = |count| {
        format!(
            "{} ({}\u{a0}%)",
            nombre(count),
            rounded(count, funnel.deposited)
        )
    };
    let decided = if funnel.decided == 0 {
        String::new()
    } else {
        format!(", dont {}", decisions(figures.decisions, |_| String::new()))
    };
    format!(
        "Déposés : {} ; instruction débutée : {} ; traités : {}{decided}.",
        nombre(funnel.deposited),
        part(funnel.instructed),
        part(funnel.decided)
    )
}

fn taux(all: Decisions) -> String {
    let total = all.total();
    if total == 0 {
        return "Aucun dossier traité.".to_owned();
    }
    let shares = decisions(all, |count| format!(" ({})", percent(count, total)));
    format!("{} : {shares}.", dossiers(total, "traité"))
}

fn semaines(figures: &Figures) -> String {
    let deposited: u64 = figures.weeks.iter().map(|week| week.deposited).sum();
    let decided: u64 = figures.weeks.iter().map(|week| week.decided.total()).sum();
    let weeks: Vec<String> = figures
        .weeks
        .iter()
        .filter(|week| week.deposited + week.decided.total() > 0)
        .map(|week| {
            format!(
                "{} : {} et {}",
                french::day_and_month(week.monday.into()),
                nombre(week.deposited),
                nombre(week.decided.total())
            )
        })
        .collect();
    if weeks.is_empty() {
        return "Aucun dossier déposé ni traité sur les vingt-six dernières semaines.".to_owned();
    }
    format!(
        "Sur vingt-six semaines, {} et {}. Par semaine, au lundi, déposés et traités : {}.",
        dossiers(deposited, "déposé"),
        dossiers(decided, "traité"),
        weeks.join(" ; ")
    )
}

fn decisions(all: Decisions, share: impl Fn(u64) -> String) -> String {
    let each: Vec<String> = SUITES
        .iter()
        .map(|(decision, _, nom)| {
            let count = all.of(*decision);
            format!("{} {}{}", nom.to_lowercase(), nombre(count), share(count))
        })
        .collect();
    each.join(", ")
}

fn named(first: Date) -> String {
    format!("{} {}", french::month(first.month()), first.year())
}

fn days(days: u32) -> String {
    format!(
        "{}\u{a0}{}",
        nombre(days.into()),
        if days < 2 { "jour" } else { "jours" }
    )
}

fn dossiers(count: u64, what: &str) -> String {
    let many = if count < 2 { "" } else { "s" };
    format!("{}\u{a0}dossier{many} {what}{many}", nombre(count))
}
