//! Bearer tokens.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;

use super::file::sign;

/// What a token allows.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) write: bool,
    /// Other networks than the caller's: always refused.
    pub(super) foreign: bool,
    pub(super) expires_at: Option<Timestamp>,
    /// The démarches it reaches; none for all.
    pub(super) demarches: Option<BTreeSet<i32>>,
}

impl Token {
    pub(super) fn covers(&self, demarche: i32) -> bool {
        self.demarches
            .as_ref()
            .is_none_or(|demarches| demarches.contains(&demarche))
    }
}

/// `base64url("<id>;<secret>")`.
pub(super) fn spell(id: u32) -> String {
    BASE64URL_NOPAD.encode(format!("{id};{}", sign(&format!("token:{id}"))).as_bytes())
}
