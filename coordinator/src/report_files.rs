//! From markers to the report's files: merges every stage, closes the lumi ledger, collects what
//! failed, and writes it all to the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lumimill_common::campaign::{Campaign, DuplicatePolicy, Rows, Stage};
use lumimill_common::count::counted;
use lumimill_common::failure::FailedRecord;
use lumimill_common::lumi_mask::LumiMask;
use lumimill_common::metric::{self, CutFlow, Unit};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_worker::shard_table::LabelCoverage;
use lumimill_worker::unit::unit_of;

use crate::ledger::{Ledger, LumiLedger};
use crate::output::Output;
use crate::plan::{DuplicateLumi, Plan, beside};
use crate::reduce::{StageResult, reduce};
use crate::report::{
    Duplicate, Failure, InputFile, LabelReport, LumiSummary, Report, RunLumis, ShardCounts,
    StageReport, render,
};
use crate::report_sums::{ReportSums, SUMS, check_not_newer, remove_former};
use crate::soundness::{Markers, Unsound};
use crate::status::failed_records;
use crate::verify::Problem;

/// Shards that failed that are named in the last lines of a run.
const FAILED_LINES: usize = 20;

/// What a campaign came to, for the last lines of a run.
#[derive(Debug)]
pub struct Outcome {
    location: String,
    stages: Vec<(String, ShardCounts, u64)>,
    failed: Vec<String>,
    /// What is to be known of metrics, and of tables without rows.
    warnings: Vec<String>,
    unsound: BTreeMap<ShardId, Unsound>,
    lumis: Option<(u64, u64)>,
    /// How many warnings the plan has.
    noted: usize,
}

impl Outcome {
    /// Shards that have a marker and are as good as not done: they are in no count, and are to be
    /// done again.
    #[must_use]
    pub fn unsound(&self) -> &BTreeMap<ShardId, Unsound> {
        &self.unsound
    }

    /// Shards that are neither done nor given up, nor known to be damaged.
    fn left(&self) -> u64 {
        let of_stages = self.stages.iter();
        let left = of_stages.map(|(_, it, _)| it.planned.saturating_sub(it.done + it.failed));
        let unsound = self.unsound.len() as u64;
        left.sum::<u64>().saturating_sub(unsound)
    }

    /// How many shards are in the report.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.stages.iter().map(|(_, shards, _)| shards.done).sum()
    }

    /// Whether every shard is done.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.stages
            .iter()
            .all(|(_, shards, _)| shards.done == shards.planned)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        if self.noted > 0 {
            writeln!(f, "warnings: {}, in the report", self.noted)?;
        }
        write!(f, "report  {}/report/index.html", self.location)?;
        for (name, shards, _) in &self.stages {
            match shards.done {
                0 => write!(f, "\ntables  none of stage {name}")?,
                _ => write!(f, "\ntables  {}/{name}/*.parquet", self.location)?,
            }
        }
        Ok(())
    }
}

/// Merges what is done and whole, and writes the report. What has a marker and no whole table does
/// not count as done.
pub async fn write_report(
    campaign: &Campaign,
    output: &Output,
    plan: &Plan,
) -> anyhow::Result<Outcome> {
    check_not_newer(output.store().as_ref()).await?;
    let inventory = output.inventory(plan).await?;
    output.forget_measured(plan, &inventory).await?;
    let to_measure = inventory.to_measure();
    let to_measure = plan
        .shards
        .iter()
        .filter(|shard| to_measure.contains(&shard.id));
    let to_measure = to_measure.count();
    let foreign: Vec<String> = inventory
        .foreign
        .iter()
        .map(|key| Problem::Foreign(key.clone()).to_string())
        .collect();
    let (mut done, failed) = (inventory.done, inventory.failed);
    let markers = Markers::of(campaign);
    let mut unsound = BTreeMap::new();
    let mut stages = Vec::with_capacity(plan.stages.len());
    for stage in &campaign.stages {
        let mut result = reduce(plan, output, &markers, stage, &done, &inventory.tables).await?;
        while !result.unsound.is_empty() {
            for found in result.unsound {
                done.remove(&found.shard);
                unsound.insert(found.shard, found);
            }
            result = reduce(plan, output, &markers, stage, &done, &inventory.tables).await?;
        }
        stages.push(stage_report(campaign, stage, result, plan, &failed));
    }
    let ledger = Ledger::new(plan, &done, &failed);
    let lumis = plan.certified.mask().map(|_| ledger.lumis());
    let mut warnings = plan.notes.clone();
    let empty: Vec<String> = stages.iter().filter_map(without_rows).collect();
    warnings.extend(empty.iter().cloned());
    let report = Report {
        campaign: plan.campaign.to_string(),
        software: format!("lumimill {}", env!("CARGO_PKG_VERSION")),
        configuration: plan.digest.clone(),
        data: data_label(campaign),
        warnings,
        failures: failures(output, plan, &failed).await?,
        duplicates: duplicates(plan),
        files: input_files(plan, &done, &failed),
        processed_lumis: lumis.as_ref().map(|lumis| lumis.processed.to_json()),
        missing_lumis: lumis.as_ref().map(|lumis| lumis.missing.to_json()),
        lumis: lumis.as_ref().map(lumi_summary),
        stages,
    };
    let mut files = render(&report)?;
    let sums = ReportSums::of(&files);
    // While the record has them, whoever is stopped here removes them the next time.
    remove_former(output.store().as_ref(), &sums).await?;
    let sums = sums.to_bytes()?;
    files.push((SUMS.to_owned(), sums));
    // The page comes last: that it is there says that all of it is.
    for (name, bytes) in files.into_iter().rev() {
        output.write_report(&name, bytes).await?;
    }
    let mut outcome = outcome(&report, empty, output, unsound);
    outcome.warnings.extend(foreign);
    if to_measure > 0 {
        outcome.warnings.push(format!(
            "{to_measure} shards are to be measured again, as their metrics changed, and do not \
             count as done: run or submit the campaign"
        ));
    }
    Ok(outcome)
}

