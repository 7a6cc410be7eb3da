//! What Greffier says, worded from `templates/`.
//!
//! A template is a file: `avis_requested/chat.md` words a notice in chat, `avis_requested/expert.mail.md` in a mail to
//! the expert, `refusal/archived.md` a refusal, `answer/dossiers.md` an answer. What a template sees has been through
//! the audience's sieve first ([`Audience`]), so no wording, built in or replaced, can show more than it may.

mod answer;
mod check;
mod context;
mod escape;
mod filter;
pub mod french;
mod letter;
mod load;
pub mod samples;
mod scene;
mod view;
mod word;

#[cfg(test)]
mod tests;

use std::path::Path;

use minijinja::Environment;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::{Notice, Privacy, Refusal};

pub use crate::diagnostic::Diagnostic;
pub use answer::{
    AliasRow, Answer, BulkRow, DemarcheRow, DossierRow, Held, MailRow, PendingRow, PieceRow,
    PieceState, RoomRow, TOPICS, UnreadRow,
};
pub use scene::{Audience, Scene};

/// The most characters of a notice or a card in chat.
const MAX_NOTICE: usize = 4000;
/// The most characters of an answer in chat.
const MAX_ANSWER: usize = 12_000;
/// The most characters of a mail's part.
const MAX_MAIL: usize = 100_000;
/// The most characters of a subject.
const MAX_SUBJECT: usize = 160;

/// Why something could not be worded. It names files and lines, never what was to be said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such template.
    #[error("there is no template {0}")]
    Missing(String),
    /// The template failed.
    #[error("{0}")]
    Failed(Diagnostic),
    /// What is to be said could not be turned into a context.
    #[error("what is to be said is not a tagged object")]
    Context,
}

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worded {
    /// Its subject, on one line, the same for a whole conversation.
    pub subject: String,
    /// The `text/plain` part.
    pub text: String,
    /// The `text/html` part.
    pub html: String,
}

/// The line above which people are asked to write their answer. It stands first in every mail that can be answered.
pub const REPLY_LINE: &str =
    "— Répondez directement à ce message, en écrivant au-dessus de cette ligne —";

/// All templates, read once.
pub struct Templates {
    env: Environment<'static>,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Templates")
    }
}

impl Templates {
    /// Those that are built in.
    pub fn embedded() -> Self {
        Self::load(None).unwrap_or_else(|_| Self {
            env: Environment::empty(),
        })
    }

    /// Those that are built in, each replaced by the file of the same name in `folder`. The error is everything that is
    /// wrong, not the first thing.
    pub fn load(folder: Option<&Path>) -> Result<Self, Vec<Diagnostic>> {
        load::environment(folder).map(|env| Self { env })
    }

    /// A notice in chat: `CommonMark`, at most 4 000 characters.
    pub fn chat(&self, notice: &Notice, scene: &Scene<'_>) -> Result<String, Error> {
        let (tag, fields) = context::fields(notice, "notice")?;
        let context = context::of_notice(&tag, fields, scene)?;
        self.chat_text(&format!("{tag}/chat.md"), &context, MAX_NOTICE)
    }

    /// The dossier's card: where it stands and what is waited for, in a few lines of `CommonMark`.
    pub fn card(&self, scene: &Scene<'_>) -> Result<String, Error> {
        self.chat_text("card.md", &context::of_scene(scene)?, MAX_NOTICE)
    }

    /// Why something was not done, and what can be typed instead. Without a scene nothing personal is shown.
    pub fn refusal(&self, refusal: &Refusal, scene: Option<&Scene<'_>>) -> Result<String, Error> {
        self.refusal_to(refusal, scene.map_or(NOBODY, Audience::from), scene)
    }

    /// The same for an audience that is known although no dossier is.
    pub fn refusal_to(
        &self,
        refusal: &Refusal,
        audience: Audience,
        scene: Option<&Scene<'_>>,
    ) -> Result<String, Error> {
        let (tag, fields) = context::fields(refusal, "kind")?;
        let context = beside("refusal", fields, audience, scene)?;
        self.chat_text(&format!("refusal/{tag}.md"), &context, MAX_NOTICE)
    }

