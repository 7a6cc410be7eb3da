//! What one file of `commands/` says: a command, what it takes and who may type it.

use serde_json::{Map, Value};

use super::fold::fold;

/// One command.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Its French name, one or several words: `avis demander`.
    pub name: String,
    /// Other names that do the same.
    pub aliases: Vec<String>,
    /// Where it stands in the help.
    pub family: Family,
    /// What it does, in French, at most 100 characters (Discord's limit for a description).
    pub help: String,
    /// The same in English, for networks whose clients speak other languages. May be empty.
    pub help_en: String,
    /// More about it, in French and `CommonMark`. May be empty.
    pub detail: String,
    /// Who does it where the platform is the record.
    pub platform: Doer,
    /// Said in place of `detail` there. May be empty.
    pub platform_detail: String,
    /// Lines that one could type. Each was parsed when the file was loaded.
    pub examples: Vec<String>,
    /// Who may use it.
    pub right: Right,
    /// Whether it is previewed, and done only once confirmed.
    pub confirm: bool,
    /// Which dossiers it takes.
    pub selection: Takes,
    /// Whether it takes the files attached to the line.
    pub files: bool,
    /// The tag of the order it makes: the integrator builds `{"do": tag, …}` and lets serde make the order.
    pub tag: String,
    /// Constant values of the order.
    pub fixed: Map<String, Value>,
    /// What else it takes, in order.
    pub args: Vec<Arg>,
}

impl Spec {
    /// Its name as one word, for networks whose commands are one word: `avis-demander`.
    pub fn slug(&self) -> String {
        let words: Vec<_> = self
            .name
            .split(|letter: char| !letter.is_alphanumeric())
            .map(fold)
            .collect();
        words.join("-")
    }

    /// Whether what it answers is for nobody but the one who typed it: it looks at something, links, chooses, or shows what
    /// will be done before it is.
    pub fn personal(&self) -> bool {
        match self.family {
            Family::Start | Family::See | Family::LookBack | Family::BeTold | Family::MailDesk => {
                true
            }
            Family::Take | Family::Instruct | Family::Speak | Family::Decide | Family::PutAway => {
                self.confirm
            }
        }
    }

    /// Whether it ends with free text.
    pub fn has_free_text(&self) -> bool {
        self.args.iter().any(|arg| arg.rest)
    }

    /// The arguments given by position.
    pub fn positional(&self) -> impl Iterator<Item = &Arg> {
        self.args.iter().filter(|arg| !arg.option)
    }

    /// The arguments given as `nom=valeur`.
    pub fn options(&self) -> impl Iterator<Item = &Arg> {
        self.args.iter().filter(|arg| arg.option)
    }
}

/// One argument of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// Its French name, as the usage shows it and as `nom=valeur` takes it.
    pub name: String,
    /// Its key in the order. The name, unless the file says otherwise.
    pub key: String,
    /// What it is, in French, at most 100 characters.
    pub help: String,
    /// The same in English. May be empty.
    pub help_en: String,
    /// What it may be.
    pub kind: Kind,
    /// Whether the command makes no sense without it.
    pub required: bool,
    /// Whether it is all that remains of the line, as typed.
    pub rest: bool,
    /// Whether it is given as `nom=valeur` instead of by its place.
    pub option: bool,
    /// What it may be, for [`Kind::Choice`].
    pub choices: Vec<Choice>,
    /// What it is when nothing is typed, as somebody would type it.
    pub default: Option<String>,
    /// Characters it may have.
    pub max_length: Option<usize>,
}

/// One of the values that an argument may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value in the order.
    pub value: String,
    /// What people type for it, in French; the first is the one shown.
    pub labels: Vec<String>,
}

impl Choice {
    /// The label to show.
    pub fn label(&self) -> &str {
        self.labels.first().unwrap_or(&self.value)
    }
}

/// Declares an enum of plain variants with the name of each in the files of `commands/`.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every one, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in the files of `commands/`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one that is named so.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// Where a command stands in the help, in the order of the work.
    Family {
        /// To begin: help, link an account.
        Start = "start",
        /// To look at dossiers.
        See = "see",
        /// To take a dossier, or give it.
        Take = "take",
        /// To instruct it.
        Instruct = "instruct",
        /// To speak with usagers and experts.
        Speak = "speak",
        /// To decide.
        Decide = "decide",
        /// To archive and delete.
        PutAway = "put-away",
        /// To export and count.
        LookBack = "look-back",
        /// To choose what one is told.
        BeTold = "be-told",
        /// To sort the mail that was not understood.
        MailDesk = "mail-desk",
    }
}

