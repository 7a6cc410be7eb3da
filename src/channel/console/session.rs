//! Who sits at the console, where, and what was said there.

use std::collections::VecDeque;

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::clean::clean_line;
use super::quoting::unfold;
use crate::message::{Account, Heard, Incoming, Line, Place, Post};

/// The console's name among the networks.
pub(super) const NETWORK: &str = "console";
/// Who somebody is that did not say.
const NOBODY: &str = "anonyme";
/// Lines remembered, to show what a reaction is about.
const SAID: usize = 256;
/// Bytes of a mail address (RFC 5321, section 4.5.3.1.3).
const ADDRESS: usize = 254;
/// The console's own words, each with its help.
pub(super) const WORDS: [(&str, &str); 4] = [
    ("/salon", "parler dans le salon"),
    ("/prive", "parler à Greffier en privé"),
    ("/qui", "changer de personne\u{a0}: /qui ADRESSE"),
    ("/aide-console", "montrer l’aide de la console"),
];

const HELP: &str = "\
/salon          parler dans le salon, à la vue de tous
/prive          parler à Greffier en privé
/qui ADRESSE    devenir quelqu’un d’autre\u{a0}; sans adresse, dire qui l’on est
1 à 9           presser un bouton de la réponse à votre dernière ligne
Ctrl-C          effacer la ligne\u{a0}; sur une ligne vide, arrêter Greffier
Ctrl-D          arrêter Greffier
Une ligne continue sur la suivante après «\u{a0}\\\u{a0}», ou tant qu’une citation n’est pas fermée.
Les commandes de Greffier\u{a0}: aide";

const NOTHING_TO_PRESS: &str = "Il n’y a pas de bouton à presser\u{a0}: un chiffre presse ceux de la réponse à votre dernière ligne. \
     Pour les autres, tapez la commande écrite après la flèche.";

/// What becomes of an entry.
#[derive(Debug, PartialEq)]
pub(super) enum Entry {
    /// There was nothing in it.
    Empty,
    /// It was for the console itself, which answers this.
    Aside(String),
    /// It goes to the middle.
    Line(Box<Incoming>),
    /// It pressed a button: the button's line goes to the middle.
    Pressed(Box<Incoming>),
}

/// What ends a session in other programs.
const LEAVING: [&str; 6] = ["quitter", "quit", "exit", "bye", "logout", ":q"];

/// The buttons of the answer to the line typed last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choices {
    lines: Vec<String>,
    direct: bool,
    about: Option<String>,
}

impl Choices {
    /// The choices of `post`, whose thread's first message is `about`.
    pub(super) fn of(post: &Post, about: Option<String>) -> Self {
        let lines = post
            .buttons
            .iter()
            .map(|button| button.line.clone())
            .collect();
        Self {
            lines,
            direct: post.direct,
            about,
        }
    }
}

/// A run of the console.
#[derive(Debug)]
pub(super) struct Session {
    id: String,
    room: String,
    who: Option<String>,
    direct: bool,
    count: u64,
    choices: Option<Choices>,
    last: Option<String>,
    said: VecDeque<(String, String)>,
}

impl Session {
    /// A new run in `room`, with a name that no other run has.
    pub(super) fn new(room: String, who: Option<String>) -> Self {
        // Whatever `--as` says is shown as it is: the middle refuses who it does not know, and says so.
        let who = who
            .map(|who| clean_line(&who).trim().to_owned())
            .filter(|who| !who.is_empty());
        Self {
            id: name(),
            room,
            who,
            direct: false,
            count: 0,
            choices: None,
            last: None,
            said: VecDeque::new(),
        }
    }

    /// The account of whoever sits here.
    pub(super) fn who(&self) -> &str {
        self.who.as_deref().unwrap_or(NOBODY)
    }

    /// What stands before the line to type.
    pub(super) fn prompt(&self) -> String {
        let place = if self.direct {
            "(privé)".to_owned()
        } else {
            format!("#{}", clean_line(&self.room))
        };
        format!("{} {place}> ", clean_line(self.who()))
    }

    /// Whether `post` answers the line that was typed here last. The buttons of others, a card that passes or a mail that
    /// came, would be pressed by mistake.
    pub(super) fn is_answered_by(&self, post: &Post) -> bool {
        post.answers.is_some() && post.answers == self.last
    }

    /// Offers `choices` instead of the last ones.
    pub(super) fn offer(&mut self, choices: Choices) {
        self.choices = Some(choices);
    }

    /// The line that `entry` presses, if it is the number of a button.
    pub(super) fn pressed(&self, entry: &str) -> Option<&str> {
        let number: usize = entry
            .trim()
            .parse()
            .ok()
            .filter(|number| (1..=9).contains(number))?;
        self.choices
            .as_ref()?
            .lines
            .get(number - 1)
            .map(String::as_str)
    }

