//! Who types a line, where and how: `ines@oise.example (matrix, privé, fil 1, avec plan.pdf)`.

use greffier::message::Place;

/// Somebody about to speak.
#[derive(Debug, Clone)]
pub(super) struct Typing {
    /// The account.
    pub(super) who: String,
    /// The network.
    pub(super) network: String,
    /// Where.
    pub(super) place: Place,
    /// The dossier in whose thread, or the outbox row that is answered.
    pub(super) about: Option<About>,
    /// Names of files sent with the line.
    pub(super) files: Vec<String>,
    /// What is typed.
    pub(super) text: String,
}

/// What a line is typed about.
#[derive(Debug, Clone)]
pub(super) enum About {
    /// The thread of that dossier.
    Thread(u64),
    /// The message of that outbox row.
    Row(u64),
}

impl Typing {
    /// Reads `line`. `home` is the network and room of those who say no other.
    pub(super) fn read(line: &str, home: Option<&(String, String)>) -> Option<Self> {
        let (head, text) = line.split_once("> ")?;
        let (who, options) = match head.split_once(" (") {
            Some((who, options)) => (who, options.strip_suffix(')')?),
            None => (head, ""),
        };
        if who.contains(' ') {
            return None;
        }
        let (network, room) = home
            .cloned()
            .unwrap_or(("console".to_owned(), String::new()));
        let mut typing = Self {
            who: who.to_owned(),
            network,
            place: Place::Room(room),
            about: None,
            files: Vec::new(),
            text: text.to_owned(),
        };
        for option in options
            .split(',')
            .map(str::trim)
            .filter(|option| !option.is_empty())
        {
            typing.option(option);
        }
        Some(typing)
    }

    fn option(&mut self, option: &str) {
        if option == "privé" {
            self.place = Place::Direct;
        } else if option.starts_with('#') {
            self.place = Place::Room(option.to_owned());
        } else if let Some(dossier) = option.strip_prefix("fil ") {
            self.about = Some(About::Thread(dossier.parse().unwrap()));
        } else if let Some(row) = option.strip_prefix("en réponse à outbox-") {
            self.about = Some(About::Row(row.parse().unwrap()));
        } else if let Some(name) = option.strip_prefix("avec ") {
            self.files.push(name.to_owned());
        } else {
            option.clone_into(&mut self.network);
        }
    }
}
