//! From markers to the report's files: merges every stage, closes the lumi ledger, collects what
//! failed, and writes it all to the store.

mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use lumimill_common::bdt_config::BdtConfig;
use lumimill_common::campaign::{Campaign, DatasetKind, DuplicatePolicy, Stage};
use lumimill_common::control::model_key;
use lumimill_common::count::counted;
use lumimill_common::failure::FailedRecord;
use lumimill_common::lumi_mask::LumiMask;
use lumimill_common::metric::{self, CutFlow, MetricResult, Step, Unit};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::Store;
use lumimill_worker::given_back::give_back;
use lumimill_worker::shard_table::LabelCoverage;
use lumimill_worker::unit::unit_in;

use crate::acceptance::beyond;
use crate::failures::failed_records;
use crate::ledger::{Counts, KeptBack, Known, Ledger, LumiLedger};
use crate::output::{Inventory, Output};
use crate::packs::Reading;
use crate::plan::{DuplicateLumi, Plan, beside};
use crate::problem::Problem;
use crate::reduce::{StageResult, counted_for, reduce};
use crate::report::{
    Duplicate, Failure, InputFile, LabelReport, LumiSummary, Report, RunLumis, Selection,
    StageReport, made_by, overlays, render, shared_draws, significance_warnings, weighed_by,
};
use crate::report_sums::{ReportSums, SUMS, StoredReport, check_not_newer, made_of, remove_former};
use crate::soundness::Markers;

pub use outcome::Outcome;

/// Files that are written at a time: on a disk and far away alike, each is waited for.
const AT_ONCE: usize = 8;

/// Merges what is done and whole, and writes the report. What has a marker and no whole table does
/// not count as done.
pub async fn write_report(
    campaign: &Campaign,
    output: &Output,
    plan: &Plan,
) -> anyhow::Result<Outcome> {
    let inventory = output.inventory(plan).await?;
    write_report_of(campaign, output, plan, inventory).await
}

/// The same of what was just listed.
pub(crate) async fn write_report_of(
    campaign: &Campaign,
    output: &Output,
    plan: &Plan,
    mut inventory: Inventory,
) -> anyhow::Result<Outcome> {
    check_not_newer(output.store().as_ref()).await?;
    // What jobs left in between is not to stand beside what is merged.
    give_back();
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
    let (mut done, failed) = (take(&mut inventory.done), take(&mut inventory.failed));
    let markers = Markers::of(campaign);
    let reading = Reading::of(output, plan, &markers, &inventory).await?;
    let reading = reading.repacking();
    let mut unsound = BTreeMap::new();
    let mut results = Vec::with_capacity(plan.stages.len());
    for stage in &campaign.stages {
        let mut result = reduce(&reading, stage, &done, &inventory.tables).await?;
        while !result.unsound.is_empty() {
            for found in result.unsound {
                done.remove(&found.shard);
                unsound.insert(found.shard, found);
            }
            result = reduce(&reading, stage, &done, &inventory.tables).await?;
        }
        results.push(result);
        give_back();
    }
    reading.tidy().await;
    // Of a million shards it is much, and nobody asks for it any more.
    drop(reading);
    drop((done, inventory));
    add_fits(campaign, &mut results);
    // What is counted is what was merged.
    let merged = results.iter_mut();
    let merged = merged.flat_map(|result| take(&mut result.merged));
    let known = Known::of(merged.collect(), failed);
    let ledger = Ledger::of(plan, &known);
    let mut stages: Vec<StageReport> = campaign
        .stages
        .iter()
        .zip(results)
        .zip(ledger.of_stages())
        .map(|((stage, result), (_, counts))| stage_report(campaign, stage, result, plan, &counts))
        .collect();
    for (stage, report) in campaign.stages.iter().zip(&mut stages) {
        report.selections = selections(output.store().as_ref(), stage, plan).await?;
    }
    let lumis = plan.certified.mask().map(|_| ledger.lumis());
    let mut warnings = plan.notes.clone();
    let accepted = beyond(plan, campaign.shards.accept);
    warnings.extend(accepted.iter().cloned());
    let empty: Vec<String> = stages.iter().filter_map(without_rows).collect();
    warnings.extend(empty.iter().cloned());
    let scans: Vec<String> = stages.iter().flat_map(significance_warnings).collect();
    let draws: Vec<String> = stages.iter().flat_map(shared_draws).collect();
    warnings.extend(scans.iter().chain(&draws).cloned());
    let report = Report {
        campaign: plan.campaign.to_string(),
        software: format!("lumimill {}", env!("CARGO_PKG_VERSION")),
        configuration: plan.configuration.clone(),
        data: data_label(campaign),
        warnings,
        failures: failures(output, &ledger, &known.given_up, &plan.shards).await?,
        accepted: plan.losses(),
        dropped: failures(output, &ledger, &known.given_up, &plan.dropped).await?,
        duplicates: duplicates(plan),
        files: input_files(plan, &ledger),
        processed_lumis: lumis.as_ref().map(|lumis| lumis.processed.to_json()),
        missing_lumis: lumis.as_ref().map(|lumis| lumis.missing.to_json()),
        lumis: lumis.as_ref().map(lumi_summary),
        stages,
        tables: campaign.tables.clone(),
        overlays: overlays(campaign),
    };
    let files = render(&report)?;
    let made_of = made_of(plan, &known.done);
    let sums = ReportSums::of(&files, made_of.clone());
    let store = output.store();
    let there = StoredReport::look(store.as_ref()).await?;
    // Of two who report one of them may be late: what is right is not taken from who reads it.
    if !there.is(&sums).await? {
        // While the record has them, whoever is stopped here removes them the next time.
        remove_former(output.store().as_ref(), &sums).await?;
        output.write_report(SUMS, sums.to_bytes()?).await?;
        write_files(output, files).await?;
    }
    let mut outcome = Outcome::of(&report, empty, plan, output, (made_of, unsound));
    outcome.warnings.extend(accepted);
    outcome.warnings.extend(scans);
    outcome.warnings.extend(draws);
    outcome.warnings.extend(foreign);
    if to_measure > 0 {
        outcome.warnings.push(format!(
            "{to_measure} shards are to be measured again, as their metrics changed, and do not \
             count as done: run or submit the campaign"
        ));
    }
    Ok(outcome)
}

