//! Which dossiers of some lists are wanted, in which order: filters, a search, a sort, a page. It is answered row by row
//! and keeps no more than the page.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use serde::{Deserialize, Serialize};

use super::column::Column;
use super::dossier::Dossier;
use super::id::DossierId;
use super::row::{Cell, Place, Row, whole_row};
use super::view::List;
use super::{Statut, fold};

/// Which dossiers are wanted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Query {
    /// Out of the union of these.
    pub lists: Vec<List>,
    /// Those of these come first, the one that changed last before the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marked: Vec<List>,
    /// What their columns must hold; all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// What must stand somewhere in them; all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
    /// In which order; the newest deposit first where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
    /// Not this one, which is shown otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub except: Option<DossierId>,
    /// How many of the first are left out.
    pub skip: usize,
    /// How many are wanted after these.
    pub take: usize,
}

/// What a column must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Which.
    pub column: Column,
    /// One of these, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<Want>,
    /// All of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Want>,
    /// None of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub none: Vec<Want>,
}

impl Test {
    /// Nothing is asked of `column` yet.
    pub fn of(column: Column) -> Self {
        Self {
            column,
            any: Vec::new(),
            all: Vec::new(),
            none: Vec::new(),
        }
    }

    fn fits(&self, cell: Option<Cell<'_>>) -> Fits {
        let any = Fits::any(self.any.iter().map(|want| want.fits(cell)));
        let any = if self.any.is_empty() { Fits::Yes } else { any };
        let all = Fits::all(self.all.iter().map(|want| want.fits(cell)));
        let none = Fits::any(self.none.iter().map(|want| want.fits(cell))).not();
        Fits::all([any, all, none].into_iter())
    }
}

/// A condition on a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Its text has this in it, folded.
    Has(String),
    /// One of its values is this, folded.
    Is(String),
    /// Its number, day or moment lies between these, both included.
    Between(Option<f64>, Option<f64>),
}

/// A word that is searched for in all cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Folded.
    pub text: String,
    /// The number that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
}

/// By what a list is ordered. What is empty comes last, either way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sort {
    /// By which column.
    pub column: Column,
    /// The greatest first.
    #[serde(default)]
    pub down: bool,
}

/// What came of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// The page.
    pub numbers: Vec<DossierId>,
    /// How many fit, of those that were looked at.
    pub fitting: u64,
    /// All were looked at.
    pub whole: bool,
}

impl Query {
    /// Whether it wants the lists as they are, a page at a time.
    pub fn plain(&self) -> bool {
        self.tests.is_empty() && self.words.is_empty() && !self.sorts()
    }

    /// Whether the first page is known only once all are looked at.
    pub fn sorts(&self) -> bool {
        self.sort.is_some() || !self.marked.is_empty()
    }
}

/// Whether `dossier` is as all of `tests` want it.
pub fn passes(tests: &[Test], dossier: &Dossier) -> bool {
    if tests.is_empty() {
        return true;
    }
    let row = whole_row(dossier);
    Row::read(&row).is_some_and(|row| {
        let tests = tests.iter();
        let fits = tests.map(|test| test.fits(row.cell(&Place::from(&test.column))));
        Fits::all(fits) == Fits::Yes
    })
}

/// Whether something fits, as far as can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fits {
    Yes,
    No,
    /// The row has only the beginning of a text.
    Perhaps,
}

impl Fits {
    fn of(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Perhaps => Self::Perhaps,
        }
    }

    fn all(fits: impl Iterator<Item = Self>) -> Self {
        let mut sum = Self::Yes;
        for one in fits {
            match one {
                Self::No => return Self::No,
                Self::Perhaps => sum = Self::Perhaps,
                Self::Yes => {}
            }
        }
        sum
    }

    fn any(fits: impl Iterator<Item = Self>) -> Self {
        Self::all(fits.map(Self::not)).not()
    }
}

