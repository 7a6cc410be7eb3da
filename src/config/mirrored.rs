//! `[platform]` and `[[demarche]]`, which need each other.

use std::collections::BTreeMap;

use super::Config;
use crate::channel::platform;
use crate::domain::DemarcheId;
use crate::mirror;

impl Config {
    /// How each démarche of the platform is served, by number.
    pub fn mirrored(&self) -> BTreeMap<DemarcheId, mirror::Settings> {
        let all = self.mirrored.iter();
        all.map(|settings| (settings.number, settings.clone()))
            .collect()
    }

    /// What stands wrong in `[platform]` and its démarches.
    pub(super) fn platform_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        match &self.platform {
            None if !self.mirrored.is_empty() => faults.push(
                "[[demarche]] is a démarche of the platform: write a [platform] with its token_file, or describe your own in the folder that greffier.demarches names".to_owned(),
            ),
            Some(_) if self.mirrored.is_empty() => faults.push(
                "[platform] needs a [[demarche]] for each démarche, with its number".to_owned(),
            ),
            _ => {}
        }
        faults.extend(self.platform.iter().flat_map(platform::Settings::faults));
        for (index, settings) in self.mirrored.iter().enumerate() {
            faults.extend(settings.faults());
            if let Some(email) = settings
                .porte_parole
                .as_ref()
                .filter(|email| !email.plausible())
            {
                faults.push(format!(
                    "[[demarche]] {}: porte_parole: \"{email}\" is no whole address; write that of an instructeur of the démarche, like \"nom@example.fr\"",
                    settings.number
                ));
            }
            let others = self.mirrored.iter().skip(index + 1);
            if others
                .into_iter()
                .any(|other| other.number == settings.number)
            {
                faults.push(format!(
                    "two [[demarche]] have the number {}: leave one",
                    settings.number
                ));
            }
        }
        faults
    }

    /// What of the platform works, but hardly as it is meant. Greffier starts all the same.
    pub fn platform_doubts(&self) -> Vec<String> {
        let settings = self.platform.iter().flat_map(platform::Settings::doubts);
        let unanswered = self
            .mirrored
            .iter()
            .filter(|settings| settings.usager_mail && settings.porte_parole.is_none());
        let unanswered = unanswered.map(|settings| {
            format!(
                "[[demarche]] {}: usager_mail without porte_parole: usagers are mailed and may answer, but nothing puts their answers into the messagerie; name the instructeur in whose name that is done",
                settings.number
            )
        });
        settings.chain(unanswered).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(more: &str) -> Config {
        let text = format!(
            "[mail]\ndomain = \"greffier.example\"\nfrom_address = \"g@greffier.example\"\n[platform]\ntoken_file = \"t\"\n{more}"
        );
        Config::from_text(&text, Path::new("/")).unwrap()
    }

    #[test]
    fn what_stands_wrong_in_a_demarche_is_said() {
        let fine = config("[[demarche]]\nnumber = 1\nporte_parole = \"ines@ddt.example\"");
        assert_eq!(fine.platform_faults(), Vec::<String>::new());
        for (more, words) in [
            ("", "needs a [[demarche]]"),
            ("[[demarche]]\nnumber = 0", "write the number"),
            (
                "[[demarche]]\nnumber = 1\n[[demarche]]\nnumber = 1",
                "two [[demarche]] have the number 1",
            ),
            (
                "[[demarche]]\nnumber = 1\nporte_parole = \"Ines Roux\"",
                "is no whole address",
            ),
        ] {
            let faults = config(more).platform_faults();
            assert_eq!(faults.len(), 1, "{more}: {faults:?}");
            assert!(faults[0].contains(words), "{faults:?}");
        }
    }

    #[test]
    fn answers_that_nothing_puts_into_the_messagerie_are_doubted() {
        let more = "[[demarche]]\nnumber = 1\nusager_mail = true\n";
        let doubts = config(more).platform_doubts();
        assert!(
            doubts[0].contains("[[demarche]] 1: usager_mail"),
            "{doubts:?}"
        );
        let named = format!("{more}porte_parole = \"ines@ddt.example\"");
        assert_eq!(config(&named).platform_doubts(), Vec::<String>::new());
    }
}
