//! What is new in a mail: the person's own text, without the quotation, the signature and the footers.
//!
//! Never cutting the person's own text comes first. What is left out is left out for a reason that can be named
//! (the mail's structure, quotation marks under an attribution, copied headers, a separator); where there is none
//! the text stays.

mod attribution;
mod header;
pub(crate) mod line;
mod mark;
mod ours;
mod signature;
mod words;

use attribution::attribution;
use header::header_block;
use line::{Line, Origin};
use mark::Separator;
use signature::{cut_signatures, keep_signature_alone};

/// What was found in a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The person's own text. Where answers stand between quoted lines, these are kept before them, with `> `.
    pub text: String,
    /// The message passed on below the text, if one was.
    pub forwarded: Option<String>,
    /// Whether a quotation was found and left out.
    pub quoted: bool,
    /// `Content-ID`s of the pictures within the text.
    pub images: Vec<String>,
}

/// The new text of a plain text body.
pub fn reply(text: &str) -> Reply {
    extract(line::lines_of(text))
}

/// Lines that are examined; those after them are kept as they are.
const EXAMINED: usize = 2_000;

/// What a line is found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Own,
    /// Somebody else's, and marked so.
    Quoted,
    /// Written by a program: an attribution, copied headers, a separator, a banner.
    Machine,
    /// All of what follows an unmarked quotation's head.
    Below,
    Signature,
}

pub(crate) fn extract(lines: Vec<Line>) -> Reply {
    let Sorted {
        mut lines,
        mut parts,
        forward_at,
        evidence,
    } = sorted(lines);
    keep_what_is_pointed_at(&mut lines, &mut parts);
    let forwarded = forward_at.and_then(|at| lines.get(at..)).map(said);
    let (text, images) = write(&lines, &parts);
    Reply {
        text,
        forwarded,
        quoted: evidence,
        images,
    }
}

/// Who wrote a line, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The person, or nobody knows.
    Person,
    /// Whoever is quoted, and the person within the quotation.
    Quoted,
    /// A program, or a signature.
    Machine,
}

/// All lines, each with who wrote it.
pub(crate) fn attributed(lines: Vec<Line>) -> Vec<(Line, Writer)> {
    let Sorted { lines, parts, .. } = sorted(lines);
    let writers = parts.into_iter().map(|part| match part {
        Part::Own => Writer::Person,
        Part::Quoted | Part::Below => Writer::Quoted,
        Part::Machine | Part::Signature => Writer::Machine,
    });
    lines.into_iter().zip(writers).collect()
}

/// The lines, and what each is.
struct Sorted {
    lines: Vec<Line>,
    parts: Vec<Part>,
    /// Where a message that is passed on begins.
    forward_at: Option<usize>,
    /// Whether a quotation was found.
    evidence: bool,
}

fn sorted(mut lines: Vec<Line>) -> Sorted {
    let mut parts = Vec::with_capacity(lines.len());
    let (mut forward_at, mut first_head) = (None, None);
    drop_banners(&lines, &mut parts);
    let mut evidence = lines.iter().any(|line| line.origin.is_quoted());
    while parts.len() < lines.len() {
        let at = parts.len();
        let Some(line) = lines.get(at) else { break };
        if line.origin == Origin::Quoted {
            parts.push(Part::Quoted);
            continue;
        }
        if line.origin == Origin::Below || is_first_of_ours(&lines, &parts) {
            let end = ours::end(&lines, at).unwrap_or(lines.len());
            parts.resize(end.max(at + 1), Part::Below);
            evidence = true;
            below_no_more(&mut lines, parts.len());
            continue;
        }
        if mark::is_rule(line) && stands_above_quotation(&lines, at + 1) {
            parts.push(Part::Machine);
            continue;
        }
        if line.origin == Origin::Signature {
            let end = signature::end_of_marked(&lines, at);
            let speaks = lines.get(at..end).is_some_and(signature::speaks);
            parts.resize(end, if speaks { Part::Own } else { Part::Signature });
            continue;
        }
        let head = if at < EXAMINED {
            head(&lines, at)
        } else {
            None
        };
        match head {
            Some(head) => {
                evidence = true;
                if head.depth == 0 && first_head.is_none() {
                    first_head = Some(at);
                }
                let below = if head.depth == 0 && !quotation_follows(&lines, at + head.lines) {
                    Part::Below
                } else {
                    Part::Machine
                };
                if head.separator == Some(Separator::Forward) && forward_at.is_none() {
                    forward_at = Some(at);
                }
                let marked = if head.depth > 0 {
                    Part::Quoted
                } else {
                    Part::Machine
                };
                if let Some(before) = head.before {
                    parts.push(Part::Own);
                    parts.extend(std::iter::repeat_n(marked, head.lines - 1));
                    if let Some(line) = lines.get_mut(at) {
                        line.text = before;
                    }
                } else {
                    parts.extend(std::iter::repeat_n(marked, head.lines));
                }
                if below == Part::Below {
                    let end = ours::end(&lines, parts.len()).unwrap_or(lines.len());
                    parts.resize(end, Part::Below);
                    below_no_more(&mut lines, end);
                }
            }
            None if line.depth > 0 => parts.push(Part::Quoted),
            None => parts.push(Part::Own),
        }
    }
    unquote_without_evidence(&lines, &mut parts, first_head, evidence);
    quote_wrapped_ends(&lines, &mut parts);
    cut_signatures(&lines, &mut parts);
    keep_signature_alone(&lines, &mut parts);
    Sorted {
        lines,
        parts,
        forward_at,
        evidence,
    }
}

