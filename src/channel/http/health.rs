//! Whether Greffier can do its work, check by check.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::Serialize;

/// Named checks, set by whoever knows and read by `/readyz`.
#[derive(Debug, Default)]
pub struct Health {
    checks: RwLock<BTreeMap<&'static str, (bool, Option<String>)>>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is checked: `store`, `listener`.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// If not, why; if it is, what is to be done before it is not any more. For the operator, without anything personal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Health {
    /// Says that `name` is well.
    pub fn well(&self, name: &'static str) {
        self.set(name, true, None);
    }

    /// Says that `name` is well, and what is to be done so that it stays so.
    pub fn noted(&self, name: &'static str, what: impl Into<String>) {
        self.set(name, true, Some(what.into()));
    }

    /// Says that `name` is not well, or not yet, and why.
    pub fn ill(&self, name: &'static str, why: impl Into<String>) {
        self.set(name, false, Some(why.into()));
    }

    /// Whether it was said already that `name` is not well for that reason.
    pub fn says(&self, name: &str, why: &str) -> bool {
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner);
        checks
            .get(name)
            .is_some_and(|(ok, said)| !ok && said.as_deref() == Some(why))
    }

    /// All checks by name. Greffier is ready when each of them is well.
    pub fn checks(&self) -> Vec<Check> {
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner);
        checks
            .iter()
            .map(|(name, (ok, why))| Check {
                name,
                ok: *ok,
                why: why.clone(),
            })
            .collect()
    }

    fn set(&self, name: &'static str, ok: bool, why: Option<String>) {
        self.checks
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, (ok, why));
    }
}
