//! Models in bins of centrality and transverse momentum: each row is scored by that of its bin.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Float32Array, Int32Array, RecordBatch, UInt32Array};
use arrow_select::take::take_record_batch;
use lumimill_common::bdt_config::BdtConfig;
use lumimill_common::failure::{Failure, FailureKind};

use super::evaluator::{Evaluator, Gathering};
use super::features::doubles;

/// What stands where a row is in no bin.
const NO_BIN: i32 = -1;

/// The models of a BDT configuration, and the columns that they and its bins are of.
#[derive(Debug, Clone)]
pub struct Bins {
    config: Arc<BdtConfig>,
    models: Vec<Arc<dyn Evaluator>>,
    centrality: String,
    pt: String,
    read: Vec<String>,
}

impl Bins {
    /// One model a bin, in the order of the configuration.
    pub(crate) fn new(
        config: Arc<BdtConfig>,
        models: Vec<Arc<dyn Evaluator>>,
        centrality: String,
        pt: String,
    ) -> Self {
        let inputs = models.first().map_or(&[][..], |model| model.inputs());
        let mut read = inputs.to_vec();
        for column in [&centrality, &pt] {
            if !read.contains(column) {
                read.push(column.clone());
            }
        }
        Self {
            config,
            models,
            centrality,
            pt,
            read,
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &BdtConfig {
        &self.config
    }

    /// The model of each bin.
    #[must_use]
    pub fn models(&self) -> &[Arc<dyn Evaluator>] {
        &self.models
    }

    /// The bin of each row; `None` where it is in none.
    pub fn of_rows(&self, rows: &RecordBatch) -> Result<Vec<Option<usize>>, Failure> {
        let column = |name: &String| {
            let found = rows.column_by_name(name).and_then(doubles);
            let missing =
                || Failure::reject(FailureKind::Model, name, format!("no number column {name}"));
            found.ok_or_else(missing)
        };
        let (centrality, pt) = (column(&self.centrality)?, column(&self.pt)?);
        let rows = centrality.iter().zip(&pt);
        Ok(rows
            .map(|(centrality, pt)| self.config.bin_of(*centrality, *pt))
            .collect())
    }

    /// A score for each class, and the bin.
    pub(super) fn evaluate(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>, Failure> {
        let bins = self.of_rows(rows)?;
        let mut of_bins: Vec<Vec<u32>> = vec![Vec::new(); self.models.len()];
        for (row, bin) in (0u32..).zip(&bins) {
            if let Some(rows) = bin.and_then(|bin| of_bins.get_mut(bin)) {
                rows.push(row);
            }
        }
        let classes = self.config.kind.classes().len();
        let mut scores = vec![vec![f32::NAN; rows.num_rows()]; classes];
        let read = self.projected(rows)?;
        for (model, chosen) in self.models.iter().zip(of_bins) {
            if chosen.is_empty() {
                continue;
            }
            let found = match chosen.len() == read.num_rows() {
                true => model.evaluate(&mut Gathering::of(&read))?,
                false => {
                    let rows = UInt32Array::from(chosen.clone());
                    let taken = take_record_batch(&read, &rows).map_err(|error| failed(&error))?;
                    model.evaluate(&mut Gathering::of(&taken))?
                }
            };
            for (scores, found) in scores.iter_mut().zip(&found) {
                let found = found.as_primitive_opt::<Float32Type>();
                let found = found.ok_or_else(|| failed(&"a score is no float"))?;
                for (row, score) in chosen.iter().zip(found.values()) {
                    if let Some(slot) = scores.get_mut(*row as usize) {
                        *slot = *score;
                    }
                }
            }
        }
        let number = |bin: &Option<usize>| bin.and_then(|bin| i32::try_from(bin).ok());
        let bins: Int32Array = bins
            .iter()
            .map(|bin| Some(number(bin).unwrap_or(NO_BIN)))
            .collect();
        let scores = scores.into_iter();
        let scores = scores.map(|scores| Arc::new(Float32Array::from(scores)) as ArrayRef);
        Ok(scores.chain([Arc::new(bins) as ArrayRef]).collect())
    }

    /// The columns that are read, alone.
    fn projected(&self, rows: &RecordBatch) -> Result<RecordBatch, Failure> {
        let fields = rows.schema_ref().fields().iter().enumerate();
        let read = fields.filter(|(_, field)| self.read.contains(field.name()));
        let read: Vec<usize> = read.map(|(index, _)| index).collect();
        rows.project(&read).map_err(|error| failed(&error))
    }

    /// Which rows pass the cuts of their bins, of all classes but one.
    pub(crate) fn passes(
        &self,
        rows: &RecordBatch,
        columns: &[String],
        but: Option<usize>,
    ) -> Result<Vec<bool>, Failure> {
        let bins = self.of_rows(rows)?;
        let mut passes: Vec<bool> = bins.iter().map(Option::is_some).collect();
        let classes = self.config.kind.classes().len();
        for (class, name) in columns.iter().enumerate().take(classes) {
            if but == Some(class) {
                continue;
            }
            let scores = rows.column_by_name(name);
            let scores = scores.and_then(|column| column.as_primitive_opt::<Float32Type>());
            let scores = scores.ok_or_else(|| failed(&format!("no scores {name}")))?;
            for ((passes, bin), score) in passes.iter_mut().zip(&bins).zip(scores.values()) {
                let bin = bin.and_then(|bin| self.config.bins.get(bin));
                let cut = bin.and_then(|bin| bin.cuts.get(class));
                *passes &= cut.is_some_and(|cut| cut.passes(f64::from(*score)));
            }
        }
        Ok(passes)
    }
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::reject(FailureKind::Model, "bins", error)
}
