//! A TOML table read key by key, so that everything wrong with a file is said at once.

use std::ops::Range;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

/// Something wrong in a file: where it starts, in bytes, and what to write instead.
pub(super) type Fault = (Range<usize>, String);

/// A table being read. Keys that nobody asked for are faults at the end.
pub(super) struct Table<'a, 'i> {
    keys: &'a DeTable<'i>,
    span: Range<usize>,
    asked: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(super) fn new(table: &'a DeTable<'i>, span: Range<usize>) -> Self {
        Self {
            keys: table,
            span,
            asked: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Where the value of `key` stands, or the table where it should.
    pub(super) fn span(&self, key: &str) -> Range<usize> {
        self.keys
            .get(key)
            .map_or(self.span.clone(), toml::Spanned::span)
    }

    pub(super) fn fault(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.faults.push((span, message.into()));
    }

    fn value(&mut self, key: &'static str) -> Option<(&'a DeValue<'i>, Range<usize>)> {
        self.asked.push(key);
        self.keys
            .get(key)
            .map(|value| (value.get_ref(), value.span()))
    }

    /// The text of `key`, which must be there.
    pub(super) fn required(&mut self, key: &'static str) -> String {
        let text = self.text(key).unwrap_or_default();
        if text.trim().is_empty()
            && self
                .keys
                .get(key)
                .is_none_or(|value| value.get_ref().is_str())
        {
            self.fault(
                self.span(key),
                format!("`{key}` is missing: write `{key} = \"…\"`"),
            );
        }
        text
    }

    /// The text of `key`.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let (value, span) = self.value(key)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.fault(
                span,
                format!("`{key}` must be a text: write `{key} = \"…\"`"),
            );
        }
        text
    }

    /// Whether `key` is true. False if it is not there.
    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        let Some((value, span)) = self.value(key) else {
            return false;
        };
        value.as_bool().unwrap_or_else(|| {
            self.fault(
                span,
                format!("`{key}` must be true or false, without quotes"),
            );
            false
        })
    }

    /// The whole number of `key`.
    pub(super) fn count(&mut self, key: &'static str) -> Option<usize> {
        let (value, span) = self.value(key)?;
        let count = value
            .as_integer()
            .and_then(|number| number.as_str().replace('_', "").parse().ok());
        if count.is_none() {
            self.fault(
                span,
                format!("`{key}` must be a whole number, without quotes"),
            );
        }
        count
    }

    /// The texts of `key`. None of them if it is not there.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Some((value, span)) = self.value(key) else {
            return Vec::new();
        };
        let texts = value.as_array().map(|array| {
            array
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
        });
        texts.and_then(Iterator::collect).unwrap_or_else(|| {
            self.fault(
                span,
                format!("`{key}` must be a list of texts: write `{key} = [\"…\", \"…\"]`"),
            );
            Vec::new()
        })
    }

    /// The value that `named` knows by the text of `key`, or `default` if it is not there.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        key: &'static str,
        all: &[T],
        name: fn(T) -> &'static str,
        default: Option<T>,
    ) -> Option<T> {
        let text = match default {
            Some(_) => self.text(key),
            None => Some(self.required(key)),
        };
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return default;
        };
        let found = all.iter().copied().find(|one| name(*one) == text);
        if found.is_none() {
            let names: Vec<_> = all
                .iter()
                .map(|one| format!("\"{}\"", name(*one)))
                .collect();
            self.fault(
                self.span(key),
                format!(
                    "`{key}` cannot be \"{text}\": write one of {}",
                    names.join(", ")
                ),
            );
        }
        found.or(default)
    }

    /// The tables of the list `key`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Table<'a, 'i>> {
        let Some((value, span)) = self.value(key) else {
            return Vec::new();
        };
        let each = |item: &'a toml::Spanned<DeValue<'i>>| {
            item.get_ref()
                .as_table()
                .map(|table| Table::new(table, item.span()))
        };
        let tables = value.as_array().map(|array| array.iter().map(each));
        tables.and_then(Iterator::collect).unwrap_or_else(|| {
            self.fault(
                span,
                format!("`{key}` must be a list of tables: write `[[{key}]]`"),
            );
            Vec::new()
        })
    }

    /// The constants of the table `key`: texts, whole numbers and booleans.
    pub(super) fn constants(&mut self, key: &'static str) -> serde_json::Map<String, Value> {
        let Some((value, span)) = self.value(key) else {
            return serde_json::Map::new();
        };
        let Some(table) = value.as_table() else {
            self.fault(
                span,
                format!("`{key}` must be a table: write `{key} = {{ kind = \"…\" }}`"),
            );
            return serde_json::Map::new();
        };
        let mut constants = serde_json::Map::new();
        for (name, value) in table {
            match constant(value.get_ref()) {
                Some(constant) => drop(constants.insert(name.get_ref().to_string(), constant)),
                None => self.fault(
                    value.span(),
                    format!(
                        "`{}` must be a text, a whole number, true or false",
                        name.get_ref()
                    ),
                ),
            }
        }
        constants
    }

    /// What was wrong. To be called last.
    pub(super) fn faults(mut self) -> Vec<Fault> {
        for key in self.keys.keys() {
            if !self.asked.contains(&key.get_ref().as_ref()) {
                let known = self.asked.join(", ");
                self.faults.push((
                    key.span(),
                    format!("unknown key `{}`: the keys are {known}", key.get_ref()),
                ));
            }
        }
        self.faults
    }
}

fn constant(value: &DeValue<'_>) -> Option<Value> {
    let number = value
        .as_integer()
        .and_then(|number| number.as_str().parse::<i64>().ok());
    let text = value.as_str().map(Value::from);
    text.or_else(|| value.as_bool().map(Value::from))
        .or_else(|| number.map(Value::from))
}