    /// The line that bears `remote_id`, if it was said here lately.
    pub(super) fn said(&self, remote_id: &str) -> Option<&str> {
        self.said
            .iter()
            .find(|(id, _)| id == remote_id)
            .map(|(_, text)| text.as_str())
    }

    /// What becomes of `entry`, heard at `at`.
    pub(super) fn take(&mut self, entry: &str, at: Timestamp) -> Entry {
        let text = unfold(entry);
        if text.is_empty() {
            return Entry::Empty;
        }
        if let Some(answer) = self.aside(&text) {
            return Entry::Aside(answer);
        }
        if let Some(line) = self.pressed(&text).map(str::to_owned) {
            let choices = self.choices.take();
            let (direct, about) =
                choices.map_or((false, None), |choices| (choices.direct, choices.about));
            return Entry::Pressed(Box::new(self.line(line, direct, about, at)));
        }
        if self.choices.is_none()
            && text.len() == 1
            && text.starts_with(|c: char| ('1'..='9').contains(&c))
        {
            return Entry::Aside(NOTHING_TO_PRESS.to_owned());
        }
        self.choices = None;
        let text = text.strip_prefix('/').unwrap_or(&text).to_owned();
        Entry::Line(Box::new(self.line(text, self.direct, None, at)))
    }

    fn line(
        &mut self,
        text: String,
        direct: bool,
        about: Option<String>,
        at: Timestamp,
    ) -> Incoming {
        self.count += 1;
        let id = format!("{NETWORK}:{}:{}", self.id, self.count);
        if self.said.len() >= SAID {
            self.said.pop_front();
        }
        self.said.push_back((id.clone(), text.clone()));
        self.last = Some(id.clone());
        let from = Account {
            network: NETWORK.to_owned(),
            id: self.who().to_owned(),
        };
        let place = if direct {
            Place::Direct
        } else {
            Place::Room(self.room.clone())
        };
        let line = Line {
            from,
            place,
            text,
            files: Vec::new(),
            about,
            remote_id: Some(id.clone()),
            doubt: None,
            addressed: true,
        };
        Incoming {
            id,
            at,
            heard: Heard::Line(line),
        }
    }

    /// The answer to `text` if it is for the console itself.
    fn aside(&mut self, text: &str) -> Option<String> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match (word, rest.trim()) {
            ("/salon", "") => {
                self.direct = false;
                Some(format!("Vous parlez dans #{}.", clean_line(&self.room)))
            }
            ("/prive" | "/privé", "") => {
                self.direct = true;
                Some("Vous parlez à Greffier en privé.".to_owned())
            }
            ("/qui", "") => Some(format!("Vous êtes {}.", clean_line(self.who()))),
            ("/qui", who) => Some(self.become_somebody(who)),
            ("/aide-console", "") => Some(HELP.to_owned()),
            ("/salon" | "/prive" | "/privé" | "/aide-console", _) => {
                Some(format!("{} s’emploie seul.", clean_line(word)))
            }
            (word, "")
                if LEAVING.contains(&word.trim_start_matches('/').to_lowercase().as_str()) =>
            {
                Some("Pour arrêter Greffier\u{a0}: Ctrl-D.".to_owned())
            }
            _ => None,
        }
    }

    fn become_somebody(&mut self, who: &str) -> String {
        let Some(who) = address(who) else {
            return "Ce n’est pas une adresse. Exemple\u{a0}: /qui ines@ddt.example".to_owned();
        };
        // The choices were offered to somebody else.
        self.choices = None;
        self.who = Some(who);
        format!("Vous êtes maintenant {}.", clean_line(self.who()))
    }
}

/// `text` as an account of the console: a mail address, in so far as it can be told from anything else.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';');
    (!local.is_empty() && !domain.is_empty() && text.len() <= ADDRESS && !text.contains(odd))
        .then(|| text.to_owned())
}

