//! `[mail]`: who Greffier is by mail, and which files it takes.

use serde::Deserialize;

use crate::mail::{Files, Limits};

/// `[mail]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Domain of the reply addresses, `reponse+TOKEN@domain`.
    pub domain: String,
    /// Address that Greffier writes from.
    pub from_address: String,
    /// Name shown beside it; the service of the démarche where empty.
    #[serde(default)]
    pub from_name: String,
    /// Right part of every `Message-ID`; the domain where empty.
    #[serde(default)]
    pub host: String,
    /// Relays of our own whose `Authentication-Results` (RFC 8601) are believed, by their authserv-id.
    #[serde(default)]
    pub trusted_authserv_ids: Vec<String>,
    /// Days for which a reply address is answered, from the last mail that we sent in its conversation. 0: for ever.
    #[serde(default = "reply_days")]
    pub reply_days: u32,
    /// Whether an instructeur's answer by mail is sent on although no check proves that it is his. It speaks in the
    /// name of the administration: leave it false unless your mail server can prove nothing.
    #[serde(default)]
    pub instructeurs_unauthenticated: bool,
    /// Endings of the names of files that are taken, without the dot; `"*"` for all. What runs never is. A list of what
    /// administrations receive where absent.
    #[serde(default)]
    pub allowed_types: Option<Vec<String>>,
    /// Bytes of one attachment at most.
    #[serde(default = "max_attachment_bytes")]
    pub max_attachment_bytes: u64,
    /// What becomes of an archive or a document that needs a password.
    #[serde(default)]
    pub encrypted_archives: EncryptedArchives,
}

fn reply_days() -> u32 {
    400
}

fn max_attachment_bytes() -> u64 {
    Limits::default().attachment_bytes
}

impl Mail {
    /// Which files are taken.
    pub fn files(&self) -> Files {
        let mut files = Files {
            encrypted: self.encrypted_archives == EncryptedArchives::Accept,
            ..Files::default()
        };
        if let Some(allowed) = &self.allowed_types {
            let ending = |allowed: &String| allowed.trim_start_matches('.').to_lowercase();
            files.endings = allowed.iter().map(ending).collect();
        }
        files
    }

    /// What stands wrong in it.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let odd = |c: char| c.is_whitespace() || c == '@';
        if !self.domain.contains('.') || self.domain.contains(odd) {
            faults.push(
                "mail.domain: write the domain that replies come to, like \"greffier.example.fr\""
                    .to_owned(),
            );
        }
        if self.from_address.split_once('@').is_none() {
            faults.push(
                "mail.from_address: write a whole address, like \"greffier@example.fr\"".to_owned(),
            );
        }
        let plain = |ending: &String| {
            let ending = ending.trim_start_matches('.');
            ending == "*" || (!ending.is_empty() && ending.chars().all(char::is_alphanumeric))
        };
        if let Some(allowed) = &self.allowed_types
            && (allowed.is_empty() || !allowed.iter().all(plain))
        {
            let what =
                "mail.allowed_types: write endings of names, like [\"pdf\", \"docx\"], or [\"*\"]";
            faults.push(what.to_owned());
        }
        if !(1..=max_attachment_bytes()).contains(&self.max_attachment_bytes) {
            faults.push(format!(
                "mail.max_attachment_bytes: write 1 to {}",
                max_attachment_bytes()
            ));
        }
        faults
    }
}

/// What becomes of an archive or a document that needs a password: nobody can look into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncryptedArchives {
    /// It is left out, and its sender asked for one without a password.
    #[default]
    Refuse,
    /// It is taken as it is.
    Accept,
}
