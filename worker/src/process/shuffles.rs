//! Features of models shuffled among rows: a sample of the rows of a shard is scored again with one
//! feature shuffled at a time.
//!
//! Both the sample and the order depend on nothing but the events of the shard. With `id` = run (u32),
//! lumi section (u32) and event (u64), little-endian, the sample is of the events with the lowest
//! `XXH64(id, seed 1)`; its rows are in the order of that, then of their number within the event.
//! Shuffled, the i-th of them has the value of the i-th in the order of `XXH64(id ‖ number (u32), seed
//! XXH64(name of the feature, seed 0))`.

use std::fmt::Display;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow_select::take::take;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::metric::{GROUP_COLUMN, ImportanceSpec, Partial, RowBatch, shuffled_column};

use super::sample::{EventKey, RowKey, Sample};
use crate::prepared_stage::PreparedStage;
use crate::score::FOLD;
use crate::stage_model::{StageModel, score_all};

/// The samples of the metrics of a stage that shuffle.
#[derive(Debug)]
pub(super) struct Shuffles(Vec<Shuffle>);

/// Rows that are to be scored again, of one metric.
#[derive(Debug)]
struct Shuffle {
    /// Which of the metrics.
    metric: usize,
    spec: ImportanceSpec,
    model: StageModel,
    sample: Sample,
}

impl Shuffles {
    /// Those of a stage, without rows.
    pub(super) fn of(stage: &PreparedStage) -> Self {
        let metrics = stage.metrics().iter().enumerate();
        let shuffles = metrics.filter_map(|(metric, spec)| {
            let spec = spec.shuffles()?;
            let mut models = stage.models().iter();
            let model = models.find(|model| model.name() == spec.model())?;
            let mut columns = vec![spec.label().to_owned(), spec.score().to_owned()];
            columns.extend(model.spec().inputs.columns());
            columns.extend(stage.folds().map(|_| FOLD.to_owned()));
            Some(Shuffle {
                metric,
                spec: spec.clone(),
                model: model.clone(),
                sample: Sample::of(columns, spec.sample()),
            })
        });
        Self(shuffles.collect())
    }

    pub(super) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes what is to be in the samples of rows, each of which is of an event; those of one event are
    /// side by side.
    pub(super) fn add(&mut self, rows: &RecordBatch, events: &[EventKey]) -> Result<(), Failure> {
        let keys = RowKey::of_rows(events);
        for Shuffle { spec, sample, .. } in &mut self.0 {
            let added = sample.add(rows, &keys);
            added.map_err(|error| failed(spec, &error))?;
        }
        Ok(())
    }

    /// Scores the samples with each feature shuffled, and measures that.
    pub(super) fn measure(self, partials: &mut [Partial]) -> Result<(), Failure> {
        for shuffle in self.0 {
            if let Some(partial) = partials.get_mut(shuffle.metric) {
                shuffle.measure(partial)?;
            }
        }
        Ok(())
    }
}

fn failed(spec: &ImportanceSpec, error: &dyn Display) -> Failure {
    Failure::reject(
        FailureKind::Metric,
        spec.model(),
        format!("{spec}: {error}"),
    )
}

impl Shuffle {
    fn measure(self, partial: &mut Partial) -> Result<(), Failure> {
        let Self {
            spec,
            model,
            sample,
            ..
        } = self;
        let rows = sample.rows().map_err(|error| failed(&spec, &error))?;
        let Some((keys, rows)) = rows else {
            return Ok(());
        };
        let groups = keys.iter().map(|key| key.event().0.cast_signed());
        let groups: ArrayRef = Arc::new(Int64Array::from_iter_values(groups));
        let mut columns = vec![(String::from(GROUP_COLUMN), groups)];
        for name in [spec.label(), spec.score()] {
            let column = rows.column_by_name(name).cloned();
            let missing = || failed(&spec, &format!("no column {name}"));
            columns.push((name.to_owned(), column.ok_or_else(missing)?));
        }
        for feature in spec.features() {
            let rows = with_shuffled(&spec, &rows, &keys, feature)?;
            let scores = score_all(std::slice::from_ref(&model), &rows)?;
            let mut scores = model.spec().columns().zip(scores);
            let of_score = scores.find(|(name, _)| *name == spec.score());
            let missing = || failed(&spec, &format!("no score {}", spec.score()));
            columns.push((shuffled_column(feature), of_score.ok_or_else(missing)?.1));
        }
        let nullable = columns.into_iter().map(|(name, of)| (name, of, true));
        let batch = RecordBatch::try_from_iter_with_nullable(nullable);
        let batch = batch.map_err(|error| failed(&spec, &error))?;
        let events: Vec<_> = keys.iter().map(|key| key.event()).collect();
        let filled = RowBatch::of_events(&batch, &events).and_then(|rows| partial.fill(&rows));
        filled.map_err(|error| failed(&spec, &error))
    }
}

/// The rows with one feature shuffled.
fn with_shuffled(
    spec: &ImportanceSpec,
    rows: &RecordBatch,
    keys: &[RowKey],
    feature: &str,
) -> Result<RecordBatch, Failure> {
    let places = keys.iter().map(|key| key.shuffled(feature));
    let mut order: Vec<(u64, u32)> = places.zip(0..).collect();
    order.sort_unstable();
    let order = UInt32Array::from_iter_values(order.into_iter().map(|(_, row)| row));
    let fields = rows.schema_ref().fields().iter().zip(rows.columns());
    let columns = fields.map(|(field, column)| match field.name() == feature {
        true => take(column, &order, None),
        false => Ok(Arc::clone(column)),
    });
    let columns: Result<Vec<ArrayRef>, _> = columns.collect();
    let rows = columns.and_then(|columns| RecordBatch::try_new(rows.schema(), columns));
    rows.map_err(|error| failed(spec, &error))
}
