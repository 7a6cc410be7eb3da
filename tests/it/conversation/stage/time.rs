//! Time that passes, with Greffier there or not, and slow work.

use greffier::message::Heard;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};

use super::Stage;

impl Stage {
    /// Lets time pass, a day at a time, as the clock would see it.
    pub(super) fn attend(&mut self, amount: &str, unit: &str) -> Vec<String> {
        let amount: i64 = amount[1..].parse().unwrap();
        let span: Span = match unit.trim_end_matches('s') {
            "min" => amount.minutes(),
            "h" => amount.hours(),
            "jour" => amount.days(),
            "moi" => amount.months(),
            "an" => amount.years(),
            _ => panic!("not a span of time: {unit}"),
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let end = self
            .desk()
            .now
            .to_zoned_datetime(zone.clone())
            .checked_add(span)
            .unwrap();
        let end = end.timestamp();
        let mut said = Vec::new();
        let mut tick = self.desk().now + 24.hours();
        while self.desk().now < end {
            let due = self.desk().next_due().unwrap_or(end);
            let next = tick.min(end).min(due.max(self.desk().now));
            let desk = self.desk();
            desk.now = next;
            if next == tick || next == end {
                tick = next + 24.hours();
                self.desk().hear(None, Heard::Tick);
            }
            if next == end
                && let Some(site) = self.desk().site.clone()
            {
                site.look(self.desk());
            }
            let lines = self.deliver();
            if !lines.is_empty() {
                let then = self.desk().now.to_zoned_datetime(zone.clone());
                said.push(format!("[{}]", then.strftime("%d/%m/%Y %H:%M")));
                said.extend(lines);
            }
        }
        said
    }

    /// `absence 7 jours`: Greffier was down for so long; the clock ticks once it is there again.
    pub(super) fn absence(&mut self, rest: &str) -> Vec<String> {
        let (amount, unit) = rest.split_once(' ').unwrap();
        assert!(unit.starts_with("jour"), "an absence is counted in days");
        let desk = self.desk();
        desk.now += (24 * amount.parse::<i64>().unwrap()).hours();
        desk.hear(None, Heard::Tick);
        self.deliver()
    }

    /// `avance 3`: slow work takes three steps; `avance`: it goes on by itself again.
    pub(super) fn advance(&mut self, rest: &str) -> Vec<String> {
        if rest.is_empty() {
            self.desk().held_back = false;
        } else {
            let steps = rest.parse().unwrap();
            assert_eq!(self.desk().work(steps), steps, "there was less to do");
        }
        self.deliver()
    }
}
