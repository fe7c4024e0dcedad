//! The campaign file: one TOML file that says what is read, certified, built, scored and measured.
//!
//! A [`Campaign`] can only be had from [`Campaign::parse`], which reports **all** mistakes of a
//! file together, each with its TOML path; what comes out of it cannot be wrong in itself. It
//! knows nothing of the files it names: schemas, models and masks are looked at by `check`.

mod beside;
mod column;
mod dataset;
mod draft;
mod estimate;
mod fit;
mod join;
mod kde;
mod metric;
mod model;
mod name;
mod reading;
mod rows;
mod share;
mod source;
mod stage;
mod stages;
mod steps;
mod table;
mod units;
mod weigh;
mod weights;

pub use column::{Column, ColumnType};
pub use dataset::{Certification, Dataset, DatasetKind, DuplicatePolicy, ShardPolicy};
pub use draft::Draft;
pub use join::{Join, MissingRows};
pub use kde::DENSITY;
pub use model::{
    BdtMode, BdtSource, CorrectionSource, Dense, DensityStage, Distance, DrawSource, Edges,
    EngineChoice, Graph, GraphInput, Least, Level, Model, ModelInputs, ModelOutput, ModelSource,
    NamedInput, NanPolicy, Outside, USUAL, WrittenEdges, is_ccdb,
};
pub use name::{CampaignName, InvalidName, StageName};
pub use reading::{Places, Reading};
pub use rows::{Charge, Grouping, Keep, Rows};
pub use share::Share;
pub use stage::{MissingLabels, Stage};
pub use steps::{CERTIFIED, FIRST, READ};
pub use table::{Measured, RatioTable, Sample};
pub use weigh::{Weigh, WeightColumn};

pub use crate::metric::Cow;

pub use crate::section::{CampaignErrors, Problem};

use serde::Serialize;

use crate::expression::Functions;
use crate::metric::histogram_bins_are_too_many;
use crate::section::Section;

/// A validated campaign. Paths are kept as written; they are relative to the campaign file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Campaign {
    /// Name of the campaign, the first folder below `output`.
    pub name: CampaignName,
    /// Where everything is written: a folder, or `s3://bucket/prefix`.
    pub output: String,
    /// Which lumi sections of data are certified; `None` takes every event.
    pub certification: Option<Certification>,
    /// Named lists of input files, in the order of the file.
    pub datasets: Vec<Dataset>,
    /// How input is cut into shards, and how often one is tried.
    pub shards: ShardPolicy,
    /// Plug-in functions: name and definition, `"(a, b) => a / (a + b)"`; an empty one is none, in a
    /// draft.
    pub functions: Vec<(String, String)>,
    /// The stages, in the order of the file.
    pub stages: Vec<Stage>,
    /// What the report puts beside one another of their efficiencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<RatioTable>,
}

impl Campaign {
    fn read(root: &mut Section<'_>) -> Self {
        let name = root.required_text("name");
        let name = name.and_then(|text| root.parsed::<CampaignName>("name", &text));
        let output = root.required_text("output");
        let certification = root
            .section("certification")
            .and_then(|mut section| Certification::read(&mut section));
        let datasets = Dataset::read_all(root);
        let shards = match root.section("shards") {
            Some(mut section) => ShardPolicy::read(&mut section),
            None => ShardPolicy::default(),
        };
        let functions = read_functions(root);
        let stages = Stage::read_all(root, &datasets, &functions);
        let metrics = stages.iter().flat_map(|stage| &stage.metrics);
        if let Some(message) = histogram_bins_are_too_many(metrics) {
            root.problem("stage", message);
        }
        let tables = RatioTable::read_all(root, &stages);
        root.finish();
        Self {
            name: name.unwrap_or_else(CampaignName::unnamed),
            output: output.unwrap_or_default(),
            certification,
            datasets,
            shards,
            functions,
            stages,
            tables,
        }
    }

    /// What becomes of events that a stage would read more than once: what the campaign says, or
    /// an error in data and nothing in simulation, where many samples number events anew in every
    /// file.
    #[must_use]
    pub fn duplicates(&self, kind: DatasetKind) -> DuplicatePolicy {
        let said = self.certification.as_ref();
        let said = said.and_then(|certification| certification.duplicates);
        said.unwrap_or(match kind {
            DatasetKind::Data => DuplicatePolicy::Error,
            DatasetKind::Mc => DuplicatePolicy::Keep,
        })
    }

    /// Whether only the first of events that are there more than once counts.
    #[must_use]
    pub fn drops_duplicates(&self) -> bool {
        self.duplicates(DatasetKind::Data) == DuplicatePolicy::First
    }

    /// Whether every row of a stage is an event of its own: nothing that it reads, at first or at
    /// second hand, makes candidates of them.
    #[must_use]
    pub fn rows_are_events(&self, stage: &Stage) -> bool {
        let parent = stage.from.as_ref().and_then(|name| self.stage(name));
        stage.rows == Rows::Event
            && match (&stage.from, parent) {
                (None, _) => true,
                (Some(_), Some(parent)) => self.rows_are_events(parent),
                (Some(_), None) => false,
            }
    }

    /// The stage that reads files which a stage comes from: the stage itself, where it does.
    #[must_use]
    pub fn root_of<'a>(&'a self, stage: &'a Stage) -> &'a Stage {
        let parent = stage.from.as_ref().and_then(|name| self.stage(name));
        parent.map_or(stage, |parent| self.root_of(parent))
    }

    /// The stage of this name.
    #[must_use]
    pub fn stage(&self, name: &StageName) -> Option<&Stage> {
        self.stages.iter().find(|stage| &stage.name == name)
    }
}

fn read_functions(root: &mut Section<'_>) -> Vec<(String, String)> {
    let Some(mut section) = root.section("functions") else {
        return Vec::new();
    };
    let names = section.keys();
    let mut functions = names
        .into_iter()
        .map(|name| {
            let definition = section.text(&name);
            let is_empty = definition.as_ref().is_some_and(String::is_empty);
            if is_empty {
                section.problem(&name, "is empty: expected \"(a, b) => …\"");
            }
            (name, definition.unwrap_or_default())
        })
        .collect::<Vec<_>>();
    section.finish();
    let there = functions.iter().filter(|(_, source)| !source.is_empty());
    let there = there.map(|(name, source)| (name.as_str(), source.as_str()));
    let empty = functions.iter().filter(|(_, source)| source.is_empty());
    let empty: Vec<&str> = empty.map(|(name, _)| name.as_str()).collect();
    if let Err(errors) = Functions::parse_beside(there, &empty) {
        for (name, error) in errors {
            section.problem(&name, error.to_string());
            let wrong = functions.iter_mut().filter(|(of, _)| *of == name);
            wrong.for_each(|(_, definition)| definition.clear());
        }
    }
    functions
}

#[cfg(test)]
mod tests;