/// A name for a run. Without chance the time must do.
fn name() -> String {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => HEXLOWER.encode(&bytes),
        Err(_) => format!("{:x}", crate::clock::now().as_nanosecond()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Button, Style};

    fn take(session: &mut Session, entry: &str) -> Entry {
        session.take(entry, Timestamp::UNIX_EPOCH)
    }

    fn line(entry: Entry) -> (String, Line) {
        match entry {
            Entry::Line(incoming) | Entry::Pressed(incoming) => match incoming.heard {
                Heard::Line(line) => (incoming.id, line),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn ines() -> Session {
        Session::new("salle".to_owned(), Some("ines@ddt.example".to_owned()))
    }

    fn nothing() -> Entry {
        Entry::Aside(NOTHING_TO_PRESS.to_owned())
    }

    fn confirmation(direct: bool) -> Choices {
        let button = Button {
            label: "Confirmer".to_owned(),
            emoji: "✅".to_owned(),
            line: "confirmer K7Q2".to_owned(),
            style: Style::Primary,
        };
        Choices::of(
            &Post {
                buttons: vec![button],
                direct,
                ..Post::default()
            },
            Some("outbox-1".to_owned()),
        )
    }

    #[test]
    fn lines_of_a_run_have_names_of_their_own() {
        let mut session = ines();
        let (first, heard) = line(take(&mut session, " suivre 4807 "));
        let (second, _) = line(take(&mut session, "suivre 4807"));
        assert_eq!(heard.text, "suivre 4807");
        assert_eq!(heard.remote_id.as_ref(), Some(&first));
        assert_ne!(first, second);
        assert_ne!(line(take(&mut ines(), "suivre 4807")).0, first);
        assert_eq!(session.said(&first), Some("suivre 4807"));
    }

    #[test]
    fn the_room_and_the_direct_message_are_two_places() {
        let mut session = ines();
        assert_eq!(
            line(take(&mut session, "a")).1.place,
            Place::Room("salle".to_owned())
        );
        assert_eq!(session.prompt(), "ines@ddt.example #salle> ");
        assert!(matches!(take(&mut session, "/prive"), Entry::Aside(_)));
        assert_eq!(line(take(&mut session, "a")).1.place, Place::Direct);
        assert_eq!(session.prompt(), "ines@ddt.example (privé)> ");
        assert!(matches!(take(&mut session, "/salon"), Entry::Aside(_)));
        assert_eq!(
            line(take(&mut session, "a")).1.place,
            Place::Room("salle".to_owned())
        );
    }

    #[test]
    fn one_can_become_somebody_else_but_not_anything() {
        let mut session = Session::new("salle".to_owned(), None);
        assert_eq!(line(take(&mut session, "a")).1.from.id, "anonyme");
        take(&mut session, "/qui paul@ddt.example");
        assert_eq!(line(take(&mut session, "a")).1.from.id, "paul@ddt.example");
        for odd in [
            "/qui paul",
            "/qui @x",
            "/qui a\u{1b}[31m@b",
            "/qui a@b c@d",
            "/qui <a@b>",
        ] {
            take(&mut session, odd);
            assert_eq!(session.who(), "paul@ddt.example", "{odd:?}");
        }
    }

    #[test]
    fn who_is_given_at_the_start_is_never_silently_somebody_else() {
        let start = |who: &str| Session::new("salle".to_owned(), Some(who.to_owned()));
        assert_eq!(start(" paul\u{1b}[2J ").who(), "paul");
        assert_eq!(start(" ").who(), "anonyme");
    }

    #[test]
    fn a_number_right_after_the_buttons_presses_one() {
        let mut session = ines();
        session.offer(confirmation(true));
        let (_, heard) = line(take(&mut session, "1"));
        assert_eq!(heard.text, "confirmer K7Q2");
        assert_eq!(heard.place, Place::Direct);
        assert_eq!(heard.about.as_deref(), Some("outbox-1"));
        assert_eq!(take(&mut session, "1"), nothing());
    }

    #[test]
    fn a_number_presses_nothing_after_another_line_or_for_somebody_else() {
        let mut session = ines();
        session.offer(confirmation(false));
        assert_eq!(session.pressed("2"), None);
        take(&mut session, "dossiers");
        assert_eq!(take(&mut session, "1"), nothing());
        session.offer(confirmation(false));
        take(&mut session, "/qui paul@ddt.example");
        assert_eq!(take(&mut session, "1"), nothing());
    }

    #[test]
    fn only_the_answer_to_the_last_line_is_pressed() {
        let mut session = ines();
        let answer = |answers: Option<&str>| Post {
            answers: answers.map(str::to_owned),
            ..Post::default()
        };
        assert!(!session.is_answered_by(&answer(None)));
        let (first, _) = line(take(&mut session, "dossiers"));
        let (second, _) = line(take(&mut session, "accepter 4807"));
        assert!(!session.is_answered_by(&answer(None)));
        assert!(!session.is_answered_by(&answer(Some(&first))));
        assert!(session.is_answered_by(&answer(Some(&second))));
    }

    #[test]
    fn who_wants_to_leave_is_told_how() {
        for word in ["quitter", "exit", "/quit", "QUIT"] {
            let Entry::Aside(told) = take(&mut ines(), word) else {
                panic!("{word}");
            };
            assert!(told.contains("Ctrl-D"), "{told}");
        }
    }

    #[test]
    fn other_words_after_a_slash_are_commands() {
        assert_eq!(
            line(take(&mut ines(), "/suivre 4807")).1.text,
            "suivre 4807"
        );
        assert_eq!(take(&mut ines(), " \n "), Entry::Empty);
    }
}
