//! The tests that need more than one module, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ledger;
