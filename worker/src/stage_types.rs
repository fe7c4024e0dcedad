//! One type for each column of a stage, whatever file its values come from.
//!
//! Files of one stage may hold a branch in several types, as NanoAOD of two versions does. When a
//! plan is made, such a branch gets the smallest type that holds every value of all of them
//! exactly, and workers read it as that; so expressions mean the same in every file, and every
//! table has the same schema. A branch without such a type is a mistake.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use lumimill_common::campaign::Problem;
use lumimill_common::field_hash::FieldHash;
use serde::{Deserialize, Serialize};

use crate::compiled_stage::CompiledStage;
use crate::prepared_stage::PreparedStage;

mod number_type;
mod widen;

use number_type::{NumberType, common};
use widen::widened;

/// What a plan decided of the types of a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTypes {
    /// Branches that files hold in several types, each with the one that it is read as.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    read_as: BTreeMap<String, NumberType>,
    /// Columns of the output, in order; none where nothing was decided.
    columns: Vec<PlannedColumn>,
}

/// A column of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedColumn {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether it may be null.
    pub nullable: bool,
}

/// The branches of one or more files of a stage.
#[derive(Debug, Clone)]
pub struct FileSchema<'a> {
    /// The first of the files.
    pub file: &'a str,
    /// What they have in common.
    pub schema: &'a Schema,
}

