//! Whether a reply says oui or non.
//!
//! Only an answer that leaves no doubt decides; the others are shown to the team as a guess.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::reply::line::plain;

/// An answer to a question oui/non.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OuiNon {
    /// What it says.
    pub answer: Answer,
    /// Whether it can be recorded as such. Else somebody has to read the text.
    pub certain: bool,
}

/// Oui or non.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes, with or without reservations.
    Oui,
    /// No.
    Non,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

/// The word first on its line, and what follows it.
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:(?:ma |notre |la )?réponse ?(?:est )?:? ?|r ?: ?|avis ?: ?)?[«“'‘(* ]{0,3}(oui|non|yes|no|favorable|défavorable|defavorable)\b[»”'’)* ]{0,3}(.*)$",
    )
});
/// What may follow the word without making it doubtful.
static AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^[ .,;:!…–—-]{0,4}(?:$|",
        r"(?:sous|avec|à condition|à la condition|sans) (?:les |la |une |des )?(?:réserves?|prescriptions?|conditions?|observations?|que|remarques?)",
        r"|car\b|parce qu|puisqu|en effet|en raison|compte tenu|au motif|vu\b|étant donné|dans la mesure",
        r"|(?:je |nous )?(?:suis|sommes|donne|donnons|émets|émettons|rends)? ?(?:un )?(?:avis )?(?:très |tout à fait )?(?:dé)?favorables?\b",
        r"|(?:merci|cordialement|bien (?:à vous|cordialement|sûr)|tout à fait|absolument|sincèrement|salutations|d[’']accord|ok)\b",
        r")",
    ))
});
/// `avis favorable`, said as a verdict.
static VERDICT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^(?:(?:bonjour|madame|monsieur)[^.!?]{0,40}, )?(?:(?:en réponse|suite|après (?:examen|lecture|étude))[^.!?]*, )?",
        r"(?:(?:je|nous|j[’']|la commune|le service|l[’']abf|le maire)? ?(?:vous )?(?:donnes?|donnons|rends|rend|rendons|émets|émet|émettons|formule|formulons|confirme|maintiens)s? (?:donc )?(?:un |mon |notre )?|mon |notre |c[’']est (?:un )?|il s[’']agit d[’']un |un )?",
        r"(?:avis (?:est )?(?:très |plutôt |tout à fait )?(dé|de)?favorables?|(?:je suis|nous sommes|j[’']y suis) (?:(ne pas)|(?:très |tout à fait |donc )?(dé|de)?favorables?))\b(.*)$",
    ))
});
static NOT_FAVOURABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:je ne suis|nous ne sommes|je n[’']y suis) pas (?:du tout )?favorables?\b(.*)$",
    )
});
static DOUBT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\?|\b(?:ou non|si (?:vous|le|la|les|l[’'])|serait|pourrait|peut-être|sauf si|à moins|pas encore|je ne sais|oui et non|ni oui|mais non|mais pas)\b",
    )
});
/// A box before or after the word: `[x] Oui`, `☑ Oui`, `Oui [X]`, `( ) Non`.
static BOX: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(\[ ?x ?\]|\( ?x ?\)|[☑☒✅✔✓🗹]️?)|(\[ ?\]|\( ?\)|[☐□❏⬜]️?)"));
static CHOICE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(oui|non)\b"));
static GREETING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:bonjour|bonsoir|madame|monsieur|mesdames|messieurs|cher|chère|chers|hello|re ?bonjour|salut)\b[^.?]{0,60}[,.!]?$",
    )
});

/// Lines that are looked at. An answer that comes later is read by people.
const LINES: usize = 200;

/// What `reply` says to a question oui/non, if anything.
pub fn answer(reply: &str) -> Option<OuiNon> {
    let lines: Vec<_> = reply
        .lines()
        .take(LINES)
        .filter(|line| !line.starts_with('>'))
        .map(plain)
        .filter(|line| !line.is_empty())
        .collect();
    if let Some(ticked) = ticked(&lines) {
        return Some(ticked);
    }
    let mut found = Vec::new();
    let first = lines
        .iter()
        .position(|line| !GREETING.is_match(line))
        .unwrap_or(0);
    for (index, line) in lines.iter().enumerate().skip(first) {
        if let Some(said) = said(line, index == first) {
            found.push(said);
        }
    }
    let answer = found
        .iter()
        .find(|said| said.certain)
        .or(found.first())
        .copied()?;
    let agreed = found.iter().all(|said| said.answer == answer.answer);
    Some(OuiNon {
        answer: answer.answer,
        certain: answer.certain && agreed,
    })
}