/// Whether our own mail starts here, unmarked, and the person wrote above it or below it: then it can be left out
/// whole. Where they did neither, they may have written between its lines.
fn is_first_of_ours(lines: &[Line], parts: &[Part]) -> bool {
    let at = parts.len();
    let Some(line) = lines.get(at).filter(|line| ours::is_first(line)) else {
        return false;
    };
    let above = || {
        parts
            .iter()
            .zip(lines)
            .any(|(part, line)| *part == Part::Own && !line.is_blank())
    };
    let below = || {
        let rest = ours::end(lines, at).and_then(|end| lines.get(end..));
        rest.is_some_and(|rest| !rest.iter().all(Line::is_blank))
    };
    line.depth == 0 && (above() || below())
}

/// From line `at`, nothing more is taken as quoted because of the mark far above it.
fn below_no_more(lines: &mut [Line], at: usize) {
    for line in lines.iter_mut().skip(at) {
        if line.origin == Origin::Below {
            line.origin = Origin::Typed;
        }
    }
}

/// Whether the next line that says something is one that the mail program marks as quoted.
fn stands_above_quotation(lines: &[Line], from: usize) -> bool {
    let next = lines.iter().skip(from).find(|line| !line.is_blank());
    next.is_some_and(|line| line.origin.is_quoted())
}

/// Where the person points at their answers in an unmarked quotation, all of it stays, as quoted.
fn keep_what_is_pointed_at(lines: &mut [Line], parts: &mut [Part]) {
    let first = parts.iter().position(|part| *part == Part::Below);
    let Some(first) = first else { return };
    let above = lines.iter().zip(parts.iter()).take(first);
    let own = above.filter(|(_, part)| **part == Part::Own);
    if !ours::points_below(own.map(|(line, _)| line)) {
        return;
    }
    for (line, part) in lines.iter_mut().zip(parts) {
        if *part == Part::Below {
            *part = Part::Own;
            line.text = format!("> {}", line.raw.as_deref().unwrap_or(&line.text));
            line.raw = None;
        }
    }
}

/// The head of a quotation on a line.
struct Head {
    lines: usize,
    depth: u8,
    before: Option<String>,
    separator: Option<Separator>,
}

fn head(lines: &[Line], at: usize) -> Option<Head> {
    let line = lines.get(at)?;
    if line.is_blank() {
        return None;
    }
    let found = |lines, separator| {
        Some(Head {
            lines,
            depth: line.depth,
            before: None,
            separator,
        })
    };
    if let Some(separator) = mark::separator(line) {
        let next = skip_blanks(lines, at + 1);
        let block = header_block(lines, next, true).map_or(1, |count| next + count - at);
        return found(block, Some(separator));
    }
    if mark::is_rule(line) {
        let next = skip_blanks(lines, at + 1);
        return header_block(lines, next, false).and_then(|count| found(next + count - at, None));
    }
    if let Some(count) = header_block(lines, at, false) {
        return found(count, None);
    }
    let attribution = attribution(lines, at)?;
    Some(Head {
        lines: attribution.lines,
        depth: line.depth,
        before: attribution.before,
        separator: None,
    })
}

