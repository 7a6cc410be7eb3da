//! Parts of an answer, as far as they are there.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

/// The text at `key`, where there is one.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    scalar(value.get(key)?)
}

/// The same, empty where there is none.
pub(super) fn string(value: &Value, key: &str) -> String {
    text(value, key).unwrap_or_default()
}

/// A scalar as text: large numbers come as text from some instances, as numbers from others.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The number at `key`.
pub(super) fn number(value: &Value, key: &str) -> Option<u64> {
    match value.get(key)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The truth at `key`.
pub(super) fn truth(value: &Value, key: &str) -> Option<bool> {
    value.get(key)?.as_bool()
}

/// The moment at `key`. A day begins in Paris.
pub(super) fn moment(value: &Value, key: &str) -> Option<Timestamp> {
    let text = value.get(key)?.as_str()?;
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    paris(text.parse().ok()?)
}

/// When a day begins in Paris.
pub(super) fn paris(day: Date) -> Option<Timestamp> {
    let paris = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC);
    Some(day.to_zoned_datetime(paris).ok()?.timestamp())
}

/// What the list at `key` holds, without what is null.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter(|item| !item.is_null())
}

/// What is at `key`, unless it is null.
pub(super) fn inner<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|inner| !inner.is_null())
}