impl Want {
    fn fits(&self, cell: Option<Cell<'_>>) -> Fits {
        match (self, cell) {
            (Self::Has(wanted), Some(Cell::Text { text, cut })) => has(text, cut, wanted),
            // The last value that was kept may be the beginning of another.
            (Self::Is(_), Some(Cell::Text { cut: true, .. })) => Fits::Perhaps,
            (Self::Is(wanted), Some(Cell::Text { text, .. })) => {
                Fits::of(text.split('\n').any(|value| value == wanted))
            }
            (
                Self::Between(from, to),
                Some(Cell::Number(number) | Cell::Day(number) | Cell::Moment(number)),
            ) => {
                Fits::of(from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to))
            }
            _ => Fits::No,
        }
    }
}

fn has(text: &str, cut: bool, wanted: &str) -> Fits {
    match text.contains(wanted) {
        false if cut => Fits::Perhaps,
        found => Fits::of(found),
    }
}

impl Word {
    /// A word as people type it.
    pub fn of(typed: &str) -> Option<Self> {
        let text = fold(typed);
        let number = typed.replace(',', ".").parse().ok();
        let number = number.filter(|number: &f64| number.is_finite());
        (!text.is_empty()).then_some(Self { text, number })
    }

    fn fits(&self, row: Row<'_>) -> Fits {
        Fits::any(row.cells().map(|cell| match cell {
            Cell::Number(number) => Fits::of(self.number == Some(number)),
            Cell::Day(_) | Cell::Moment(_) => Fits::No,
            Cell::Text { text, cut } => has(text, cut, &self.text),
        }))
    }
}

/// Where a dossier comes in the order.
#[derive(Debug, PartialEq)]
struct Key<T> {
    unmarked: bool,
    value: Value<T>,
    place: u64,
}

/// By what it is ordered.
#[derive(Debug, PartialEq)]
enum Value<T> {
    Number(f64),
    Text(T),
    Empty,
}

impl<T: AsRef<str>> Key<T> {
    fn compare<U: AsRef<str>>(&self, other: &Key<U>, down: bool) -> Ordering {
        let turned = |order: Ordering| if down { order.reverse() } else { order };
        let values = match (&self.value, &other.value) {
            (Value::Empty, Value::Empty) => Ordering::Equal,
            (Value::Empty, _) => Ordering::Greater,
            (_, Value::Empty) => Ordering::Less,
            (Value::Number(one), Value::Number(other)) => turned(one.total_cmp(other)),
            (Value::Text(one), Value::Text(other)) => turned(one.as_ref().cmp(other.as_ref())),
            (Value::Number(_), Value::Text(_)) => Ordering::Less,
            (Value::Text(_), Value::Number(_)) => Ordering::Greater,
        };
        let marks = self.unmarked.cmp(&other.unmarked);
        marks.then(values).then(self.place.cmp(&other.place))
    }
}

struct Entry {
    key: Key<Box<str>>,
    down: bool,
    number: DossierId,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.compare(&other.key, self.down)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// Answers a query, shown one dossier after the other in the order of the lists.
pub struct Picker<'a> {
    query: &'a Query,
    tests: Vec<(Place, &'a Test)>,
    sort: Option<Place>,
    updated: Place,
    /// Where it sorts by them: the statuts in the order of the procedure, folded.
    statuts: Vec<String>,
    marked: &'a HashSet<DossierId>,
    fitting: u64,
    seen: u64,
    /// The first of those that fit, in an order that is not the lists'.
    best: BinaryHeap<Entry>,
    /// The page, in the lists' order.
    page: Vec<DossierId>,
}

impl<'a> Picker<'a> {
    /// Nothing seen yet. `marked` are the dossiers that come first.
    pub fn new(query: &'a Query, marked: &'a HashSet<DossierId>) -> Self {
        let sort = query.sort.as_ref();
        Self {
            query,
            tests: query
                .tests
                .iter()
                .map(|test| (Place::from(&test.column), test))
                .collect(),
            sort: sort.map(|sort| Place::from(&sort.column)),
            updated: Place::from(&Column::MiseAJour),
            statuts: sort
                .filter(|sort| sort.column == Column::Statut)
                .map(|_| Statut::ALL.map(|statut| fold(statut.libelle())).into())
                .unwrap_or_default(),
            marked,
            fitting: 0,
            seen: 0,
            best: BinaryHeap::new(),
            page: Vec::new(),
        }
    }

