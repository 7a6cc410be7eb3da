//! What was meant by a line of `bot.toml` that is not what it should be, in words that say what to write. What stands in the
//! line is never repeated: it may be a token.

/// What to write in place of the line at `at` of `text`, where `message` is what the reader of TOML says of it. None where
/// that says enough.
pub(super) fn advice(text: &str, at: usize, message: &str) -> Option<String> {
    let before = text.get(..at)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?.trim();
    let header = |line: &&str| line.starts_with('[');
    let section = before.lines().map(str::trim).rfind(header);
    let section = Some(line).filter(header).or(section).unwrap_or_default();
    let name = section
        .trim_start_matches('[')
        .split(']')
        .next()
        .unwrap_or_default()
        .trim();
    let key = line.split('=').next().unwrap_or_default().trim();
    let missing = message.contains("missing field");
    Some(match (name, key) {
        ("platform" | "discord", "token") => {
            "a token does not stand here, where whoever helps with the settings reads it: write it alone into a file, chmod 600, and the name of the file here, as token_file; make a new token if bot.toml was shown to anybody"
                .to_owned()
        }
        ("platform", "token_expires") => {
            "write the day with quotes, like token_expires = \"2027-03-01\"".to_owned()
        }
        ("platform", _) if missing && message.contains("token_file") => {
            "[platform] needs the file with the token: token_file = \"var/secrets/platform-token\""
                .to_owned()
        }
        ("platform", _) if line.starts_with("[[") => {
            "there is one [platform]: write it with single brackets".to_owned()
        }
        ("platform", key) if message.contains("expected u") => {
            format!("write a whole number without quotes, like {key} = 60")
        }
        ("demarche", "number") => {
            "write the number as the platform shows it, without quotes, like number = 12345"
                .to_owned()
        }
        ("demarche", _) if missing && message.contains("number") => {
            "[[demarche]] needs the number that the platform shows, like number = 12345".to_owned()
        }
        ("demarche", _) if line.starts_with('[') && !line.starts_with("[[") => {
            "there may be several démarches: write [[demarche]], with double brackets".to_owned()
        }
        _ => return None,
    })
}

/// What the reader of TOML says, without the text that stands where something else belongs.
pub(super) fn without_value(message: &str) -> String {
    for kind in ["invalid type: string", "invalid value: string"] {
        let rest = message.strip_prefix(kind);
        if let Some((_, expected)) = rest.and_then(|rest| rest.rsplit_once(", expected ")) {
            return format!("{kind}, expected {expected}");
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;

    /// What is said of a `bot.toml` that ends in `more`, with the line after its `[mail]`.
    fn said(more: &str) -> String {
        let text = format!(
            "[mail]\ndomain = \"greffier.example\"\nfrom_address = \"g@greffier.example\"\n{more}"
        );
        let faults = Config::from_text(&text, Path::new("/")).unwrap_err();
        assert_eq!(faults.len(), 1);
        faults[0].to_string()
    }

    #[test]
    fn a_token_in_bot_toml_is_not_repeated() {
        for more in [
            "[platform]\ntoken = \"SECRET\"",
            "[platform]\n  token=\"SECRET\" # of Ines",
            "[discord]\ntoken = \"SECRET\"",
        ] {
            let said = said(more);
            assert!(
                said.starts_with("bot.toml:5: a token does not stand here"),
                "{said}"
            );
            assert!(
                said.contains("token_file") && !said.contains("SECRET"),
                "{said}"
            );
        }
        for more in [
            "[[demarche]]\nnumber = 1\ntoken = \"SECRET\"",
            "[[demarche]]\nnumber = 1\nusager_mail = \"SECRET, expected\"",
            "[platform]\ntoken = \"\"\"\nSECRET\n\"\"\"",
            "[platform]\ntoken = SECRET",
            "[platform]\ntoken_file = \"a\"\ntoken_file = \"SECRET\"",
            "[platform]\ntoken_file = { file = \"SECRET\" }",
            "[platform]\nSECRET",
            "[platform] token_file = \"SECRET\"",
            "platform = \"SECRET\"",
            "platform = { token = \"SECRET\" }",
            "platform.token = \"SECRET\"",
            "token = \"SECRET\"",
            "[platform]\ntoken_file = \"\"\"\nSECRET\n",
            "[platform]\ntoken_file = 'SECRET\nurl = \"x\"",
            "[platform]\ntoken_file = \"SEC\\RET SECRET\"",
            "[http]\nlisten = 12\ntoken = \"SECRET\"",
            "[platform]\ntoken_file = SECRET",
            "[platform]\ntoken_file = [\"SECRET\"]",
            "[platform]\ntoken_file = \"SECRET",
        ] {
            let said = said(more);
            assert!(!said.contains("SECRET"), "{said}");
        }
    }

    #[test]
    fn a_text_that_stands_for_something_else_is_not_repeated() {
        let said = |text: &str| Config::from_text(text, Path::new("/")).unwrap_err()[0].to_string();
        for text in ["platform = \"SECRET\"", "demarche = \"SECRET, expected\""] {
            let said = said(text);
            assert!(
                said.contains("expected") && !said.contains("SECRET"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_slip_is_said_with_what_to_write() {
        let platform = "[platform]\ntoken_file = \"t\"\n";
        for (more, line, words) in [
            ("[[demarche]]\nnumber = \"12345\"", 7, "like number = 12345"),
            ("[[demarche]]\nnumber = -5", 7, "like number = 12345"),
            ("[[demarche]]\nnumber = 5.0", 7, "like number = 12345"),
            ("[[demarche]]\nservice = \"x\"", 6, "needs the number"),
            ("[demarche]\nnumber = 12345", 6, "write [[demarche]]"),
            ("poll_seconds = \"60\"", 6, "like poll_seconds = 60"),
            ("token_expires = 2027-03-01", 6, "with quotes"),
            ("token_expires = \"1er mars\"", 6, "with quotes"),
        ] {
            let said = said(&format!("{platform}{more}"));
            assert!(said.starts_with(&format!("bot.toml:{line}: ")), "{said}");
            assert!(said.contains(words), "{more}: {said}");
        }
        assert!(said("[platform]\nurl = \"x\"").contains("token_file = "));
        assert!(said("[[platform]]\ntoken_file = \"t\"").contains("single brackets"));
        // What the reader says well is left to it.
        assert!(said("[platform]\ntoken_fil = \"t\"").contains("expected one of"));
    }
}
