//! The table of a Parquet file.

use std::sync::Arc;

use lumimill_common::suggest::nearest;

use super::column::ParquetColumn;
use super::fault::ParquetFault;
use super::file::ParquetFile;
use super::reader::ParquetReader;

/// The table of a file. Cloning it shares the description.
#[derive(Debug, Clone)]
pub struct ParquetTable {
    file: ParquetFile,
    name: Arc<str>,
}

impl ParquetTable {
    /// That of a file, which has no name of its own: the one that it is asked for by.
    ///
    /// # Errors
    /// When the name stands for several trees.
    pub fn of(file: &ParquetFile, name: &str) -> Result<Self, ParquetFault> {
        if name.contains(['*', '?', '+']) {
            return Err(ParquetFault::OneTable {
                file: file.name().to_owned(),
                wanted: name.to_owned(),
            });
        }
        Ok(Self {
            file: file.clone(),
            name: name.into(),
        })
    }

    /// The name that it was asked for by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of entries: the file's rows.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.file.inner.starts.last().copied().unwrap_or_default()
    }

    /// The columns, in the order of the file.
    #[must_use]
    pub fn columns(&self) -> &[ParquetColumn] {
        &self.file.inner.columns
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ParquetColumn> {
        let place = self.file.inner.places.get(name)?;
        self.columns().get(*place)
    }

    /// The entries that row groups begin with, ascending from 0, and last the number of entries.
    #[must_use]
    pub fn clusters(&self) -> Vec<u64> {
        let mut starts = self.file.inner.starts.clone();
        starts.dedup();
        starts
    }

    /// Makes a reader of these columns, in this order.
    ///
    /// # Errors
    /// For a name that is not there, and for a column that is not decoded.
    pub fn reader(&self, names: &[&str]) -> Result<ParquetReader, ParquetFault> {
        let file = || self.file.name().to_owned();
        let chosen = names.iter().map(|name| {
            let column = self.column(name).ok_or_else(|| {
                let existing = self.columns().iter().map(ParquetColumn::name);
                ParquetFault::NoColumn {
                    file: file(),
                    wanted: (*name).to_owned(),
                    nearest: nearest(name, existing).map(str::to_owned),
                }
            })?;
            match &column.data_type {
                Ok(_) => Ok(column.clone()),
                Err(reason) => Err(ParquetFault::Unsupported {
                    file: file(),
                    column: (*name).to_owned(),
                    reason: reason.clone(),
                }),
            }
        });
        ParquetReader::new(self.file.clone(), chosen.collect::<Result<_, _>>()?)
    }
}
