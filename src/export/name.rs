//! Names of sheets, columns and files, each once.

use std::collections::BTreeSet;

use super::cell;

/// The most characters of a sheet's name in Excel.
const SHEET: usize = 31;

/// Names given so far.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// A name for a sheet, as Excel and `LibreOffice` allow it.
    pub(super) fn sheet(&mut self, wanted: &str) -> String {
        let plain = line(wanted).replace(['[', ']', ':', '*', '?', '/', '\\'], " ");
        let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        let plain = plain.trim_matches('\'');
        // Excel keeps this one for itself.
        let taken = plain.is_empty() || plain.eq_ignore_ascii_case("history");
        let plain = if taken { "Feuille" } else { plain };
        self.numbered(|suffix| {
            let cut = cut(plain, SHEET - suffix.encode_utf16().count());
            format!("{}{suffix}", cut.trim_end_matches(['\'', ' ']))
        })
    }

    /// A name for a column: one line.
    pub(super) fn column(&mut self, wanted: &str) -> String {
        let wanted = line(wanted);
        self.numbered(|suffix| format!("{wanted}{suffix}"))
    }

    /// A name for a file in a folder, safe already: the number comes before its ending.
    pub(super) fn file(&mut self, wanted: &str) -> String {
        let (stem, ending) = match wanted.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
            _ => (wanted, String::new()),
        };
        self.numbered(|suffix| format!("{stem}{suffix}{ending}"))
    }

    /// The first of `name("")`, `name(" (2)")` and so on that is not taken, whatever its case.
    fn numbered(&mut self, name: impl Fn(&str) -> String) -> String {
        let mut number = 1_u64;
        loop {
            let suffix = if number == 1 {
                String::new()
            } else {
                format!(" ({number})")
            };
            let name = name(&suffix);
            if self.0.insert(name.to_lowercase()) {
                return name;
            }
            number += 1;
        }
    }
}

/// `text` on one line, as it may stand in a cell.
fn line(text: &str) -> String {
    let clean = cell::text(text.into());
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of `text`, of at most `units` UTF-16 units.
fn cut(text: &str, units: usize) -> String {
    let mut used = 0;
    let kept = text.chars().take_while(|c| {
        used += c.len_utf16();
        used <= units
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_sheets_are_legal_and_each_is_given_once() {
        let mut names = Names::default();
        for (wanted, given) in [
            ("Devis", "Devis"),
            ("devis", "devis (2)"),
            ("[De]:v*is?/\\", "De v is"),
            ("'Travaux'", "Travaux"),
            ("History", "Feuille"),
            ("\n\0", "Feuille (2)"),
            (
                "Entreprises qui feront les travaux du toit",
                "Entreprises qui feront les trav",
            ),
            (
                "Entreprises qui feront les travaux des murs",
                "Entreprises qui feront les (2)",
            ),
        ] {
            assert_eq!(names.sheet(wanted), given);
        }
    }

    #[test]
    fn columns_and_files_are_numbered() {
        let mut names = Names::default();
        assert_eq!(names.column("Montant\n\ten euros"), "Montant en euros");
        assert_eq!(names.column("Montant en euros"), "Montant en euros (2)");
        assert_eq!(names.file("plan.pdf"), "plan.pdf");
        assert_eq!(names.file("Plan.PDF"), "Plan (2).PDF");
        assert_eq!(names.file("plan"), "plan");
    }

    proptest! {
        #[test]
        fn no_name_of_a_sheet_is_refused(wanted in prop::collection::vec("\\PC*|[\\x00-\\x7f]{0,40}", 1..4)) {
            let mut names = Names::default();
            for wanted in wanted.iter().chain(&wanted) {
                let name = names.sheet(wanted);
                prop_assert!(rust_xlsxwriter::Worksheet::new().set_name(&name).is_ok(), "{name:?}");
            }
        }
    }
}
