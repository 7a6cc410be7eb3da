//! Which lines are for Greffier, and what they say without the prefix or the name that says so.

/// By what names Greffier is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// Its id: `@greffier:hs.example`.
    pub(super) id: String,
    /// The name that clients show, where it is known.
    pub(super) shown: Option<String>,
}

/// A line for Greffier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// The command, without prefix or name.
    pub(super) text: String,
    /// Whether it can be for nobody else: by name, or in private. With a prefix alone, another program may be meant.
    pub(super) addressed: bool,
}

/// What `body` says to Greffier; none where it speaks to others. In a private conversation everything does.
///
/// `!`, `/` and `//` begin a command: Element keeps a single `/` for itself, and sends `//x` as `/x`.
pub(super) fn said(body: &str, names: &Names, direct: bool) -> Option<Said> {
    let body = trim(body);
    if let Some(rest) = called(body, names) {
        let rest = trim(rest);
        let text = prefixed(rest).unwrap_or(rest);
        return (!text.is_empty()).then(|| Said {
            text: text.to_owned(),
            addressed: true,
        });
    }
    match prefixed(body) {
        Some(text) => Some(Said {
            text: text.to_owned(),
            addressed: direct,
        }),
        None => (direct && !body.is_empty()).then(|| Said {
            text: body.to_owned(),
            addressed: true,
        }),
    }
}

/// What follows a prefix. «!!!» and «/ 2» are no commands: a letter must follow.
fn prefixed(body: &str) -> Option<&str> {
    let rest = body
        .strip_prefix('!')
        .or_else(|| body.strip_prefix("//"))
        .or_else(|| body.strip_prefix('/'))?;
    rest.starts_with(char::is_alphabetic).then_some(rest)
}

/// What follows Greffier's name at the beginning of `body`.
fn called<'a>(body: &'a str, names: &Names) -> Option<&'a str> {
    let local = names
        .id
        .strip_prefix('@')
        .and_then(|id| id.split_once(':'))
        .map(|(local, _)| local);
    let candidates = [Some(names.id.as_str()), names.shown.as_deref(), local];
    let whole = body;
    candidates.into_iter().flatten().find_map(|name| {
        let body = whole
            .strip_prefix('@')
            .filter(|_| !name.starts_with('@'))
            .unwrap_or(whole);
        let after = strip_name(body, name)?;
        let rest = after.trim_start_matches(is_space);
        let ended = rest.is_empty() || rest.len() < after.len();
        let marked = rest.strip_prefix([':', ',']);
        match marked {
            // The id of somebody else whose name begins the same.
            Some(rest) if body.len() < whole.len() && !rest.starts_with(is_space) => None,
            Some(rest) => Some(rest),
            None if ended => Some(rest),
            None => None,
        }
    })
}

/// `body` without `name` at its beginning, in whatever case.
fn strip_name<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    if name.is_empty() {
        return None;
    }
    let mut rest = body.chars();
    for wanted in name.chars().flat_map(char::to_lowercase) {
        let mut found = rest.next()?.to_lowercase();
        if found.next() != Some(wanted) || found.next().is_some() {
            return None;
        }
    }
    Some(rest.as_str())
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Spaces of French keyboards, and what clients put around pills.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// `body` without the lines that quote what it answers (`> <@ines:hs> …`), which older clients put before it.
pub(super) fn without_fallback(body: &str) -> &str {
    let mut rest = body;
    while rest.starts_with("> ") || rest.starts_with(">\n") {
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
    }
    rest.trim_start_matches('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            id: "@greffe:hs.example".to_owned(),
            shown: Some("Le Greffier".to_owned()),
        }
    }

    fn text(body: &str, direct: bool) -> Option<(String, bool)> {
        said(body, &names(), direct).map(|said| (said.text, said.addressed))
    }

    #[test]
    fn each_prefix_makes_a_command() {
        for body in [
            "!suivre 42",
            "/suivre 42",
            "//suivre 42",
            "\u{a0}!suivre 42 ",
        ] {
            assert_eq!(
                text(body, false),
                Some(("suivre 42".to_owned(), false)),
                "{body}"
            );
        }
    }

    #[test]
    fn its_name_makes_a_command_that_can_be_for_nobody_else() {
        for body in [
            "@greffe:hs.example suivre 42",
            "@greffe:hs.example: !suivre 42",
            "Le Greffier: suivre 42",
            "le greffier\u{a0}: suivre 42",
            "@Le Greffier, suivre 42",
            "Greffe suivre 42",
            "@greffe /suivre 42",
        ] {
            assert_eq!(
                text(body, false),
                Some(("suivre 42".to_owned(), true)),
                "{body}"
            );
        }
    }

    #[test]
    fn what_people_say_to_each_other_is_theirs() {
        for body in [
            "suivre 42",
            "Bonjour !",
            "!!!",
            "! suivre",
            "/ 2",
            "//",
            "",
            "Greffes du tribunal",
            "Le Greffier",
            "@greffe:hs.example2 suivre",
            "voir https://x.example/a",
        ] {
            assert_eq!(text(body, false), None, "{body}");
        }
    }

    #[test]
    fn in_private_everything_is_for_greffier() {
        assert_eq!(
            text("suivre 42", true),
            Some(("suivre 42".to_owned(), true))
        );
        assert_eq!(
            text("!suivre 42", true),
            Some(("suivre 42".to_owned(), true))
        );
        assert_eq!(text(" \u{200b}", true), None);
    }

    #[test]
    fn the_quotation_before_an_answer_is_not_read() {
        let body = "> <@ines:hs.example> !accepter 42\n> suite\n\n!suivre 42";
        assert_eq!(without_fallback(body), "!suivre 42");
        assert_eq!(without_fallback("> tout"), "");
        assert_eq!(without_fallback("a > b"), "a > b");
    }
}
