//! Columns of weights by the fits of an earlier stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field};
use lumimill_common::campaign::{Stage, Weigh};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::metric::{FrozenFit, MassFitSpec, RowBatch, Weigher};

/// The fits of a stage, as they are in the store.
#[derive(Debug, Default)]
pub(crate) struct Fits {
    pub(crate) frozen: Vec<FrozenFit>,
    /// Of each category, the hash of its file.
    pub(crate) digests: BTreeMap<String, String>,
}

/// The weights of a stage, ready for rows.
#[derive(Debug)]
pub(crate) struct RowWeights<'a> {
    weigh: &'a Weigh,
    weigher: Weigher<'a>,
    digests: BTreeMap<String, String>,
}

impl<'a> RowWeights<'a> {
    /// Those of a stage by these fits; none where it has none.
    pub(crate) fn of(stage: &'a Stage, fits: Option<&Fits>) -> Result<Option<Self>, Failure> {
        let Some((weigh, spec)) = weighed(stage) else {
            return Ok(None);
        };
        let lacking = || {
            Failure::reject(
                FailureKind::Job,
                &stage.name,
                "its rows are weighed by no fit",
            )
        };
        let fits = fits.ok_or_else(lacking)?;
        let weigher = Weigher::new(spec, &fits.frozen, &weigh.cow);
        let weigher = weigher.map_err(|reason| {
            let message = format!("no weights by {}: {reason}", weigh.fit);
            Failure::reject(FailureKind::Fit, &weigh.fit, message)
        })?;
        Ok(Some(Self {
            weigh,
            weigher,
            digests: fits.digests.clone(),
        }))
    }

    /// Of each category, the hash of the file of its fit.
    pub(crate) fn digests(&self) -> &BTreeMap<String, String> {
        &self.digests
    }

    /// The columns for these rows, which have what they are made by.
    pub(crate) fn columns(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>, Failure> {
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::reject(
                FailureKind::Column,
                &self.weigh.fit,
                format!("weights: {error}"),
            )
        };
        let batch = RowBatch::try_new(rows, None).map_err(|error| wrong(&error))?;
        let columns = self.weigh.columns();
        let wanted = columns.map(|column| (column.variation, column.component.as_str()));
        let wanted: Vec<(&str, &str)> = wanted.collect();
        let columns = self.weigher.weights(&wanted, &batch);
        let columns = columns.map_err(|error| wrong(&error))?.into_iter();
        Ok(columns.map(nullable).collect())
    }
}

/// A column that is null where there is no number.
fn nullable(values: Vec<f64>) -> ArrayRef {
    let has_all = !values.iter().any(|value| value.is_nan());
    let nulls = (!has_all).then(|| values.iter().map(|value| !value.is_nan()).collect());
    Arc::new(Float64Array::new(values.into(), nulls))
}

fn weighed(stage: &Stage) -> Option<(&Weigh, &MassFitSpec)> {
    let weigh = stage.weigh.as_ref()?;
    Some((weigh, weigh.spec.as_ref()?))
}

/// The columns of weights of a stage.
pub(crate) fn weight_fields(stage: &Stage) -> impl Iterator<Item = Field> {
    let columns = stage.weigh.iter().flat_map(Weigh::columns);
    columns.map(|column| Field::new(&column.name, DataType::Float64, true))
}

/// Columns without weights, where there is no fit yet.
pub(crate) fn no_weights(stage: &Stage, rows: usize) -> impl Iterator<Item = ArrayRef> {
    weight_fields(stage).map(move |field| new_null_array(field.data_type(), rows))
}