/// Writes the files, the page first among them last: that it is there says that all of it is.
async fn write_files(output: &Output, files: Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let write =
        |(name, bytes): (String, Vec<u8>)| async move { output.write_report(&name, bytes).await };
    let mut files = files.into_iter();
    let page = files.next();
    let writing = stream::iter(files.map(write)).buffer_unordered(AT_ONCE);
    writing.try_collect::<()>().await?;
    match page {
        Some(page) => write(page).await,
        None => Ok(()),
    }
}

/// Adds to the results of stages that fit, or estimate a density, what is made of the counts of the
/// stages that they read: the same as workers do.
fn add_fits(campaign: &Campaign, results: &mut [StageResult]) {
    for (number, stage) in campaign.stages.iter().enumerate() {
        let counted = counted_for(stage, results).filter(|_| stage.is_estimate());
        let found = counted.and_then(|counted| match &stage.fit {
            Some(fit) => fit.of_counted(&counted).map(MetricResult::MassFit),
            None => Some(counted.rows.finalise()),
        });
        if let Some((result, found)) = results.get_mut(number).zip(found) {
            result.metrics.push(found);
        }
    }
}

/// The BDT configurations that a stage selects by, as far as the store has them.
async fn selections(
    store: &dyn Store,
    stage: &Stage,
    plan: &Plan,
) -> anyhow::Result<Vec<Selection>> {
    let planned = plan
        .stages
        .iter()
        .find(|planned| planned.name == stage.name);
    let mut hashes = planned.map_or(&[][..], |planned| &planned.models).iter();
    let mut selections = Vec::new();
    for model in &stage.models {
        let mut files = model.source.paths().len();
        if model.bdt().is_some()
            && let Some(key) = hashes.clone().next().and_then(|hash| model_key(hash))
        {
            let bytes = store.get(&key).await?.unwrap_or_default();
            if let Ok(config) = BdtConfig::parse(&bytes) {
                files += config.bins.len();
                selections.push(Selection {
                    model: model.name.clone(),
                    config,
                });
            }
        }
        hashes = hashes.as_slice().get(files..).unwrap_or_default().iter();
    }
    Ok(selections)
}

