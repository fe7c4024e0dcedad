//! What a report is made from: plain data about a finished, or half-finished, campaign.

use super::overlay::wanted::Overlay;
use super::selection::Selection;
use crate::ledger::Counts;
use crate::plan::Loss;
use lumimill_common::campaign::{RatioTable, StageName};
use lumimill_common::metric::{CutFlow, MetricResult};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that a report says.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// The campaign's name.
    pub campaign: String,
    /// The software and its version.
    pub software: String,
    /// The digest of the configuration.
    pub configuration: String,
    /// What the data are, for the top right of every plot, such as `DoubleMuon2016G (13 TeV)`.
    pub data: String,
    /// Stages, in order.
    pub stages: Vec<StageReport>,
    /// What is put beside one another of their efficiencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<RatioTable>,
    /// Distributions that lie over one another.
    #[serde(skip)]
    pub overlays: Vec<Overlay>,
    /// Lumi sections; absent when nothing was certified, as for simulation.
    pub lumis: Option<LumiSummary>,
    /// What its stages were accepted without.
    pub accepted: Vec<Loss>,
    /// The shards that they were accepted without, with why those were given up.
    pub dropped: Vec<Failure>,
    /// What a person should know of the campaign and its input.
    pub warnings: Vec<String>,
    /// Shards that did not succeed.
    pub failures: Vec<Failure>,
    /// Lumi sections or events that more than one file holds.
    pub duplicates: Vec<Duplicate>,
    /// Input files.
    pub files: Vec<InputFile>,
    /// The contents of `processed_lumis.json`.
    #[serde(skip)]
    pub processed_lumis: Option<String>,
    /// The contents of `missing_lumis.json`.
    #[serde(skip)]
    pub missing_lumis: Option<String>,
}

/// One stage.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct StageReport {
    /// Its name.
    pub name: String,
    /// The datasets whose events its rows are of, joined.
    pub dataset: String,
    /// Whether these are simulated, so that no luminosity belongs to them.
    pub is_simulation: bool,
    /// The fits by which its rows have weights; metrics with a weight are made of those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weighed_by: Vec<String>,
    /// The fits by whose weights its columns, or its density, were made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made_by: Vec<String>,
    /// What a row is, in the plural and with a capital, such as `Candidates`; for axis titles.
    pub rows_are: String,
    /// Its merged cut flow. Steps whose name starts with `dropped` are shown apart.
    pub cut_flow: CutFlow,
    /// Its labels, and how many files and events lack them.
    pub labels: Vec<LabelReport>,
    /// Its metrics, in the order of the campaign file.
    pub metrics: Vec<MetricResult>,
    /// What a person should know of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The BDT configurations that it selects by.
    #[serde(skip)]
    pub selections: Vec<Selection>,
    /// Units of columns, where known.
    pub units: BTreeMap<String, String>,
    /// Rows written.
    pub rows: u64,
    /// Its shards.
    pub shards: ShardCounts,
}

impl StageReport {
    /// What is counted, in the plural: its rows, or the members of a collection.
    #[must_use]
    pub(crate) fn noun(&self, over: Option<&str>) -> String {
        over.map_or_else(
            || self.rows_are.to_lowercase(),
            |over| format!("members of {over}"),
        )
    }
}

/// How many files and certified events have a label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LabelReport {
    /// The label, as its column is named.
    pub label: String,
    /// The branch that it is.
    pub branch: String,
    /// Files of the stage.
    pub files: u64,
    /// Certified events in them.
    pub events: u64,
    /// Files without the branch.
    pub files_without: u64,
    /// Certified events in those.
    pub events_without: u64,
}

/// How far the shards of a stage are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ShardCounts {
    /// In the plan.
    pub planned: u64,
    /// With a marker.
    pub done: u64,
    /// Failed for good.
    pub failed: u64,
    /// Not to be done before a shard that failed for good is.
    pub blocked: u64,
    /// Failed for good, and the campaign goes on without them.
    pub dropped: u64,
}

impl From<&Counts> for ShardCounts {
    fn from(counts: &Counts) -> Self {
        Self {
            planned: counts.shards as u64,
            done: counts.done as u64,
            failed: counts.given_up() as u64,
            blocked: counts.blocked as u64,
            dropped: counts.dropped as u64,
        }
    }
}

impl ShardCounts {
    /// Neither done nor failed, nor kept back.
    #[must_use]
    pub(crate) fn outstanding(self) -> u64 {
        self.planned
            .saturating_sub(self.done)
            .saturating_sub(self.failed)
            .saturating_sub(self.blocked)
            .saturating_sub(self.dropped)
    }
}

/// Lumi sections of the certified mask that the input files hold.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct LumiSummary {
    /// Certified, and in the input.
    pub certified: u64,
    /// Processed completely.
    pub processed: u64,
    /// Certified but not processed completely.
    pub missing: u64,
    /// Recorded luminosity of what was processed.
    pub recorded: Option<Luminosity>,
    /// Each run, ascending.
    pub runs: Vec<RunLumis>,
}

/// A luminosity with its unit, such as 7.54 `fb^-1`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Luminosity {
    /// The value.
    pub value: f64,
    /// The unit; `^-1` and `^{-1}` are set as superscripts.
    pub unit: String,
}

/// Lumi sections of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct RunLumis {
    /// The run.
    pub run: u32,
    /// Certified, and in the input.
    pub certified: u64,
    /// Processed completely.
    pub processed: u64,
    /// Certified but not processed completely.
    pub missing: u64,
}

/// A shard that did not succeed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// The stage.
    pub stage: String,
    /// The shard's id.
    pub shard: String,
    /// The input file.
    pub file: String,
    /// The last attempt.
    pub attempt: u32,
    /// `retry`, `reject`, or another word for what became of it.
    pub kind: String,
    /// The message of the last attempt.
    pub message: String,
    /// The same for failures with one cause.
    pub fingerprint: String,
    /// Shards that wait for it, by their stage.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keeps_back: BTreeMap<StageName, usize>,
}

/// Something that more than one file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Duplicate {
    /// What, such as `run 1, lumi 5` or `run 1, lumi 5, event 77`.
    pub what: String,
    /// The files.
    pub files: Vec<String>,
}

/// An input file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct InputFile {
    /// Its address.
    pub name: String,
    /// Entries of its tree.
    pub events: u64,
    /// Its shards.
    pub shards: ShardCounts,
}

impl Report {
    /// The shards of every stage together.
    pub(super) fn all_shards(&self) -> ShardCounts {
        self.stages
            .iter()
            .fold(ShardCounts::default(), |sum, stage| ShardCounts {
                planned: sum.planned.saturating_add(stage.shards.planned),
                done: sum.done.saturating_add(stage.shards.done),
                failed: sum.failed.saturating_add(stage.shards.failed),
                blocked: sum.blocked.saturating_add(stage.shards.blocked),
                dropped: sum.dropped.saturating_add(stage.shards.dropped),
            })
    }
}
