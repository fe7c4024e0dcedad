//! What a plan comes to, for a person or a program.

use std::cmp::Reverse;
use std::fmt;

use lumimill_common::campaign::DuplicatePolicy;
use lumimill_common::count::counted;
use serde::Serialize;

use super::duplicates::beside;
use super::{DuplicateLumi, Duplicates, Plan};

/// Duplicates and notes listed before the text only counts.
const LISTED: usize = 10;

/// The numbers of a plan, as `lumimill plan` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanSummary {
    /// Name of the campaign.
    pub campaign: String,
    /// Digest of its configuration.
    pub digest: String,
    /// Shards of each stage.
    pub stages: Vec<StageSummary>,
    /// Files, each once.
    pub files: usize,
    /// Files that give no shard: without events, or without certified ones.
    pub files_without_shards: usize,
    /// Directories that trees are put together of, where patterns say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directories: Option<u64>,
    /// Entries of all trees.
    pub events: u64,
    /// Certified ones.
    pub certified_events: u64,
    /// Entries that are in no shard.
    pub pruned_events: u64,
    /// Certified lumi sections of data in the files.
    pub certified_lumis: u64,
    /// Certified lumi sections that no file has; `None` without a mask.
    pub lumis_not_in_files: Option<u64>,
    /// Events that are there more than once.
    pub duplicate_events: u64,
    /// Copies of them beside the first of each.
    pub duplicate_copies: u64,
    /// Whether the copies are left out; they count, too, otherwise.
    pub duplicates_dropped: bool,
    /// Lumi sections that have any.
    pub duplicate_lumis: u64,
    /// Those with the most, in words.
    pub duplicates: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// The shards of one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageSummary {
    /// Its name.
    pub name: String,
    /// Its shards.
    pub shards: usize,
    /// Entries in them.
    pub events: u64,
    /// Certified events in them.
    pub certified_events: u64,
}

impl PlanSummary {
    /// The numbers of this plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let files = &plan.files;
        let found = plan.duplicates.as_ref();
        let in_files = plan.lumis_in_files();
        let not_in_files = plan.certified.mask().map(|mask| mask.difference(&in_files));
        Self {
            campaign: plan.campaign.to_string(),
            digest: plan.configuration.clone(),
            stages: stages_of(plan),
            files: plan.distinct_files(),
            files_without_shards: files.iter().filter(|file| file.shards == 0).count(),
            directories: files
                .iter()
                .filter_map(|file| file.directories)
                .reduce(u64::saturating_add),
            events: files.iter().map(|file| file.entries).sum(),
            certified_events: files.iter().map(|file| file.certified_events).sum(),
            pruned_events: files.iter().map(|file| file.pruned_entries).sum(),
            certified_lumis: in_files.len(),
            lumis_not_in_files: not_in_files.map(|lumis| lumis.len()),
            duplicate_events: found.map_or(0, |found| found.events),
            duplicate_copies: found.map_or(0, |found| found.copies),
            duplicates_dropped: found.is_some_and(|found| found.policy == DuplicatePolicy::First),
            duplicate_lumis: found.map_or(0, |found| found.lumis),
            duplicates: found.map(worst_duplicates).unwrap_or_default(),
            notes: plan.notes.clone(),
        }
    }
}

impl PlanSummary {
    /// How many events are there more than once, and what becomes of them.
    #[must_use]
    pub(crate) fn duplicates_line(&self) -> Option<String> {
        let copies = self.duplicate_copies;
        let fate = match self.duplicates_dropped {
            true => {
                let are = if copies == 1 { "is" } else { "are" };
                let copies = counted(copies, "copy");
                format!("the first of each counts, {copies} {are} left out")
            }
            false => format!(
                "each counts as often as it is there{}",
                beside(self.duplicate_events, copies)
            ),
        };
        (self.duplicate_events > 0).then(|| {
            format!(
                "{} more than once, in {}: {fate}",
                counted(self.duplicate_events, "event"),
                counted(self.duplicate_lumis, "lumi section"),
            )
        })
    }
}

fn worst_duplicates(found: &Duplicates) -> Vec<String> {
    let mut duplicates: Vec<&DuplicateLumi> = found.listed.iter().collect();
    duplicates.sort_by_key(|lumi| Reverse(lumi.copies));
    let worst = duplicates.into_iter().take(LISTED);
    worst.map(ToString::to_string).collect()
}

fn stages_of(plan: &Plan) -> Vec<StageSummary> {
    let stages = plan.stages.iter();
    stages
        .map(|stage| {
            let mut summary = StageSummary {
                name: stage.name.to_string(),
                shards: 0,
                events: 0,
                certified_events: 0,
            };
            for shard in plan.shards.iter().filter(|shard| shard.stage == stage.name) {
                summary.shards += 1;
                summary.events += shard.entries.end.saturating_sub(shard.entries.start);
                summary.certified_events += shard.certified_events;
            }
            summary
        })
        .collect()
}

impl fmt::Display for PlanSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short: String = self.digest.chars().take(12).collect();
        writeln!(f, "campaign    {} ({short})", self.campaign)?;
        write!(f, "files       {}", self.files)?;
        if let Some(directories) = self.directories {
            write!(f, ", {} read as one", counted(directories, "directory"))?;
        }
        match self.files_without_shards {
            0 => writeln!(f)?,
            empty => writeln!(f, ", {empty} without certified events")?,
        }
        writeln!(
            f,
            "events      {}, certified {}, pruned {}",
            self.events, self.certified_events, self.pruned_events
        )?;
        write!(
            f,
            "lumis       {} certified in the files",
            self.certified_lumis
        )?;
        match self.lumis_not_in_files {
            Some(absent) => writeln!(f, ", {absent} of the mask in no file")?,
            None => writeln!(f)?,
        }
        for stage in &self.stages {
            writeln!(
                f,
                "stage       {}: {}, {}, certified {}",
                stage.name,
                counted(stage.shards, "shard"),
                counted(stage.events, "event"),
                stage.certified_events
            )?;
        }
        if let Some(line) = self.duplicates_line() {
            writeln!(f, "duplicates  {line}")?;
        }
        list(f, &self.duplicates, self.duplicate_lumis)?;
        list(f, &self.notes, self.notes.len() as u64)
    }
}

fn list(f: &mut fmt::Formatter<'_>, lines: &[String], all: u64) -> fmt::Result {
    for line in lines.iter().take(LISTED) {
        writeln!(f, "  {line}")?;
    }
    match all.saturating_sub(LISTED as u64) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}
