//! A script: what is done, step by step, and what is said of it.

use super::stage::Stage;

/// A conversation as it is written.
pub(super) struct Script {
    parts: Vec<Part>,
}

enum Part {
    /// A comment or a blank line.
    Aside(String),
    /// Something that is done.
    Step(Step),
}

/// Something that is done: its line, and the lines that go on with it (`| …`, without the bar).
pub(super) struct Step {
    pub(super) line: String,
    pub(super) more: Vec<String>,
}

impl Script {
    /// Reads `written`. What it expects is left out: it is compared as a whole.
    pub(super) fn read(written: &str) -> Self {
        let mut parts = Vec::new();
        for line in written.lines() {
            if line.starts_with("  ") {
                continue;
            }
            match (line.strip_prefix('|'), parts.last_mut()) {
                (Some(text), Some(Part::Step(Step { more, .. }))) => {
                    more.push(text.strip_prefix(' ').unwrap_or(text).to_owned());
                }
                _ if line.is_empty() || line.starts_with('#') => {
                    parts.push(Part::Aside(line.to_owned()));
                }
                _ => parts.push(Part::Step(Step {
                    line: line.to_owned(),
                    more: Vec::new(),
                })),
            }
        }
        Self { parts }
    }

    /// What is done in it.
    pub(super) fn steps(self) -> impl Iterator<Item = Step> {
        self.parts.into_iter().filter_map(|part| match part {
            Part::Step(step) => Some(step),
            Part::Aside(_) => None,
        })
    }

    /// Plays it, and writes it anew with what is said; as far as it went, where a step panics.
    pub(super) fn play(&self, stage: &mut Stage) -> Result<String, String> {
        let mut played = String::new();
        for part in &self.parts {
            match part {
                Part::Aside(line) => {
                    played.push_str(line);
                    played.push('\n');
                }
                Part::Step(Step { line, more }) => {
                    played.push_str(line);
                    played.push('\n');
                    for text in more {
                        played.push_str(format!("| {text}").trim_end());
                        played.push('\n');
                    }
                    let step = std::panic::AssertUnwindSafe(|| stage.step(line, more));
                    let Ok(all) = std::panic::catch_unwind(step) else {
                        return Err(played);
                    };
                    for said in all {
                        for (index, line) in said.lines().enumerate() {
                            let margin = if index == 0 { "  " } else { "      " };
                            played.push_str(format!("{margin}{line}").trim_end());
                            played.push('\n');
                        }
                    }
                }
            }
        }
        Ok(played)
    }
}
