//! What goes in and out of the middle: plain data, the same for every network.

pub mod authentication;
pub mod platform;
pub mod work;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::authentication::Authentication;
use self::work::{Made, Order};
pub use crate::domain::{Fault as FieldError, Piece};

/// Somebody on a network, as the network names them: `@ines:agent.tchap.example` on Matrix, a user id on Discord,
/// the address given to `--as` on the console and in the shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The channel's name: `matrix`, `discord`, `console`, `shell`.
    pub network: String,
    /// The network's own id of the person.
    pub id: String,
}

/// Where a line was said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A room, by the network's own id.
    Room(String),
    /// A conversation between one person and Greffier.
    Direct,
}

/// Something that reached Greffier. Its `id` makes hearing it twice the same as once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// The network's own id of it, prefixed by the channel: `http:KEY`, `mail:<…>`, `matrix:$event`.
    pub id: String,
    /// When it was heard.
    pub at: Timestamp,
    /// What it is.
    pub heard: Heard,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Heard {
    /// A line typed by somebody, a slash command, a button or a reaction (both carry the line that they stand for).
    Line(Line),
    /// A mail, whose original is on the shelf.
    Mail(MailIn),
    /// A dossier deposited over HTTP or from a file.
    Deposit(DepositIn),
    /// Time has passed.
    Tick,
    /// An outgoing message that will never arrive.
    Undelivered(Undelivered),
    /// Something that a channel has to say of itself.
    Remark(Remark),
    /// What a channel has found of a room.
    Room(RoomIn),
    /// Something that was ordered is made.
    Made(Box<Made>),
    /// Somebody follows the link of an export.
    Fetch {
        /// [`locked`](crate::mail::locked) word of the link.
        export: String,
    },
    /// Something that the platform said.
    Platform(Box<platform::Said>),
    /// The next step of slow work, which the writer takes from the ledger itself.
    Step(Step),
}

/// A step of an act on several dossiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Name of the work's document.
    pub work: String,
    /// Which step, from 0. Taken again, it is the same thing heard.
    pub number: usize,
}

/// One line of chat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Who said it.
    pub from: Account,
    /// Where.
    pub place: Place,
    /// The command, without the prefix or the mention that made it one. May have several lines.
    pub text: String,
    /// Files sent with it, on the shelf already.
    #[serde(default)]
    pub files: Vec<Piece>,
    /// The network's id of the thread's first message, or of the message answered. It stands for the dossier of that thread.
    #[serde(default)]
    pub about: Option<String>,
    /// The network's id of the line itself, so that an answer can point at it.
    #[serde(default)]
    pub remote_id: Option<String>,
    /// Why the network cannot vouch that `from` said it, where it cannot: it may be answered then, and binds nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// Whether it can be for nobody but Greffier. Without, a word that is no command is left unanswered.
    #[serde(default = "yes")]
    pub addressed: bool,
}

fn yes() -> bool {
    true
}

/// Why it is not certain that somebody said a line himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// It came from a device that he has not signed, or in clear where everything is encrypted.
    Device,
    /// It was said in clear, in a room that nobody has bound: no device signs it.
    Clear,
    /// His identity is another one than before: its keys were made anew, by him or by somebody who has his password.
    Identity,
    /// It is a reaction, which bears no device's signature, and not all of his devices are signed by him.
    Reaction,
}

impl Doubt {
    /// Its name, as templates know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Clear => "clear",
            Self::Identity => "identity",
            Self::Reaction => "reaction",
        }
    }
}

/// A room as its network shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomIn {
    /// Which.
    pub room: Destination,
    /// What is said there is encrypted end to end. Once it was, it is for good.
    pub encrypted: bool,
}

/// Something that a channel has to say of itself, to be worded and sent like everything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// To whom.
    pub to: Destination,
    /// Whether `to` is a person rather than a room.
    #[serde(default)]
    pub direct: bool,
    /// The network's id of what it answers.
    #[serde(default)]
    pub answers: Option<String>,
    /// What.
    pub what: Remarked,
}

/// What a [`Remark`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remarked {
    /// A line came encrypted, and its key did not.
    NoKey,
    /// A line came encrypted, and its sender's client gives Greffier no key because its device is not verified.
    Unverified,
    /// A line that was obeyed has been edited since: the first wording stands.
    EditedTooLate,
    /// A file could not be fetched or scanned, or is too large.
    FileUnread,
    /// A virus scanner has found something in a file.
    FileInfected,
    /// People from outside are in the room: dossiers are not spoken of there any more.
    Outsiders,
    /// Greffier was put out of a room that it is bound to.
    PutOut,
    /// Greffier lacks a permission in a room that it is bound to.
    Hindered,
    /// A line came after its network had told its author that nobody answers: it is not obeyed.
    TooLate,
    /// More was said in a room while Greffier was away than it has read.
    Missed,
    /// People from outside have left the room: what was not said meanwhile is not said any more.
    Withheld,
}

