//! The listener's reader, whatever comes in and however it is cut.

use greffier::channel::listener::wire::{Content, Ended, Input, LINE_MAX, Line};
use proptest::prelude::*;

/// What matters to the reader, in any order, among long runs of what does not.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\r",
            "\n",
            ".",
            "\r\n",
            "\r\n.\r\n",
            "\n.\n",
            "a",
            "é"
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..5),
        (0_usize..2 * LINE_MAX).prop_map(|length| vec![b'x'; length]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn lines(chunks: impl Iterator<Item = Vec<u8>>) -> Vec<Line> {
    let mut input = Input::default();
    let mut lines = Vec::new();
    for chunk in chunks {
        input.push(&chunk);
        while let Some(line) = input.line() {
            lines.push(line);
        }
        assert!(input.rest().len() <= LINE_MAX);
    }
    lines
}

fn content(chunks: impl Iterator<Item = Vec<u8>>, max: usize) -> Option<Ended> {
    let mut input = Input::default();
    let mut content = Content::new(max);
    for chunk in chunks {
        input.push(&chunk);
        if let Some(ended) = content.feed(&mut input) {
            return Some(ended);
        }
        assert!(input.rest().is_empty());
    }
    None
}

fn cut(octets: &[u8], size: usize) -> impl Iterator<Item = Vec<u8>> {
    octets.chunks(size).map(<[u8]>::to_vec)
}

proptest! {
    #[test]
    fn lines_are_the_same_however_they_are_cut(octets in octets(), size in 1_usize..300) {
        let whole = lines(cut(&octets, usize::MAX));
        for line in &whole {
            if let Line::Complete(line) = line {
                prop_assert!(line.len() + 2 <= LINE_MAX);
                prop_assert!(!line.contains(['\r', '\n', '\0']));
            }
        }
        prop_assert_eq!(whole, lines(cut(&octets, size)));
    }

    #[test]
    fn long_lines_are_never_taken(length in 0_usize..3 * LINE_MAX, size in 1_usize..3000) {
        let mut octets = vec![b'x'; length];
        octets.extend(b"\r\n");
        let line = lines(cut(&octets, size)).pop();
        let taken = matches!(line, Some(Line::Complete(_)));
        prop_assert_eq!(taken, length + 2 <= LINE_MAX);
    }

    #[test]
    fn content_is_the_same_however_it_is_cut_and_within_its_limit(octets in octets(), size in 1_usize..300, max in 0_usize..3000) {
        let whole = content(cut(&octets, usize::MAX), max);
        if let Some(Ended::Whole(content)) = &whole {
            prop_assert!(content.len() <= max);
        }
        prop_assert_eq!(whole, content(cut(&octets, size), max));
    }

    #[test]
    fn content_ends_at_the_first_proper_end_and_nowhere_else(octets in octets()) {
        let mut framed = b"\r\n".to_vec();
        framed.extend(&octets);
        let end = framed.windows(5).position(|five| five == b"\r\n.\r\n");
        let ended = content(cut(&octets, usize::MAX), usize::MAX - 1);
        prop_assert_eq!(ended.is_some(), end.is_some());
    }

    #[test]
    fn what_is_stuffed_comes_back(lines in prop::collection::vec("[ -~.]{0,40}", 0..20), size in 1_usize..300) {
        let ended = |lines: &[String]| lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect::<String>();
        let stuffed: Vec<String> =
            lines.iter().map(|line| if line.starts_with('.') { format!(".{line}") } else { line.clone() }).collect();
        let (plain, stuffed) = (ended(&lines), ended(&stuffed));
        let sent = format!("{stuffed}.\r\n");
        prop_assert_eq!(content(cut(sent.as_bytes(), size), 10_000), Some(Ended::Whole(plain.into_bytes())));
    }
}
