//! A stage compiled for what it reads.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use lumimill_common::campaign::{Problem, Rows, Stage};
use lumimill_common::metric::MetricSpec;

use crate::dataset_column::add_dataset;
use crate::feature::Program;
use crate::fold_column::fold_field;
use crate::graph::Features;
use crate::identity::{DATASET, Role, column_of, event_columns};
use crate::input::{EVENT, LUMI, RUN};
use crate::prepared_stage::PreparedStage;
use crate::stage_model::StageModel;
use crate::told_apart::Events;
use crate::weights::weight_fields;

/// A stage for what it reads, before it is compiled.
pub(crate) struct Fitted {
    pub(crate) stage: Stage,
    pub(crate) schema: Schema,
    pub(crate) names_dataset: bool,
    pub(crate) problems: Vec<Problem>,
}

/// A stage compiled for files of one schema.
#[derive(Debug)]
pub struct CompiledStage {
    prepared: Arc<PreparedStage>,
    stage: Stage,
    program: Program,
    graphs: Vec<Option<Features>>,
    /// How the entries that it reads are told to be of events.
    events: Events,
    event_columns: Option<[String; 3]>,
    /// The column of the candidate that it reads.
    candidate: Option<String>,
    schema: SchemaRef,
    names_dataset: bool,
}

impl CompiledStage {
    /// A stage for what it reads, as this program.
    pub(crate) fn of(
        prepared: &Arc<PreparedStage>,
        program: Program,
        graphs: Vec<Option<Features>>,
        fitted: Fitted,
    ) -> Self {
        let written = program.output_schema();
        let written = written.fields().iter().map(|field| field.as_ref().clone());
        let mut fields: Vec<Field> = written.collect();
        fields.extend(prepared.folds().map(|_| fold_field()));
        fields.extend(prepared.models().iter().flat_map(StageModel::fields));
        fields.extend(weight_fields(&fitted.stage));
        Self {
            prepared: prepared.clone(),
            events: Events::of(prepared.entries_are_events(), &fitted.schema),
            event_columns: event_columns(&fitted.schema),
            candidate: column_of(&fitted.schema, Role::Candidate).map(str::to_owned),
            stage: fitted.stage,
            program,
            graphs,
            schema: Arc::new(Schema::new(fields)),
            names_dataset: fitted.names_dataset,
        }
    }

    /// The stage.
    #[must_use]
    pub fn prepared(&self) -> &PreparedStage {
        &self.prepared
    }

    /// What the graphs of each of its models are made of.
    pub(crate) fn graphs(&self) -> &[Option<Features>] {
        &self.graphs
    }

    /// The stage as the campaign has it, with all columns that it keeps by name.
    #[must_use]
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// How the entries that it reads are told to be of events.
    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    /// How the rows of its table are told to be of events.
    pub(crate) fn events_of_rows(&self) -> Events {
        Events::of(self.prepared.rows_are_events(), &self.schema)
    }

    /// Whether it is known which entries are of one event.
    pub(crate) fn knows_events(&self) -> bool {
        self.events != Events::Unknown
    }

    /// Whether what it makes depends on which of its entries are of one event.
    pub(crate) fn needs_events(&self) -> bool {
        let prepared = &self.prepared;
        let counts = || prepared.metrics().iter().any(MetricSpec::needs_events);
        !prepared.entries_are_events() && (self.stage.rows != Rows::Event || counts())
    }

    /// The columns of run, lumi section and event that it reads.
    pub(crate) fn event_columns(&self) -> [&str; 3] {
        match &self.event_columns {
            Some(columns) => columns.each_ref().map(String::as_str),
            None => [RUN, LUMI, EVENT],
        }
    }

    /// What turns events into rows.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Columns of the output: kept, labels, computed, candidate, fold, scores, weights.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Events of a dataset as the stage takes them: branches in the types of the plan, and the
    /// name of the dataset where it is kept.
    pub(crate) fn as_read(
        &self,
        events: RecordBatch,
        dataset: &str,
    ) -> Result<RecordBatch, ArrowError> {
        let events = self.typed(events)?;
        match self.names_dataset {
            true => add_dataset(&events, dataset),
            false => Ok(events),
        }
    }

    /// Columns of a file in the types of the plan.
    pub(crate) fn typed(&self, columns: RecordBatch) -> Result<RecordBatch, ArrowError> {
        self.prepared.types().widened(columns)
    }

    /// Number of folds, where models have them.
    #[must_use]
    pub fn folds(&self) -> Option<u8> {
        self.prepared.folds()
    }

    /// Branches that one shard reads; `certify` when its lumi sections are to be looked at.
    #[must_use]
    pub fn branches(&self, certify: bool) -> Vec<String> {
        let mut branches = self.program.branches();
        branches.retain(|branch| !(self.names_dataset && branch == DATASET));
        let mut need = |names: &[&str]| {
            for name in names {
                if !branches.iter().any(|branch| branch == name) {
                    branches.push((*name).to_owned());
                }
            }
        };
        if certify {
            need(&[RUN, LUMI]);
        }
        // Rows are named by them, too, where they are there.
        let draws = self.prepared.needs_draws();
        if self.prepared.folds().is_some()
            || self.prepared.shuffles()
            || draws
            || (self.stage.from.is_some() && self.event_columns.is_some())
        {
            need(&self.event_columns());
        }
        if let Some(candidate) = self
            .candidate
            .as_deref()
            .filter(|_| draws || !self.stage.joins.is_empty())
        {
            need(&[candidate]);
        }
        branches
    }
}
