//! The line above a quotation: `Le 3 juin 2024 à 10:12, Paul Durand <p@example.org> a écrit :`.
//!
//! No list of full sentences: what makes an attribution is a date, an address, a verb of writing and the colon at
//! its end, enough of them together. So it is found in languages and programs that nobody has listed, and a sentence
//! of the person's own that has only some of it is left alone.

use std::sync::LazyLock;

use regex::Regex;

use super::line::{Line, plain};
use super::words::Words;

/// An attribution that starts on a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attribution {
    /// How many lines it takes.
    pub(crate) lines: usize,
    /// What the person wrote on its first line before it started.
    pub(crate) before: Option<String>,
}

/// Most lines of one attribution; mail programs wrap it at 76 columns, and names can be long.
const WRAPPED: usize = 6;

/// Patterns run on lines cut to a few hundred characters, by an engine that never goes back: none can take long.
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

/// A day: three numbers, or a year and a day near each other, or a number beside a clock time.
static DATE: LazyLock<Words> = LazyLock::new(|| {
    Words::new(concat!(
        r"\b\d{1,4} ?[./-] ?\d{1,2} ?[./-] ?\d{2,4}\b",
        r"|\b\d{1,2}\.?[ -](?:de )?\pL+\.?,?(?:[ -](?:de )?|, ?)(?:19|20)\d\d\b",
        r"|\b\pL+\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d\b",
        r"|\b(?:19|20)\d\d(?:\. |[年년] ?|[^0-9]{1,16}?)\d{1,2}",
        r"|\b\d{1,2}\b[^0-9@<>]{1,20}\b(?:19|20)\d\d\b",
        r"|\b\d{1,2}(?:er)?\.? \pL+\.?,?(?: à| at| um| o| alle)? \d{1,2} ?[:.hH] ?\d\d\b",
        r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? \pL+ \d{1,2}\b",
    ))
});
static TIME: LazyLock<Words> = LazyLock::new(|| Words::new(r"\b\d{1,2} ?[:.hH] ?\d\d\b"));
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[^\s@<>()\[\]:,;]+@[^\s@<>()\[\]:,;]+\.\pL+"));
static VERB: LazyLock<Words> = LazyLock::new(|| {
    Words::new(concat!(
        r"(?i)(?:\b(?:wrote|writes|sent|schrieb|geschrieben|écrit|ecrit|escribió|escribio|escrit|escreveu|scritto|scrive|",
        r"schreef|geschreven|skrev|skrifaði|kirjoitti|napisał\(?a?\)?|pisze|napsala?|napsal\(a\)|napísala?|napísal\(a\)|",
        r"napisao|napisala|napisal|írta|scris|έγραψε|пишет|писал|написала?|написав|пише|написа|yazdı|viết|",
        r"rakstīja|rašė|parašė|kirjutas|menulis|idatzi|dixo)\b",
        r"|写道|寫道|写到|작성|님이|のメッセージ|書きました|のメール|כתב|كتب|เขียน)",
    ))
});
/// Said by the person about a letter that they got, rather than by a mail program.
static TOLD: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        r"(?i)(?:m[’']a|m[’']avez|m[’']ont|nous a|nous avez|nous ont|lui a|leur a|vous a|j[’']ai|avons|avez|wrote (?:me|us|to)|wrote:? that|have|has) (?:bien )?(?:écrit|ecrit|written|wrote)|wrote (?:me|us|to)\b",
    )
});
/// Whom a person writes of, and a mail program never: `l’architecte`, `M. Durand`, `elle`.
static NARRATED: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        r"(?i)(?:[,\d]|\bh|am|pm) +(?:mm?\.|mme|mlle|mr|mrs|ms|monsieur|madame|maître|maitre|me|le|la|les|l[’']\pL+|il|elle|ils|elles|on|nous|vous|une?|notre|votre|nos|vos|mon|ma|mes|the|he|she|they|we|i|my|our|your|a) ",
    )
});
/// How an attribution begins, up to its date.
static LEAD: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        r"(?i)^(?:on|le|am|el|il|in data|em|op|den|d\.|på|w dniu|dnia|dne|dňa|vào|在|a|la|pe|ti|ke|to|la data|la|em|data|date|dana|в|у|от|tarihinde|de|del|du|message du|no dia|na|den|die|пт|2)\b",
    )
});
/// An attribution behind the last words of the reply, on the same line.
static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(.+?)(?:\s*-{2,3}\s*|\s)((?:On|Le|Am|El|Il) (?:\pL+\.?,? ){0,2}\d.*)$")
});
/// `---- On … wrote ----`, `---- John Smith wrote ----`, `------On …, X wrote-----`
static DASHED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^-{2,10} ?\S.*\b(?:wrote|a écrit|schrieb|escribió|skrev) ?-{2,10}$")
});