fn skip_blanks(lines: &[Line], from: usize) -> usize {
    lines
        .iter()
        .enumerate()
        .skip(from)
        .take(4)
        .find(|(_, line)| !line.is_blank())
        .map_or(from, |(index, _)| index)
}

/// Whether what follows a head is marked as quoted, so that what comes after the marks is the person's again.
fn quotation_follows(lines: &[Line], from: usize) -> bool {
    lines
        .iter()
        .skip(from)
        .find(|line| !line.is_blank() || line.depth > 0)
        .is_some_and(|line| line.depth > 0 || line.origin == Origin::Quoted)
}

fn drop_banners(lines: &[Line], parts: &mut Vec<Part>) {
    let mut banner = 0;
    for (index, line) in lines.iter().enumerate().take(12) {
        if mark::is_banner(&line.text) {
            banner = index + 1;
        } else if !line.is_blank() && index >= banner {
            break;
        }
    }
    parts.resize(banner, Part::Machine);
}

/// Lines behind `>` that stand above the head of the quotation, or in a mail that has none, are a list or an arrow:
/// they stay as they came.
fn unquote_without_evidence(
    lines: &[Line],
    parts: &mut [Part],
    first_head: Option<usize>,
    evidence: bool,
) {
    let end = first_head.unwrap_or(if evidence { 0 } else { lines.len() });
    for (part, line) in parts.iter_mut().zip(lines).take(end) {
        if *part == Part::Quoted && line.origin == Origin::Typed {
            *part = Part::Own;
        }
    }
}

/// A quoted line that was wrapped leaves its end without a mark between two lines that have one.
fn quote_wrapped_ends(lines: &[Line], parts: &mut [Part]) {
    for at in 1..lines.len().saturating_sub(1) {
        let window = (parts.get(at - 1), parts.get(at), parts.get(at + 1));
        if window != (Some(&Part::Quoted), Some(&Part::Own), Some(&Part::Quoted)) {
            continue;
        }
        if let (Some(before), Some(line)) = (lines.get(at - 1), lines.get(at))
            && is_wrapped_end(before, line)
            && let Some(part) = parts.get_mut(at)
        {
            *part = Part::Quoted;
        }
    }
}

fn is_wrapped_end(before: &Line, line: &Line) -> bool {
    let start = line.text.trim_start();
    let open_end = before
        .text
        .ends_with(|c: char| c.is_alphanumeric() || matches!(c, ',' | '’' | '\''));
    let word = start
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let long = before.text.chars().count() >= 55
        && open_end
        && start.starts_with(|c: char| c.is_lowercase())
        && !matches!(word.as_str(), "oui" | "non" | "yes" | "no" | "ok");
    let open = ['(', '<']
        .iter()
        .any(|mark| before.text.rfind(*mark) > before.text.rfind([')', '>']));
    let link = start
        .trim_start_matches(['(', '<', '['])
        .starts_with("http");
    !line.is_blank() && (long || open || link)
}

