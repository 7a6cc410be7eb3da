//! Tables, their columns aligned.

use unicode_width::UnicodeWidthStr;

use super::markdown::{Look, Row, Span};

/// A column wider than this no longer pushes the next one to the right.
const WIDEST: usize = 40;

/// A table, cell by cell.
#[derive(Default)]
pub(super) struct Table {
    done: Vec<Vec<Row>>,
    cells: Vec<Row>,
    cell: Row,
}

impl Table {
    /// Adds to the cell under way.
    pub(super) fn push(&mut self, span: Span) {
        self.cell.push(span);
    }

    /// Goes on to the next cell.
    pub(super) fn end_cell(&mut self) {
        self.cells.push(std::mem::take(&mut self.cell));
    }

    /// Goes on to the next row.
    pub(super) fn end_row(&mut self) {
        self.done.push(std::mem::take(&mut self.cells));
    }

    /// The rows as they are shown.
    pub(super) fn rows(self) -> Vec<Row> {
        let widths = self.widths();
        self.done
            .into_iter()
            .map(|cells| laid_out(cells, &widths))
            .collect()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for cells in &self.done {
            widths.resize(widths.len().max(cells.len()), 0);
            for (most, cell) in widths.iter_mut().zip(cells) {
                *most = width(cell).min(WIDEST).max(*most);
            }
        }
        widths
    }
}

/// One row, each cell but the last filled up to its column's width.
fn laid_out(cells: Vec<Row>, widths: &[usize]) -> Row {
    let last = cells.len().saturating_sub(1);
    let mut row = Row::new();
    for (number, (cell, most)) in cells.into_iter().zip(widths).enumerate() {
        let missing = most.saturating_sub(width(&cell));
        row.extend(cell);
        if number < last {
            row.push(Span {
                text: " ".repeat(missing + 2),
                look: Look::default(),
            });
        }
    }
    row
}

/// Columns of the terminal that `row` takes.
fn width(row: &Row) -> usize {
    row.iter().map(|span| span.text.width()).sum()
}