/// The attribution that starts on line `at`, if one does. `quoted` tells whether the quotation marks are taken for
/// granted: the lines looked at all stand behind them.
pub(crate) fn attribution(lines: &[Line], at: usize) -> Option<Attribution> {
    let first = lines.get(at)?;
    let head = opening(&first.text);
    if head.is_empty() {
        return None;
    }
    if first.text.contains("--") && DASHED.is_match(&plain(&first.text)) {
        return Some(Attribution {
            lines: 1,
            before: None,
        });
    }
    behind(lines, at).or_else(|| {
        let count = (1..=WRAPPED).find(|count| fits(lines, at, *count, head.clone()))?;
        // The same end with a later start is the attribution itself; what stands above it is somebody's line.
        let later = !opens(&head)
            && (1..count).any(|skip| {
                lines
                    .get(at + skip)
                    .is_some_and(|line| fits(lines, at + skip, count - skip, opening(&line.text)))
            });
        (!later).then_some(Attribution {
            lines: count,
            before: None,
        })
    })
}

/// The attribution that starts on line `at` after words of the person.
fn behind(lines: &[Line], at: usize) -> Option<Attribution> {
    let text = plain(&lines.get(at)?.text);
    if !text.contains(char::is_numeric) {
        return None;
    }
    let parts = BEHIND.captures(&text)?;
    let (before, after) = (parts.get(1)?.as_str(), parts.get(2)?.as_str());
    if LEAD.is_match(before)
        || DATE.is_match(before)
        || ADDRESS.is_match(before)
        || before.starts_with(['-', '>', '*'])
    {
        return None;
    }
    let count = (1..=3).find(|count| fits(lines, at, *count, after.to_owned()))?;
    Some(Attribution {
        lines: count,
        before: Some(before.trim_end_matches(['-', ' ']).to_owned()),
    })
}

/// Whether `head` starts the way an attribution does, with its date.
fn opens(head: &str) -> bool {
    DATE.find(head)
        .is_some_and(|date| date.start() == 0 || (date.start() <= 32 && LEAD.is_match(head)))
}

/// The beginning of a line without emphasis, dashes and the like.
fn opening(text: &str) -> String {
    plain(text)
        .trim_start_matches(['*', '_', '-', '–', '—', '>', '#', ' ', '"', '\''])
        .to_owned()
}

/// Whether the `count` lines from `at`, the first of which says `head`, are an attribution together.
fn fits(lines: &[Line], at: usize, count: usize, head: String) -> bool {
    let Some(first) = lines.get(at) else {
        return false;
    };
    let mut text = head;
    let mut blanks = 0;
    for (index, line) in lines.iter().enumerate().skip(at + 1).take(count - 1) {
        // `> wrote:` closes an angle bracket, it quotes nothing.
        let closes = line.depth == first.depth.saturating_add(1)
            && text.contains('<')
            && VERB.is_match(&line.text);
        let elsewhere = (line.depth != first.depth && !closes) || line.origin != first.origin;
        if elsewhere || text.ends_with([':', '.', '!', '?']) {
            return false;
        }
        if line.is_blank() {
            let address = lines
                .get(index + 1)
                .is_some_and(|next| next.text.trim_start().starts_with('<'));
            blanks += 1;
            if blanks > 1 || !(address || text.ends_with('<')) {
                return false;
            }
            continue;
        }
        text.push(' ');
        text.push_str(&plain(&line.text));
    }
    let missing = lines.len() < at + count;
    let last_blank = lines.get(at + count - 1).is_none_or(Line::is_blank);
    !missing
        && !last_blank
        && is_attribution(&text, followed_by_quotation(lines, at + count, first.depth))
}

/// Whether the next line that says something stands deeper than `depth`.
fn followed_by_quotation(lines: &[Line], from: usize, depth: u8) -> bool {
    let next = lines
        .iter()
        .skip(from)
        .take(6)
        .find(|line| !line.is_blank() || line.depth > depth);
    next.is_some_and(|line| line.depth > depth || line.origin.is_quoted())
}