/// The own lines as text. Where the person answered between quoted lines, these stay, so that the answers make sense.
fn write(lines: &[Line], parts: &[Part]) -> (String, Vec<String>) {
    let own = |index: usize| {
        parts.get(index) == Some(&Part::Own)
            && lines.get(index).is_some_and(|line| !line.is_blank())
    };
    let quoted = |index: usize| {
        parts.get(index) == Some(&Part::Quoted)
            && lines
                .get(index)
                .is_some_and(|line| line.origin == Origin::Typed)
    };
    let (mut stretches, mut inside) = (0, false);
    let mut after_quote = false;
    for index in 0..lines.len() {
        if own(index) {
            stretches += usize::from(after_quote && !inside);
            inside = true;
        } else if quoted(index) {
            after_quote = true;
            inside = false;
        }
    }
    let inline = stretches >= 2;
    let last_own = (0..lines.len())
        .rev()
        .find(|index| own(*index))
        .unwrap_or(0);
    let mut text = String::new();
    let mut images = Vec::new();
    for (index, (line, part)) in lines.iter().zip(parts).enumerate() {
        match part {
            Part::Own => {
                push_line(&mut text, line.raw.as_deref().unwrap_or(&line.text));
                images.extend(line.images.iter().cloned());
            }
            Part::Quoted if inline && index < last_own && line.origin == Origin::Typed => {
                let quoted = format!(
                    "{} {}",
                    ">".repeat(usize::from(line.depth.clamp(1, 9))),
                    line.text
                );
                push_line(&mut text, quoted.trim_end());
            }
            _ => {}
        }
    }
    (trim(&text), images)
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Without blank lines at the ends, trailing spaces, and more than two blank lines in a row.
fn trim(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut blanks = 0;
    for line in text.lines().map(str::trim_end) {
        blanks = if line.is_empty() { blanks + 1 } else { 0 };
        if blanks <= 2 && !(line.is_empty() && kept.is_empty()) {
            push_line(&mut kept, line);
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

fn said(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        push_line(&mut text, line.raw.as_deref().unwrap_or(&line.text));
    }
    trim(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> String {
        reply(body).text
    }

    const QUOTATION: &str = "Le 3 juin 2024 à 10:12, Greffier <g@greffier.example> a écrit :\n> Bonjour,\n> une question.\n";

    #[test]
    fn the_quotation_goes() {
        assert_eq!(text(&format!("Voici.\n\n{QUOTATION}")), "Voici.");
        assert_eq!(text(&format!("{QUOTATION}\nVoici.")), "Voici.");
        assert_eq!(
            text(&format!("Voici.\n\n-- \nPaul\n\n{QUOTATION}")),
            "Voici."
        );
    }

    #[test]
    fn what_the_person_wrote_stays_whole() {
        for own in [
            "> un\n> deux\n> trois\nsont mes trois points.",
            "Envoyé de mon bureau, le plan suit.",
            "Ce message et ses pièces jointes sont confidentiels.\nMon avis est favorable.",
            "Point 1\n--\nPoint 2 : le mur sera refait à l’identique, comme convenu avec l’architecte des bâtiments de France.",
            "---- message important ----\nle mur tombe.",
            "Lots :\n--------\nA : 120 m²\n--------\nB : 80 m², à confirmer avec le géomètre avant la fin du mois prochain.",
            "Le 3 juin 2024 à 10:12, l’architecte a écrit :\nle mur est à refaire.",
            "De : Paris\nÀ : Lyon\nDate : 3 juin 2024 à 10:12",
            "--\nPaul Durand",
        ] {
            assert_eq!(text(&format!("{own}\n\n{QUOTATION}")), own);
            assert_eq!(text(own), own);
        }
    }

    #[test]
    fn what_stands_under_a_phone_s_footer_stays() {
        assert_eq!(
            text("Oui.\n\nEnvoyé de mon iPhone\nPS : le mur aussi."),
            "Oui.\n\nPS : le mur aussi."
        );
    }

    #[test]
    fn answers_between_quoted_lines_keep_them() {
        let body = "Le 3 juin 2024 à 10:12, G <g@greffier.example> a écrit :\n> Le mur est-il mitoyen et qui en est le propriétaire aujourd’hui\noui\n> Et le toit ?\nnon";
        assert_eq!(
            text(body),
            "> Le mur est-il mitoyen et qui en est le propriétaire aujourd’hui\noui\n> Et le toit ?\nnon"
        );
    }

    #[test]
    fn a_forward_is_kept_apart() {
        let reply = reply(
            "Voyez.\n\n---------- Message transféré ---------\nDe : a@example.org\nObjet : mur\n\nLe mur.",
        );
        assert_eq!(reply.text, "Voyez.");
        assert!(
            reply
                .forwarded
                .is_some_and(|forwarded| forwarded.ends_with("Le mur."))
        );
    }

    #[test]
    fn legal_footers_go() {
        let footer = "Ce message et toutes les pièces jointes sont confidentiels et établis à l’intention exclusive de leurs destinataires.\nToute utilisation non autorisée est interdite.";
        assert_eq!(text(&format!("Voici.\n\n{footer}")), "Voici.");
        assert_eq!(
            text("Voici.\n\nPensez à l’environnement avant d’imprimer ce message."),
            "Voici."
        );
    }
}
