//! An attempt at a shard that is a fit: what was counted of a category on all shards of a stage goes
//! in; its parameters come out, as a table and as a file that weights are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::form;
use lumimill_common::marker::{Marker, fit_key, marker_key};
use lumimill_common::metric::{CutFlow, FrozenFit, FrozenModel, MassFitSpec, MetricSpec, Partial};
use lumimill_common::shard::Shard;
use lumimill_common::store::Key;
use tokio::task::JoinSet;

use crate::commit::{Attempt, scratch_path};
use crate::parquet_output::{Finished, ParquetOutput};
use crate::process::Measured;

/// Markers that are read at a time.
const AHEAD: usize = 16;

impl Attempt {
    fn fitted(&self) -> Result<&MassFitSpec, Failure> {
        let stage = self.production.stages.get(&self.shard.stage);
        let fit = stage.and_then(|stage| stage.stage().fit.as_ref());
        fit.ok_or_else(|| {
            Failure::reject(
                FailureKind::Job,
                &self.shard.stage,
                "it is of no stage that fits",
            )
        })
    }

    /// What was counted for a fit on all shards of the stage that it reads, each once. Whatever the
    /// order, sums are the same: they are exact.
    pub(crate) async fn counted(&self) -> Result<Arc<Partial>, Failure> {
        let Self {
            production, shard, ..
        } = self;
        let mut known = production.counted.lock().await;
        if let Some(counted) = known.get(&shard.stage) {
            return Ok(Arc::clone(counted));
        }
        let counting = MetricSpec::MassFit(self.fitted()?.counting());
        let mut counted = Partial::new(&counting);
        let mut markers = JoinSet::new();
        let mut shards = self.of_whole().into_iter();
        loop {
            while markers.len() < AHEAD
                && let Some(shard) = shards.next()
            {
                let attempt = self.clone();
                markers.spawn(async move { attempt.marker_of(&shard).await });
            }
            let Some(marker) = markers.join_next().await else {
                break;
            };
            let internal = |error: &dyn std::fmt::Display| {
                Failure::retry(
                    FailureKind::Internal,
                    &shard.stage,
                    format!("no counts: {error}"),
                )
            };
            let marker = marker.map_err(|error| internal(&error))??;
            let mut partials = marker.partials.iter();
            let partial = partials.find(|partial| *partial.spec() == counting);
            let partial = partial.ok_or_else(|| {
                let what = "holds no counts for this fit: it is to be measured again";
                Failure::retry(
                    FailureKind::Parent,
                    &shard.stage,
                    format!("{} {what}", marker.object),
                )
            })?;
            counted.merge(partial).map_err(|error| internal(&error))?;
        }
        let counted = Arc::new(counted);
        known.insert(shard.stage.clone(), Arc::clone(&counted));
        Ok(counted)
    }

    /// The shards of the stage of which it reads something of all.
    pub(crate) fn of_whole(&self) -> Vec<Arc<Shard>> {
        let Self {
            production, shard, ..
        } = self;
        let whole = shard.whole.as_ref().map(|whole| &whole.stage);
        let shards = production.shards.values();
        let of_stage = shards.filter(|shard| Some(&shard.stage) == whole);
        of_stage.cloned().collect()
    }

    /// The marker of a shard that it reads, which is done.
    pub(crate) async fn marker_of(&self, shard: &Shard) -> Result<Marker, Failure> {
        let key = marker_key(&shard.stage, shard.id);
        let marker = self.found(shard, &key).await?;
        marker.ok_or_else(|| {
            let message = format!("{key} is gone or damaged: the shard is not done (any more)");
            Failure::retry(FailureKind::Parent, &shard.stage, message)
        })
    }

    /// Fits the category of a number to what was counted.
    pub(crate) fn fit(
        &self,
        number: u32,
        counted: Option<&Partial>,
    ) -> Result<(Finished, Measured), Failure> {
        let Self {
            production, shard, ..
        } = self;
        let spec = self.fitted()?;
        let lacking = || Failure::reject(FailureKind::Job, shard.id, "nothing is counted for it");
        let counted = counted.ok_or_else(lacking)?;
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let reject =
            |error: &dyn std::fmt::Display| Failure::reject(FailureKind::Fit, &shard.stage, error);
        let frozen = spec.freeze(counted, number);
        let frozen = frozen.map_err(|error| reject(&error))?;
        let bytes = form::write(&frozen).map_err(|error| reject(&error))?;
        let key = fit_key(&shard.stage, &frozen.category);
        let key = key.ok_or_else(|| reject(&"no file is named by this category"))?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        let table = table(&frozen).map_err(|error| reject(&error))?;
        let facts = self.facts_of_fit(&frozen, &hash);
        let path = scratch_path(production, shard);
        let mut output = ParquetOutput::create(&path, table.schema_ref(), facts)?;
        output.write(&table)?;
        let finished = output.finish()?;
        let measured = Measured {
            rows: finished.rows,
            cut_flow: CutFlow::new(),
            tells_events: false,
            partials: Vec::new(),
            fits: BTreeMap::from([(frozen.category, hash)]),
            frozen: Some(Frozen { key, bytes }),
        };
        Ok((finished, measured))
    }

    fn facts_of_fit(&self, frozen: &FrozenFit, hash: &str) -> Vec<(String, String)> {
        let Self {
            production, shard, ..
        } = self;
        let stage = production.stages.get(&shard.stage);
        let configuration = stage.map_or("", |stage| stage.digest());
        let whole = shard.whole.as_ref().map(ToString::to_string);
        let facts = [
            ("campaign", production.campaign.to_string()),
            ("stage", shard.stage.to_string()),
            ("shard", shard.id.to_string()),
            ("configuration", configuration.to_owned()),
            ("category", frozen.category.clone()),
            ("counts", whole.unwrap_or_default()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        let facts = facts.map(|(key, value)| (key.to_owned(), value));
        let fit = (format!("fit.{}", frozen.category), hash.to_owned());
        facts.into_iter().chain([fit]).collect()
    }
}

/// The file of a fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frozen {
    pub(crate) key: Key,
    pub(crate) bytes: Vec<u8>,
}

/// A line of the table of a fit.
type Line = (&'static str, Option<f64>, Option<f64>);

/// Yields and parameters of all models, and how good each is, as rows.
fn table(frozen: &FrozenFit) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let (mut variations, mut names) = (Vec::new(), Vec::new());
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for model in &frozen.models {
        let of_values = model.values.iter();
        let of_values = of_values.map(|it| (it.name.as_str(), Some(it.value), it.error));
        for (name, value, error) in of_values.chain(goodness(model)) {
            variations.push(model.variation.as_str());
            names.push(name);
            values.push(value);
            errors.push(error);
        }
    }
    let categories = vec![frozen.category.as_str(); names.len()];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(categories)),
        Arc::new(StringArray::from(variations)),
        Arc::new(StringArray::from(names)),
        Arc::new(Float64Array::from(values)),
        Arc::new(Float64Array::from(errors)),
    ];
    RecordBatch::try_new(schema(), columns)
}

fn goodness(model: &FrozenModel) -> [Line; 4] {
    let ndf = model.ndf.map(|ndf| ndf as f64);
    [
        ("chi2", model.chi2, None),
        ("ndf", ndf, None),
        ("p_value", model.p_value, None),
        ("edm", model.edm, None),
    ]
}

fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let number = |name: &str| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        text("category"),
        text("variation"),
        text("name"),
        number("value"),
        number("error"),
    ]))
}
