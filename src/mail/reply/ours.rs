//! Greffier's own mail in a quotation that nothing marks: its first line and its foot are known, so such a quotation has
//! a beginning and an end, and what a person wrote below it is found.

use std::sync::LazyLock;

use regex::Regex;

use super::line::{Line, plain};
use super::words::Words;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

static FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^[—–-]{1,3} ?répondez directement à ce message, en écrivant au-dessus de cette ligne ?[—–-]{1,3}$",
    )
});
static FOOT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^message automatique (?:du dossier n|de greffier pour le dossier n)")
});
/// What its last sentence says, whoever it was for.
static LAST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)ne pas la communiquer|ne sont pas lues|seront envoyées à l[’']usager")
});

/// Most lines of the foot: programs wrap it.
const FOOT_LINES: usize = 12;

/// Whether `line` is the one above which people are asked to answer.
pub(super) fn is_first(line: &Line) -> bool {
    FIRST.is_match(plain(&line.text).trim_matches(['*', '_']))
}

/// The line after the foot of our mail, where it stands below `from`.
pub(super) fn end(lines: &[Line], from: usize) -> Option<usize> {
    let foot = lines
        .iter()
        .skip(from)
        .position(|line| FOOT.is_match(&plain(&line.text)))?;
    let mut last = false;
    let mut said = String::new();
    for (index, line) in lines.iter().enumerate().skip(from + foot).take(FOOT_LINES) {
        if line.is_blank() {
            return last.then_some(index);
        }
        said.push_str(&plain(&line.text));
        said.push(' ');
        last |= LAST.is_match(&said);
        if last && said.trim_end().ends_with('.') {
            return Some(index + 1);
        }
    }
    None
}

/// Somebody's answers, and where they stand; a mail passed on `below` is none.
static POINTS: LazyLock<Words> = LazyLock::new(|| {
    let place = r"(?:en (?:bleu|rouge|vert|violet|gras|italique|couleur|surligné)|dans (?:le|votre) (?:corps|texte|message|mail|courriel)|in ?line|in (?:blue|red|green|bold)|in (?:blau|rot))";
    let below =
        r"(?:ci-dessous|ci-après|plus bas|below|unten|más abajo|qui sotto|hieronder|abaixo)";
    let answers = r"(?:réponses?|répon(?:ds|dons|du|dre)|commentaires?|remarques?|observations?|réactions?|annotations?|answers?|replies|replied|comments?|antworten?|respuestas?|risposte|antwoorden|respostas)";
    Words::new(&format!(
        r"(?i)\b{answers}\b[^.!?]{{0,60}}\b(?:{place}|{below})\b|\b(?:voir|cf|see)\b[^.!?]{{0,60}}\b{place}\b"
    ))
});

/// Whether `own`, the lines that a person wrote above a quotation, end by pointing into it: `mes réponses en bleu
/// ci-dessous`. Then nothing of it can be left out.
pub(super) fn points_below<'a>(own: impl Iterator<Item = &'a Line>) -> bool {
    let own: Vec<&Line> = own.filter(|line| !line.is_blank()).collect();
    // Little follows: a closing and a name.
    let last = own.iter().skip(own.len().saturating_sub(9));
    let said: Vec<_> = last.map(|line| plain(&line.text)).collect();
    let Some(at) = said.iter().rposition(|text| POINTS.is_match(text)) else {
        return false;
    };
    let after = said.iter().skip(at + 1);
    after.clone().count() <= 8 && after.clone().all(|text| text.chars().count() <= 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::reply::line::lines_of;

    #[test]
    fn the_foot_ends_where_its_last_sentence_does() {
        let text = "x\nMessage automatique du dossier n° 1, envoyé aux personnes consultées.\nMerci de ne pas la communiquer et de ne pas\ntransférer ce message.\nOui.";
        assert_eq!(end(&lines_of(text), 0), Some(4));
        assert_eq!(
            end(&lines_of("Message automatique du dossier n° 1"), 0),
            None
        );
    }

    #[test]
    fn who_points_below_has_written_there() {
        let points = |text: &str| points_below(lines_of(text).iter());
        assert!(points(
            "Bonjour,\n\nMes réponses en bleu ci-dessous.\n\nCordialement"
        ));
        assert!(points("Voir mes remarques dans le texte."));
        assert!(!points(
            "Mon avis est ci-dessous :\n\nle projet est conforme au règlement du site et à la charte."
        ));
        assert!(!points("Bonjour, le plan est en bleu."));
    }
}
