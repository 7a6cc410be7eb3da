//! Mail out by SMTP: against a server that says what it is told to, and against a real Postfix.

mod fake;
mod postfix;
mod submission;
