//! `[[dataset]]`, `[certification]` and `[shards]`: what is read, what counts, how it is cut.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::share::Share;
use crate::run_range::RunRange;
use crate::section::Section;

/// Whether events were recorded or simulated; only data is certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetKind {
    /// Recorded collisions: the mask applies.
    Data,
    /// Simulation: every event counts as certified.
    Mc,
}

/// A named list of input files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dataset {
    /// Its name, unique in the campaign.
    pub name: String,
    /// Data or simulation.
    pub kind: DatasetKind,
    /// Globs, paths, URLs and `@lists`, as written.
    pub files: Vec<String>,
    /// Name of the tree to read.
    pub tree: String,
}

impl Dataset {
    pub(super) fn read_all(root: &mut Section<'_>) -> Vec<Self> {
        let sections = root.sections("dataset");
        if sections.is_empty() {
            root.problem("dataset", "is missing: at least one [[dataset]] is needed");
        }
        let mut names = BTreeSet::new();
        let mut datasets = Vec::with_capacity(sections.len());
        for mut section in sections {
            let dataset = Self::read(&mut section);
            if !dataset.name.is_empty() && !names.insert(dataset.name.clone()) {
                section.problem("name", format!("\"{}\" is used twice", dataset.name));
            }
            datasets.push(dataset);
        }
        datasets
    }

    fn read(section: &mut Section<'_>) -> Self {
        let name = section.required_text("name");
        let kinds = [("data", DatasetKind::Data), ("mc", DatasetKind::Mc)];
        let kind = section.required_choice("kind", &kinds);
        let is_empty = |value: &toml::Value| value.as_array().is_some_and(Vec::is_empty);
        match section.value("files") {
            None => section.problem("files", "is missing"),
            Some(value) if is_empty(value) => {
                section.problem("files", "is empty: name at least one file");
            }
            Some(_) => {}
        }
        let files = section.listed("files").into_iter();
        let files = files.map(|(_, text)| text).collect();
        let tree = section
            .text("tree")
            .unwrap_or_else(|| String::from("Events"));
        section.finish();
        Self {
            name: name.unwrap_or_default(),
            kind: kind.unwrap_or(DatasetKind::Data),
            files,
            tree,
        }
    }
}

/// What becomes of events that a stage would read more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DuplicatePolicy {
    /// The campaign is not planned.
    Error,
    /// Each counts as often as it is there.
    Keep,
    /// The first in the order of the plan counts, and is in the table.
    First,
}

/// Which events count: lumi sections of data, and one of several that are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certification {
    /// Path of the golden JSON, as written.
    pub mask: Option<String>,
    /// Runs to which certification is limited.
    pub runs: Option<RunRange>,
    /// What becomes of events that are there more than once, of data and of simulation.
    pub duplicates: Option<DuplicatePolicy>,
}

impl Certification {
    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let mask = section.text("mask");
        let text = section.text("runs");
        let runs = text
            .as_ref()
            .and_then(|text| section.parsed::<RunRange>("runs", text));
        let policies = [
            ("error", DuplicatePolicy::Error),
            ("keep", DuplicatePolicy::Keep),
            ("first", DuplicatePolicy::First),
        ];
        let is_bare = section.value("duplicates").is_none();
        let duplicates = section.choice("duplicates", &policies);
        section.finish();
        if mask.is_none() && text.is_none() && is_bare {
            section.problem_here("expected mask (a golden JSON), runs, both, or duplicates");
            return None;
        }
        Some(Self {
            mask,
            runs,
            duplicates,
        })
    }
}

/// How input is cut into shards, how often a shard is tried, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ShardPolicy {
    /// Target number of entries a shard; cuts are made at cluster boundaries.
    pub events: u64,
    /// Attempts after which a shard is given up as dead.
    pub max_attempts: u32,
    /// Minutes that one attempt may take.
    pub limit_minutes: u64,
    /// Share of the certified events of a stage that has to be done for the campaign to go on without
    /// the shards that were given up.
    pub accept: Share,
}

impl Default for ShardPolicy {
    fn default() -> Self {
        Self {
            events: 200_000,
            max_attempts: 3,
            limit_minutes: 240,
            accept: Share::ALL,
        }
    }
}

impl ShardPolicy {
    /// Time that one attempt may take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.limit_minutes.saturating_mul(60))
    }

    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let default = Self::default();
        let mut within = |key: &str, limit: i64, default: u64| match section.integer(key) {
            None => default,
            Some(value) if (1..=limit).contains(&value) => value.unsigned_abs(),
            Some(value) => {
                section.problem(key, format!("expected 1 to {limit}, found {value}"));
                default
            }
        };
        let events = within("events", 1_000_000_000_000, default.events);
        let max_attempts = within("max_attempts", 100, u64::from(default.max_attempts));
        let limit_minutes = within("limit_minutes", 100_000, default.limit_minutes);
        let accept = section.float("accept").map(|value| {
            Share::try_new(value).unwrap_or_else(|| {
                let expected = "expected a share of the events above 0 and up to 1, with at most \
                                six decimals, as 0.99";
                section.problem("accept", format!("{expected}, found {value}"));
                default.accept
            })
        });
        section.finish();
        Self {
            events,
            limit_minutes,
            accept: accept.unwrap_or(default.accept),
            max_attempts: u32::try_from(max_attempts).unwrap_or(default.max_attempts),
        }
    }
}
