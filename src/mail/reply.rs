//! What is new in a mail: the person's own text, without the quotation, the signature and the footers.
//!
//! Never cutting the person's own text comes first. What is left out is left out for a reason that can be named
//! (the mail's structure, quotation marks under an attribution, copied headers, a separator); where there is none
//! the text stays.

mod attribution;
mod header;
pub(crate) mod line;
mod mark;

use attribution::attribution;
use header::header_block;
use line::{Line, Origin};
use mark::Separator;

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
const EXAMINED: usize = 5_000;

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

pub(crate) fn extract(mut lines: Vec<Line>) -> Reply {
    let mut parts = Vec::with_capacity(lines.len());
    let mut forward_at = None;
    drop_banners(&lines, &mut parts);
    let mut evidence = lines.iter().any(|line| line.origin == Origin::Quoted);
    while parts.len() < lines.len() {
        let at = parts.len();
        let Some(line) = lines.get(at) else { break };
        if line.origin == Origin::Quoted {
            parts.push(Part::Quoted);
            continue;
        }
        if line.origin == Origin::Signature {
            parts.push(Part::Signature);
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
                    parts.resize(lines.len(), Part::Below);
                }
            }
            None if line.depth > 0 => parts.push(Part::Quoted),
            None => parts.push(Part::Own),
        }
    }
    unquote_without_evidence(&lines, &mut parts, evidence);
    quote_wrapped_ends(&lines, &mut parts);
    cut_signatures(&lines, &mut parts);
    let forwarded = forward_at.and_then(|at| lines.get(at..)).map(said);
    let (text, images) = write(&lines, &parts);
    Reply {
        text,
        forwarded,
        quoted: evidence,
        images,
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

/// A stray line or two behind `>` in a mail that quotes nothing are an arrow or a list: they stay as they came.
fn unquote_without_evidence(lines: &[Line], parts: &mut [Part], evidence: bool) {
    let marked = |(line, part): &(&Line, &Part)| {
        **part == Part::Quoted && line.origin == Origin::Typed && !line.is_blank()
    };
    let count = lines.iter().zip(parts.iter()).filter(marked).count();
    if evidence || count > 2 {
        return;
    }
    for part in parts.iter_mut().filter(|part| **part == Part::Quoted) {
        *part = Part::Own;
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
    let long = before.text.chars().count() >= 55
        && start.starts_with(|c: char| c.is_lowercase() || c.is_ascii_punctuation());
    let open = ['(', '<']
        .iter()
        .any(|mark| before.text.rfind(*mark) > before.text.rfind([')', '>']));
    let link = start
        .trim_start_matches(['(', '<', '['])
        .starts_with("http");
    !line.is_blank() && (long || open || link)
}

/// Marks what stands below the person's text in each stretch of it: signatures, footers.
fn cut_signatures(lines: &[Line], parts: &mut [Part]) {
    let (mut start, mut said) = (0, false);
    while start < parts.len() {
        let end = parts
            .iter()
            .skip(start)
            .position(|part| *part != Part::Own)
            .map_or(parts.len(), |more| start + more);
        let next = parts.get(end).copied();
        if end > start
            && let Some(stretch) = lines.get(start..end)
        {
            let last = next != Some(Part::Quoted) || !own_after(parts, lines, end);
            let keep = signature_at(stretch, said, last);
            said |= stretch.iter().take(keep).any(|line| !line.is_blank());
            for part in parts.iter_mut().take(end).skip(start + keep) {
                *part = Part::Signature;
            }
        }
        start = end + 1;
    }
}

fn own_after(parts: &[Part], lines: &[Line], from: usize) -> bool {
    parts
        .iter()
        .zip(lines)
        .skip(from)
        .any(|(part, line)| *part == Part::Own && !line.is_blank())
}

/// Where the signature or footer of a stretch of own lines starts. `said` tells that the person wrote something above,
/// `last` that nothing of theirs follows.
fn signature_at(stretch: &[Line], mut said: bool, last: bool) -> usize {
    for (at, line) in stretch.iter().enumerate() {
        if line.is_blank() {
            continue;
        }
        let below = stretch.get(at + 1..).unwrap_or_default();
        // A signature alone is not cut: it may be all that the person wrote.
        if said && ends_text(line, below, last) {
            return at;
        }
        said = true;
    }
    stretch.len()
}

fn ends_text(line: &Line, below: &[Line], last: bool) -> bool {
    let text = &line.text;
    if mark::is_mobile_footer(text) || (last && mark::is_legal_footer(text)) {
        return true;
    }
    if mark::is_signature_delimiter(text) {
        let exact = text == "-- ";
        return (last || exact)
            && (mark::looks_like_signature(below, !exact && text.trim() != "--") || lists(below));
    }
    mark::is_rule(line)
        && last
        && (mark::looks_like_signature(below, true) && !below.iter().all(Line::is_blank)
            || lists(below))
}

fn lists(below: &[Line]) -> bool {
    let said: Vec<&Line> = below.iter().filter(|line| !line.is_blank()).collect();
    said.len() <= 8 && said.iter().any(|line| mark::is_list_footer(&line.text))
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
