//! A post in messages: pages of text, and files in loads that Discord takes.

use super::form::verbatim;
use super::pages::pages;
use crate::message::{Piece, Post};

/// Files of one message, and their octets together.
const FILES: usize = 10;
const LOAD: u64 = 24_000_000;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// Its text; empty where it only brings files.
    pub(super) text: String,
    /// Its files.
    pub(super) files: Vec<Piece>,
    /// Whether it is the last that has text: choices stand under it.
    pub(super) last: bool,
}

/// `post` in messages, at least one. A file of more than `largest` octets is named after `too_large` instead.
pub(super) fn parts(post: &Post, largest: u64, too_large: &str) -> Vec<Part> {
    let (sent, left): (Vec<&Piece>, Vec<&Piece>) = post
        .files
        .iter()
        .partition(|file| file.bytes <= largest.min(LOAD));
    let mut post = post.clone();
    if !left.is_empty() {
        let names: Vec<String> = left.iter().map(|file| verbatim(&file.name)).collect();
        post.text = format!("{}\n\n{} {}", post.text, too_large.trim(), names.join(", "));
    }
    let mut loads: Vec<Vec<Piece>> = Vec::new();
    let mut octets = 0;
    for file in sent {
        match loads.last_mut() {
            Some(load) if load.len() < FILES && octets + file.bytes <= LOAD => {
                octets += file.bytes;
                load.push(file.clone());
            }
            Some(_) | None => {
                octets = file.bytes;
                loads.push(vec![file.clone()]);
            }
        }
    }
    let texts = pages(&post);
    let count = texts.len();
    let mut parts: Vec<Part> = texts
        .into_iter()
        .enumerate()
        .map(|(index, text)| Part {
            text,
            files: Vec::new(),
            last: index + 1 == count,
        })
        .collect();
    let mut loads = loads.into_iter();
    if let Some(last) = parts.last_mut() {
        last.files = loads.next().unwrap_or_default();
    }
    parts.extend(loads.map(|files| Part {
        text: String::new(),
        files,
        last: false,
    }));
    if parts.is_empty() {
        parts.push(Part {
            text: "…".to_owned(),
            files: Vec::new(),
            last: true,
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: u64) -> Piece {
        Piece {
            hash: String::new(),
            name: name.to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes,
        }
    }

    fn of(text: &str, files: Vec<Piece>) -> Vec<Part> {
        let post = Post {
            text: text.to_owned(),
            files,
            ..Post::default()
        };
        parts(&post, 10_000_000, "Trop volumineux :")
    }

    #[test]
    fn files_stand_with_the_last_page_and_choices_too() {
        let parts = of(&"mot ".repeat(900), vec![file("a", 1)]);
        assert_eq!(parts.len(), 2);
        assert!(parts[0].files.is_empty() && !parts[0].last);
        assert!(parts[1].files.len() == 1 && parts[1].last);
    }

    #[test]
    fn a_load_has_ten_files_and_not_too_many_octets() {
        let parts_of_many = of("a", (0..12).map(|_| file("a", 1)).collect());
        let loads: Vec<usize> = parts_of_many.iter().map(|part| part.files.len()).collect();
        assert_eq!(loads, [10, 2]);
        let heavy = of("", (0..5).map(|_| file("a", 9_000_000)).collect());
        let loads: Vec<usize> = heavy.iter().map(|part| part.files.len()).collect();
        assert_eq!(loads, [2, 2, 1]);
    }

    #[test]
    fn a_file_that_is_too_large_is_named_instead() {
        let parts = of(
            "Réponse",
            vec![file("plan_*.pdf", 11_000_000), file("b", 1)],
        );
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].files.len(), 1);
        assert_eq!(parts[0].text, "Réponse\n\nTrop volumineux : plan\\_\\*.pdf");
    }

    #[test]
    fn there_is_always_something() {
        assert_eq!(of("", Vec::new()).len(), 1);
    }
}
