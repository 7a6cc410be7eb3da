//! How durations are spread, without keeping each: how many lasted how many hours.

use std::collections::BTreeMap;

use jiff::SignedDuration;

/// How many durations there are of each whole number of hours.
#[derive(Debug, Clone, Default)]
pub(super) struct Spread {
    hours: BTreeMap<u32, u64>,
    len: u64,
}

impl Spread {
    /// Counts one; what ended before it began lasted nothing.
    pub(super) fn add(&mut self, duration: SignedDuration) {
        let hours = u32::try_from(duration.as_hours().max(0)).unwrap_or(u32::MAX);
        *self.hours.entry(hours).or_default() += 1;
        self.len += 1;
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The one of that rank, from 0, shortest first.
    fn at(&self, rank: u64) -> Option<f64> {
        let mut passed = 0;
        self.hours.iter().find_map(|(hours, count)| {
            passed += count;
            (rank < passed).then_some(f64::from(*hours))
        })
    }

    /// Hours of a percentile among those of ranks `from..to`, between two neighbours by their distance.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks are far below 2^52"
    )]
    pub(super) fn percentile(&self, from: u64, to: u64, share: f64) -> Option<f64> {
        let last = to.checked_sub(from)?.checked_sub(1)?;
        let place = last as f64 * share;
        let below = place.floor();
        let low = self.at(from + below as u64)?;
        let high = self.at((from + below as u64 + 1).min(from + last))?;
        Some(low + (high - low) * (place - below))
    }

    /// The mean in hours, what lies beyond the percentiles `share` and `1 - share` counting as these.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(super) fn winsorised(&self, share: f64) -> Option<f64> {
        let low = self.percentile(0, self.len, share)?;
        let high = self.percentile(0, self.len, 1.0 - share)?;
        let sum: f64 = self
            .hours
            .iter()
            .map(|(hours, count)| f64::from(*hours).clamp(low, high) * *count as f64)
            .sum();
        Some(sum / self.len as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hours: impl IntoIterator<Item = i64>) -> Spread {
        let mut spread = Spread::default();
        for hours in hours {
            spread.add(SignedDuration::from_hours(hours));
        }
        spread
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!(
            found.is_some_and(|found| (found - expected).abs() < 1e-9),
            "{found:?} is not {expected}"
        );
    }

    #[test]
    fn a_percentile_lies_between_its_neighbours() {
        let spread = of([40, 10, 30, 20]);
        close(spread.percentile(0, 4, 0.5), 25.0);
        close(spread.percentile(0, 4, 0.9), 37.0);
        close(spread.percentile(2, 4, 0.0), 30.0);
        close(spread.percentile(3, 4, 0.9), 40.0);
        assert_eq!(spread.percentile(2, 2, 0.5), None);
    }

    #[test]
    fn equal_durations_are_counted_each() {
        let spread = of([5, 5, 5, 7]);
        close(spread.percentile(0, 4, 0.5), 5.0);
        close(spread.percentile(0, 4, 1.0), 7.0);
    }

    #[test]
    fn an_outlier_pulls_the_mean_no_further_than_the_percentile() {
        // Ranks 0.95 × 20 = 19 of 0..=20: the 95th percentile is the 20th value, 100.
        let spread = of(std::iter::repeat_n(100, 20).chain([100_000]));
        close(spread.winsorised(0.05), 100.0);
        assert_eq!(of([]).winsorised(0.05), None);
    }
}
