//! Where an expression finds its values: a batch of entries, and the rows made of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};

use super::error::EvaluateError;
use super::evaluate::column::{Flat, floats, load};
use super::plan::List;
use super::value::Values;
use super::vector::Vectors;

/// Which of a column's values, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Index {
    /// All of so many.
    All(usize),
    /// These.
    Chosen(Vec<u32>),
}

impl Index {
    /// How many values it picks.
    pub fn len(&self) -> usize {
        match self {
            Self::All(len) => *len,
            Self::Chosen(chosen) => chosen.len(),
        }
    }

    /// Whether it picks nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place of the value that it picks as the `nth`.
    pub fn at(&self, nth: usize) -> Option<usize> {
        match self {
            Self::All(len) => (nth < *len).then_some(nth),
            Self::Chosen(chosen) => chosen.get(nth).map(|at| *at as usize),
        }
    }

    pub(super) fn gather<T: Copy>(&self, values: &Rc<[T]>) -> Rc<[T]> {
        match self {
            Self::All(_) => Rc::clone(values),
            Self::Chosen(chosen) => chosen.iter().map(|at| values[*at as usize]).collect(),
        }
    }

    /// The largest place it picks.
    fn largest(&self) -> Option<usize> {
        match self {
            Self::All(all) => all.checked_sub(1),
            Self::Chosen(chosen) => chosen.iter().max().map(|at| *at as usize),
        }
    }

    /// The places in what `self` picks from, of what `inner` picks from `self`.
    fn compose(&self, inner: &Self) -> Self {
        match (self, inner) {
            (Self::All(_), _) => inner.clone(),
            (_, Self::All(_)) => self.clone(),
            (Self::Chosen(outer), Self::Chosen(inner)) => {
                Self::Chosen(inner.iter().map(|at| outer[*at as usize]).collect())
            }
        }
    }

    fn check(&self, len: usize, what: &'static str) -> Result<(), EvaluateError> {
        match self.largest() {
            Some(index) if index >= len => Err(EvaluateError::Index { index, len, what }),
            _ => Ok(()),
        }
    }
}

/// Rows made of the entries of a batch, and of members of one collection.
#[derive(Debug, Clone)]
pub struct RowIndex {
    /// Per row, its entry in the batch.
    events: Arc<Index>,
    /// The members that rows use, as places in the flat values of the collection's columns.
    members: Arc<Index>,
    /// One more than the largest of them.
    reach: usize,
    /// Per slot (1 for `each`, 2 for pairs) and row, a place in `members`.
    slots: Vec<Arc<Index>>,
    /// The same, as places in the flat values.
    places: Vec<Arc<Index>>,
}

