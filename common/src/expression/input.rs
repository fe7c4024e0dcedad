//! Where an expression finds its values: a batch of entries, and the rows made of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};

use super::error::EvaluateError;
use super::evaluate::column::{Flat, floats, load};
use super::plan::List;
use super::row_index::{Domain, Index, RowIndex};
use super::value::Values;
use super::vector::Vectors;

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
    ) -> Result<Rc<Vec<f64>>, EvaluateError> {
        let flat = self.flat(collection, name)?;
        index.check(flat.range.len(), "members")?;
        floats(name, flat.values, flat.range, index)
    }
}
