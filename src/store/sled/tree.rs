//! The trees of the ledger.

use ::sled::Db;

use crate::store::Error;

macro_rules! trees {
    ($($(#[$doc:meta])* $tree:ident $field:ident,)*) => {
        /// A tree, by what it keeps.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Tree {
            $($(#[$doc])* $tree,)*
        }

        impl Tree {
            /// Its name on disk and in messages.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$tree => stringify!($field),)*
                }
            }
        }

        /// The trees, open.
        pub(super) struct Trees {
            $($field: ::sled::Tree,)*
        }

        impl Trees {
            /// Opens all of them in `db`.
            pub(super) fn open(db: &Db) -> Result<Self, ::sled::Error> {
                Ok(Self {
                    $($field: db.open_tree(stringify!($field))?,)*
                })
            }

            /// One of them.
            pub(super) fn of(&self, tree: Tree) -> &::sled::Tree {
                match tree {
                    $(Tree::$tree => &self.$field,)*
                }
            }
        }
    };
}

trees! {
    /// Dossier ‖ version → `Recorded`, as JSON. All but the queues can be made anew from it.
    Events events,
    /// Dossier → `Record`: where it is listed, and its state as JSON.
    States states,
    /// List ‖ order → nothing.
    Lists lists,
    /// Démarche ‖ order → what lists know of the dossier, as `domain::row` writes it.
    Rows rows,
    /// List → how many dossiers.
    Counts counts,
    /// Démarche → how many dossiers that are not purged.
    Totals totals,
    /// Time ‖ dossier → nothing.
    Due due,
    /// Collection ‖ key → JSON.
    Documents documents,
    /// Row id → `Row`, as JSON.
    Outbox outbox,
    /// Row id → `Row`, as JSON.
    Dead dead,
    /// Tag ‖ row id → nothing.
    Tags tags,
    /// Journal id → `Incoming`, as JSON.
    Journal journal,
    /// Network id of what the journal keeps → journal id.
    Heard heard,
    /// Cause → time ‖ `Receipt`, as JSON.
    Causes causes,
    /// Time ‖ cause → nothing.
    CauseTimes cause_times,
    /// Destination ‖ card → the network's id.
    Remotes remotes,
    /// Network ‖ its id → card.
    Cards cards,
    /// Hash ‖ owner → nothing: who needs a file.
    References references,
    /// Dossier ‖ what else speaks of it → nothing: what its purge takes away.
    About about,
    /// Sequences, counters and the schema.
    Meta meta,
}

impl Trees {
    /// The value behind `key`.
    pub(super) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<::sled::IVec>, Error> {
        Ok(self.of(tree).get(key)?)
    }

    /// The pairs whose keys begin with `prefix`, in order.
    pub(super) fn with(
        &self,
        tree: Tree,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<(::sled::IVec, ::sled::IVec), Error>> + use<> {
        self.of(tree)
            .scan_prefix(prefix)
            .map(|pair| pair.map_err(Error::from))
    }
}

impl From<::sled::Error> for Error {
    fn from(error: ::sled::Error) -> Self {
        Self::Database(error.to_string())
    }
}
