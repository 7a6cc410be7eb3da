//! From a request's JSON to its answer's.

use std::sync::Arc;

use apollo_compiler::executable::ExecutableDocument;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value, json};

use super::ctx::{CODE, Ctx, Node};
use super::file::sign;
use super::http::Shared;
use super::schema::Refusal;
use super::token::Token;

/// A request that can be executed.
pub(super) struct Prepared {
    document: Arc<Valid<ExecutableDocument>>,
    operation: Option<String>,
    variables: Valid<JsonMap>,
    mutation: bool,
    /// The operation's name, then its root fields': what faults and counters know it under.
    pub(super) names: Vec<String>,
}

/// A request that cannot be.
pub(super) struct Unprepared {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) name: Option<String>,
}

/// The body of a 500.
pub(super) fn internal() -> Value {
    let hex = sign("exception");
    let id = hex.get(..8).unwrap_or_default();
    let extensions = json!({ "code": "internal_server_error", "exception_id": format!("{id}-0000-4000-8000-000000000000") });
    json!({ "errors": [{ "message": "Internal Server Error", "extensions": extensions }], "data": null })
}

/// Parses, validates and reads the variables.
pub(super) fn prepare(shared: &Shared, asked: &Value) -> Result<Prepared, Unprepared> {
    let operation = asked
        .get("operationName")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let refuse = |status, body| Unprepared {
        status,
        body,
        name: operation.clone(),
    };
    let coded = |status, code: &str, message: String| {
        refuse(
            status,
            json!({ "errors": [{ "message": message, "extensions": { "code": code } }], "data": null }),
        )
    };
    if let Some(id) = asked.get("queryId").and_then(Value::as_str) {
        return Err(coded(
            400,
            "bad_request",
            format!("No query with id \"{id}\""),
        ));
    }
    let Some(query) = asked.get("query").and_then(Value::as_str) else {
        return Err(refuse(
            200,
            json!({ "errors": [{ "message": "No query string was present" }] }),
        ));
    };
    let document = shared
        .documents
        .get(query)
        .map_err(|refusal| match refusal {
            Refusal::Unparsable(message) => coded(400, "graphql_parse_failed", message),
            Refusal::Invalid(errors) => refuse(200, json!({ "errors": errors })),
        })?;
    let found = document.operations.get(operation.as_deref());
    let found = found.map_err(|bad| {
        refuse(
            200,
            json!({ "errors": [{ "message": bad.message().to_string() }] }),
        )
    })?;
    let variables = match asked.get("variables") {
        Some(Value::String(text)) if text.is_empty() => Value::Object(Map::new()),
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|bad| coded(400, "graphql_parse_failed", bad.to_string()))?,
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(other) => other.clone(),
    };
    let JsonValue::Object(variables) = JsonValue::from_value(variables) else {
        return Err(coded(
            400,
            "bad_request",
            "Unexpected parameter: variables".to_owned(),
        ));
    };
    let variables =
        coerce_variable_values(&shared.documents.schema, found, &variables).map_err(|bad| {
            refuse(
                200,
                json!({ "errors": [{ "message": bad.message().to_string() }] }),
            )
        })?;
    let mut names: Vec<String> = found.name.iter().map(ToString::to_string).collect();
    names.extend(
        found
            .root_fields(&document)
            .map(|field| field.name.to_string()),
    );
    let mutation = found.is_mutation();
    Ok(Prepared {
        document: document.clone(),
        operation,
        variables,
        mutation,
        names,
    })
}

/// Executes; the status is 500 when the platform would have raised.
pub(super) fn execute(
    shared: &Shared,
    prepared: &Prepared,
    token: Token,
    budget: Option<u64>,
) -> (u16, Value) {
    let state = &mut *shared.state();
    let ctx = Ctx::new(state, &shared.base, Some(token), &prepared.document, budget);
    let root = Node::root(&ctx, prepared.mutation);
    let execution = Execution::new(&shared.documents.schema, &prepared.document)
        .enable_schema_introspection(true)
        .coerced_variable_values(&prepared.variables)
        .operation_name(prepared.operation.as_deref());
    let answered = execution.and_then(|execution| execution.execute_sync(&root));
    if ctx.crashed.get() {
        return (500, internal());
    }
    match answered {
        Ok(response) => {
            let mut answer = Map::new();
            if !response.errors.is_empty() {
                let errors = response.errors.iter().map(|each| field_error(&json!(each)));
                answer.insert("errors".to_owned(), errors.collect());
            }
            answer.insert("data".to_owned(), json!(response.data));
            (200, Value::Object(answer))
        }
        Err(bad) => (
            200,
            json!({ "errors": [{ "message": bad.message().to_string() }] }),
        ),
    }
}

fn field_error(error: &Value) -> Value {
    let mut error = error.clone();
    let message = error
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let message = message.strip_prefix("resolver error: ").unwrap_or(message);
    let (code, message) = match message.split_once(CODE) {
        Some((code, message)) => (code.to_owned(), message.to_owned()),
        None => ("invalid_null".to_owned(), message.to_owned()),
    };
    if let Some(fields) = error.as_object_mut() {
        fields.insert("message".to_owned(), message.into());
        fields.insert("extensions".to_owned(), json!({ "code": code }));
    }
    error
}

trait FromSerde {
    fn from_value(value: Value) -> Self;
}

impl FromSerde for JsonValue {
    fn from_value(value: Value) -> Self {
        serde_json::from_value(value).unwrap_or_default()
    }
}
