//! Who gave out which row ids: what makes a delivery key unique though a store is restored from a backup.

use std::sync::{PoisonError, RwLock};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::draft::{self, Draft};
use super::meta::{self, Sequence};
use super::tree::Tree;
use crate::store::{Error, OutboxId};

/// A store's life from one row id on. A store restored from an export goes on under a new name, since the old one may
/// have given the same row ids to other messages meanwhile; rows from before keep the name under which they may have
/// been delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Instance {
    /// The first row id.
    pub(in crate::store) from: OutboxId,
    /// Six hexadecimal digits, by chance.
    pub(in crate::store) name: String,
}

impl Instance {
    /// Keeps the lives of a store that is being restored.
    pub(super) fn restore(draft: &mut Draft<'_>, instances: &[Self]) -> Result<(), Error> {
        let json = draft::write(Tree::Meta, &instances)?;
        draft.put(Tree::Meta, meta::INSTANCES, json);
        draft.mark(Tree::Meta, meta::RESTORED);
        Ok(())
    }
}

/// The lives of a store, in order.
#[derive(Debug)]
pub(super) struct Instances(RwLock<Vec<Instance>>);

impl Instances {
    /// As the store keeps them; a new store begins its first one.
    pub(super) fn load(draft: &mut Draft<'_>) -> Result<Self, Error> {
        let kept = draft.json::<Vec<Instance>>(Tree::Meta, meta::INSTANCES)?;
        let mut instances = kept.unwrap_or_default();
        if instances.is_empty() {
            begin(draft, &mut instances)?;
        }
        Ok(Self(RwLock::new(instances)))
    }

    /// Called before row ids are given out: a restored store begins a new life. The answer is for [`Self::set`], once
    /// the draft is applied.
    pub(super) fn renewed(&self, draft: &mut Draft<'_>) -> Result<Option<Vec<Instance>>, Error> {
        if draft.get(Tree::Meta, meta::RESTORED)?.is_none() {
            return Ok(None);
        }
        let mut instances = self.all();
        draft.remove(Tree::Meta, meta::RESTORED);
        begin(draft, &mut instances)?;
        Ok(Some(instances))
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Instance> {
        let instances = self.0.read().unwrap_or_else(PoisonError::into_inner);
        instances.clone()
    }

    /// Takes over what [`Self::renewed`] answered.
    pub(super) fn set(&self, instances: Vec<Instance>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = instances;
    }

    /// The key under which a row is delivered.
    pub(super) fn key(&self, id: OutboxId) -> String {
        let instances = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let instance = instances.iter().rev().find(|instance| instance.from <= id);
        let name = instance.map_or("", |instance| instance.name.as_str());
        format!("outbox-{id}.{name}")
    }
}

fn begin(draft: &mut Draft<'_>, instances: &mut Vec<Instance>) -> Result<(), Error> {
    let mut chance = [0; 3];
    getrandom::fill(&mut chance).map_err(|error| std::io::Error::other(error.to_string()))?;
    instances.push(Instance {
        // The very first also answers for ids that were never given out.
        from: if instances.is_empty() {
            0
        } else {
            meta::peek(draft, Sequence::Outbox)?
        },
        name: HEXLOWER.encode(&chance),
    });
    let json = draft::write(Tree::Meta, instances)?;
    draft.put(Tree::Meta, meta::INSTANCES, json);
    Ok(())
}