/// A table without rows although events went in, which is seldom what was meant.
fn without_rows(stage: &StageReport) -> Option<String> {
    if stage.rows > 0 || stage.shards.done < stage.shards.planned {
        return None;
    }
    let steps = stage.cut_flow.steps().iter();
    // What is left out of an event leaves its row.
    let steps: Vec<&Step> = steps.filter(|step| step.unit != Unit::Members).collect();
    let last = steps.iter().rposition(|step| step.count > 0)?;
    let (before, step) = (steps[last], steps.get(last + 1)?);
    // What is certified is said when the campaign is planned.
    let is_read = ["events read", "events in the files", "rows in the files"];
    (!is_read.contains(&before.name.as_str())).then(|| {
        format!(
            "stage {}: its table has no rows: none of {} {} passes \"{}\"; see the cut flow",
            stage.name,
            before.count,
            before.unit.word(),
            step.name,
        )
    })
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
    counts: &Counts,
) -> StageReport {
    let of_metrics = stage.measured_columns();
    let names = stage.output_names().into_iter().map(str::to_owned);
    let datasets = &campaign.root_of(stage).datasets;
    let mut read = campaign.datasets.iter();
    let is_simulation =
        read.all(|dataset| !datasets.contains(&dataset.name) || dataset.kind == DatasetKind::Mc);
    let unit = |name: String| unit_in(campaign, stage, &name).map(|unit| (name, unit));
    StageReport {
        name: result.name,
        dataset: datasets.join(" + "),
        is_simulation,
        weighed_by: weighed_by(campaign, stage),
        made_by: made_by(campaign, stage),
        rows_are: String::from(match campaign.rows_are_events(stage) {
            true => "Events",
            false => "Candidates",
        }),
        cut_flow: from_files(campaign, stage, plan, &result.cut_flow),
        labels: label_reports(stage, plan),
        warnings: metric::warnings(&result.metrics),
        metrics: result.metrics,
        selections: Vec::new(),
        units: names.chain(of_metrics).filter_map(unit).collect(),
        rows: result.rows,
        shards: counts.into(),
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
    if stage.from.is_some() {
        return read.clone();
    }
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
    match stage.grouping.is_some() {
        true => flow.add("rows in the files", Unit::Rows, entries),
        false => flow.add("events in the files", Unit::Events, entries),
    }
    for step in read.steps() {
        flow.add(&step.name, step.unit, step.count);
    }
    flow
}

async fn failures(
    output: &Output,
    ledger: &Ledger<'_>,
    failed: &BTreeSet<ShardId>,
    shards: &[Shard],
) -> anyhow::Result<Vec<Failure>> {
    let records = failed_records(output, shards, failed).await?;
    let kept_back = ledger.kept_back().into_iter();
    let mut kept_back: BTreeMap<ShardId, KeptBack> =
        kept_back.map(|kept| (kept.by, kept)).collect();
    let mut failure = |(shard, record): (&Shard, FailedRecord)| {
        let kept_back = kept_back.remove(&shard.id);
        let last = record.attempts.into_iter().next_back()?;
        Some(Failure {
            stage: shard.stage.to_string(),
            shard: shard.id.to_string(),
            file: shard.input(),
            attempt: last.attempt,
            fingerprint: last.failure.fingerprint(),
            kind: last.failure.kind.to_string(),
            message: last.failure.message,
            keeps_back: kept_back.map(|kept| kept.shards).unwrap_or_default(),
        })
    };
    Ok(records.into_iter().filter_map(&mut failure).collect())
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
fn input_files(plan: &Plan, ledger: &Ledger<'_>) -> Vec<InputFile> {
    let counts = ledger.of_files();
    let files = plan.files.iter().map(|file| {
        let key = (file.dataset.as_str(), &file.file, file.tree.as_str());
        InputFile {
            name: file.file.url.clone(),
            events: file.entries,
            shards: counts.get(&key).map(Into::into).unwrap_or_default(),
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
