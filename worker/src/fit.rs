//! An attempt at a shard that is a fit or a density: what was counted of it on all shards of a stage
//! goes in; its numbers come out as a table, and all of it as a file that weights or draws are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lumimill_common::campaign::DENSITY;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::form;
use lumimill_common::metric::{
    CountedRows, CutFlow, EMPTY, FrozenDensity, FrozenFit, FrozenKde, FrozenModel, KdeSpec,
    MassFitSpec, Partial,
};
use lumimill_common::stage_keys::fit_key;

use crate::attempt::{Attempt, scratch_path};
use crate::measured::{Frozen, Measured};
use crate::parquet_output::{Finished, ParquetOutput};

impl Attempt {
    /// Fits the category of a number to what was counted, or estimates the density.
    pub(crate) fn fit(
        &self,
        number: u32,
        counted: Option<&CountedRows>,
    ) -> Result<(Finished, Measured), Failure> {
        let shard = &self.shard;
        let stage = self.estimating()?;
        let lacking = || Failure::reject(FailureKind::Job, shard.id, "nothing is counted for it");
        let counted = counted.ok_or_else(lacking)?;
        let made = match (&stage.fit, &stage.kde) {
            (Some(fit), _) => fitted(fit, counted, number),
            (None, Some(kde)) => estimated(kde, &counted.rows),
            (None, None) => Err(String::from("it is of no stage that fits")),
        };
        let made = made.map_err(|error| Failure::reject(FailureKind::Fit, &shard.stage, error))?;
        self.written(made)
    }

    fn written(&self, made: Made) -> Result<(Finished, Measured), Failure> {
        let Self {
            production, shard, ..
        } = self;
        let Made {
            category,
            bytes,
            table,
        } = made;
        let unnamed = || {
            Failure::reject(
                FailureKind::Fit,
                &shard.stage,
                "no file is named by this category",
            )
        };
        let key = fit_key(&shard.stage, &category).ok_or_else(unnamed)?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        let facts = self.facts_of_fit(&category, &hash);
        let path = scratch_path(production, shard);
        let mut output = ParquetOutput::create(&path, table.schema_ref(), facts)?;
        output.write(&table)?;
        let finished = output.finish()?;
        let measured = Measured {
            rows: finished.rows,
            cut_flow: CutFlow::new(),
            tells_events: false,
            partials: Vec::new(),
            fits: BTreeMap::from([(category, hash)]),
            frozen: Some(Frozen { key, bytes }),
        };
        Ok((finished, measured))
    }

    fn facts_of_fit(&self, category: &str, hash: &str) -> Vec<(String, String)> {
        let Self {
            production, shard, ..
        } = self;
        let stage = production.stages.get(&shard.stage);
        let configuration = stage.map_or("", |stage| stage.digest());
        let wholes = shard.wholes.iter().map(ToString::to_string);
        let wholes = wholes.collect::<Vec<String>>().join(", ");
        let facts = [
            ("campaign", production.campaign.to_string()),
            ("stage", shard.stage.to_string()),
            ("shard", shard.id.to_string()),
            ("configuration", configuration.to_owned()),
            ("category", category.to_owned()),
            ("counts", wholes),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        let facts = facts.map(|(key, value)| (key.to_owned(), value));
        let fit = (format!("fit.{category}"), hash.to_owned());
        facts.into_iter().chain([fit]).collect()
    }
}

/// What is made of counts: a file, and its numbers as rows.
struct Made {
    category: String,
    bytes: Vec<u8>,
    table: RecordBatch,
}

/// A fit of the category of a number.
fn fitted(spec: &MassFitSpec, counted: &CountedRows, number: u32) -> Result<Made, String> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    let frozen = spec.freeze(counted, number).map_err(|it| it.to_string())?;
    Ok(Made {
        bytes: form::write(&frozen).map_err(|error| error.to_string())?,
        table: table(&frozen).map_err(|error| error.to_string())?,
        category: frozen.category,
    })
}

/// A density.
fn estimated(spec: &KdeSpec, counted: &Partial) -> Result<Made, String> {
    let frozen = spec.freeze(counted)?;
    Ok(Made {
        category: DENSITY.to_owned(),
        bytes: form::write(&frozen).map_err(|error| error.to_string())?,
        table: table_of_density(&frozen).map_err(|error| error.to_string())?,
    })
}

/// A line of the table of a fit.
type Line = (&'static str, Option<f64>, Option<f64>);

/// Yields and parameters of all models, and how good each is, as rows; of a category without rows that
/// it has none.
fn table(frozen: &FrozenFit) -> Result<RecordBatch, arrow_schema::ArrowError> {
    if frozen.is_empty() {
        let status: Line = ("status", Some(f64::from(EMPTY)), None);
        return rows(&frozen.category, std::iter::once(("nominal", status)));
    }
    let lines = frozen.models.iter().flat_map(|model| {
        let of_values = model.values.iter();
        let of_values = of_values.map(|it| (it.name.as_str(), Some(it.value), it.error));
        let lines = of_values.chain(goodness(model));
        lines.map(|line| (model.variation.as_str(), line))
    });
    rows(&frozen.category, lines)
}

/// What densities are estimated from, as rows.
fn table_of_density(frozen: &FrozenKde) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let of = |density: &FrozenDensity| -> [Line; 2] {
        [
            ("sumw", Some(density.sumw), None),
            ("negative_cells", Some(density.negative as f64), None),
        ]
    };
    let counts: [Line; 3] = [
        ("rows", Some(frozen.rows as f64), None),
        ("rows_outside", Some(frozen.outside as f64), None),
        ("rows_missing", Some(frozen.missing as f64), None),
    ];
    let nominal = counts.into_iter().chain(of(&frozen.nominal));
    let nominal = nominal.map(|line| ("nominal", line));
    let other = frozen.systematic.iter().flat_map(of);
    let other = other.map(|line| ("systematic", line));
    rows(DENSITY, nominal.chain(other))
}

/// Lines of a category, each with its variation, as rows.
fn rows<'a>(
    category: &str,
    lines: impl Iterator<Item = (&'a str, (&'a str, Option<f64>, Option<f64>))>,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let (mut variations, mut names) = (Vec::new(), Vec::new());
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for (variation, (name, value, error)) in lines {
        variations.push(variation);
        names.push(name);
        values.push(value);
        errors.push(error);
    }
    let categories = vec![category; names.len()];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(categories)),
        Arc::new(StringArray::from(variations)),
        Arc::new(StringArray::from(names)),
        Arc::new(Float64Array::from(values)),
        Arc::new(Float64Array::from(errors)),
    ];
    RecordBatch::try_new(schema(), columns)
}

fn goodness(model: &FrozenModel) -> [Line; 5] {
    let ndf = model.ndf.map(|ndf| ndf as f64);
    [
        ("chi2", model.chi2, None),
        ("ndf", ndf, None),
        ("p_value", model.p_value, None),
        ("edm", model.edm, None),
        // What has another one is no file.
        ("status", Some(0.0), None),
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
