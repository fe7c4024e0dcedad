//! The columns of the table of every stage: what a stage that reads its rows is held against.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use lumimill_common::campaign::{Problem, Stage, StageName};
use lumimill_common::metric::{FillError, Partial, RowBatch};
use lumimill_common::suggest::nearest;
use lumimill_worker::beside::columns_read;
use lumimill_worker::compiled_stage::CompiledStage;
use lumimill_worker::prepared_stage::PreparedStage;
use lumimill_worker::shard_table::LabelCoverage;
use lumimill_worker::stage_types::{FileSchema, StageTypes};
use lumimill_worker::unit::with_units;

use super::columns::decide;
use super::inputs::Scanned;

/// The columns of tables, by stage, as far as nothing is wrong with those.
#[derive(Debug, Default)]
pub struct Tables(BTreeMap<StageName, SchemaRef>);

/// What was decided of a stage: the types of its columns, and its labels.
pub(super) type Decided = (StageTypes, Vec<LabelCoverage>);

impl Tables {
    /// The columns of the rows that a stage reads, with those that stand beside them.
    #[must_use]
    pub(crate) fn read_by(&self, stage: &Stage) -> Option<SchemaRef> {
        let rows = self.0.get(stage.from.as_ref()?)?;
        let table = |name: &StageName| self.0.get(name).cloned();
        columns_read(stage, rows, table).map(Arc::new)
    }

    /// Notes the table that a stage makes.
    pub fn add(&mut self, compiled: &CompiledStage) {
        let name = compiled.stage().name.clone();
        self.0.insert(name, with_units(compiled));
    }

    /// What is wrong with the tables of which a fit needs histograms: columns that they do not have, or
    /// of another type. `path` is where the stage that fits is in the campaign.
    #[must_use]
    pub(crate) fn wrong_histograms(&self, stage: &Stage, path: &str) -> Vec<Problem> {
        let Some((fit, counting)) = stage.fit.as_ref().zip(stage.counting_others()) else {
            return Vec::new();
        };
        let counted = fit.counting_others();
        let templates = fit.templates();
        let mut problems = Vec::new();
        for name in stage.others() {
            // One that has no table is a mistake already.
            let Some(schema) = self.0.get(&name) else {
                continue;
            };
            let key = templates.get(name.as_str());
            let path = key.map_or_else(|| format!("{path}.fit"), |key| format!("{path}.fit.{key}"));
            let mut add = |message: String| {
                problems.push(Problem {
                    path: path.clone(),
                    message,
                });
            };
            let columns = counted.columns_read().into_iter();
            for column in columns.filter(|column| schema.field_with_name(column).is_err()) {
                let names = schema.fields().iter().map(|field| field.name().as_str());
                let hint = match nearest(column, names) {
                    Some(near) => format!("; did you mean {near}?"),
                    None => String::from(": have that stage keep it"),
                };
                add(format!(
                    "the histogram of stage \"{name}\" needs its column \"{column}\", which it does not \
                     have{hint}"
                ));
            }
            let none = RecordBatch::new_empty(Arc::clone(schema));
            let rows = RowBatch::try_new(&none, None);
            match rows.and_then(|rows| Partial::new(&counting).fill(&rows)) {
                Ok(()) | Err(FillError::MissingColumn { .. }) => {}
                Err(error) => add(format!("the histogram of stage \"{name}\": {error}")),
            }
        }
        problems
    }

    /// Decides for a stage that reads these files, or the rows of an earlier stage, and notes its
    /// table.
    ///
    /// # Errors
    /// Columns without a common type, and labels that no file has.
    pub(super) fn decide(
        &mut self,
        stage: &Arc<PreparedStage>,
        files: &[&Scanned<'_>],
        notes: &mut Vec<String>,
    ) -> Result<Decided, Vec<Problem>> {
        let (read, decided): (Option<Arc<Schema>>, Decided) = match &stage.stage().from {
            None => {
                let mut schemas = files.iter().map(|file| file.scan.layout.schema());
                let read = schemas.find(|schema| !schema.fields().is_empty()).cloned();
                (read, decide(stage, files, notes)?)
            }
            Some(parent) => {
                let read = self.read_by(stage.stage());
                let types = read.as_ref().map(|schema| {
                    let file = &format!("stage {parent}");
                    StageTypes::decide(stage, &[FileSchema { file, schema }])
                });
                let types = types.transpose()?.unwrap_or_default();
                (read, (types, Vec::new()))
            }
        };
        if let Some(schema) = read
            && let Ok(compiled) = stage.compile_as(&schema, &decided.0)
        {
            self.add(&compiled);
        }
        Ok(decided)
    }
}
