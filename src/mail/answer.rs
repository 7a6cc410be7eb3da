//! Whether a reply says oui or non.
//!
//! Only an answer that leaves no doubt decides; the others are shown to the team as a guess, and the expert is asked. So
//! what may answer something else than the question decides nothing: `Oui, c’est très bien.`, `D’accord`, `OK`, `Aucune
//! objection` (which says no to "any objection?"). Nor does a yes or a no beside words that speak against it, put it
//! off, or say that it is not theirs to give, anywhere in the reply. Words of other languages count where they stand
//! alone or before a condition.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
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
    pattern(concat!(
        r"(?i)^(?:(?:bonjour|bonsoir|madame|monsieur|hello|hallo|hola|buongiorno)\b[^.!?,]{0,40}, ?)?",
        r"(?:(?:ma |notre |la )?réponse ?(?:est )?:? ?|r ?: ?|avis ?: ?)?[«“'‘(* ]{0,3}",
        r"(oui|non|yes|no|ja|nein|nee|sí|sì|sim|não|favorable|défavorable|defavorable)\b[»”'’)* ]{0,3}(.*)$",
    ))
});
/// What may follow either word without making it doubtful: nothing, a reason, a closing.
const AFTER: &str = concat!(
    r"$|(?:car\b|parce qu|puisqu|en raison d|compte tenu d|au motif|étant donné|because\b|weil\b|porque\b|perché\b)",
    r"|(?:cordialement|bien (?:à vous|cordialement|sûr)|tout à fait|absolument|sincèrement|salutations|regards|thanks?|danke|gracias|grazie)[ .!]{0,3}$",
);
static AFTER_OUI: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&[
        r"(?i)^[ (.,;:!…–—-]{0,4}(?:",
        r"(?:sous|avec|à condition|à la condition|sans) ?(?:les |la |une |des |aucune )?(?:réserves?|prescriptions?|conditions?|observations?|que\b|de\b|d[’']|remarques?)",
        r"|(?:(?:je |nous )?(?:suis|sommes|donne|donnons|émets|émettons|rends)? ?(?:un )?(?:avis )?(?:très |tout à fait )?favorables?)[ .!)]{0,3}(?:$|sous |avec |sans |à condition|car )",
        r"|subject to|provided that|with conditions|without reservations?|unter (?:der |dem )?(?:bedingung|vorbehalt|auflagen)|mit auflagen|ohne (?:auflagen|einwände)|con (?:condiciones|prescripciones|prescrizioni|riserva)|a condición|a condizione|com condições|merci[ .!]{0,3}$|",
        AFTER,
        ")",
    ].concat())
});
static AFTER_NON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&[
        r"(?i)^(?:[ ]?[(,;:–—-] ?(?:(?:je |nous )?(?:donne|donnons|émets|émettons|rends)? ?(?:un )?(?:avis )?(?:très |tout à fait )?(?:défavorables?|defavorables?))[ .!)]{0,3}(?:$|car )|[ .,;:!…–—-]{0,4}(?:",
        AFTER,
        "))",
    ].concat())
});
/// `avis favorable`, said as a verdict, and what follows it.
static VERDICT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^(?:(?:bonjour|madame|monsieur)[^.!?,]{0,40}, )?(?:(?:en réponse|suite|après (?:examen|lecture|étude))[^.!?]*, )?",
        r"(?:(?:aucune (?:remarque|observation|réserve|objection)|pas d[’'](?:objection|observation)|rien à signaler|ras) ?[,;:.–-] ?)?",
        r"(?:(?:je|nous|j[’']|la commune|le service|l[’']abf|le maire)? ?(?:vous )?(?:donnes?|donnons|rends|rend|rendons|émets|émet|émettons|formule|formulons|confirme|maintiens)s? (?:donc )?(?:un |mon |notre )?|mon |notre |c[’']est (?:un )?|il s[’']agit d[’']un |un )?",
        r"(?:avis (?:est )?(?:donc )?(?:très |tout à fait )?(dé|de)?favorables?|(?:je suis|nous sommes|j[’']y suis) (?:très |tout à fait |donc )?(dé|de)?favorables?)\b(.*)$",
    ))
});
/// What may follow a verdict: an end, a condition, a reason, its subject.
static AFTER_VERDICT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^ ?(?:$|[.,;:!…)–—-]|(?:sous|avec|sans|à condition|à la condition)\b|car\b|en raison d|compte tenu d|au motif|puisqu|parce qu",
        r"|de (?:ma|notre) part\b|(?:et|cordialement|merci|bien à vous)\b",
        r"|(?:sur|pour|à|au|concernant|quant à) ?(?:ce|cet|cette|le|la|l[’']|votre)? ?(?:dossier|projet|demande|permis|opération|travaux|réalisation)(?:$|[ ]?[.,;:!)]| sous | avec | sans ))",
    ))
});
/// `parere favorevole`, `informe desfavorable`, alone on their line.
static FOREIGN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:(?:our|my) opinion is |parere |informe |parecer |advies: ?)(?:(favou?rable|favorevole|favorável|positief)|(unfavou?rable|contrario|sfavorevole|desfavorable|desfavorável|negatief))[ .!]{0,3}$",
    )
});
static NOT_FAVOURABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:je ne suis|nous ne sommes|je n[’']y suis) pas (?:du tout )?favorables?\b(.*)$",
    )
});
/// Words of agreement and refusal that may be said of something else than the question.
static AGREES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:(?:c[’']est |je suis |nous sommes )?(?:tout à fait )?d[’']accord\b|ok\b|👍|(?:nous n[’']avons |je n[’']ai )?(?:pas d[’']|aucune )(?:objection|opposition|remarque|observation|réserve)|no objection|einverstanden|kein einwand|de acuerdo|d[’']accordo|akkoord)",
    )
});
static DISAGREES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:pas d[’']accord|(?:je ne suis|nous ne sommes) pas d[’']accord|je m[’']oppose|nous nous opposons|refus\b)",
    )
});
/// On the line of the answer.
static DOUBT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\?|\b(?:ou non|si (?:vous|le|la|les|l[’'])|serait|pourrait|sauf|hormis|excepté|à moins|oui et non|ni oui|mais|toutefois|cependant|néanmoins|en partie|partiellement|pour partie|but|aber|pero|però|maar|mas)\b",
    )
});
/// Anywhere in the reply: it is not the answer yet, or not theirs to give, or taken back.
static RESERVED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b(?:a priori|à priori|en principe|peut-être|sans doute|probablement|plutôt (?:favorable|défavorable|oui|non)|je (?:pense|crois) que|à confirmer|à voir|provisoire|avis définitif",
        r"|pas encore|je ne sais|(?:ne|n[’']y) (?:me|nous|se) prononc|(?:avant|afin) de (?:me|nous) prononcer|dans l[’']attente|en attente|j[’']attends|nous attendons",
        r"|je (?:vous )?(?:répondrai|rendrai|donnerai|reviens|reviendrai|regarde|regarderai|confirmerai|étudie|étudierai|rappelle|rappellerai)|nous (?:vous )?(?:répondrons|rendrons|donnerons|reviendrons|étudions|étudierons)",
        r"|bien (?:reçu|noté|pris)|j[’']ai reçu|nous avons reçu|accus\pL+ (?:de )?réception|(?:pris|prends|prenons) (?:bonne )?note",
        r"|eu le temps|pas (?:compétent|concerné|le bon|la bonne|en mesure|habilité|destinataire)|manqu\pL+|incomplet|incomplète|illisible|ne (?:peux|peut|pouvons|parviens|arrive)|n[’']arrive pas|impossible",
        r"|trompée?|par erreur|annule|finalement|rectifi\pL+|correctif)\b",
    ))
});
/// Anywhere in a reply that says oui.
static AGAINST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:défavorables?|defavorables?|(?:pas|non|guère|peu) favorables?|pas d[’']avis favorable|pas d[’']accord|désaccord|m[’']oppose|nous opposons|refus\pL*|rejet\pL*|(?:pas|non)[- ]conformes?|ne (?:convient|respecte|correspond)\pL* pas|(?:^|[.!] )non\b)",
    )
});
/// Anywhere in a reply that says non.
static IN_FAVOUR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:^|[^\pL])(?:(?:avis|suis|sommes|très|est) favorables?|(?:aucune|pas d[’']|sans|ni) ?(?:objection|opposition|remarque|réserve|observation|inconvénient)s?|rien à (?:signaler|redire)|d[’']accord|mon accord|notre accord|pas défavorables?|oui)(?:[^\pL]|$)",
    )
});
/// A box before or after the word: `[x] Oui`, `☑ Oui`, `Oui [X]`, `( ) Non`.
static BOX: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(\[ ?x ?\]|\( ?x ?\)|[☑☒✅✔✓🗹]️?)|(\[ ?\]|\( ?\)|[☐□❏⬜]️?)"));
static CHOICE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(oui|non)\b"));
static GREETING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:bonjour|bonsoir|madame|monsieur|mesdames|messieurs|cher|chère|chers|hello|re ?bonjour|salut|dear|hi|hallo|sehr geehrte\pL*|guten tag|hola|estimad\pL+|buongiorno|gentile|bom dia)\b[^.?]{0,60}[,.!]?$",
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
    let first = lines
        .iter()
        .position(|line| !GREETING.is_match(line))
        .unwrap_or(0);
    let mut found = Vec::new();
    let mut asked = false;
    for (index, line) in lines.iter().enumerate().skip(first) {
        if let Some(mut said) = said(line, index == first) {
            // Under a question of their own it may be the answer to that one.
            said.certain &= !asked;
            found.push(said);
        }
        asked |= line.contains('?');
    }
    let answer = found
        .iter()
        .find(|said| said.certain)
        .or(found.first())
        .copied()?;
    let agreed = found.iter().all(|said| said.answer == answer.answer);
    let otherwise = |line: &Cow<'_, str>| {
        let against = match answer.answer {
            Answer::Oui => AGAINST.is_match(line),
            Answer::Non => IN_FAVOUR.is_match(line),
        };
        against || RESERVED.is_match(line)
    };
    Some(OuiNon {
        answer: answer.answer,
        certain: answer.certain && agreed && !lines.iter().any(otherwise),
    })
}

