//! Which type each column of a stage gets, decided for all of its files; and whether a stage is as that
//! was.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use lumimill_common::campaign::Problem;

use super::number_type::{self, common};
use super::{PlannedColumn, StageTypes};
use crate::compiled_stage::CompiledStage;
use crate::prepared_stage::PreparedStage;

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