/// What one line says. Later lines only count where they are a verdict by themselves.
fn said(line: &str, first: bool) -> Option<OuiNon> {
    let line = line.trim_start_matches(['-', '•', '*', ' ', '>']);
    let doubt = DOUBT.is_match(line);
    if let Some(parts) = NOT_FAVOURABLE.captures(line) {
        return Some(OuiNon {
            answer: Answer::Non,
            certain: !doubt && parts.get(0).is_some(),
        });
    }
    if let Some(parts) = VERDICT.captures(line) {
        let against = parts.get(1).is_some() || parts.get(3).is_some();
        let answer = if against { Answer::Non } else { Answer::Oui };
        return Some(OuiNon {
            answer,
            certain: !doubt,
        });
    }
    let parts = WORD.captures(line)?;
    let word = parts.get(1)?.as_str().to_lowercase();
    let rest = parts.get(2).map_or("", |rest| rest.as_str());
    let answer = if matches!(word.as_str(), "oui" | "yes" | "favorable") {
        Answer::Oui
    } else {
        Answer::Non
    };
    let alone = AFTER.is_match(rest);
    let sentence = word == "no" && !alone;
    (!sentence && (first || alone)).then_some(OuiNon {
        answer,
        certain: alone && !doubt && !turns(answer, rest),
    })
}

/// `Non, favorable` and `Oui : avis défavorable` say two things.
fn turns(answer: Answer, rest: &str) -> bool {
    let rest = rest.to_lowercase();
    let against = rest.contains("défavorable")
        || rest.contains("defavorable")
        || rest.contains("pas favorable");
    match answer {
        Answer::Oui => against,
        Answer::Non => rest.contains("favorable") && !against,
    }
}

/// The one box that is ticked, where there are boxes.
fn ticked(lines: &[Cow<'_, str>]) -> Option<OuiNon> {
    let mut ticked = Vec::new();
    for line in lines {
        let words: Vec<_> = CHOICE.find_iter(line).collect();
        let boxes: Vec<_> = BOX.captures_iter(line).take(8).collect();
        if words.is_empty() || boxes.is_empty() || line.chars().count() > 80 {
            continue;
        }
        let leading = boxes
            .first()
            .and_then(|first| first.get(0))
            .zip(words.first())
            .is_some_and(|(first, word)| first.start() < word.start());
        for tick in boxes.iter().filter_map(|found| found.get(1)) {
            let word = if leading {
                words.iter().find(|word| word.start() >= tick.end())
            } else {
                words.iter().rfind(|word| word.end() <= tick.start())
            };
            ticked.extend(word.map(|word| {
                if word.as_str().eq_ignore_ascii_case("oui") {
                    Answer::Oui
                } else {
                    Answer::Non
                }
            }));
        }
    }
    let first = *ticked.first()?;
    Some(OuiNon {
        answer: first,
        certain: ticked.len() == 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certain(text: &str) -> Option<Answer> {
        answer(text)
            .filter(|said| said.certain)
            .map(|said| said.answer)
    }

    #[test]
    fn a_plain_answer_is_certain() {
        for text in [
            "Oui.",
            "oui",
            "OUI, sous réserve de la pose d’un enduit à la chaux.",
            "Bonjour,\n\nOui\n\nCordialement",
            "Avis favorable.",
            "J’émets un avis favorable sur ce dossier.",
            "Bonjour Madame,\nJe donne un avis favorable, sous réserve des prescriptions ci-jointes.",
            "[x] Oui  [ ] Non",
            "☑ Oui\n☐ Non",
            "Réponse : oui",
            "Je suis favorable à ce projet.",
            "Mon avis est favorable.",
        ] {
            assert_eq!(certain(text), Some(Answer::Oui), "{text}");
        }
        for text in [
            "Non",
            "non car la toiture est visible depuis la rue",
            "Avis défavorable",
            "Je ne suis pas favorable.",
            "Oui [ ]  Non [X]",
            "Nous émettons un avis défavorable.",
        ] {
            assert_eq!(certain(text), Some(Answer::Non), "{text}");
        }
    }

    #[test]
    fn what_can_be_read_otherwise_decides_nothing() {
        for text in [
            "Oui, j’ai bien reçu votre demande.",
            "Non, je n’ai pas eu le temps.",
            "Oui ou non ?",
            "Oui et non",
            "Avis favorable si le mur est conservé, défavorable sinon ?",
            "Oui\nNon",
            "[x] Oui [x] Non",
            "Bonjour",
            "",
            "Nous étudions le dossier. Nonobstant…",
            "L’avis favorable de la commission serait utile.",
            "Oui : avis défavorable",
        ] {
            assert_eq!(certain(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_quoted_is_nobody_s_answer() {
        assert_eq!(answer("> Oui\nJe regarde."), None);
    }
}
