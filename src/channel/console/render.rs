//! Messages as blocks of lines, for a person at a terminal and for a script.

use super::clean::{clean_line, clean_short};
use super::markdown::{self, Look, Row, Span};
use super::session;
use crate::message::{Button, Mark, Piece, Post, Style};

/// Buttons that have a number of one digit.
const BUTTONS: usize = 9;
/// Characters shown of a label, a name or an address.
const NAME: usize = 120;
/// Characters shown of a line that is quoted.
const QUOTE: usize = 60;

const GREY: &str = "90";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const CYAN: &str = "36";

/// What is known of a message beside what it says.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    /// Room or account that it goes to.
    pub(super) to: &'a str,
    /// Whether whoever sits at the console is meant to read it.
    pub(super) mine: bool,
    /// Whether its buttons are pressed by their numbers.
    pub(super) pressed: bool,
    /// Whether it replaces an earlier one.
    pub(super) edited: bool,
    /// The lines of the one that it replaces, where they are remembered.
    pub(super) before: Option<Vec<String>>,
}

/// `post` for a terminal, in colours if `colors`. An edit shows its title and what is new in it.
pub(super) fn for_terminal(post: &Post, frame: &Frame<'_>, colors: bool) -> String {
    let paint = Paint(colors);
    let mut lines = Vec::new();
    for (number, row) in markdown::rows(&post.text).iter().enumerate() {
        if number == 0 || !stale(row, frame) {
            lines.push(paint.row(row));
        }
    }
    lines.extend(
        buttons(post, frame).map(|(button, text)| paint.with(color_of(button.style), &text)),
    );
    lines.extend(post.files.iter().map(file));
    if lines.is_empty() {
        lines.push(String::new());
    }
    let mut block = head(post, frame, paint);
    for (number, line) in lines.iter().enumerate() {
        block.push_str(if number == 0 || line.is_empty() {
            ""
        } else {
            "  "
        });
        block.push_str(line);
        block.push('\n');
    }
    if post.alert && !frame.edited {
        block.push('\u{7}');
    }
    block
}

/// `post` for a script: every line is prefixed by where it goes, an empty one ends the block.
pub(super) fn for_script(post: &Post, frame: &Frame<'_>) -> String {
    let mut prefix = whereto(frame.to, post.direct);
    if let Some(label) = label(post) {
        prefix = format!("{prefix} [{label}]");
    }
    let mut lines = lines(post);
    lines.extend(buttons(post, frame).map(|(_, text)| text));
    lines.extend(post.files.iter().map(file));
    let marks = [
        (frame.edited, "✎ "),
        (post.alert, "! "),
        (post.ephemeral && !post.direct, "(privé) "),
    ];
    let marks: String = marks
        .iter()
        .filter(|(there, _)| *there)
        .map(|(_, mark)| *mark)
        .collect();
    match lines.first_mut() {
        Some(first) => first.insert_str(0, &marks),
        None => lines.push(marks),
    }
    block(&prefix, &lines)
}

/// The text of `post`, line by line, without looks.
pub(super) fn lines(post: &Post) -> Vec<String> {
    markdown::rows(&post.text)
        .iter()
        .map(markdown::plain)
        .collect()
}

/// The reaction `mark` to the line `said`, for a terminal.
pub(super) fn mark_for_terminal(mark: Mark, said: &str, colors: bool) -> String {
    format!(
        "{} {}\n",
        emoji(mark),
        Paint(colors).with(GREY, &clean_short(said, QUOTE))
    )
}

/// The reaction `mark` to the line `said`, for a script.
pub(super) fn mark_for_script(mark: Mark, said: &str, to: &str, direct: bool) -> String {
    block(
        &whereto(to, direct),
        &[format!("{} {}", emoji(mark), clean_short(said, QUOTE))
            .trim_end()
            .to_owned()],
    )
}

/// What the console itself says, for a terminal.
pub(super) fn aside_for_terminal(text: &str, colors: bool) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| Paint(colors).with(GREY, line))
        .collect();
    format!("{}\n", lines.join("\n"))
}

/// What the console itself says, for a script.
pub(super) fn aside_for_script(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    block("*", &lines)
}

fn block(prefix: &str, lines: &[String]) -> String {
    let mut block = String::new();
    for line in lines {
        block.push_str(format!("{prefix} {line}").trim_end_matches(' '));
        block.push('\n');
    }
    block.push('\n');
    block
}