/// Whether `text`, one to a few lines joined, is an attribution. `quotation` follows it, or it does not.
fn is_attribution(text: &str, quotation: bool) -> bool {
    if text.chars().count() > 420 {
        return false;
    }
    // Bytes and characters first: most lines have neither a number nor an address, and patterns cost more.
    let (numbered, at) = (text.contains(char::is_numeric), text.contains('@'));
    if !numbered && !at {
        return false;
    }
    let end = text.trim_end_matches(['*', '_', '"', ' ', '-', '>']);
    let colon = end.ends_with([':', '：']);
    let said = end.trim_end_matches([':', '：', ' ']);
    let verb_last = ends_in_verb(text, said.len());
    if !colon && !verb_last && !quotation {
        return false;
    }
    let date = if numbered { DATE.find(text) } else { None };
    let address = if at { ADDRESS.find(text) } else { None };
    let starts = starts_like_one(
        text,
        date.map(|date| date.start()),
        address.map(|address| address.start()),
    );
    if !starts {
        return false;
    }
    if TOLD.is_match(text) && !(quotation && address.is_some()) {
        return false;
    }
    let verb = verb_last || VERB.is_match(text);
    let (dated, addressed) = (date.is_some(), address.is_some());
    let closed = colon || verb_last;
    let numbered = text.chars().any(|c| c.is_ascii_digit());
    let named = || TIME.is_match(text) && !NARRATED.is_match(text);
    let written = verb && closed && dated && (addressed || quotation || named());
    let addressed_and_dated = addressed && dated && (quotation || (colon && said.ends_with('>')));
    let addressed_and_led = addressed
        && verb
        && closed
        && (LEAD.is_match(text) && numbered || text.chars().count() <= 140);
    written || addressed_and_dated || addressed_and_led
}

/// Longest verb, in octets.
const LONGEST_VERB: usize = 40;

/// Whether a verb of writing stands at `end` of `text` or behind it.
fn ends_in_verb(text: &str, end: usize) -> bool {
    let mut at = text.floor_char_boundary(end.saturating_sub(LONGEST_VERB));
    while let Some(verb) = VERB.find_at(text, at) {
        if verb.end() >= end {
            return true;
        }
        at = verb.end();
    }
    false
}

/// A date or an address stands near the start, with nothing but a lead, a weekday or a name before it.
fn starts_like_one(text: &str, date: Option<usize>, address: Option<usize>) -> bool {
    let near = |at: usize, most: usize| {
        text.get(..at).is_some_and(|before| {
            before.chars().count() <= most && !before.contains(['.', '!', '?', ':']) || at == 0
        })
    };
    let lead = text.get(..date.unwrap_or(0)).unwrap_or_default();
    let abbreviated = lead.split_whitespace().count() <= 4
        && lead.chars().count() <= 32
        && !lead.contains(['!', '?'])
        && !lead.contains(": ");
    date.is_some_and(|at| at == 0 || abbreviated) || address.is_some_and(|at| near(at, 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::reply::line::lines_of;

    fn found(text: &str) -> Option<usize> {
        attribution(&lines_of(text), 0).map(|attribution| attribution.lines)
    }

    #[test]
    fn what_mail_programs_write_is_an_attribution() {
        for text in [
            "Le lun. 3 juin 2024 à 10:12, Prénom Nom <a@b.example> a écrit\u{202f}:",
            "Le 03/06/2024 à 10:12, Prénom Nom a écrit :",
            "Le 2024-06-03 10:12, Prénom Nom a écrit :",
            "Le lundi 3 juin 2024 à 10:12:33 UTC+2, Prénom Nom <a@b.example> a écrit :",
            "On Mon, Jun 3, 2024 at 10:12 AM Paul Durand <p@example.org> wrote:",
            "Am 03.06.24 um 10:12 schrieb Paul:",
            "2014-03-20 8:48 GMT+01:00 Paul <p@example.org>:",
            "Paul <p@example.org> schrieb:",
        ] {
            assert_eq!(found(text), Some(1), "{text}");
        }
    }

    #[test]
    fn it_may_be_wrapped() {
        assert_eq!(
            found(
                "Le lun. 3 juin 2024 à 10:12, Un Nom Fort Long <\nun.nom@b.example> a écrit :\n\n> x"
            ),
            Some(2)
        );
        assert_eq!(
            found("On Nov 30, 2011, at 12:47 PM, Somebody <\na@b.example>\nwrote:"),
            Some(3)
        );
    }

    #[test]
    fn a_sentence_of_the_person_is_not() {
        for text in [
            "Le 3 juin, M. Durand m’a écrit :\nle mur est à refaire.",
            "Le 3 juin 2024 à 10:12, M. Durand m'a écrit : le mur est à refaire.",
            "Le 3 juin 2024 à 10:12, M. Durand a écrit :\nle mur est à refaire.",
            "Le 3 juin 2024, l’architecte a écrit :\nle mur est à refaire.",
            "Le 3 juin 2024 à 10:12, l’architecte a écrit :\nle mur est à refaire.",
            "Le 3 juin 2024 à 14:00, j’ai appelé paul@example.org :\nil est d’accord.",
            "Suite à votre message du 3 juin 2024 :\n1. oui",
            "On the other hand, he wrote:",
            "Something wrote:",
            "Rendez-vous le 3 juin 2024 à 10:12 :",
            "2024-01-15 14:30:25",
            "Contact : paul@example.org",
            "J’ai relu ce que Paul a écrit :",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
