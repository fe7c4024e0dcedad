//! What a campaign came to, for the last lines of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lumimill_common::count::counted;
use lumimill_common::metric;
use lumimill_common::shard::ShardId;

use crate::output::Output;
use crate::plan::Plan;
use crate::report::{Failure, Report, ShardCounts, StageReport};
use crate::soundness::Unsound;

/// Shards that failed that are named in the last lines of a run.
const FAILED_LINES: usize = 20;

/// What a campaign came to, for the last lines of a run.
#[derive(Debug)]
pub struct Outcome {
    location: String,
    made_of: String,
    stages: Vec<(String, ShardCounts, u64)>,
    /// Names of those that only measure.
    without_tables: BTreeSet<String>,
    failed: Vec<String>,
    /// What stages were accepted without.
    accepted: Vec<String>,
    /// What is to be known of metrics, and of tables without rows.
    pub(super) warnings: Vec<String>,
    unsound: BTreeMap<ShardId, Unsound>,
    lumis: Option<(u64, u64)>,
    /// How many warnings the plan has.
    noted: usize,
}

impl Outcome {
    /// What a report says; `empty` are tables without rows.
    pub(super) fn of(
        report: &Report,
        empty: Vec<String>,
        plan: &Plan,
        output: &Output,
        (made_of, unsound): (String, BTreeMap<ShardId, Unsound>),
    ) -> Self {
        let failed = |failure: &Failure| {
            format!(
                "shard {} of {} ({}): {}",
                failure.shard, failure.stage, failure.file, failure.message
            )
        };
        let of_metrics = report.stages.iter().flat_map(warnings);
        let without = plan.stages.iter().filter(|stage| stage.without_tables);
        Self {
            without_tables: without.map(|stage| stage.name.to_string()).collect(),
            location: output.store().location(),
            made_of,
            stages: report
                .stages
                .iter()
                .map(|stage| (stage.name.clone(), stage.shards, stage.rows))
                .collect(),
            failed: report.failures.iter().map(failed).collect(),
            accepted: report.accepted.iter().map(ToString::to_string).collect(),
            warnings: empty.into_iter().chain(of_metrics).collect(),
            noted: report.warnings.len(),
            unsound,
            lumis: report
                .lumis
                .as_ref()
                .map(|lumis| (lumis.processed, lumis.missing)),
        }
    }

    /// Shards that have a marker and are as good as not done: they are in no count, and are to be
    /// done again.
    #[must_use]
    pub(crate) fn unsound(&self) -> &BTreeMap<ShardId, Unsound> {
        &self.unsound
    }

    /// Shards that are neither done nor given up, nor known to be damaged.
    fn left(&self) -> u64 {
        let left = self.stages.iter().map(|(_, it, _)| it.outstanding());
        let unsound = self.unsound.len() as u64;
        left.sum::<u64>().saturating_sub(unsound)
    }

    fn blocked(&self) -> u64 {
        self.stages.iter().map(|(_, it, _)| it.blocked).sum()
    }

    /// What the report is made of.
    #[must_use]
    pub(crate) fn made_of(&self) -> &str {
        &self.made_of
    }

    /// Whether every shard is done, or was dropped.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.stages
            .iter()
            .all(|(_, shards, _)| shards.done + shards.dropped == shards.planned)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for loss in &self.accepted {
            writeln!(f, "accepted: {loss}")?;
        }
        for failed in self.failed.iter().take(FAILED_LINES) {
            writeln!(f, "failed {failed}")?;
        }
        let more = self.failed.len().saturating_sub(FAILED_LINES);
        if more > 0 {
            let location = &self.location;
            writeln!(
                f,
                "… and {more} more failed: the report has them all; `lumimill status {location} \
                 --failed` groups them by likeness"
            )?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        for unsound in self.unsound.values() {
            writeln!(f, "damaged {unsound}")?;
        }
        if !self.unsound.is_empty() {
            writeln!(f, "make them again with lumimill verify --mend")?;
        }
        let left = self.left();
        if left > 0 {
            writeln!(
                f,
                "{} not done: lumimill run, or submit for a pool; lumimill verify names them",
                match left {
                    1 => String::from("1 shard is"),
                    left => format!("{left} shards are"),
                }
            )?;
        }
        if self.blocked() > 0 {
            let wait = match self.blocked() {
                1 => String::from("1 shard waits"),
                blocked => format!("{blocked} shards wait"),
            };
            let location = &self.location;
            writeln!(
                f,
                "{wait} for what was given up: lumimill status {location} says for which"
            )?;
        }
        for (name, shards, rows) in &self.stages {
            writeln!(
                f,
                "stage {name}: {} of {}, {}",
                shards.done,
                counted(shards.planned, "shard"),
                counted(*rows, "row")
            )?;
        }
        if let Some((processed, missing)) = self.lumis {
            writeln!(f, "lumi sections: {processed} processed, {missing} missing")?;
        }
        let warnings = self.warnings.len() + self.noted;
        if warnings > 0 {
            writeln!(f, "warnings: {warnings}, in the report")?;
        }
        write!(f, "report  {}/report/index.html", self.location)?;
        let has_tables = |name: &String| !self.without_tables.contains(name);
        for (name, shards, _) in self.stages.iter().filter(|(name, ..)| has_tables(name)) {
            match shards.done {
                0 => write!(f, "\ntables  none of stage {name}")?,
                _ => write!(f, "\ntables  {}/{name}/*.parquet", self.location)?,
            }
        }
        Ok(())
    }
}

fn warnings(stage: &StageReport) -> Vec<String> {
    let all = metric::warnings(&stage.metrics).into_iter();
    all.map(|warning| format!("stage {}: {warning}", stage.name))
        .collect()
}
