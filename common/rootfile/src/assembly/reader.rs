//! Reads entries of trees that are read as one: directory by directory, one open at a time.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, new_empty_array};
use arrow_schema::SchemaRef;
use arrow_select::concat::concat;

use super::{Assembly, Part};
use crate::branch::Branch;
use crate::error::Error;
use crate::single_tree::SingleReader;

/// Reads ranges of entries from some branches.
#[derive(Debug)]
pub(crate) struct AssemblyReader {
    assembly: Arc<Assembly>,
    /// For each column, which tree of a directory has it, and its name there.
    columns: Vec<(usize, Arc<str>)>,
    schema: SchemaRef,
    /// The directory that is open, and the readers of its trees, each with its columns.
    open: Option<(usize, Vec<Columns>)>,
}

/// Some of the columns, by their numbers, and the reader of the tree that has them.
type Columns = (Vec<usize>, SingleReader);

impl AssemblyReader {
    pub(crate) fn new(assembly: Arc<Assembly>, positions: &[usize], schema: SchemaRef) -> Self {
        let column = |&at: &usize| {
            let branch = assembly.branches.list().get(at)?;
            Some((*assembly.owners.get(at)?, Arc::clone(&branch.name)))
        };
        let columns = positions.iter().filter_map(column).collect();
        Self {
            assembly,
            columns,
            schema,
            open: None,
        }
    }

    /// The columns' values of these entries, which are within the whole.
    pub(crate) fn read(&mut self, entries: &Range<u64>) -> Result<Vec<ArrayRef>, Error> {
        let assembly = Arc::clone(&self.assembly);
        let after = assembly
            .parts
            .partition_point(|part| part.first <= entries.start);
        let mut pieces: Vec<Vec<ArrayRef>> = Vec::new();
        for (number, part) in assembly
            .parts
            .iter()
            .enumerate()
            .skip(after.saturating_sub(1))
        {
            if part.first >= entries.end {
                break;
            }
            let within = |entry: u64| entry.saturating_sub(part.first).min(part.entries);
            let of_part = within(entries.start)..within(entries.end);
            if !of_part.is_empty() {
                pieces.push(self.read_part(number, part, &of_part)?);
            }
        }
        let column = |index: usize| -> Result<ArrayRef, Error> {
            let of_parts = pieces.iter().filter_map(|piece| piece.get(index));
            let of_parts: Vec<&dyn Array> = of_parts.map(AsRef::as_ref).collect();
            match (pieces.as_slice(), self.schema.fields().get(index)) {
                ([only], _) if only.len() > index => Ok(Arc::clone(&only[index])),
                ([], Some(field)) => Ok(new_empty_array(field.data_type())),
                _ => concat(&of_parts).map_err(|error| assembly.place().corrupt(error)),
            }
        };
        (0..self.columns.len()).map(column).collect()
    }

    fn read_part(
        &mut self,
        number: usize,
        part: &Part,
        entries: &Range<u64>,
    ) -> Result<Vec<ArrayRef>, Error> {
        let mut open = match self.open.take() {
            Some((known, readers)) if known == number => readers,
            _ => self.open_part(part)?,
        };
        let mut arrays: Vec<Option<ArrayRef>> = vec![None; self.columns.len()];
        for (columns, reader) in &mut open {
            for (column, array) in columns.iter().zip(reader.read(entries)?) {
                if let Some(slot) = arrays.get_mut(*column) {
                    *slot = Some(array);
                }
            }
        }
        self.open = Some((number, open));
        Ok(arrays.into_iter().flatten().collect())
    }

    fn open_part(&self, part: &Part) -> Result<Vec<Columns>, Error> {
        let mut readers = Vec::with_capacity(part.trees.len());
        for (owner, (key, path)) in part.trees.iter().enumerate() {
            let columns = self.columns.iter().enumerate();
            let columns = columns.filter(|(_, (of, _))| *of == owner);
            let columns: Vec<(usize, &Arc<str>)> =
                columns.map(|(at, (_, name))| (at, name)).collect();
            if columns.is_empty() {
                continue;
            }
            let assembly = &self.assembly;
            let tree = assembly.opened.tree(&assembly.file, key, path)?;
            let mut chosen: Vec<(&str, &Branch)> = Vec::with_capacity(columns.len());
            for (_, name) in &columns {
                let missing = || tree.place().corrupt(format!("branch {name:?} is gone"));
                chosen.push((name, tree.branch(name).ok_or_else(missing)?));
            }
            let numbers = columns.iter().map(|(at, _)| *at).collect();
            readers.push((numbers, tree.reader(&chosen)?));
        }
        Ok(readers)
    }
}