/// A mail as a server handed it over. The content is on the shelf; nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MailIn {
    /// The original, byte for byte.
    pub original: Piece,
    /// Envelope sender (RFC 5321 reverse-path), empty for `<>`, absent where no envelope is known.
    #[serde(default)]
    pub mail_from: Option<String>,
    /// Envelope recipients (RFC 5321 forward-path).
    #[serde(default)]
    pub rcpt_to: Vec<String>,
    /// Address of the client that connected, where it is not a trusted relay: SPF is checked against it.
    #[serde(default)]
    pub peer: Option<std::net::IpAddr>,
    /// Whether its sender's domain answers for it, as it was found on arrival. Absent where nobody looked: then what a
    /// trusted relay wrote into the header is all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// Octets of the whole mail, where it is larger than allowed: the original is then its header alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_large: Option<u64>,
    /// What the virus scanner said of it, where there is one. Noted here so that hearing it again is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<Scan>,
}

/// What a virus scanner says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Scan {
    /// It found nothing.
    Clean,
    /// It found something.
    Infected {
        /// The name that the scanner gives it: ASCII letters, digits, `.`, `_` and `-`.
        signature: String,
    },
    /// It does not scan anything that large.
    NotScanned,
}

/// A dossier to deposit: the demandeur's answers as JSON, and files by field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DepositIn {
    /// Number of the démarche.
    pub demarche: u64,
    /// The body, validated against the démarche by the middle.
    pub body: serde_json::Value,
    /// Files, each with the id of the champ that it answers.
    #[serde(default)]
    pub files: Vec<(String, Piece)>,
    /// SHA-256 of the request, where the sender chose its id (`Idempotency-Key`). The receipt carries it back, so that
    /// the same key with another content is told apart from a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A message that delivery has given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undelivered {
    /// Its row among the dead letters.
    pub outbox: u64,
    /// Where it should have gone.
    pub to: Destination,
    /// The dossier it spoke of, if one.
    #[serde(default)]
    pub dossier: Option<u64>,
    /// Why, in the words of the other side. Not shown to usagers.
    pub why: String,
}

/// What came of an [`Incoming`]: kept with its id, and given again when it is heard again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Taken, refused, held.
    pub verdict: Verdict,
    /// The dossier it was about, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dossier: Option<u64>,
    /// Answers to the person who asked, in French and `CommonMark`, for callers that wait for them (shell, HTTP).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// What is wrong with a deposit, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// [`DepositIn::digest`] of the deposit that was taken under this id the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Whoever said the line has proven by it whose account it is: he typed back a code that was sent to his address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proven: bool,
    /// Something was ordered: the answer comes once it is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits: bool,
    /// Files that were fetched, on the shelf for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Piece>,
}

impl Receipt {
    /// A receipt with a verdict and nothing more.
    pub fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            dossier: None,
            answers: Vec::new(),
            errors: Vec::new(),
            digest: None,
            proven: false,
            awaits: false,
            files: Vec::new(),
        }
    }
}

/// How an [`Incoming`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Done, or it was already so.
    Done,
    /// Understood and refused; the answer says why.
    Refused,
    /// A command that could not be read; the answer says what to type.
    Misunderstood,
    /// Kept for a person to decide on (mail).
    Quarantined,
    /// Nothing to do with it: an automatic mail, an empty line.
    Ignored,
    /// The démarche does not exist (deposit).
    Unknown,
}

/// Where an [`Outgoing`] goes. Messages to one destination leave in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Destination {
    /// The channel that carries it: `mail`, `console`, `matrix`, `discord`.
    pub network: String,
    /// Room id, account id or mail address.
    pub address: String,
}

/// One message to deliver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Where it goes.
    pub to: Destination,
    /// What it says.
    pub body: Body,
}

/// What an [`Outgoing`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// A chat message, new or edited.
    Post(Post),
    /// A reaction to a message of somebody else.
    React(React),
    /// A mail.
    Mail(Box<MailOut>),
    /// Something to be made.
    Make(Box<Order>),
    /// Something that the platform is to do.
    Platform(Box<platform::Order>),
}