impl Family {
    /// Its French title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Start => "Pour commencer",
            Self::See => "Consulter",
            Self::Take => "Prendre en charge",
            Self::Instruct => "Instruire",
            Self::Speak => "Échanger",
            Self::Decide => "Décider",
            Self::PutAway => "Ranger",
            Self::LookBack => "Faire le point",
            Self::BeTold => "Être informé",
            Self::MailDesk => "Trier le courrier",
        }
    }
}

named! {
    /// Who may use a command. Each may do what those before may.
    Right {
        /// Whoever can write where Greffier reads.
        Anyone = "anyone",
        /// Somebody whose account is linked to an address.
        Linked = "linked",
        /// An instructeur of the démarche.
        Instructeur = "instructeur",
        /// An administrateur of the démarche.
        Administrateur = "administrateur",
    }
}

impl Right {
    /// What it is called in French, after « Réservé ».
    pub fn title(self) -> &'static str {
        match self {
            Self::Anyone => "à toute personne",
            Self::Linked => "aux comptes liés",
            Self::Instructeur => "aux instructeurs",
            Self::Administrateur => "aux administrateurs",
        }
    }
}

named! {
    /// Who does what a command asks for, where the platform is the record.
    Doer {
        /// Greffier itself.
        Greffier = "greffier",
        /// The platform, which Greffier asks.
        Platform = "platform",
        /// Whoever goes to the platform's site: nobody can ask for it from elsewhere.
        Site = "site",
    }
}

/// What the record of the dossiers is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Greffier's own.
    Local,
    /// The platform.
    Platform,
}

named! {
    /// Which dossiers a command takes.
    Takes {
        /// None.
        None = "none",
        /// One at most, after the required arguments.
        Optional = "optional",
        /// Exactly one.
        One = "one",
        /// At least one: numbers, ranges, an onglet, a filter.
        Many = "many",
        /// The same, or none: the command then says which it means.
        Any = "any",
    }
}

impl Takes {
    /// Whether it takes several, and an onglet and a filter.
    pub fn many(self) -> bool {
        matches!(self, Self::Many | Self::Any)
    }
}

named! {
    /// What an argument may be, and what it becomes in the order.
    Kind {
        /// Text: a string.
        Text = "text",
        /// One word, or several between quotation marks: a string.
        Word = "word",
        /// A mail address: a string, in lower case.
        Email = "email",
        /// Mail addresses: an array of strings, without repetition.
        Emails = "emails",
        /// The address of an expert: like `email`, but completed from the experts of the démarche.
        Expert = "expert",
        /// A code that Greffier gave: a string, letters and digits only, in upper case.
        Code = "code",
        /// A mail address or a code, told apart by the `@`: a string.
        EmailOrCode = "email-or-code",
        /// A whole number: a number.
        Number = "number",
        /// The number of a démarche: a number.
        Demarche = "demarche",
        /// One of the choices: a string, the value of that choice.
        Choice = "choice",
        /// Yes or no: a boolean.
        Boolean = "boolean",
        /// A day: a string, `2024-06-03`.
        Date = "date",
        /// An onglet: a string, the name of [`Onglet`](crate::domain::Onglet).
        Onglet = "onglet",
        /// A groupe instructeur, by its name: a string.
        Groupe = "groupe",
        /// An annotation of the démarche, by its name: a string.
        Annotation = "annotation",
        /// An étiquette: a string.
        Etiquette = "etiquette",
        /// Columns, separated by commas: an array of strings.
        Colonnes = "colonnes",
        /// Filters `colonne=valeur`: an array of pairs of strings.
        Filtre = "filtre",
        /// What a room is told of, separated by commas: an array of strings, names of [`Topic`](crate::domain::Topic).
        Sujets = "sujets",
        /// The name of a command: a string.
        Command = "command",
    }
}

impl Kind {
    /// Whether a bare number may be one.
    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Self::Number | Self::Demarche)
    }
}
