//! A tree: record batches in, clusters of baskets and the `TTree` record out.

use super::{
    Compression, WriteError,
    branch::{Branch, write_io_features},
    buffer::{Buffer, ObjectRef},
    cluster::Clusters,
    column::{Column, Shape},
    file::{FileWriter, Record},
};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::io::{Seek, Write};

/// Bytes of a basket before a new one is begun.
const BASKET_BYTES: usize = 32_000;

/// Writes one tree into a file, cluster by cluster.
#[derive(Debug)]
pub struct TreeWriter {
    directory: String,
    name: String,
    schema: SchemaRef,
    branches: Vec<Branch>,
    clusters: Clusters,
    entries: u64,
}

impl TreeWriter {
    /// A tree whose branches are the fields of `schema`, in order, all compressed alike; in a
    /// directory where its name is `DIR/tree`.
    ///
    /// A primitive or boolean field is a flat branch, a fixed-size list `name[N]`, a list a
    /// jagged branch: its field's metadata names under [`super::COUNTER`] an int32 or uint32
    /// field before it.
    ///
    /// # Errors
    /// When a field has a type that no branch holds, or a list has no counter.
    pub fn new(
        name: &str,
        schema: SchemaRef,
        compression: Compression,
    ) -> Result<Self, WriteError> {
        let columns = Column::all(&schema)?;
        let branches = columns
            .into_iter()
            .map(|c| Branch::new(c, compression, BASKET_BYTES))
            .collect();
        let (directory, name) = name.split_once('/').unwrap_or(("", name));
        Ok(Self {
            directory: directory.to_owned(),
            name: name.to_owned(),
            schema,
            branches,
            clusters: Clusters::default(),
            entries: 0,
        })
    }

    /// Begins a new basket after so many bytes (32,000 unless told); at least one entry fits.
    #[must_use]
    pub fn basket_bytes(mut self, bytes: usize) -> Self {
        let bytes = bytes.clamp(1, 1 << 30);
        self.branches
            .iter_mut()
            .for_each(|branch| branch.set_basket_bytes(bytes));
        self
    }

    /// Writes a batch as one cluster; an empty batch writes nothing.
    ///
    /// # Errors
    /// When the batch has another schema, nulls or counts that disagree, or the file refuses.
    pub fn write_cluster<W: Write + Seek>(
        &mut self,
        file: &mut FileWriter<W>,
        batch: &RecordBatch,
    ) -> Result<(), WriteError> {
        self.check(batch)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        for (branch, array) in self.branches.iter_mut().zip(batch.columns()) {
            branch.write_cluster(file, &self.name, array)?;
        }
        self.entries += batch.num_rows() as u64;
        self.clusters.push(batch.num_rows() as u64);
        Ok(())
    }

    /// Writes the tree's record and lists it in the file.
    ///
    /// # Errors
    /// When the file refuses bytes or would pass 2 GB.
    pub fn finish<W: Write + Seek>(self, file: &mut FileWriter<W>) -> Result<(), WriteError> {
        let key_length = FileWriter::<W>::key_length("TTree", &self.name, &self.name, 0);
        let payload = self.record(key_length);
        file.directory_of(&self.directory)?;
        file.put(&Record {
            class: "TTree",
            name: &self.name,
            title: &self.name,
            key_addition: &[],
            payload: &payload,
            compression: Compression::Zlib(1),
            listed: Some(&self.directory),
        })?;
        Ok(())
    }

    fn check(&self, batch: &RecordBatch) -> Result<(), WriteError> {
        let wrong = |reason: String| WriteError::Batch {
            tree: self.name.clone(),
            reason,
        };
        if batch.schema().fields() != self.schema.fields() {
            return Err(wrong("a batch has another schema than the tree".to_owned()));
        }
        for (branch, array) in self.branches.iter().zip(batch.columns()) {
            if Column::has_nulls(array) {
                return Err(wrong(format!("column {} has nulls", branch.column.name)));
            }
            if let Shape::Jagged(counter) = branch.column.shape {
                branch.column.check_counts(array, batch.column(counter))?;
            }
        }
        Ok(())
    }

    fn record(&self, key_length: u32) -> Vec<u8> {
        let mut out = Buffer::new(key_length);
        out.versioned(20, |b| {
            b.named(&self.name, &self.name);
            write_attributes(b);
            self.write_numbers(b);
            write_io_features(b);
            let mut leaves = Vec::new();
            b.object_array(self.branches.len(), |b| leaves = self.write_branches(b));
            b.object_array(leaves.len(), |b| {
                leaves.iter().for_each(|&leaf| b.pointer(leaf))
            });
            // No aliases; index values, index: empty; no tree index, friends, user info, branch ref.
            (0..7).for_each(|_| b.u32(0));
        });
        out.into_bytes()
    }

    fn write_branches(&self, b: &mut Buffer) -> Vec<Option<ObjectRef>> {
        let mut leaves: Vec<Option<ObjectRef>> = Vec::with_capacity(self.branches.len());
        for branch in &self.branches {
            let counter = match branch.column.shape {
                Shape::Jagged(index) => leaves.get(index).copied().flatten(),
                _ => None,
            };
            leaves.push(branch.write(b, counter));
        }
        leaves
    }

    /// The plain fields of `TTree`, from `fEntries` to the cluster tables.
    fn write_numbers(&self, b: &mut Buffer) {
        let (plain, stored) = self
            .branches
            .iter()
            .map(Branch::bytes)
            .fold((0, 0), |sum, bytes| (sum.0 + bytes.0, sum.1 + bytes.1));
        let ranges = self.clusters.ranges();
        b.i64(self.entries as i64);
        b.i64(plain);
        b.i64(stored);
        b.i64(0); // saved bytes
        b.i64(stored); // flushed bytes
        b.f64(1.0); // weight
        b.i32(0); // timer interval
        b.i32(25); // scan field
        b.i32(0); // update
        b.i32(1000); // default entry offset length
        b.i32(ranges.len() as i32);
        b.i64(1_000_000_000_000); // maximum entries
        b.i64(1_000_000_000_000); // maximum entry loop
        b.i64(0); // maximum virtual size
        b.i64(-300_000_000); // auto save
        b.i64(self.clusters.auto_flush());
        b.i64(1_000_000); // estimate
        b.u8(u8::from(!ranges.is_empty()));
        ranges.iter().for_each(|(end, _)| b.i64(*end));
        b.u8(u8::from(!ranges.is_empty()));
        ranges.iter().for_each(|(_, size)| b.i64(*size));
    }
}

/// Line, fill and marker attributes: ROOT's defaults.
fn write_attributes(b: &mut Buffer) {
    b.versioned(2, |b| [602, 1, 1].into_iter().for_each(|v| b.u16(v)));
    b.versioned(2, |b| [0, 1001].into_iter().for_each(|v| b.u16(v)));
    b.versioned(2, |b| {
        [1, 1].into_iter().for_each(|v| b.u16(v));
        b.raw(&1.0_f32.to_be_bytes());
    });
}
