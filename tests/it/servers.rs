//! Real mail servers of Debian, started by the tests in folders and on addresses of their own.

pub(crate) mod clamd;
pub(crate) mod dovecot;
pub(crate) mod postfix;
pub(crate) mod synapse;

pub(crate) use self::clamd::clamd;
pub(crate) use self::dovecot::{CLIENT, Dovecot, OTHERS, USER, dovecot, until};
pub(crate) use self::postfix::{postfix, postfix_between};
