//! How a server arranges folders: what stands between two levels, and whether all are under INBOX.
//!
//! NAMESPACE (RFC 2342) would tell, where it is offered and answered as it should be. Looking for a folder, and making it where
//! the server lets us, tells too, and on every server.

use async_imap::imap_proto::{MailboxDatum, Response};

use super::fault::Fault;
use super::name;
use super::wire::Wire;

/// The arrangement of one server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tree {
    /// What stands between two levels, if there are levels.
    delimiter: Option<String>,
}

impl Tree {
    /// Asks the server.
    pub(super) async fn ask(wire: &mut Wire) -> Result<Self, Fault> {
        let mut delimiter = None;
        wire.command("LIST", "\"\" \"\"", |response| {
            if let Response::MailboxData(MailboxDatum::List(root)) = response {
                delimiter = root.delimiter.as_deref().map(str::to_owned);
            }
        })
        .await?;
        Ok(Self { delimiter })
    }

    /// The names that `folder`, written with `/` between levels, may have there, the likeliest first.
    fn candidates(&self, folder: &str) -> Vec<String> {
        let Some(delimiter) = self.delimiter.as_deref().filter(|it| !it.is_empty()) else {
            return vec![folder.to_owned()];
        };
        let plain = folder.replace('/', delimiter);
        let top = plain.split(delimiter).next().unwrap_or_default();
        if top.eq_ignore_ascii_case("INBOX") {
            return vec![plain];
        }
        let under = format!("INBOX{delimiter}{plain}");
        vec![plain, under]
    }

    /// The name of a folder that is there, or the likeliest name of one that is not.
    pub(super) async fn find(&self, wire: &mut Wire, folder: &str) -> Result<String, Fault> {
        let found = self.existing(wire, folder).await?;
        Ok(found.unwrap_or_else(|| self.candidates(folder).swap_remove(0)))
    }

    async fn existing(&self, wire: &mut Wire, folder: &str) -> Result<Option<String>, Fault> {
        for candidate in self.candidates(folder) {
            let mut there = false;
            let what = format!("\"\" {}", name::folder(&candidate));
            let listed = wire.command("LIST", &what, |response| {
                there |= matches!(response, Response::MailboxData(MailboxDatum::List(_)));
            });
            match listed.await {
                // A name that cannot be there is not.
                Err(Fault::Refused { .. }) => continue,
                ended => ended?,
            }
            if there {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    /// Makes a folder that is missing, and answers its name.
    pub(super) async fn ensure(&self, wire: &mut Wire, folder: &str) -> Result<String, Fault> {
        if let Some(existing) = self.existing(wire, folder).await? {
            return Ok(existing);
        }
        let mut refused = None;
        for candidate in self.candidates(folder) {
            let quoted = name::folder(&candidate);
            match wire.command("CREATE", &quoted, |_| {}).await {
                // Somebody else was faster.
                Err(Fault::Refused { code, .. }) if code.is("ALREADYEXISTS") => {
                    return Ok(candidate);
                }
                Err(fault @ Fault::Refused { .. }) => {
                    refused.get_or_insert(fault);
                    continue;
                }
                ended => ended?,
            }
            // So that mail programs show it. Some servers have no subscriptions.
            return match wire.command("SUBSCRIBE", &quoted, |_| {}).await {
                Err(Fault::Refused { .. }) | Ok(()) => Ok(candidate),
                Err(fault) => Err(fault),
            };
        }
        Err(refused.unwrap_or_else(|| Fault::Lost("a folder cannot be made".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(delimiter: &str, folder: &str) -> Vec<String> {
        let delimiter = Some(delimiter.to_owned());
        Tree { delimiter }.candidates(folder)
    }

    #[test]
    fn a_folder_may_be_under_the_inbox() {
        assert_eq!(candidates(".", "Traité"), ["Traité", "INBOX.Traité"]);
        assert_eq!(
            candidates(".", "Greffe/Traité"),
            ["Greffe.Traité", "INBOX.Greffe.Traité"]
        );
        assert_eq!(candidates("/", "Traité"), ["Traité", "INBOX/Traité"]);
    }

    #[test]
    fn what_is_under_the_inbox_already_stays_there() {
        assert_eq!(candidates(".", "INBOX"), ["INBOX"]);
        assert_eq!(candidates(".", "inbox"), ["inbox"]);
        assert_eq!(candidates(".", "INBOX.Traité"), ["INBOX.Traité"]);
        assert_eq!(candidates(".", "INBOX/Traité"), ["INBOX.Traité"]);
    }

    #[test]
    fn without_levels_a_name_is_as_it_is() {
        assert_eq!(Tree::default().candidates("a/b"), ["a/b"]);
    }
}