impl RowIndex {
    /// One row per entry of `events`.
    pub fn events(events: Index) -> Self {
        Self {
            events: Arc::new(events),
            members: Arc::new(Index::All(0)),
            reach: 0,
            slots: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Rows of members: per row its entry, and per slot and row a place in `members`, which are
    /// places in the flat values of the collection. All slots have as many rows as `events`.
    pub fn members(
        events: Index,
        members: Index,
        slots: Vec<Index>,
    ) -> Result<Self, EvaluateError> {
        for slot in &slots {
            slot.check(members.len(), "members")?;
            if slot.len() != events.len() {
                let (index, len) = (slot.len(), events.len());
                return Err(EvaluateError::Index {
                    index,
                    len,
                    what: "rows",
                });
            }
        }
        let places = slots
            .iter()
            .map(|slot| Arc::new(members.compose(slot)))
            .collect();
        Ok(Self {
            reach: members.largest().map_or(0, |at| at + 1),
            members: Arc::new(members),
            slots: slots.into_iter().map(Arc::new).collect(),
            places,
            ..Self::events(events)
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// Where a node's values are wanted: for every row, or for every entry of the batch (and, for
/// lists, every member).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    Rows,
    Events,
}

/// The columns to evaluate on. Vectors are remembered: evaluate all expressions on the same rows
/// with the same `Inputs`.
pub struct Inputs<'b> {
    batch: &'b RecordBatch,
    rows: RowIndex,
    entries: Arc<Index>,
    derived: BTreeMap<String, ArrayRef>,
    /// Per collection, the column that was read first.
    first_read: RefCell<BTreeMap<String, Flat<'b>>>,
    pub(super) vectors: RefCell<BTreeMap<String, Rc<Vectors>>>,
}

impl<'b> Inputs<'b> {
    /// One row per entry of `batch`.
    pub fn events(batch: &'b RecordBatch) -> Self {
        Self::unchecked(batch, RowIndex::events(Index::All(batch.num_rows())))
    }

    /// The rows that `rows` makes of `batch`.
    pub fn rows(batch: &'b RecordBatch, rows: RowIndex) -> Result<Self, EvaluateError> {
        rows.events.check(batch.num_rows(), "entries")?;
        Ok(Self::unchecked(batch, rows))
    }

    fn unchecked(batch: &'b RecordBatch, rows: RowIndex) -> Self {
        Self {
            batch,
            rows,
            entries: Arc::new(Index::All(batch.num_rows())),
            derived: BTreeMap::new(),
            first_read: RefCell::default(),
            vectors: RefCell::default(),
        }
    }

    /// Adds an earlier result, with one value per row.
    pub fn define(&mut self, name: &str, values: ArrayRef) {
        self.derived.insert(name.to_owned(), values);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Per value wanted in `domain`, its entry.
    pub(super) fn entries(&self, domain: Domain) -> &Arc<Index> {
        match domain {
            Domain::Rows => &self.rows.events,
            Domain::Events => &self.entries,
        }
    }

    /// The members that rows use, and of them the one of `slot` per row.
    pub(super) fn slot(&self, slot: usize) -> Result<(&Arc<Index>, &Arc<Index>), EvaluateError> {
        let len = self.rows.slots.len();
        let index = self.rows.slots.get(slot);
        let index = index.ok_or(EvaluateError::Index {
            index: slot,
            len,
            what: "slots",
        })?;
        Ok((&self.rows.members, index))
    }

    fn column(&self, name: &str) -> Result<&'b ArrayRef, EvaluateError> {
        self.batch
            .column_by_name(name)
            .ok_or_else(|| EvaluateError::Missing(name.to_owned()))
    }

    /// A column with one value per entry.
    pub(super) fn event(&self, name: &str, domain: Domain) -> Result<Values<'_>, EvaluateError> {
        let column = self.column(name)?;
        load(name, column, 0..column.len(), self.entries(domain))
    }

    /// An earlier result.
    pub(super) fn earlier(&self, name: &str) -> Result<Values<'_>, EvaluateError> {
        let missing = || EvaluateError::Missing(name.to_owned());
        let column = self.derived.get(name).ok_or_else(missing)?;
        load(name, column, 0..column.len(), &Index::All(self.len()))
    }

    /// A list column, member by member; an error if its lengths are not those of its collection.
    pub(super) fn flat(&self, collection: &str, name: &str) -> Result<Flat<'b>, EvaluateError> {
        let flat = Flat::new(name, self.column(name)?)?;
        let mut first_read = self.first_read.borrow_mut();
        match first_read.get(collection) {
            Some(first) => first.same_lengths(&flat)?,
            None => {
                first_read.insert(collection.to_owned(), flat.clone());
            }
        }
        Ok(flat)
    }

    /// The values of a list column, one per member of every entry.
    pub(super) fn list(&self, list: &List) -> Result<Values<'_>, EvaluateError> {
        let flat = self.flat(&list.collection, &list.column)?;
        load(
            &list.column,
            flat.values,
            flat.range.clone(),
            &Index::All(flat.range.len()),
        )
    }

    /// A list column, of the member in `slot` of every row.
    pub(super) fn member(&self, list: &List, slot: usize) -> Result<Values<'_>, EvaluateError> {
        let flat = self.flat(&list.collection, &list.column)?;
        let (len, index) = (flat.range.len(), self.rows.reach);
        if index > len {
            return Err(EvaluateError::Index {
                index,
                len,
                what: "members",
            });
        }
        self.slot(slot)?;
        load(
            &list.column,
            flat.values,
            flat.range,
            &self.rows.places[slot],
        )
    }

    /// A list column as floats, of the members that `index` picks.
    pub(super) fn floats(
        &self,
        collection: &str,
        name: &str,
        index: &Index,
    ) -> Result<Rc<[f64]>, EvaluateError> {
        let flat = self.flat(collection, name)?;
        index.check(flat.range.len(), "members")?;
        floats(name, flat.values, flat.range, index)
    }
}