/// What one line says. Later lines only count where they are a verdict by themselves.
fn said(line: &str, first: bool) -> Option<OuiNon> {
    let line = line.trim_start_matches(['-', '•', '*', ' ', '>']);
    let doubt = DOUBT.is_match(line);
    let found = |yes: bool, certain: bool| {
        let answer = if yes { Answer::Oui } else { Answer::Non };
        Some(OuiNon {
            answer,
            certain: certain && !doubt,
        })
    };
    if NOT_FAVOURABLE.is_match(line) {
        return found(false, true);
    }
    if let Some(parts) = VERDICT.captures(line) {
        let against = parts.get(1).is_some() || parts.get(2).is_some();
        let rest = parts.get(3).map_or("", |rest| rest.as_str());
        return found(!against, AFTER_VERDICT.is_match(rest));
    }
    if let Some(parts) = FOREIGN.captures(line) {
        return found(parts.get(1).is_some(), true);
    }
    if let Some(parts) = WORD.captures(line) {
        return word(&parts, first).and_then(|(yes, alone)| found(yes, alone));
    }
    let agrees = AGREES.is_match(line);
    if first && (agrees || DISAGREES.is_match(line)) {
        return found(agrees, false);
    }
    None
}

/// Whether the word is a yes, and whether it stands alone enough to be the answer.
fn word(parts: &Captures<'_>, first: bool) -> Option<(bool, bool)> {
    let word = parts.get(1)?.as_str().to_lowercase();
    let rest = parts.get(2).map_or("", |rest| rest.as_str());
    let yes = !matches!(
        word.as_str(),
        "non" | "no" | "nein" | "nee" | "não" | "défavorable" | "defavorable"
    );
    let alone = if yes {
        AFTER_OUI.is_match(rest)
    } else {
        AFTER_NON.is_match(rest)
    };
    // `No`, `ja` and the like also begin sentences that answer nothing.
    let sentence = !alone && !matches!(word.as_str(), "oui" | "non" | "yes");
    (!sentence && (first || alone)).then_some((yes, alone))
}

/// The one box that is ticked, where there are boxes.
fn ticked(lines: &[Cow<'_, str>]) -> Option<OuiNon> {
    let mut ticked = Vec::new();
    let (mut empty, mut crossed) = (false, false);
    for line in lines {
        let words: Vec<_> = CHOICE.find_iter(line).collect();
        let boxes: Vec<_> = BOX.captures_iter(line).take(8).collect();
        if words.is_empty() || boxes.is_empty() || line.chars().count() > 80 {
            continue;
        }
        empty |= boxes.iter().any(|found| found.get(2).is_some());
        crossed |= line.contains('☒');
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
    // A crossed box is a chosen one only beside an empty one.
    Some(OuiNon {
        answer: first,
        certain: ticked.len() == 1 && (empty || !crossed),
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
