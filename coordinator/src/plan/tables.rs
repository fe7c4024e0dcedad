//! The columns of the table of every stage: what a stage that reads its rows is held against.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};
use lumimill_common::campaign::{Problem, Stage, StageName};
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
    pub fn read_by(&self, stage: &Stage) -> Option<SchemaRef> {
        let rows = self.0.get(stage.from.as_ref()?)?;
        let table = |name: &StageName| self.0.get(name).cloned();
        columns_read(stage, rows, table).map(Arc::new)
    }

    /// Notes the table that a stage makes.
    pub fn add(&mut self, compiled: &CompiledStage) {
        let name = compiled.stage().name.clone();
        self.0.insert(name, with_units(compiled));
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
                let mut schemas = files.iter().map(|file| &file.scan.schema);
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
