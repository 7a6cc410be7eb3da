//! What Discord answers when it refuses: a status, a code of its own, and for a form the faults where they stand.

use serde_json::{Value, json};

/// An answer that is a refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: String,
    pub(crate) errors: Option<Value>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
            errors: None,
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, 0, "404: Not Found")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, 0, "405: Method Not Allowed")
    }

    pub(crate) fn unknown_channel() -> Self {
        Self::new(404, 10003, "Unknown Channel")
    }

    pub(crate) fn unknown_guild() -> Self {
        Self::new(404, 10004, "Unknown Guild")
    }

    pub(crate) fn unknown_message() -> Self {
        Self::new(404, 10008, "Unknown Message")
    }

    pub(crate) fn unknown_webhook() -> Self {
        Self::new(404, 10015, "Unknown Webhook")
    }

    pub(crate) fn unknown_interaction() -> Self {
        Self::new(404, 10062, "Unknown interaction")
    }

    pub(crate) fn invalid_webhook_token() -> Self {
        Self::new(401, 50027, "Invalid Webhook Token")
    }

    pub(crate) fn already_acknowledged() -> Self {
        Self::new(400, 40060, "Interaction has already been acknowledged.")
    }

    pub(crate) fn missing_access() -> Self {
        Self::new(403, 50001, "Missing Access")
    }

    pub(crate) fn missing_permissions() -> Self {
        Self::new(403, 50013, "Missing Permissions")
    }

    pub(crate) fn empty_message() -> Self {
        Self::new(400, 50006, "Cannot send an empty message")
    }

    pub(crate) fn too_large() -> Self {
        Self::new(413, 40005, "Request entity too large")
    }

    pub(crate) fn not_json() -> Self {
        Self::new(400, 50109, "The request body contains invalid JSON.")
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}

/// The faults of a body, gathered where they stand.
#[derive(Debug, Default)]
pub(crate) struct Form {
    errors: Option<Value>,
}

impl Form {
    /// A fault at `path`, keys and indices separated by dots; nothing is the body as a whole.
    pub(crate) fn fault(&mut self, path: &str, code: &str, message: &str) {
        let mut place = self.errors.get_or_insert_with(|| json!({}));
        for key in path.split('.').filter(|key| !key.is_empty()) {
            place = &mut place[key];
            if place.is_null() {
                *place = json!({});
            }
        }
        let fault = json!({ "code": code, "message": message });
        match place["_errors"].as_array_mut() {
            Some(faults) => faults.push(fault),
            None => place["_errors"] = json!([fault]),
        }
    }

    pub(crate) fn required(&mut self, path: &str) {
        self.fault(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    pub(crate) fn choices(&mut self, path: &str, among: &str) {
        let message = format!("Value must be one of {among}.");
        self.fault(path, "BASE_TYPE_CHOICES", &message);
    }

    /// A text of so many characters; null and absent are for the caller.
    pub(crate) fn text(&mut self, path: &str, value: &Value, least: usize, most: usize) {
        let Some(text) = value.as_str() else {
            let message = "Could not interpret value as string.";
            return self.fault(path, "STRING_TYPE_CONVERT", message);
        };
        let length = text.chars().count();
        if length > most && least == 0 {
            let message = format!("Must be {most} or fewer in length.");
            self.fault(path, "BASE_TYPE_MAX_LENGTH", &message);
        } else if length == 0 && least > 0 {
            self.required(path);
        } else if length < least || length > most {
            let message = format!("Must be between {least} and {most} in length.");
            self.fault(path, "BASE_TYPE_BAD_LENGTH", &message);
        }
    }

    /// The same where it is required.
    pub(crate) fn required_text(&mut self, path: &str, value: &Value, least: usize, most: usize) {
        if value.is_null() {
            self.required(path);
        } else {
            self.text(path, value, least, most);
        }
    }

    /// The same where it may be absent or null.
    pub(crate) fn optional_text(&mut self, path: &str, value: &Value, least: usize, most: usize) {
        if !value.is_null() {
            self.text(path, value, least, most);
        }
    }

    /// A list of so many; absent and null are none of it.
    pub(crate) fn list<'a>(&mut self, path: &str, value: &'a Value, most: usize) -> &'a [Value] {
        if value.is_null() {
            return &[];
        }
        let Some(list) = value.as_array() else {
            let message = "Only iterables may be used in a ListType";
            self.fault(path, "LIST_TYPE_CONVERT", message);
            return &[];
        };
        if list.len() > most {
            let message = format!("Must be {most} or fewer in length.");
            self.fault(path, "BASE_TYPE_MAX_LENGTH", &message);
        }
        list
    }

    /// A number between two others, where it is not absent.
    pub(crate) fn number(
        &mut self,
        path: &str,
        value: &Value,
        least: i64,
        most: i64,
    ) -> Option<i64> {
        if value.is_null() {
            return None;
        }
        let Some(number) = value.as_i64() else {
            self.fault(path, "NUMBER_TYPE_COERCE", "Value is not int.");
            return None;
        };
        if number < least {
            let message = format!("int value should be greater than or equal to {least}.");
            self.fault(path, "NUMBER_TYPE_MIN", &message);
        } else if number > most {
            let message = format!("int value should be less than or equal to {most}.");
            self.fault(path, "NUMBER_TYPE_MAX", &message);
        }
        Some(number)
    }

    pub(crate) fn boolean(&mut self, path: &str, value: &Value) {
        if !value.is_null() && !value.is_boolean() {
            let message = "Must be either true or false.";
            self.fault(path, "BOOLEAN_TYPE_CONVERT", message);
        }
    }

    /// A snowflake, which travels as a text of digits.
    pub(crate) fn snowflake(&mut self, path: &str, value: &Value) -> Option<u64> {
        let number = match value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_u64(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if number.is_none() {
            let message = format!("Value {value} is not snowflake.");
            self.fault(path, "NUMBER_TYPE_COERCE", &message);
        }
        number
    }

    /// Nothing, if there was no fault.
    pub(crate) fn done(self) -> Result<(), Refusal> {
        match self.errors {
            None => Ok(()),
            Some(errors) => Err(Refusal {
                errors: Some(errors),
                ..Refusal::new(400, 50035, "Invalid Form Body")
            }),
        }
    }
}
