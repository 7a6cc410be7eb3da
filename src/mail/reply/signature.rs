//! What stands below the person's text: signatures and footers, cut only where they look like nothing else.

use super::Part;
use super::line::{Line, Origin};
use super::mark::{self, Ground};
use crate::mail::answer::answer;

/// Most lines of a signature with all its footers.
const SIGNATURE: usize = 100;

/// Where the signature that starts on line `at` ends, by the structure.
pub(super) fn end_of_marked(lines: &[Line], at: usize) -> usize {
    let signature = lines
        .iter()
        .skip(at)
        .take_while(|line| line.origin == Origin::Signature);
    at + signature.count().max(1)
}

/// Whether the person typed their answer where the mail program keeps the signature: phones put the cursor there.
pub(super) fn speaks(lines: &[Line]) -> bool {
    let own: Vec<&str> = lines
        .iter()
        .map(|line| line.text.as_str())
        .take_while(|text| !mark::begins_legal(text))
        .filter(|text| !mark::is_mobile_footer(text))
        .collect();
    answer(&own.join("\n")).is_some() || own.iter().any(|text| mark::is_sentence(text))
}

/// Marks what stands below the person's text in each stretch of it: signatures, footers.
pub(super) fn cut_signatures(lines: &[Line], parts: &mut [Part]) {
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
            let footers = stretch
                .iter()
                .map(|line| mark::is_mobile_footer(&line.text));
            for (part, _) in parts
                .iter_mut()
                .skip(start)
                .zip(footers)
                .filter(|(_, footer)| *footer)
            {
                *part = Part::Signature;
            }
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
        // A signature alone is not cut: it may be all that the person wrote.
        if said && ends_text(stretch, at, last) {
            return at;
        }
        said = true;
    }
    stretch.len()
}

fn ends_text(stretch: &[Line], at: usize, last: bool) -> bool {
    let (Some(line), below) = (stretch.get(at), stretch.get(at + 1..).unwrap_or_default()) else {
        return false;
    };
    if below.len() > SIGNATURE {
        return false;
    }
    let text = line.text.as_str();
    let after_blank = at == 0 || stretch.get(at - 1).is_some_and(Line::is_blank);
    if last && after_blank && mark::is_legal_footer(stretch.get(at..).unwrap_or_default()) {
        return true;
    }
    if mark::is_signature_delimiter(text) {
        let ground = match text {
            "-- " => Ground::Standard,
            _ if text.trim() == "--" => Ground::Usual,
            _ => Ground::Line,
        };
        return (last || ground == Ground::Standard)
            && (mark::looks_like_signature(below, ground) || lists(below));
    }
    let signed =
        || mark::looks_like_signature(below, Ground::Line) && !below.iter().all(Line::is_blank);
    mark::is_rule(line) && last && (signed() || lists(below))
}

fn lists(below: &[Line]) -> bool {
    let said: Vec<&Line> = below.iter().filter(|line| !line.is_blank()).collect();
    said.len() <= 8 && said.iter().any(|line| mark::is_list_footer(&line.text))
}

/// Where nothing else is left, what stands in the place of a signature is the text: people type there.
pub(super) fn keep_signature_alone(lines: &[Line], parts: &mut [Part]) {
    let own = parts
        .iter()
        .zip(lines)
        .any(|(part, line)| *part == Part::Own && !line.is_blank());
    for (part, line) in parts.iter_mut().zip(lines).filter(|_| !own) {
        if *part == Part::Signature
            && line.origin == Origin::Signature
            && !mark::is_mobile_footer(&line.text)
        {
            *part = Part::Own;
        }
    }
}
