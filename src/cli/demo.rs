//! `greffier demo`.