/// A chat message. Each network gives it the nearest form that it has; one that lacks a thing leaves it out,
/// except `text`, which stands alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says another thing, and none excludes another"
)]
pub struct Post {
    /// `CommonMark`. What came from outside is escaped already, so that it can neither ping, link nor format.
    pub text: String,
    /// To a person, in private, rather than to a room; `to.address` is then an account.
    #[serde(default)]
    pub direct: bool,
    /// Only for the one who asked, where the network can show a room's message to one person.
    #[serde(default)]
    pub ephemeral: bool,
    /// Name of the card that opens the thread this belongs to. Without threads: an ordinary message.
    #[serde(default)]
    pub thread: Option<String>,
    /// Name under which this message can be edited and answered later. A second post of the same card to the same
    /// room edits the first.
    #[serde(default)]
    pub card: Option<String>,
    /// Accounts to be pinged. Nothing else in the message pings.
    #[serde(default)]
    pub mentions: Vec<String>,
    /// Should ring (a new dossier, an avis rendered) rather than be read in passing.
    #[serde(default)]
    pub alert: bool,
    /// Choices offered: buttons on Discord, reactions on Matrix, a numbered hint on the console.
    #[serde(default)]
    pub buttons: Vec<Button>,
    /// Choices of which one is picked from a list, where the network has forms. The text names them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub menu: Vec<Button>,
    /// How what it speaks of stands, for networks that show it by a colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// Files to upload with it.
    #[serde(default)]
    pub files: Vec<Piece>,
    /// What each of them shows, in their order, for who cannot see it. Those that lack words are shown by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alts: Vec<String>,
    /// The network's id of the line that this answers.
    #[serde(default)]
    pub answers: Option<String>,
    /// Speaks of no dossier, so that anybody in the room may read it.
    #[serde(default)]
    pub open: bool,
}

/// A choice on a message. Pressing it is the same as typing its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it shows, at most 34 characters.
    pub label: String,
    /// The emoji that stands for it where there are only reactions.
    pub emoji: String,
    /// The command line that it stands for.
    pub line: String,
    /// How it looks.
    pub style: Style,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// The expected choice.
    Primary,
    /// Another choice.
    Secondary,
    /// A choice with consequences.
    Danger,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It waits for somebody.
    Waiting,
    /// It is being dealt with.
    Active,
    /// It ended well.
    Good,
    /// It ended badly.
    Bad,
    /// It is put away.
    Past,
}

/// A reaction to a line: the shortest answer there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct React {
    /// The network's id of the message reacted to.
    pub remote_id: String,
    /// What the reaction says.
    pub mark: Mark,
}

/// What a reaction says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Heard (👀).
    Heard,
    /// Under way (⏳).
    Running,
    /// Done (✅).
    Done,
    /// Not done (❌).
    Failed,
}

/// A mail to send. `Message-ID`, `Date` and the transport's headers are set on delivery, from the outbox key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MailOut {
    /// Name shown beside the sender's address.
    pub from_name: String,
    /// Subject, in clear text.
    pub subject: String,
    /// The `text/plain` part.
    pub text: String,
    /// The `text/html` part.
    pub html: String,
    /// Local part of the reply address, before `@domain`: `reponse+TOKEN`. None where no answer is wanted.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Name of the conversation: it becomes the first `References` entry, so that mail programs thread it.
    #[serde(default)]
    pub thread: Option<String>,
    /// `Message-ID` of the mail that this answers, without angle brackets.
    #[serde(default)]
    pub in_reply_to: Option<String>,
    /// Files attached.
    #[serde(default)]
    pub files: Vec<Piece>,
    /// The dossier it speaks of, for the log and the dead letters.
    #[serde(default)]
    pub dossier: Option<u64>,
}

/// What came of a try to deliver.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Taken by the other side. `remote_id` names it there, so that it can be edited, threaded and answered.
    Delivered {
        /// The network's id of the message, empty where it gives none.
        remote_id: String,
    },
    /// Not now. Without `after` the outbox chooses, longer each time.
    Retry {
        /// How long the other side asks to wait.
        after: Option<Duration>,
        /// Why, for the operator.
        why: String,
    },
    /// Not now, and not because of this message: the network itself does not work for us (it is down, it refuses the
    /// password). It waits for as long as that takes, and nothing is held against its destination.
    Held {
        /// How long to wait.
        after: Duration,
        /// Why, for the operator.
        why: String,
    },
    /// Never: the address does not exist, the room is closed to us.
    Dead {
        /// Why, for the operator and the room.
        why: String,
    },
}

/// What a network can carry. Text longer than `text` is cut into pages before it is queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says another thing that a network has or has not"
)]
pub struct Limits {
    /// Characters of one message.
    pub text: usize,
    /// Bytes of one file.
    pub file: u64,
    /// Choices on one message.
    pub buttons: usize,
    /// Whether it has threads.
    pub threads: bool,
    /// Whether a message can be edited.
    pub edits: bool,
    /// Whether it has reactions.
    pub reactions: bool,
    /// What stands before a command in a room, where something must.
    pub prefix: &'static str,
    /// Whether it has forms and lists: a choice may then lack what it is asked for once it is pressed.
    pub forms: bool,
    /// Time between two messages to one destination, or to one lane of them.
    pub pace: Duration,
}

impl Limits {
    /// Of a channel that only listens.
    pub const NONE: Self = Self {
        text: 0,
        file: 0,
        buttons: 0,
        threads: false,
        edits: false,
        reactions: false,
        prefix: "",
        forms: false,
        pace: Duration::ZERO,
    };
}
