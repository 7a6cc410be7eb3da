//! What a server's refusal means: for this mail later, for this mail never, or that it does not work with us at all.

/// Where in the dialogue something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Connecting, the greeting, EHLO, TLS.
    Hello,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA and the content after it.
    Data,
}

/// A negative answer (RFC 5321 §4.2), with its enhanced status code (RFC 3463) where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Three digits.
    pub code: u16,
    /// Class, subject, detail.
    pub enhanced: Option<(u16, u16, u16)>,
    /// The rest, on one line.
    pub text: String,
}

/// Whose trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The recipient's, for now.
    Later,
    /// A rule that may be about us or about the recipient: tried on as if for now, but the operator should look.
    Policy,
    /// Ours: the recipient has nothing to do with it.
    Ours,
    /// The recipient's or this mail's, for ever.
    Never,
}

impl Answer {
    /// An answer with this code and text, as it came.
    pub fn new(code: u16, text: &str) -> Self {
        let (enhanced, text) = match text.split_once(' ').unwrap_or((text, "")) {
            (first, rest) if enhanced(first).is_some() => (enhanced(first), rest),
            _ => (None, text),
        };
        Self {
            code,
            enhanced,
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    /// What it means at that stage. Codes decide, never words.
    pub fn verdict(&self, stage: Stage) -> Verdict {
        use Verdict::{Later, Never, Ours, Policy};
        let (subject, detail) = self
            .enhanced
            .map_or((0, 0), |(_, subject, detail)| (subject, detail));
        // The service is not ours to use: authentication and encryption (RFC 4954 §6, RFC 3207 §4), our address
        // (X.1.7, X.1.8), a command that the server does not understand (X.5.x, 50x without more).
        let ours = matches!(self.code, 530 | 534 | 535 | 538)
            || matches!((subject, detail), (1, 7 | 8) | (7, 8 | 9 | 11))
            || subject == 5
            || self.enhanced.is_none() && matches!(self.code, 500..=504);
        let too_big = self.code == 552 || matches!((subject, detail), (3, 4) | (2, 3));
        match stage {
            Stage::Hello | Stage::Auth => Ours,
            Stage::Mail if self.code >= 500 && too_big => Never,
            // Nothing has been said of the recipient yet.
            Stage::Mail => Ours,
            Stage::Rcpt | Stage::Data if self.code < 500 => Later,
            Stage::Rcpt | Stage::Data if ours => Ours,
            // Also a relay that does not know us says 5.7.1, and it says so here.
            Stage::Rcpt if subject == 7 => Policy,
            Stage::Rcpt | Stage::Data => Never,
        }
    }

    /// The answer on one line without what could name a person: `hidden` and every address are taken out.
    pub fn told(&self, hidden: &[&str]) -> String {
        let mut told = match self.enhanced {
            Some((class, subject, detail)) => {
                format!("{} {class}.{subject}.{detail}", self.code)
            }
            None => self.code.to_string(),
        };
        for word in self.text.split(' ').filter(|word| !word.is_empty()) {
            let low = word.to_lowercase();
            let personal = low.contains('@')
                || hidden
                    .iter()
                    .any(|name| name.len() > 2 && low.contains(&name.to_lowercase()));
            told.push(' ');
            told.push_str(if personal { "<…>" } else { word });
        }
        told.chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(300)
            .collect()
    }
}

fn enhanced(word: &str) -> Option<(u16, u16, u16)> {
    let mut numbers = word.split('.').map(|number| {
        let plain = (1..=3).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit());
        plain.then(|| number.parse::<u16>().ok()).flatten()
    });
    let three = (numbers.next()??, numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && matches!(three.0, 2 | 4 | 5)).then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_its_enhanced_code() {
        let answer = Answer::new(550, "5.1.1 No such\r user");
        assert_eq!(answer.enhanced, Some((5, 1, 1)));
        assert_eq!(answer.text, "No such user");
        for plain in ["", "No user", "5.1 x", "5.1.1.1 x", "127.0.0 x", "5.x.1 no"] {
            assert_eq!(Answer::new(550, plain).enhanced, None, "{plain}");
        }
    }

    #[test]
    fn codes_say_whose_trouble_it_is() {
        use Stage::{Auth, Data, Hello, Mail, Rcpt};
        use Verdict::{Later, Never, Ours, Policy};
        for (stage, code, text, verdict) in [
            (Hello, 554, "5.3.2 closed", Ours),
            (Hello, 421, "4.3.2 later", Ours),
            (Auth, 535, "5.7.8 bad password", Ours),
            (Auth, 454, "4.7.0 later", Ours),
            (Mail, 451, "4.3.0 later", Ours),
            (Mail, 550, "5.7.1 not your address", Ours),
            (Mail, 552, "5.3.4 too big", Never),
            (Rcpt, 450, "4.2.0 greylisted", Later),
            (Rcpt, 421, "closing", Later),
            (Rcpt, 550, "5.1.1 no such user", Never),
            (Rcpt, 550, "no such user", Never),
            (Rcpt, 552, "5.2.2 mailbox full", Never),
            (Rcpt, 530, "5.7.0 authenticate first", Ours),
            (Rcpt, 530, "authenticate first", Ours),
            (Rcpt, 550, "5.1.8 sender's domain", Ours),
            (Rcpt, 503, "bad sequence", Ours),
            (Rcpt, 555, "5.5.4 unknown parameter", Ours),
            (Rcpt, 554, "5.7.1 relay access denied", Policy),
            (Rcpt, 501, "5.1.3 bad address", Never),
            (Data, 452, "4.3.1 disk full", Later),
            (Data, 554, "5.7.1 spam", Never),
            (Data, 550, "5.1.1 no such user", Never),
            (Data, 530, "5.7.0 authenticate first", Ours),
        ] {
            assert_eq!(
                Answer::new(code, text).verdict(stage),
                verdict,
                "{stage:?} {code} {text}"
            );
        }
    }

    #[test]
    fn what_is_told_names_nobody() {
        let answer = Answer::new(
            550,
            "5.1.1 <Paul.Faure@ddt.example>: user paul.faure unknown at mx.DDT.example\u{7} sorry",
        );
        assert_eq!(
            answer.told(&["paul.faure", "ddt.example"]),
            "550 5.1.1 <…> user <…> unknown at <…> sorry"
        );
        assert!(
            Answer::new(550, &"x".repeat(9000))
                .told(&[])
                .chars()
                .count()
                <= 300
        );
    }
}