    /// The answer to a command: `CommonMark`, at most 12 000 characters and 20 rows. Without a scene nothing personal is
    /// shown: see [`Templates::answer_to`].
    pub fn answer(&self, answer: &Answer, scene: Option<&Scene<'_>>) -> Result<String, Error> {
        self.answer_to(answer, scene.map_or(NOBODY, Audience::from), scene)
    }

    /// The same for an audience that is known although no dossier is: a list in a room, or in a private message.
    pub fn answer_to(
        &self,
        answer: &Answer,
        audience: Audience,
        scene: Option<&Scene<'_>>,
    ) -> Result<String, Error> {
        self.answer_where(answer, audience, scene, true)
    }

    /// The same where it is known whether the reader would be shown more in private.
    pub fn answer_where(
        &self,
        answer: &Answer,
        audience: Audience,
        scene: Option<&Scene<'_>>,
        more_in_private: bool,
    ) -> Result<String, Error> {
        let (tag, fields) = context::fields(answer, "answer")?;
        let mut context = beside("answer", fields, audience, scene)?;
        context.insert("more_in_private".to_owned(), more_in_private.into());
        self.chat_text(&format!("answer/{tag}.md"), &context, MAX_ANSWER)
    }

    /// A line in a room that is no notice of a dossier: `held` (a mail in quarantine: `id`, `number`, `from`, `subject`,
    /// `reason`, `excerpt`, `instructeur`, `takeable`, `allowable`), `held_dealt` (what became of it: `id`, `number`, `state`, `by`, `other`),
    /// `undelivered` (`number`, `network`, `address`, `why`), `bulk` (an act on `count` dossiers: `act`, `by`, `numbers`),
    /// or one of [`samples::TOGETHER`]. Keys left out count as absent.
    pub fn room_named(
        &self,
        name: &str,
        audience: Audience,
        fields: &impl Serialize,
    ) -> Result<String, Error> {
        let fields = object(fields)?;
        let known = [
            "id",
            "number",
            "avis",
            "reason",
            "network",
            "count",
            "from",
            "subject",
            "address",
            "why",
            "excerpt",
            "instructeur",
            "state",
            "other",
            "by",
            "takeable",
            "allowable",
            "titre",
            "periode",
            "rows",
            "act",
            "numbers",
        ];
        let mut context = context::of_audience(audience);
        context.extend(context::redacted("salon", filled(&known, fields), audience));
        self.chat_text(&format!("salon/{name}.md"), &context, MAX_NOTICE)
    }

    /// A few words that a network must have at hand, and that speak of nothing: a file of `discord/`.
    pub fn phrase(&self, name: &str) -> Result<String, Error> {
        self.render(&format!("discord/{name}.md"), &Map::new())
    }

    /// A notice by mail, to the usager, an expert or an instructeur, as the scene's audience says.
    pub fn mail(&self, notice: &Notice, scene: &Scene<'_>) -> Result<Worded, Error> {
        let (tag, fields) = context::fields(notice, "notice")?;
        let mut context = context::of_notice(&tag, fields, scene)?;
        let role = match scene.audience {
            Audience::Usager => "usager",
            Audience::Expert(_) => "expert",
            Audience::Instructeur | Audience::Room(_) => "instructeur",
        };
        let body = self.render(&format!("{tag}/{role}.mail.md"), &context)?;
        let tail = self.render(&format!("mail/suite-{role}.mail.md"), &context)?;
        let foot = self.render(&format!("mail/pied-{role}.mail.md"), &context)?;
        let subject = self.render("mail/objet.txt", &context)?;
        context.insert("service".to_owned(), scene.demarche.service.clone().into());
        self.laid_out(&subject, &body, &tail, &foot, context)
    }

    /// A mail that is no notice of a dossier; [`samples::MAILS`] lists the names and what each wants to know. Keys left
    /// out count as absent. The template's first line is the subject, after `Objet :`.
    pub fn mail_named(&self, name: &str, fields: &impl Serialize) -> Result<Worded, Error> {
        let mut context = filled(&samples::MAIL_KEYS, object(fields)?);
        let letter = self.render(&format!("courrier/{name}.mail.md"), &context)?;
        let (subject, body) = letter.split_once('\n').unwrap_or((&letter, ""));
        let subject = letter::text(subject);
        let subject = subject.split_once(':').map_or("", |(_, subject)| subject);
        let foot = self.render("mail/pied-courrier.mail.md", &context)?;
        context.entry("can_reply").or_insert(Value::Bool(false));
        self.laid_out(subject, body, "", &foot, context)
    }

