//! `[[demarche]]` of `bot.toml`: a démarche of the platform, and what the platform does not say of it.

use serde::{Deserialize, Serialize};

use crate::domain::{DemarcheId, Email, ExpertPolicy};

/// How Greffier serves a démarche of the platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its number.
    pub number: DemarcheId,
    /// The service in charge, as mails to experts are signed; what the platform says where empty.
    #[serde(default)]
    pub service: String,
    /// Whether Greffier mails the usager what an instructeur writes, from here or on the site, with an address to answer to. The
    /// platform's own mail, which leaves anyway, has a link only: the usager has two.
    #[serde(default)]
    pub usager_mail: bool,
    /// The instructeur in whose name an usager's answer by mail is put into the messagerie of the platform.
    #[serde(default)]
    pub porte_parole: Option<Email>,
    /// Label or id of the annotation privée that avis which came by mail are written into.
    #[serde(default)]
    pub avis_annotation: Option<String>,
    /// Whether they are written into the messagerie too, which the usager reads: for a démarche where avis are not kept from
    /// him. Both in the name of the instructeur who asked.
    #[serde(default)]
    pub avis_message: bool,
    /// Who may be asked for an avis by mail.
    #[serde(default)]
    pub experts: ExpertPolicy,
    /// Whether a decision takes two instructeurs.
    #[serde(default)]
    pub four_eyes: bool,
    /// Days after which an expert is reminded; 0 for never.
    #[serde(default = "seven")]
    pub avis_reminder_days: u32,
    /// How often at most.
    #[serde(default = "two")]
    pub avis_reminders_max: u32,
}

fn seven() -> u32 {
    7
}

fn two() -> u32 {
    2
}

impl Settings {
    /// A démarche without anything particular.
    pub fn of(number: DemarcheId) -> Self {
        Self {
            number,
            service: String::new(),
            usager_mail: false,
            porte_parole: None,
            avis_annotation: None,
            avis_message: false,
            experts: ExpertPolicy::default(),
            four_eyes: false,
            avis_reminder_days: seven(),
            avis_reminders_max: two(),
        }
    }

    /// What stands wrong in it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let number = self.number;
        if self.number.0 == 0 {
            faults.push(
                "[[demarche]] number: write the number that the platform shows beside its title"
                    .to_owned(),
            );
        }
        if self.avis_reminder_days > 365 || self.avis_reminders_max > 20 {
            faults.push(format!("demarche {number}: avis_reminder_days is at most 365, avis_reminders_max at most 20"));
        }
        faults
    }
}