    /// Looks at a dossier by its row. Where the row does not tell whether it fits, `whole` gives one with all of its
    /// texts.
    pub fn look<E>(
        &mut self,
        number: DossierId,
        row: Row<'_>,
        whole: impl FnOnce() -> Result<Option<Vec<u8>>, E>,
    ) -> Result<(), E> {
        let place = self.seen;
        self.seen += 1;
        if self.query.except == Some(number) {
            return Ok(());
        }
        let fits = match self.fits(row) {
            Fits::Perhaps => {
                let whole = whole()?;
                let row = whole.as_deref().and_then(Row::read);
                row.is_some_and(|row| self.fits(row) == Fits::Yes)
            }
            Fits::Yes => true,
            Fits::No => false,
        };
        if fits {
            self.keep(number, row, place);
        }
        Ok(())
    }

    fn fits(&self, row: Row<'_>) -> Fits {
        let tests = self.tests.iter();
        let tests = tests.map(|(place, test)| test.fits(row.cell(place)));
        let words = self.query.words.iter().map(|word| word.fits(row));
        Fits::all(tests.chain(words))
    }

    fn keep(&mut self, number: DossierId, row: Row<'_>, place: u64) {
        self.fitting += 1;
        let Query { skip, take, .. } = *self.query;
        if !self.query.sorts() {
            if self.fitting > skip as u64 && self.page.len() < take {
                self.page.push(number);
            }
            return;
        }
        let down = self.query.sort.as_ref().is_none_or(|sort| sort.down);
        let key = self.key(number, row, place);
        if self.best.len() >= skip + take {
            let worst = self.best.peek();
            if worst.is_none_or(|worst| key.compare(&worst.key, down) != Ordering::Less) {
                return;
            }
            self.best.pop();
        }
        let value = match key.value {
            Value::Text(text) => Value::Text(text.into()),
            Value::Number(number) => Value::Number(number),
            Value::Empty => Value::Empty,
        };
        let key = Key {
            unmarked: key.unmarked,
            value,
            place,
        };
        self.best.push(Entry { key, down, number });
    }

    fn key<'r>(&self, number: DossierId, row: Row<'r>, place: u64) -> Key<&'r str> {
        let unmarked = !self.marked.contains(&number);
        let cell = match &self.sort {
            Some(sort) => row.cell(sort),
            None if unmarked => None,
            None => row.cell(&self.updated),
        };
        let value = match cell {
            None => Value::Empty,
            Some(Cell::Text { text, .. }) if !self.statuts.is_empty() => {
                let rank = self.statuts.iter().position(|statut| statut == text);
                let rank = rank.and_then(|rank| u8::try_from(rank).ok());
                Value::Number(rank.map_or(f64::MAX, f64::from))
            }
            Some(Cell::Text { text, .. }) => Value::Text(text),
            Some(Cell::Number(number) | Cell::Day(number) | Cell::Moment(number)) => {
                Value::Number(number)
            }
        };
        Key {
            unmarked,
            value,
            place,
        }
    }

    /// What was found. `whole` says that all of the lists were shown.
    pub fn end(self, whole: bool) -> Found {
        let Query { skip, take, .. } = *self.query;
        let numbers = if self.query.sorts() {
            let sorted = self.best.into_sorted_vec().into_iter();
            sorted
                .skip(skip)
                .take(take)
                .map(|entry| entry.number)
                .collect()
        } else {
            self.page
        };
        Found {
            numbers,
            fitting: self.fitting,
            whole,
        }
    }
}
