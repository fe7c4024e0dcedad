//! Stages compiled for what they read: expressions, graphs and metrics held against a schema.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use lumimill_common::campaign::{BdtSource, Problem, Stage};
use lumimill_common::expression::Functions;
use lumimill_common::metric::{FillError, Partial, RowBatch};

use crate::beside;
use crate::compiled_stage::{CompiledStage, Fitted};
use crate::dataset_column::with_dataset;
use crate::feature::{Draft, Program};
use crate::fold_column::fold_field;
use crate::graph::Features;
use crate::identity::{DATASET, with_roles};
use crate::prepared_stage::PreparedStage;
use crate::resolved_stage::with_all_names;
use crate::stage_model::StageModel;
use crate::stage_types::StageTypes;
use crate::weights::weight_fields;

impl PreparedStage {
    /// Compiles the stage for files of this schema. All problems are returned together.
    pub(crate) fn compile(
        self: &Arc<Self>,
        schema: &Schema,
    ) -> Result<CompiledStage, Vec<Problem>> {
        self.compile_as(schema, self.types())
    }

    /// Everything that is wrong with the stage for files of this schema; and the stage compiled, if
    /// it can be. A draft may have mistakes in itself, and models that did not load.
    pub fn look(self: &Arc<Self>, schema: &Schema) -> (Option<CompiledStage>, Vec<Problem>) {
        let mut fitted = self.fitted(schema, self.types());
        let Draft {
            program,
            known,
            mut problems,
        } = Program::draft(&fitted.stage, self.path(), self.functions(), &fitted.schema);
        problems.append(&mut fitted.problems);
        problems.extend(wrong_metrics(self, &fitted.stage, known));
        let graphs = program.as_ref().map(|program| self.graphs(program));
        let graphs = graphs
            .unwrap_or_else(|| Ok(Vec::new()))
            .unwrap_or_else(|wrong| {
                problems.extend(wrong);
                Vec::new()
            });
        let program = program.filter(|_| problems.is_empty());
        let compiled = program.map(|program| CompiledStage::of(self, program, graphs, fitted));
        (compiled, problems)
    }

    /// Compiles the stage for files of this schema, whose branches are read in these types.
    pub fn compile_as(
        self: &Arc<Self>,
        schema: &Schema,
        types: &StageTypes,
    ) -> Result<CompiledStage, Vec<Problem>> {
        let mut fitted = self.fitted(schema, types);
        let mut problems = std::mem::take(&mut fitted.problems);
        let program =
            Program::compile(&fitted.stage, self.path(), self.functions(), &fitted.schema);
        match program {
            Ok(program) if problems.is_empty() => {
                let graphs = self.graphs(&program)?;
                Ok(CompiledStage::of(self, program, graphs, fitted))
            }
            Ok(_) => Err(problems),
            Err(found) => {
                problems.splice(0..0, found);
                Err(problems)
            }
        }
    }

    /// The stage for columns in these types, with the name of the dataset where that is kept; and
    /// what is wrong with it in that alone.
    fn fitted(&self, schema: &Schema, types: &StageTypes) -> Fitted {
        let keeps_dataset = self.stage().keep.iter().any(|keep| keep.column == DATASET);
        let names_dataset = keeps_dataset && schema.field_with_name(DATASET).is_err();
        let schema = match names_dataset {
            true => with_dataset(&types.retyped(schema)),
            false => types.retyped(schema),
        };
        let schema = match self.stage().from {
            Some(_) => schema,
            None => with_roles(&schema),
        };
        let (stage, mut problems) = with_all_names(self.stage(), self.path(), &schema);
        problems.extend(beside::wrong(&schema, self.path()));
        problems.extend(self.identity_problems(&schema));
        Fitted {
            stage,
            schema,
            names_dataset,
            problems,
        }
    }

    /// What the graphs of its models are made of, for the rows of a program; none for models of
    /// rows.
    fn graphs(&self, program: &Program) -> Result<Vec<Option<Features>>, Vec<Problem>> {
        let sources = self.functions().iter();
        let sources = sources.map(|(name, source)| (name.as_str(), source.as_str()));
        // What is wrong with one is told where it is.
        let functions = Functions::parse(sources).unwrap_or_default();
        let mut fields: Vec<Field> = Vec::new();
        let rows = program.row_schema().fields().iter();
        fields.extend(rows.map(|field| field.as_ref().clone()));
        fields.extend(self.folds().map(|_| fold_field()));
        let (mut graphs, mut problems) = (Vec::new(), Vec::new());
        for (number, spec) in self.stage().models.iter().enumerate() {
            let mut loaded = self.models().iter();
            // What comes after one that did not load may be made of what that would give.
            let Some(model) = loaded.find(|model| model.name() == spec.name) else {
                break;
            };
            let schema = Schema::new(fields.clone());
            let compiled = model.graph().map(|graph| {
                let path = format!("{}.{}", self.path(), self.stage().model_place(number));
                Features::compile(graph, &schema, &functions, &path)
            });
            graphs.push(compiled.transpose().unwrap_or_else(|wrong| {
                problems.extend(wrong);
                None
            }));
            fields.extend(model.fields());
        }
        match problems.is_empty() {
            true => Ok(graphs),
            false => Err(problems),
        }
    }
}

/// What is wrong with metrics of a stage by the types of these columns, those of the table that are
/// known to be right, and of scores. What a model that did not load would give is taken to be a score,
/// of which nothing is said.
fn wrong_metrics(prepared: &PreparedStage, stage: &Stage, mut columns: Vec<Field>) -> Vec<Problem> {
    if stage.has_folds() {
        columns.push(fold_field());
    }
    let known: Vec<Field> = prepared
        .models()
        .iter()
        .flat_map(StageModel::fields)
        .collect();
    let mut guessed = Vec::new();
    for model in &stage.models {
        let bin = model.bdt().map(|_| BdtSource::bin_column(&model.name));
        for name in model.columns() {
            let field = known.iter().find(|field| field.name() == name).cloned();
            columns.push(field.unwrap_or_else(|| {
                guessed.push(name);
                let is_bin = bin.as_deref() == Some(name);
                let stored = if is_bin {
                    DataType::Int32
                } else {
                    DataType::Float32
                };
                Field::new(name, stored, false)
            }));
        }
    }
    columns.extend(weight_fields(stage));
    let batch = RecordBatch::new_empty(Arc::new(Schema::new(columns)));
    let Ok(batch) = RowBatch::of_events::<u32>(&batch, &[]) else {
        return Vec::new();
    };
    // What is counted for the fits of other stages is told there.
    let metrics = prepared.metrics().iter().take(stage.metrics.len());
    let metrics = metrics.enumerate().map(|(number, metric)| {
        let place = stage.reading.metrics.of(number);
        (format!("metric[{place}]"), metric.clone())
    });
    let key = if stage.is_fit() { "fit" } else { "kde" };
    let counting = stage.counting().map(|counting| (key.to_owned(), counting));
    let wrong = metrics.chain(counting).filter_map(|(key, metric)| {
        let error = Partial::new(&metric).fill(&batch).err()?;
        // A column that is not there is a mistake already, or made of one.
        let is_told = match &error {
            FillError::MissingColumn { .. } => true,
            FillError::WrongType { column, .. } => guessed.contains(&column.as_str()),
            _ => false,
        };
        (!is_told).then(|| Problem {
            path: format!("{}.{key}", prepared.path()),
            message: error.to_string(),
        })
    });
    wrong.collect()
}
