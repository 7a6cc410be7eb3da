//! A text in pages that fit, torn where it hurts least.

use super::form::{CONTENT, NAMED};
use super::markdown::{Block, blocks, fence};
use crate::message::Post;

/// The pages of `post`: the first is the message, the others follow it.
pub(super) fn pages(post: &Post) -> Vec<String> {
    let named = named(&post.mentions);
    let room = CONTENT - named.encode_utf16().count();
    let mut pages = pack(&blocks(&post.text), room);
    if !named.is_empty()
        && let Some(last) = pages.last_mut()
    {
        last.push_str(&named);
    }
    pages
}

/// Those whom `post` names, as Discord writes them.
fn named(ids: &[String]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let named: Vec<String> = ids
        .iter()
        .take(NAMED)
        .map(|id| format!("<@{id}>"))
        .collect();
    format!("\n{}", named.join(" "))
}

/// Blocks in pages of at most `room` characters each.
pub(super) fn pack(blocks: &[Block], room: usize) -> Vec<String> {
    let length = |text: &str| text.encode_utf16().count();
    let mut pages = vec![String::new()];
    for block in blocks {
        for piece in torn(block, room) {
            let Some(page) = pages.last_mut() else {
                continue;
            };
            let between = match (page.is_empty(), block.close || block.fenced) {
                (true, _) => "",
                (false, true) => "\n",
                (false, false) => "\n\n",
            };
            if length(page) + between.len() + length(&piece) <= room {
                page.push_str(between);
                page.push_str(&piece);
            } else {
                pages.push(piece);
            }
        }
    }
    pages.retain(|page| !page.trim().is_empty());
    pages
}

/// A block in pieces that fit: between lines where it has any.
fn torn(block: &Block, room: usize) -> Vec<String> {
    let length = |text: &str| text.encode_utf16().count();
    if length(&block.text) <= room {
        return vec![block.text.clone()];
    }
    let (inner, room) = if block.fenced {
        let inner = block
            .text
            .trim_start_matches("```\n")
            .trim_end_matches("\n```");
        (inner, room.saturating_sub(8))
    } else {
        (block.text.as_str(), room)
    };
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for line in inner.lines() {
        for part in parts(line, room) {
            if !piece.is_empty() && length(&piece) + 1 + length(&part) > room {
                pieces.push(std::mem::take(&mut piece));
            }
            if !piece.is_empty() {
                piece.push('\n');
            }
            piece.push_str(&part);
        }
    }
    pieces.push(piece);
    if block.fenced {
        pieces.iter().map(|piece| fence(piece)).collect()
    } else {
        pieces
    }
}

/// A line in parts that fit. No escape is torn from what it escapes.
fn parts(line: &str, room: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut length = 0;
    let mut escaped = false;
    for letter in line.chars() {
        if length + letter.len_utf16() + 1 > room && !escaped {
            parts.push(std::mem::take(&mut part));
            length = 0;
        }
        part.push(letter);
        length += letter.len_utf16();
        escaped = letter == '\\' && !escaped;
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn post(text: &str) -> Post {
        Post {
            text: text.to_owned(),
            ..Post::default()
        }
    }

    #[test]
    fn a_long_table_is_fenced_on_each_page() {
        let rows = "| abcdefgh | ijklmnop |\n".repeat(300);
        let pages = pages(&post(&format!("| a | b |\n|--|--|\n{rows}")));
        assert!(pages.len() > 1);
        for page in pages {
            assert!(
                page.starts_with("```\n") && page.ends_with("\n```"),
                "{page}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_pages(words in proptest::collection::vec("[a-z]{1,30}", 1..900)) {
            let text = words.join(" ");
            let pages = pages(&post(&text));
            prop_assert_eq!(pages.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