    /// Everything wrong that shows when every template words every sample for every audience.
    pub fn check(&self) -> Vec<Diagnostic> {
        check::check(self)
    }

    fn laid_out(
        &self,
        subject: &str,
        body: &str,
        tail: &str,
        foot: &str,
        mut context: Map<String, Value>,
    ) -> Result<Worded, Error> {
        let subject = bounded(&escape::line(subject), MAX_SUBJECT);
        let text_body = letter::text(body);
        let preheader = preheader(&text_body);
        let mut part = |key: &str, value: String| context.insert(key.to_owned(), value.into());
        part("subject", subject.clone());
        part("preheader", preheader);
        part("reply_line", REPLY_LINE.to_owned());
        for (key, markdown) in [("body", body), ("tail", tail), ("foot", foot)] {
            part(key, letter::html(markdown));
            part(&format!("{key}_text"), letter::text(markdown));
        }
        let html = self.render("mail/layout.html", &context)?;
        let text = self.render("mail/layout.txt", &context)?;
        let text = format!("{}\n", bounded(&spaced(&text), MAX_MAIL));
        Ok(Worded {
            subject,
            text,
            html,
        })
    }

    fn render(&self, name: &str, context: &Map<String, Value>) -> Result<String, Error> {
        let template = self
            .env
            .get_template(name)
            .map_err(|_| Error::Missing(name.to_owned()))?;
        template
            .render(minijinja::Value::from(minijinja::value::Serde(context)))
            .map_err(|error| Error::Failed(load::diagnose(name, &error)))
    }

    fn chat_text(
        &self,
        name: &str,
        context: &Map<String, Value>,
        max: usize,
    ) -> Result<String, Error> {
        let text = self.render(name, context)?;
        Ok(broken(&bounded(&spaced(&text), max)))
    }
}

/// Who reads where nobody was named: a room that may show nothing personal.
const NOBODY: Audience = Audience::Room(Privacy::Minimal);

fn object(fields: &impl Serialize) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(fields) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Error::Context),
    }
}

/// `fields`, with nothing where a known key is left out.
fn filled(known: &[&str], fields: Map<String, Value>) -> Map<String, Value> {
    let absent = known.iter().map(|key| ((*key).to_owned(), Value::Null));
    absent.chain(fields).collect()
}

fn beside(
    what: &str,
    fields: Map<String, Value>,
    audience: Audience,
    scene: Option<&Scene<'_>>,
) -> Result<Map<String, Value>, Error> {
    let mut context = match scene {
        Some(scene) => context::of_scene(&scene.for_audience(audience))?,
        None => context::of_audience(audience),
    };
    context.extend(context::redacted(what, fields, audience));
    Ok(context)
}

/// The first sentence after the greeting: what a mailbox shows beside the subject.
/// The words of `markdown`, without its looks.
pub fn plain(markdown: &str) -> String {
    use pulldown_cmark::{Event, Parser};
    let words = Parser::new(markdown).filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.into_string()),
        Event::SoftBreak | Event::HardBreak => Some(" ".to_owned()),
        _ => None,
    });
    words.collect()
}

fn preheader(text: &str) -> String {
    let said = text
        .lines()
        .find(|line| !line.is_empty() && !line.starts_with("Bonjour"));
    bounded(said.unwrap_or(""), 140)
}

/// Without blanks at the ends of lines and with at most one empty line in a row.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && empty {
            continue;
        }
        empty = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    out.trim_end().to_owned()
}

/// At most `max` characters, cut where a line ends if one does.
fn bounded(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max.saturating_sub(2)).collect();
    match cut.rsplit_once('\n') {
        Some((kept, _)) => format!("{kept}\n…"),
        // A backslash left alone would escape what follows.
        None => format!("{}…", cut.trim_end_matches('\\')),
    }
}

/// Chat keeps the line breaks of a template: two spaces make one in `CommonMark`.
fn broken(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::with_capacity(text.len());
    for (at, line) in lines.iter().enumerate() {
        out.push_str(line);
        let Some(next) = lines.get(at + 1) else {
            continue;
        };
        let goes_on = !line.is_empty() && !next.is_empty() && *line != ">" && *next != ">";
        out.push_str(if goes_on { "  \n" } else { "\n" });
    }
    out
}