impl StageTypes {
    /// Decides for files of these schemas, which are all different. All problems are returned
    /// together; those of a single schema are of no concern here.
    pub fn decide(
        stage: &Arc<PreparedStage>,
        schemas: &[FileSchema<'_>],
    ) -> Result<Self, Vec<Problem>> {
        let (types, mut problems) = Self::read_as(stage, schemas);
        let mut columns: Option<(&str, Vec<PlannedColumn>)> = None;
        if problems.is_empty() {
            for FileSchema { file, schema } in schemas {
                let Ok(compiled) = stage.compile_as(schema, &types) else {
                    continue;
                };
                let found = columns_of(&compiled);
                match &columns {
                    None => columns = Some((file, found)),
                    Some((first, known)) if *known != found => {
                        let message = differ(first, known, file, &found);
                        let path = stage.path().to_owned();
                        problems.push(Problem { path, message });
                    }
                    Some(_) => {}
                }
            }
        }
        let columns = columns.map(|(_, columns)| columns).unwrap_or_default();
        match problems.is_empty() {
            true => Ok(Self { columns, ..types }),
            false => Err(problems),
        }
    }

    /// The type of every branch that the stage reads and files hold in several.
    fn read_as(stage: &Arc<PreparedStage>, schemas: &[FileSchema<'_>]) -> (Self, Vec<Problem>) {
        let mut held: BTreeMap<String, Vec<(DataType, &str)>> = BTreeMap::new();
        for FileSchema { file, schema } in schemas {
            let branches = match stage.compile(schema) {
                Ok(compiled) => compiled.branches(false),
                // What else is wrong keeps nobody from looking at those.
                Err(_) => stage.named(schema),
            };
            for name in branches {
                let Ok(field) = schema.field_with_name(&name) else {
                    continue;
                };
                let types = held.entry(name).or_default();
                if !types.iter().any(|(known, _)| known == field.data_type()) {
                    types.push((field.data_type().clone(), file));
                }
            }
        }
        let mut types = Self::default();
        let mut problems = Vec::new();
        for (name, held) in held.into_iter().filter(|(_, held)| held.len() > 1) {
            let all: Vec<&DataType> = held.iter().map(|(data_type, _)| data_type).collect();
            match common(&all) {
                Some(number) => {
                    types.read_as.insert(name, number);
                }
                None => problems.push(Problem {
                    path: stage.path().to_owned(),
                    message: no_common_type(&name, &held),
                }),
            }
        }
        (types, problems)
    }

    /// Adds what was decided to a hash.
    pub fn add_to(&self, hash: &mut FieldHash) {
        let of_column = |column: &PlannedColumn| {
            let PlannedColumn {
                name,
                data_type,
                nullable,
            } = column;
            let mut hash = FieldHash::of("column");
            hash.text("name", name)
                .text("type", data_type)
                .flag("nullable", *nullable);
            hash
        };
        let of_branch = |(name, number): (&String, &NumberType)| {
            let read_as = number_type::name_of(&number.within(&DataType::Null));
            let mut hash = FieldHash::of("branch");
            hash.text("name", name).text("read_as", read_as);
            hash
        };
        hash.parts("columns", self.columns.iter().map(of_column))
            .parts("read_as", self.read_as.iter().map(of_branch));
    }

    /// What a person should know: branches that files hold in several types.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let read_as = self.read_as.iter();
        let read_as = read_as.map(|(name, number)| {
            let number = number_type::name_of(&number.within(&DataType::Null));
            format!("{name} ({number})")
        });
        let read_as: Vec<String> = read_as.collect();
        (!read_as.is_empty()).then(|| {
            let names = read_as.join(", ");
            format!("files hold branches in several types, which are read as one: {names}")
        })
    }

    /// The branches of a file as they are read.
    #[must_use]
    pub fn retyped(&self, schema: &Schema) -> Schema {
        let fields = schema.fields().iter().map(|field| {
            let number = self.read_as.get(field.name());
            let wide = number.map(|number| number.within(field.data_type()));
            match wide {
                Some(wide) => Arc::new(Field::new(field.name(), wide, field.is_nullable())),
                None => field.clone(),
            }
        });
        Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
    }

    /// A batch as it was read from a file, with every branch in its type.
    pub fn widened(&self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        let schema = batch.schema();
        let is_wide = |field: &&Arc<Field>| self.read_as.contains_key(field.name());
        if !schema.fields().iter().any(|field| is_wide(&field)) {
            return Ok(batch);
        }
        let wide = Arc::new(self.retyped(&schema));
        let columns = batch.columns().iter().zip(wide.fields());
        let columns = columns.map(|(column, field)| widened(column, field.data_type()));
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new_with_options(wide, columns, &options)
    }

    /// What of a compiled stage is not as it was decided, where anything was.
    #[must_use]
    pub fn deviation(&self, compiled: &CompiledStage) -> Option<String> {
        let found = columns_of(compiled);
        let planned = &self.columns;
        (!planned.is_empty() && *planned != found)
            .then(|| differ("the plan", planned, "it", &found))
    }
}

fn columns_of(compiled: &CompiledStage) -> Vec<PlannedColumn> {
    let fields = compiled.schema().fields().iter();
    let column = |field: &Arc<Field>| PlannedColumn {
        name: field.name().clone(),
        data_type: field.data_type().to_string(),
        nullable: field.is_nullable(),
    };
    fields.map(column).collect()
}

fn differ(one: &str, first: &[PlannedColumn], other: &str, second: &[PlannedColumn]) -> String {
    let said = |column: Option<&PlannedColumn>| match column {
        Some(column) => {
            let null = if column.nullable { ", nullable" } else { "" };
            format!("{} ({}{null})", column.name, column.data_type)
        }
        None => String::from("no column"),
    };
    let longest = first.len().max(second.len());
    let at = (0..longest).find(|at| first.get(*at) != second.get(*at));
    let at = at.unwrap_or_default();
    format!(
        "output column {at} differs: {} in {one}, {} in {other}: give the column a type, or read \
         the files in two stages",
        said(first.get(at)),
        said(second.get(at))
    )
}

fn no_common_type(name: &str, held: &[(DataType, &str)]) -> String {
    let held: Vec<String> = held
        .iter()
        .map(|(data_type, file)| format!("{} in {file}", number_type::name_of(data_type)))
        .collect();
    format!(
        "branch {name} is {}: no type holds every value of these exactly; read the files in \
         stages of their own",
        held.join(", ")
    )
}