/// A table without rows although events went in, which is seldom what was meant.
fn without_rows(stage: &StageReport) -> Option<String> {
    if stage.rows > 0 || stage.shards.done < stage.shards.planned {
        return None;
    }
    let steps = stage.cut_flow.steps();
    let last = steps.iter().rposition(|step| step.count > 0)?;
    let (before, step) = (&steps[last], steps.get(last + 1)?);
    // What is certified is said when the campaign is planned.
    (before.name != "events read" && before.name != "events in the files").then(|| {
        format!(
            "stage {}: its table has no rows: none of {} {} passes \"{}\"; see the cut flow",
            stage.name,
            before.count,
            match before.unit {
                Unit::Events => "events",
                Unit::Rows => "rows",
            },
            step.name,
        )
    })
}

fn outcome(
    report: &Report,
    empty: Vec<String>,
    output: &Output,
    unsound: BTreeMap<ShardId, Unsound>,
) -> Outcome {
    let failed = |failure: &Failure| {
        format!(
            "shard {} of {} ({}): {}",
            failure.shard, failure.stage, failure.file, failure.message
        )
    };
    let of_metrics = report.stages.iter().flat_map(warnings);
    Outcome {
        location: output.store().location(),
        stages: report
            .stages
            .iter()
            .map(|stage| (stage.name.clone(), stage.shards, stage.rows))
            .collect(),
        failed: report.failures.iter().map(failed).collect(),
        warnings: empty.into_iter().chain(of_metrics).collect(),
        noted: report.warnings.len(),
        unsound,
        lumis: report
            .lumis
            .as_ref()
            .map(|lumis| (lumis.processed, lumis.missing)),
    }
}

fn warnings(stage: &StageReport) -> Vec<String> {
    let all = metric::warnings(&stage.metrics).into_iter();
    all.map(|warning| format!("stage {}: {warning}", stage.name))
        .collect()
}

fn data_label(campaign: &Campaign) -> String {
    let names: Vec<&str> = campaign
        .datasets
        .iter()
        .map(|dataset| dataset.name.as_str())
        .collect();
    match names.as_slice() {
        [first, second, third, more @ ..] if !more.is_empty() => {
            format!("{first}, {second}, {third} and {} more", more.len())
        }
        names => names.join(", "),
    }
}

fn stage_report(
    campaign: &Campaign,
    stage: &Stage,
    result: StageResult,
    plan: &Plan,
    failed: &BTreeSet<ShardId>,
) -> StageReport {
    let of_stage = plan.shards.iter().filter(|shard| shard.stage == stage.name);
    let failed = of_stage.filter(|shard| failed.contains(&shard.id)).count();
    let unit = |name: &&str| Some(((*name).to_owned(), unit_of(stage, name)?));
    StageReport {
        name: result.name,
        rows_are: String::from(match stage.rows {
            Rows::Event => "Events",
            Rows::Each { .. } | Rows::Pairs { .. } => "Candidates",
        }),
        cut_flow: from_files(campaign, stage, plan, &result.cut_flow),
        labels: label_reports(stage, plan),
        metrics: result.metrics,
        units: stage.output_names().iter().filter_map(unit).collect(),
        rows: result.rows,
        shards: ShardCounts {
            planned: result.planned as u64,
            done: result.done as u64,
            failed: failed as u64,
        },
    }
}

