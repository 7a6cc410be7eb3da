//! What came in, and what is wrong with it though Discord would say nothing.

use serde_json::Value;

use super::body::Part;

/// One request and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// The JSON of the body; null where there is none.
    pub(crate) body: Value,
    pub(crate) files: Vec<Part>,
    pub(crate) reason: Option<String>,
    pub(crate) at: u64,
    /// 0 where it was not answered.
    pub(crate) status: u16,
    /// The code of a refusal.
    pub(crate) code: u64,
}

/// What the gateway got.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) op: u64,
    pub(crate) data: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) requests: Vec<Request>,
    pub(crate) sent: Vec<Sent>,
    /// Close codes that the gateway gave.
    pub(crate) closes: Vec<u16>,
    /// Bodies that are not what the published description says.
    pub(crate) violations: Vec<String>,
    /// 401, 403 and 429: ten thousand in ten minutes are a ban.
    pub(crate) invalid: u32,
}