fn whereto(address: &str, direct: bool) -> String {
    format!(
        "{}{}",
        if direct { '@' } else { '#' },
        clean_short(address, NAME).replace(' ', "_")
    )
}

/// The mark that opens a block at the terminal, with its thread and who may read it.
fn head(post: &Post, frame: &Frame<'_>, paint: Paint) -> String {
    let sign = if frame.edited {
        "✎"
    } else if post.alert {
        "▲"
    } else {
        "▸"
    };
    let mut head = paint.with(if post.alert { YELLOW } else { GREY }, sign);
    head.push(' ');
    if let Some(label) = label(post) {
        head.push_str(&paint.with(CYAN, &format!("[{label}]")));
        head.push(' ');
    }
    if post.direct && !frame.mine {
        head.push_str(&paint.with(
            GREY,
            &format!("(privé pour {})", clean_short(frame.to, NAME)),
        ));
        head.push(' ');
    } else if post.direct || post.ephemeral {
        head.push_str(&paint.with(GREY, "(privé)"));
        head.push(' ');
    }
    head
}

/// Number of the dossier whose thread `post` belongs to or opens; of a thread that has no number, its name.
fn label(post: &Post) -> Option<String> {
    let number = |name: &String| {
        let end = name
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        let digits = !end.is_empty() && end.chars().all(|c| c.is_ascii_digit());
        digits.then(|| clean_short(end, NAME))
    };
    let thread = post.thread.as_ref();
    thread
        .and_then(number)
        .or_else(|| thread.map(|name| clean_short(name, NAME)))
        .or_else(|| post.card.as_ref().and_then(number))
}

/// Whether `row` stood already in what this edit replaces.
fn stale(row: &Row, frame: &Frame<'_>) -> bool {
    let line = markdown::plain(row);
    frame.edited
        && frame
            .before
            .as_ref()
            .is_some_and(|before| line.is_empty() || before.contains(&line))
}

/// The buttons of `post`, numbered where a number presses them.
fn buttons<'a>(post: &'a Post, frame: &Frame<'_>) -> impl Iterator<Item = (&'a Button, String)> {
    let pressed = frame.pressed;
    post.buttons
        .iter()
        .take(BUTTONS)
        .enumerate()
        .map(move |(index, button)| {
            let number = if pressed {
                format!("[{}]", index + 1)
            } else {
                "[-]".to_owned()
            };
            let (label, line) = (
                clean_short(&button.label, NAME),
                clean_short(&button.line, NAME),
            );
            (button, format!("{number} {label} → {line}"))
        })
}

fn color_of(style: Style) -> &'static str {
    match style {
        Style::Primary => "1;36",
        Style::Secondary => CYAN,
        Style::Danger => RED,
    }
}

fn file(piece: &Piece) -> String {
    format!(
        "📎 {} ({})",
        clean_short(&piece.name, NAME),
        size(piece.bytes)
    )
}

/// `bytes` in French, to one decimal.
fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "Go"), (1_000_000, "Mo"), (1_000, "Ko")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{},{}\u{a0}{name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes}\u{a0}o"),
    }
}

fn emoji(mark: Mark) -> &'static str {
    match mark {
        Mark::Heard => "👀",
        Mark::Running => "⏳",
        Mark::Done => "✅",
        Mark::Failed => "❌",
    }
}

/// Puts colours (ECMA-48, SGR) where they are wanted.
#[derive(Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    /// `text` in the rendition `code`.
    pub(super) fn with(self, code: &str, text: &str) -> String {
        if self.0 && !code.is_empty() && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn row(self, row: &Row) -> String {
        row.iter().map(|span| self.span(span)).collect()
    }

    fn span(self, Span { text, look }: &Span) -> String {
        let Look {
            bold,
            italic,
            code,
            struck,
            dim,
        } = *look;
        let codes = [
            (bold, "1"),
            (italic, "3"),
            (code, CYAN),
            (struck, "9"),
            (dim, GREY),
        ];
        let codes: Vec<&str> = codes
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, code)| *code)
            .collect();
        self.with(&codes.join(";"), text)
    }
}

/// `prompt` in its colour.
pub(super) fn prompt(prompt: &str) -> String {
    Paint(true).with("1;32", prompt)
}

/// The console's own words that `typed` begins.
pub(super) fn words(typed: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    session::WORDS
        .iter()
        .filter(move |(word, _)| word.starts_with(typed))
}

/// `line` of a help text, without a line end.
pub(super) fn help(line: &str) -> String {
    clean_line(&clean_short(line, NAME))
}