fn label_reports(stage: &Stage, plan: &Plan) -> Vec<LabelReport> {
    let planned = plan
        .stages
        .iter()
        .filter(|planned| planned.name == stage.name);
    let report = |label: &LabelCoverage| LabelReport {
        label: label.label.clone(),
        branch: label.branch.clone(),
        files: label.files,
        events: label.events,
        files_without: label.files_without,
        events_without: label.events_without,
    };
    planned
        .flat_map(|planned| &planned.labels)
        .map(report)
        .collect()
}

/// The cut flow with what the files hold in front: ranges without certified events are not read.
fn from_files(campaign: &Campaign, stage: &Stage, plan: &Plan, read: &CutFlow) -> CutFlow {
    let datasets = campaign.datasets.iter();
    let read_by = datasets.filter(|dataset| stage.datasets.contains(&dataset.name));
    let trees: BTreeMap<&str, String> = read_by
        .map(|dataset| (dataset.name.as_str(), stage.tree_of(dataset)))
        .collect();
    let of_stage = plan.files.iter().filter(|file| {
        let tree = trees.get(file.dataset.as_str());
        tree.is_some_and(|tree| *tree == file.tree)
    });
    let mut flow = CutFlow::new();
    let entries = of_stage.map(|file| file.entries).sum();
    flow.add("events in the files", Unit::Events, entries);
    for step in read.steps() {
        flow.add(&step.name, step.unit, step.count);
    }
    flow
}

async fn failures(
    output: &Output,
    plan: &Plan,
    failed: &BTreeSet<ShardId>,
) -> anyhow::Result<Vec<Failure>> {
    let records = failed_records(output, plan, failed).await?;
    let failure = |(shard, record): (&Shard, FailedRecord)| {
        let last = record.attempts.into_iter().next_back()?;
        Some(Failure {
            stage: shard.stage.to_string(),
            shard: shard.id.to_string(),
            file: shard.file.url.clone(),
            attempt: last.attempt,
            fingerprint: last.failure.fingerprint(),
            kind: last.failure.kind,
            message: last.failure.message,
        })
    };
    Ok(records.into_iter().filter_map(failure).collect())
}

fn duplicates(plan: &Plan) -> Vec<Duplicate> {
    let Some(found) = &plan.duplicates else {
        return Vec::new();
    };
    let fate = |lumi: &DuplicateLumi| match found.policy {
        DuplicatePolicy::First => {
            format!(", {} left out", counted(lumi.copies, "copy"))
        }
        DuplicatePolicy::Keep | DuplicatePolicy::Error => {
            format!("{}, counted", beside(lumi.duplicate_events, lumi.copies))
        }
    };
    let duplicate = |lumi: &DuplicateLumi| Duplicate {
        what: format!(
            "run {}, lumi {}: {} more than once{}",
            lumi.run,
            lumi.lumi,
            counted(lumi.duplicate_events, "event"),
            fate(lumi)
        ),
        files: lumi.files.clone(),
    };
    found.listed.iter().map(duplicate).collect()
}

/// Input files in the order of the plan, with their shards of all stages.
fn input_files(
    plan: &Plan,
    done: &BTreeSet<ShardId>,
    failed: &BTreeSet<ShardId>,
) -> Vec<InputFile> {
    let mut counts: BTreeMap<(&str, &str, &str), ShardCounts> = BTreeMap::new();
    for shard in &plan.shards {
        let key = (
            shard.dataset.as_str(),
            shard.file.url.as_str(),
            shard.tree.as_str(),
        );
        let shards = counts.entry(key).or_default();
        shards.planned += 1;
        shards.done += u64::from(done.contains(&shard.id));
        shards.failed += u64::from(failed.contains(&shard.id));
    }
    let files = plan.files.iter().map(|file| {
        let key = (
            file.dataset.as_str(),
            file.file.url.as_str(),
            file.tree.as_str(),
        );
        let shards = counts.get(&key).copied().unwrap_or_default();
        InputFile {
            name: file.file.url.clone(),
            events: file.entries,
            shards,
        }
    });
    files.collect()
}

fn lumi_summary(lumis: &LumiLedger) -> LumiSummary {
    let mut runs: BTreeMap<u32, RunLumis> = BTreeMap::new();
    let mut add = |mask: &LumiMask, count: fn(&mut RunLumis) -> &mut u64| {
        for range in mask.ranges() {
            let run = range.run().get();
            let sections = u64::from(range.last().get() - range.first().get()) + 1;
            let entry = runs.entry(run).or_insert_with(|| RunLumis {
                run,
                ..RunLumis::default()
            });
            *count(entry) += sections;
            entry.certified += sections;
        }
    };
    add(&lumis.processed, |run| &mut run.processed);
    add(&lumis.missing, |run| &mut run.missing);
    LumiSummary {
        certified: lumis.processed.len() + lumis.missing.len(),
        processed: lumis.processed.len(),
        missing: lumis.missing.len(),
        recorded: None,
        runs: runs.into_values().collect(),
    }
}
