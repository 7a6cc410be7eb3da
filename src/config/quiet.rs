//! `[quiet]`: when rooms and people are told without a ring.

use jiff::civil::Time;
use serde::Deserialize;

use crate::domain;

/// `[quiet]`. In quiet hours everything is still posted, in rooms and in private, but it neither rings nor pings anybody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quiet {
    /// The time of day from which it is quiet, in metropolitan France: `"20:00"`. The same as `to`: at no hour.
    pub from: String,
    /// And to which.
    pub to: String,
    /// And on Saturday and Sunday.
    pub weekends: bool,
    /// And on the public holidays of metropolitan France.
    pub holidays: bool,
}

impl Default for Quiet {
    fn default() -> Self {
        let domain::Quiet {
            from,
            to,
            weekends,
            holidays,
        } = domain::Quiet::default();
        let short = |time: Time| time.strftime("%H:%M").to_string();
        Self {
            from: short(from),
            to: short(to),
            weekends,
            holidays,
        }
    }
}

impl Quiet {
    /// The rule that it says.
    pub fn rule(&self) -> domain::Quiet {
        let usual = domain::Quiet::default();
        domain::Quiet {
            from: time(&self.from).unwrap_or(usual.from),
            to: time(&self.to).unwrap_or(usual.to),
            weekends: self.weekends,
            holidays: self.holidays,
        }
    }

    pub(super) fn faults(&self) -> Vec<String> {
        [("from", &self.from), ("to", &self.to)]
            .into_iter()
            .filter(|(_, text)| time(text).is_none())
            .map(|(key, text)| {
                format!(
                    "quiet.{key}: \"{text}\" is no time of day; write one like \"20:00\" or \"07:30\""
                )
            })
            .collect()
    }
}

/// `07:30`, and nothing else that could be read as a time.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute) = (
        digits(hour).then_some(hour)?,
        digits(minute).then_some(minute)?,
    );
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_two_digits_twice() {
        let quiet = |text: &str| toml::from_str::<Quiet>(text).unwrap();
        assert_eq!(quiet("").rule(), domain::Quiet::default());
        let night = quiet("from = \"22:15\"\nto = \"06:00\"\nweekends = false");
        assert_eq!(night.faults(), Vec::<String>::new());
        assert_eq!(night.rule().from, Time::new(22, 15, 0, 0).unwrap());
        assert!(!night.rule().weekends && night.rule().holidays);
        for wrong in ["20 h", "24:00", "8:00", "20:60", "", "+1:00", "20:00:00"] {
            let faults = quiet(&format!("from = \"{wrong}\"")).faults();
            assert_eq!(faults.len(), 1, "{wrong}");
            assert!(faults[0].contains("like \"20:00\""), "{faults:?}");
        }
        assert!(toml::from_str::<Quiet>("form = \"20:00\"").is_err());
    }
}
