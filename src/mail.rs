//! Mail, understood and composed: pure, synchronous.

pub mod compose;
