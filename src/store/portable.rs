//! A backup that any Greffier can read.
