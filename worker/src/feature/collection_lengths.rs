//! That the columns of a collection have as many members as one another, event by event.
//!
//! Columns of one collection are put together by position. Where their lengths differ (one of
//! them was filtered, or has a counter of its own), a member would get the values of another, or
//! of another event. So they are compared once a batch, before anything is made of them.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use lumimill_common::expression::{EvaluateError, Scope, same_count, same_lengths};
use lumimill_common::own_length::has_own_length;

/// The columns that a stage reads and that are put together.
#[derive(Debug, Default)]
pub(crate) struct CollectionLengths {
    /// By collection; of collections of which it reads at least two.
    groups: Vec<Vec<String>>,
    /// A column of a collection, and the one that counts the collection and not this column.
    counted: Vec<(String, String)>,
}

impl CollectionLengths {
    /// Of the columns in `read`. Those not in `computed` are only kept as they are: they count
    /// where there is a counter (`nMuon`) to say that what begins alike belongs together; and are
    /// held against it where that is read, too.
    pub(crate) fn of(
        read: &BTreeSet<String>,
        computed: &BTreeSet<String>,
        events: &Scope,
        schema: &Schema,
    ) -> Self {
        let mut columns: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for name in read {
            if let Some(collection) = events.collection_of(name)
                && (computed.contains(name) || events.counter_of(collection).is_some())
            {
                columns.entry(collection).or_default().push(name.clone());
            }
        }
        let counted = columns.iter().filter_map(|(collection, of)| {
            let counter = events.counter_of(collection)?;
            let own = of.iter().find(|name| has_own_length(schema, name))?;
            let is_meant = read.contains(counter) || of.iter().any(|name| computed.contains(name));
            is_meant.then(|| (own.clone(), counter.to_owned()))
        });
        Self {
            counted: counted.collect(),
            groups: columns.into_values().filter(|of| of.len() > 1).collect(),
        }
    }

    /// The columns of each collection.
    pub(crate) fn groups(&self) -> &[Vec<String>] {
        &self.groups
    }

    /// Columns that are held against what counts their collection, each with that.
    pub(crate) fn counted(&self) -> &[(String, String)] {
        &self.counted
    }

    /// Columns whose types alone say that their lengths differ: the first two of each collection.
    pub(crate) fn unequal_by_type(&self, schema: &Schema) -> Vec<String> {
        let size = |name: &String| match schema.field_with_name(name).ok()?.data_type() {
            DataType::FixedSizeList(_, size) => Some((name.clone(), *size)),
            _ => None,
        };
        let unequal = |group: &Vec<String>| {
            let mut sizes = group.iter().filter_map(size);
            let (first, length) = sizes.next()?;
            let (second, other) = sizes.find(|(_, other)| *other != length)?;
            Some(format!(
                "branches \"{first}\" and \"{second}\" of one collection have {length} and {other} \
                 values an event, and cannot be used together"
            ))
        };
        self.groups.iter().filter_map(unequal).collect()
    }

    /// An error that names the first event where they differ, of columns that are all there.
    pub(crate) fn check(&self, events: &RecordBatch) -> Result<(), EvaluateError> {
        let is_there = |name: &&String| events.column_by_name(name).is_some();
        let counted = self
            .counted
            .iter()
            .flat_map(|(own, counter)| [own, counter]);
        let mut all = self.groups.iter().flatten().chain(counted);
        match all.find(|name| !is_there(name)) {
            Some(missing) => Err(EvaluateError::Missing(missing.clone())),
            None => self.check_those_there(events),
        }
    }

    /// The same of those columns that are there already.
    pub(crate) fn check_those_there(&self, events: &RecordBatch) -> Result<(), EvaluateError> {
        for group in &self.groups {
            let column = |name| Some((name, events.column_by_name(name)?));
            let mut there = group.iter().map(String::as_str).filter_map(column);
            let Some(first) = there.next() else {
                continue;
            };
            for other in there {
                same_lengths(first, other)?;
            }
        }
        for (name, counter) in &self.counted {
            let column = |name: &String| events.column_by_name(name);
            if let Some((own, count)) = column(name).zip(column(counter)) {
                same_count((name, own), (counter, count))?;
            }
        }
        Ok(())
    }
}
