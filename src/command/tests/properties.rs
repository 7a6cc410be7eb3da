//! What holds of any line.

use proptest::prelude::*;

use super::*;

/// Pieces of which lines are made, so that chance often meets the grammar.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("avis demander"),
        Just("message"),
        Just("suivre"),
        Just("dossiers"),
        Just("filtre"),
        Just("annuler"),
        Just("4807"),
        Just("-"),
        Just(","),
        Just("à"),
        Just("et"),
        Just("n°"),
        Just("#"),
        Just("a@b.fr"),
        Just("\""),
        Just("« "),
        Just(" »"),
        Just("'"),
        Just("\\"),
        Just("onglet="),
        Just("filtre="),
        Just("question="),
        Just(" "),
        Just("\u{a0}"),
        Just("\n"),
        Just("é"),
        Just("99999999999999999999"),
        Just("dossier"),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn reading_never_panics(line in any::<String>(), pieces in pieces()) {
        for here in [nowhere(), in_thread()] {
            for line in [&line, &pieces, &format!("message 4807 {line}")] {
                if let Err(error) = catalogue().parse(line, &here) {
                    prop_assert!(!error.to_string().is_empty());
                }
            }
        }
    }

    #[test]
    fn completing_never_panics_and_replaces_within_the_line(line in any::<String>(), pieces in pieces()) {
        for line in [&line, &pieces] {
            let completion = catalogue().complete(line);
            prop_assert!(line.is_char_boundary(completion.start));
            prop_assert!(completion.candidates.len() <= 25);
        }
    }

    #[test]
    fn a_text_quoted_back_reads_the_same(text in "[^\\p{C}]{1,80}", pieces in pieces()) {
        for text in [text, pieces] {
            let Ok(parsed) = catalogue().parse(&format!("message 4807 {}", quote(&text)), &nowhere()) else {
                prop_assert!(text.trim_matches(super::super::fold::is_space).is_empty());
                continue;
            };
            let kept = parsed.values.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
            prop_assert_eq!(&kept, text.trim_matches(super::super::fold::is_space));
            let (again, dossiers) = order(&format!("message 4807 {}", quote(&kept)), &nowhere());
            prop_assert_eq!(again, json!({"do": "post", "text": kept}));
            prop_assert_eq!(dossiers, vec![(4807, 4807)]);
        }
    }

    #[test]
    fn an_option_quoted_back_reads_the_same(text in "[^\\p{C}\\s][^\\p{C}]{0,60}[^\\p{C}\\s]") {
        let line = format!("avis demander 4807 a@b.fr question={} Merci", quote(&text));
        prop_assert_eq!(value(&line, "question"), text);
    }

    #[test]
    fn a_list_of_dossiers_reads_back(numbers in proptest::collection::btree_set(1_u64..u64::MAX, 1..20)) {
        let typed: Vec<_> = numbers.iter().map(u64::to_string).collect();
        let expected: Vec<_> = numbers.iter().map(|number| (*number, *number)).collect();
        prop_assert_eq!(order(&format!("suivre {}", typed.join(", ")), &nowhere()).1, expected.clone());
        prop_assert_eq!(order(&format!("suivre {}", typed.join(" ")), &nowhere()).1, expected);
    }
}
