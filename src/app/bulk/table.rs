//! What became of dossiers, shortly: numbers as ranges, dossiers by reason, all of them as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use crate::domain::DossierId;
use crate::template::BulkRow;

/// Ranges of numbers that are named; the others are counted.
const RANGES: usize = 12;
/// Reasons that are named.
const REASONS: usize = 12;

/// How one dossier ended.
pub(super) struct Ended<'a> {
    pub(super) number: DossierId,
    /// `done`, `already`, `refused`, `stopped`.
    pub(super) state: &'static str,
    pub(super) reason: &'a str,
}

/// Lines by what became of the dossiers and why: done first, then those of most dossiers.
pub(super) fn rows(lines: &[Ended<'_>]) -> Vec<BulkRow> {
    const STATES: [&str; 4] = ["done", "already", "refused", "stopped"];
    let mut groups: BTreeMap<(usize, &str), Vec<DossierId>> = BTreeMap::new();
    for line in lines {
        let state = STATES.iter().position(|state| *state == line.state);
        let key = (state.unwrap_or(STATES.len()), line.reason);
        groups.entry(key).or_default().push(line.number);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((state, _), numbers)| (*state, std::cmp::Reverse(numbers.len())));
    let rest: usize = groups
        .iter()
        .skip(REASONS)
        .map(|(_, numbers)| numbers.len())
        .sum();
    let row = |((state, reason), numbers): ((usize, &str), Vec<DossierId>)| BulkRow {
        state: STATES.get(state).copied().unwrap_or_default().to_owned(),
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        count: numbers.len(),
        numbers: compact(numbers.into_iter()),
    };
    let mut rows: Vec<BulkRow> = groups.into_iter().take(REASONS).map(row).collect();
    if rest > 0 {
        rows.push(BulkRow {
            state: "more".to_owned(),
            reason: None,
            count: rest,
            numbers: String::new(),
        });
    }
    rows
}

/// Numbers in growing order, as people read them: `12, 15-19, 30`.
pub(super) fn compact(numbers: impl Iterator<Item = DossierId>) -> String {
    let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
    for DossierId(number) in numbers {
        match ranges.last_mut() {
            Some(last) if last.end() + 1 == number => *last = *last.start()..=number,
            _ => ranges.push(number..=number),
        }
    }
    compact_ranges(&ranges)
}

/// The same for ranges.
pub(super) fn compact_ranges(ranges: &[RangeInclusive<u64>]) -> String {
    let mut text = String::new();
    for range in ranges.iter().take(RANGES) {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing into a text cannot fail.
        let _written = match range.end() - range.start() {
            0 => write!(text, "{comma}{}", range.start()),
            1 => write!(text, "{comma}{}, {}", range.start(), range.end()),
            _ => write!(text, "{comma}{}-{}", range.start(), range.end()),
        };
    }
    let size = |range: &RangeInclusive<u64>| (range.end() - range.start()).saturating_add(1);
    let rest = ranges.iter().skip(RANGES).map(size);
    let rest = rest.fold(0, u64::saturating_add);
    if rest > 0 {
        let _written = write!(text, " et {rest} de plus");
    }
    text
}

/// The report as a table that a spreadsheet in French opens by itself: UTF-8 with its mark, semicolons.
pub(super) fn csv(act: &str, lines: &[Ended<'_>]) -> String {
    let mut table = "\u{feff}numéro;acte;résultat;motif\r\n".to_owned();
    for Ended {
        number,
        state,
        reason,
    } in lines
    {
        let result = match *state {
            "done" => "fait",
            "already" => "déjà ainsi",
            "stopped" => "arrêté avant",
            _ => "refusé",
        };
        let row = [
            number.to_string(),
            act.to_owned(),
            result.to_owned(),
            (*reason).to_owned(),
        ];
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        table.push_str(&cells.join(";"));
        table.push_str("\r\n");
    }
    table
}

/// A cell that is no formula, whatever stands in it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = format!("{}{text}", if formula { "'" } else { "" });
    if text.contains([';', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_shortly_and_long_lists_are_cut() {
        let numbers = |all: &[u64]| compact(all.iter().copied().map(DossierId));
        assert_eq!(numbers(&[]), "");
        assert_eq!(numbers(&[4]), "4");
        assert_eq!(numbers(&[4, 5, 9, 10, 11, 20]), "4, 5, 9-11, 20");
        let odd: Vec<u64> = (0..20).map(|number| 2 * number + 1).collect();
        assert_eq!(
            numbers(&odd),
            "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 et 8 de plus"
        );
    }

    #[test]
    fn a_cell_is_no_formula_and_breaks_no_row() {
        for formula in ["=1+1", "+33", "-1", "@somme", "\t=1"] {
            assert!(cell(formula).starts_with('\''), "{formula}");
        }
        assert_eq!(cell("\r=1"), "\"'\r=1\"");
        assert_eq!(
            cell("dit « non » ; \"net\""),
            "\"dit « non » ; \"\"net\"\"\""
        );
        assert_eq!(cell("fait"), "fait");
    }

    #[test]
    fn refusals_are_grouped_by_reason_the_most_frequent_first() {
        let line = |number, state, reason| Ended {
            number: DossierId(number),
            state,
            reason,
        };
        let rows = rows(&[
            line(1, "refused", "a"),
            line(2, "done", ""),
            line(3, "refused", "b"),
            line(4, "refused", "b"),
            line(5, "stopped", ""),
        ]);
        let said: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.state.as_str(),
                    row.reason.as_deref(),
                    row.numbers.as_str(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("done", None, "2"),
                ("refused", Some("b"), "3, 4"),
                ("refused", Some("a"), "1"),
                ("stopped", None, "5"),
            ]
        );
    }
}
