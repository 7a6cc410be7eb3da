//! The full circle on real servers: the daemon, Postfix, Dovecot, and a mail program that is not ours.
//!
//! What is said in the room leaves by submission to Postfix, which brings it into the person's mailbox at Dovecot. A client
//! in Python reads it there and answers through Postfix, and the answer comes back to Greffier by LMTP, or into a mailbox
//! of its own that it reads by IMAP.

mod client;
mod deposit;
mod fault;
mod full;
mod proxy;
mod row;
mod stage;
mod stream;
mod whole;
