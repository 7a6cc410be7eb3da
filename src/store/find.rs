//! The dossiers that a query wants: its lists and their rows, read side by side. Dossiers are opened only where a row
//! does not hold all of a text.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::ControlFlow;

use super::{Error, Store};
use crate::domain::query::{Found, Picker, Query};
use crate::domain::row::{Row, whole_row};

/// How many rows are looked at in the time that it takes to open a dossier.
pub const OPEN: u64 = 50;

/// What `query` finds. It looks at `most` dossiers at most, [`OPEN`] times fewer where each must be opened, and then
/// ends, as it does once `halted` says so: what was found is then not the whole.
pub fn find<S: Store + ?Sized>(
    store: &S,
    query: &Query,
    most: u64,
    halted: &dyn Fn() -> bool,
) -> Result<Found, Error> {
    let marked: HashSet<_> = if query.marked.is_empty() {
        HashSet::new()
    } else {
        let page = store.page(&query.marked, None, usize::MAX)?;
        page.dossiers.into_iter().collect()
    };
    let mut picker = Picker::new(query, &marked);
    let mut whole = true;
    let mut looked = 0_u64;
    let opened = Cell::new(0_u64);
    store.rows(&query.lists, &mut |number, bytes| {
        let spent = looked.saturating_add(opened.get().saturating_mul(OPEN));
        if spent >= most || (looked.is_multiple_of(1024) && halted()) {
            whole = false;
            return Ok(ControlFlow::Break(()));
        }
        looked += 1;
        let open = || {
            opened.set(opened.get() + 1);
            let dossier = store.load(number)?;
            Ok::<_, Error>(dossier.map(|(dossier, _)| whole_row(&dossier)))
        };
        if let Some(row) = Row::read(bytes) {
            picker.look(number, row, open)?;
        } else if let Some(bytes) = open()?
            && let Some(row) = Row::read(&bytes)
        {
            // A row that is missing or of another form is one that `store verify` tells of.
            picker.look(number, row, || Ok::<_, Error>(None))?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(picker.end(whole))
}
