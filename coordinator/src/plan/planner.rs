//! Makes a plan: files are scanned in parallel, and put together in order.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use lumimill_common::campaign::{Campaign, DatasetKind, Problem, Stage, StageName};
use lumimill_common::count::counted;
use lumimill_common::entry_set::EntrySet;
use lumimill_common::lumi_mask::{LumiMask, MaskNote};
use lumimill_common::shard::{FileIdentity, Shard, ShardId, Source};
use lumimill_worker::layout::Layout;
use lumimill_worker::prepared_stage::PreparedStage;
use lumimill_worker::stage_model::StageModel;
use thin_vec::ThinVec;

use super::certified::Certified;
use super::cut::Cut;
use super::derive::derive;
use super::digest::digest_of;
use super::duplicates;
use super::events_in_several::events_in_several;
use super::inputs::{Input, Scanned, inputs_of, look_at_all, trees_of};
use super::pack::packed;
use super::problem::{PlanErrors, PlanProblem};
use super::scan::{Holds, Looked};
use super::tables::Tables;
use super::warnings::warnings;
use super::{Plan, PlannedFile, PlannedStage, Splits};
use crate::discover::Inputs;

/// Plans a campaign of these stages; its relative paths are relative to the folder `base`.
///
/// # Errors
/// Every problem with mask and files at once.
pub fn plan(
    campaign: &Campaign,
    base: &Path,
    stages: &[Arc<PreparedStage>],
    slots: NonZeroUsize,
) -> Result<Plan, PlanErrors> {
    let inputs = Inputs::find(&campaign.datasets, base);
    let (survey, problems) = Survey::of(campaign, base, &inputs, slots);
    let found = inputs.problems.into_iter().map(PlanProblem::from);
    let problems: Vec<PlanProblem> = found.chain(problems).collect();
    match problems.is_empty() {
        true => survey.plan(stages, slots),
        false => Err(PlanErrors(problems)),
    }
}

/// What the mask certifies, and what the files of a campaign hold.
pub struct Survey<'a> {
    campaign: &'a Campaign,
    certified: Certified,
    scanned: Vec<Scanned<'a>>,
    /// What cannot be planned, each with its columns as far as those can be read.
    unscanned: Vec<(Input<'a>, Option<Arc<Layout>>)>,
    notes: Vec<String>,
    is_certified: bool,
}

impl<'a> Survey<'a> {
    /// Reads the mask and looks into every file, `slots` at a time; and all that is wrong with
    /// them. Where something is, what is right does not make a plan.
    #[must_use]
    pub fn of(
        campaign: &'a Campaign,
        base: &Path,
        inputs: &Inputs,
        slots: NonZeroUsize,
    ) -> (Self, Vec<PlanProblem>) {
        let mut problems = Vec::new();
        let loaded = Certified::load(campaign.certification.as_ref(), base);
        let is_certified = loaded.is_ok();
        let (certified, notes) = loaded.unwrap_or_else(|problem| {
            problems.push(problem.into());
            // Files are looked at all the same, as those of which some events are certified.
            (Certified::Mask(LumiMask::default()), Vec::new())
        });
        let mut notes = of_mask(&notes);
        notes.extend(inputs.notes.iter().cloned());
        let trees = trees_of(campaign).into_iter();
        let inputs: Vec<Input<'_>> = trees
            .flat_map(|(number, trees)| inputs_of(campaign, number, &trees, inputs))
            .collect();
        let looked = look_at_all(&inputs, &certified, campaign.shards.events, slots);
        let mut scanned = Vec::with_capacity(looked.len());
        let mut unscanned = Vec::new();
        for (input, Looked { layout, scan }) in inputs.into_iter().zip(looked) {
            match scan {
                Ok(scan) => scanned.push(Scanned { input, scan }),
                Err(problem) => {
                    problems.push(PlanProblem::Scan {
                        number: input.number,
                        dataset: input.dataset.name.clone(),
                        problem,
                    });
                    unscanned.push((input, layout));
                }
            }
        }
        let survey = Self {
            campaign,
            certified,
            scanned,
            unscanned,
            notes,
            is_certified,
        };
        (survey, problems)
    }

    /// The files of a dataset, by its number, that a stage reads, each with its columns; those that
    /// cannot be planned come last, and those that cannot be opened without columns.
    pub(crate) fn layouts(
        &self,
        stage: &Stage,
        dataset: usize,
    ) -> Vec<(&str, Option<&Arc<Layout>>)> {
        let scanned = self.scanned.iter();
        let scanned = scanned.map(|scanned| (&scanned.input, Some(&scanned.scan.layout)));
        let unscanned = self.unscanned.iter();
        let unscanned = unscanned.map(|(input, layout)| (input, layout.as_ref()));
        let is_meant = |(input, _): &(&Input<'_>, _)| {
            input.number == dataset && input.is_read_by(stage) && input.grouping == stage.grouping
        };
        let files = scanned.chain(unscanned).filter(is_meant);
        files
            .map(|(input, layout)| (input.file.identity.url.as_str(), layout))
            .collect()
    }

    /// What of these stages does not go with their files together: types of columns, and labels.
    #[must_use]
    pub(crate) fn wrong_with(&self, stages: &[Arc<PreparedStage>]) -> Vec<Problem> {
        let mut tables = Tables::default();
        let mut wrong = |stage: &Arc<PreparedStage>| {
            let files = read_by(stage, &self.scanned);
            tables.decide(stage, &files, &mut Vec::new()).err()
        };
        stages.iter().filter_map(&mut wrong).flatten().collect()
    }

    /// The tables of those of these stages that read files.
    #[must_use]
    pub(crate) fn tables_of_files(&self, stages: &[Arc<PreparedStage>]) -> Tables {
        let mut tables = Tables::default();
        for stage in stages.iter().filter(|stage| stage.stage().from.is_none()) {
            // What is wrong with them is said elsewhere.
            let _ = tables.decide(stage, &read_by(stage, &self.scanned), &mut Vec::new());
        }
        tables
    }

    /// Whether it is known what the mask certifies.
    #[must_use]
    pub fn is_certified(&self) -> bool {
        self.is_certified
    }

    /// Events that a stage would read more than once, where that is an error.
    #[must_use]
    pub fn duplicates(&self, slots: NonZeroUsize) -> Vec<PlanProblem> {
        let groups = events_in_several(self.campaign, &self.scanned, &mut Vec::new());
        let groups = groups.into_iter().map(PlanProblem::from);
        let found = duplicates::check(self.campaign, &self.scanned, slots, &mut Vec::new());
        let found = found.err().unwrap_or_default().into_iter();
        let found = found.map(PlanProblem::from);
        groups.chain(found).collect()
    }

    /// The plan, of a survey without problems.
    ///
    /// # Errors
    /// What is wrong with stages, and events that are there more than once.
    pub fn plan(
        self,
        stages: &[Arc<PreparedStage>],
        slots: NonZeroUsize,
    ) -> Result<Plan, PlanErrors> {
        let Self {
            campaign,
            certified,
            scanned,
            notes,
            ..
        } = self;
        assemble(campaign, certified, stages, &scanned, notes, slots)
    }
}

/// What was put in order in a mask: the first few places, and how many more.
fn of_mask(notes: &[MaskNote]) -> Vec<String> {
    /// Places that are named.
    const NAMED: usize = 5;
    let named = notes.iter().take(NAMED);
    let mut said: Vec<String> = named.map(|note| format!("mask: {note}")).collect();
    let more = notes.len().saturating_sub(NAMED);
    if more > 0 {
        let more = counted(more, "more range");
        said.push(format!("mask: {more} put in order like these"));
    }
    said
}

fn assemble(
    campaign: &Campaign,
    certified: Certified,
    prepared: &[Arc<PreparedStage>],
    scanned: &[Scanned<'_>],
    mut notes: Vec<String>,
    slots: NonZeroUsize,
) -> Result<Plan, PlanErrors> {
    let mut problems = Vec::new();
    let mut tables = Tables::default();
    let planned: Vec<PlannedStage> = prepared
        .iter()
        .map(|stage| planned_stage(stage, scanned, &mut tables, &mut notes, &mut problems))
        .collect();
    let in_several = events_in_several(campaign, scanned, &mut notes);
    problems.extend(in_several.into_iter().map(PlanProblem::from));
    let checked = duplicates::check(campaign, scanned, slots, &mut notes);
    let checked = checked.unwrap_or_else(|found| {
        problems.extend(found.into_iter().map(PlanProblem::from));
        duplicates::Checked::default()
    });
    if !problems.is_empty() {
        return Err(PlanErrors(problems));
    }
    let mut stages = Vec::with_capacity(campaign.stages.len());
    let mut roots = Vec::new();
    for (stage, planned) in campaign.stages.iter().zip(planned) {
        let digest = planned.output_digest();
        let dropped = checked.dropped(stage, scanned);
        let before = roots.len();
        for (at, Scanned { input, scan }) in scanned.iter().enumerate() {
            if !input.is_read_by(stage) {
                continue;
            }
            let of_file = dropped.get(&at);
            let origin = Origin::of(input);
            roots.extend(scan.cuts.iter().map(|cut| {
                let dropped = of_file.map(|dropped| dropped.within(&cut.entries));
                let dropped = dropped.unwrap_or_default();
                shard(&stage.name, &digest, &origin, &certified, cut, dropped)
            }));
        }
        let of_stage = roots.split_off(before);
        roots.extend(packed(of_stage, campaign.shards.events, &digest));
        if roots.len() == before && planned.from.is_none() {
            // A stage without events still gives a table, with all its columns and no rows.
            let nothing = Cut {
                entries: 0..0,
                certified_events: 0,
                lumis: LumiMask::default(),
            };
            let readers = || {
                scanned
                    .iter()
                    .filter(|scanned| scanned.input.is_read_by(stage))
            };
            let with_branches = |scanned: &&Scanned<'_>| scanned.scan.holds != Holds::Nothing;
            let first = readers().find(with_branches).or(readers().next());
            roots.extend(first.map(|first| {
                let dropped = EntrySet::default();
                shard(
                    &stage.name,
                    &digest,
                    &Origin::of(&first.input),
                    &certified,
                    &nothing,
                    dropped,
                )
            }));
        }
        stages.push(planned);
    }
    notes.splice(0..0, warnings(campaign, &certified, scanned));
    Ok(Plan {
        campaign: campaign.name.clone(),
        configuration: digest_of(campaign, &certified, &stages),
        certified,
        shards: derive(roots, &stages),
        dropped: Vec::new(),
        stages,
        files: scanned.iter().map(planned_file).collect(),
        duplicates: checked.duplicates,
        splits: Splits::new(),
        notes,
    })
}

fn read_by<'s, 'a>(stage: &PreparedStage, scanned: &'s [Scanned<'a>]) -> Vec<&'s Scanned<'a>> {
    let read = scanned.iter();
    read.filter(|scanned| scanned.input.is_read_by(stage.stage()))
        .collect()
}

fn planned_stage(
    stage: &Arc<PreparedStage>,
    scanned: &[Scanned<'_>],
    tables: &mut Tables,
    notes: &mut Vec<String>,
    problems: &mut Vec<PlanProblem>,
) -> PlannedStage {
    let decided = tables.decide(stage, &read_by(stage, scanned), notes);
    let (types, labels) = decided.unwrap_or_else(|found| {
        problems.extend(found.into_iter().map(PlanProblem::Stage));
        Default::default()
    });
    PlannedStage {
        engines: stage.engines(),
        models: stage.models().iter().flat_map(StageModel::hashes).collect(),
        from: stage.stage().from.clone(),
        beside: stage.stage().beside().cloned().collect(),
        wholes: stage.stage().wholes(),
        categories: stage.stage().categories(),
        without_tables: !stage.stage().writes_table,
        types,
        labels,
        ..PlannedStage::new(stage.stage().name.clone(), stage.digest())
    }
}

/// A tree of a file, as its shards share it.
struct Origin<'a> {
    input: &'a Input<'a>,
    dataset: Arc<str>,
    file: Arc<FileIdentity>,
    tree: Arc<str>,
}

impl<'a> Origin<'a> {
    fn of(input: &'a Input<'a>) -> Self {
        Self {
            input,
            dataset: input.dataset.name.as_str().into(),
            file: Arc::new(input.file.identity.clone()),
            tree: input.tree.as_str().into(),
        }
    }
}

fn shard(
    stage: &StageName,
    digest: &str,
    origin: &Origin<'_>,
    certified: &Certified,
    cut: &Cut,
    dropped: EntrySet,
) -> Shard {
    let everything = certified.of_kind(origin.input.dataset.kind).is_everything();
    let mut shard = Shard {
        id: ShardId::default(),
        stage: stage.clone(),
        source: Source::Entries,
        beside: ThinVec::new(),
        wholes: ThinVec::new(),
        dataset: origin.dataset.clone(),
        file: origin.file.clone(),
        tree: origin.tree.clone(),
        entries: cut.entries.clone(),
        certified_events: cut.certified_events,
        lumis: (!everything).then(|| cut.lumis.clone()),
        dropped,
        packed: ThinVec::new(),
    };
    shard.id = shard.compute_id(digest);
    shard
}

fn planned_file(scanned: &Scanned<'_>) -> PlannedFile {
    let Scanned { input, scan } = scanned;
    let in_shards: u64 = scan
        .cuts
        .iter()
        .map(|cut| cut.entries.end - cut.entries.start)
        .sum();
    PlannedFile {
        dataset: input.dataset.name.clone(),
        is_data: input.dataset.kind == DatasetKind::Data,
        file: input.file.identity.clone(),
        tree: input.tree.clone(),
        entries: scan.entries,
        directories: scan.directories,
        certified_events: scan.cuts.iter().map(|cut| cut.certified_events).sum(),
        pruned_entries: scan.entries.saturating_sub(in_shards),
        shards: scan.cuts.len() as u64,
        lumis: scan.lumis.clone(),
        all_lumis: scan.all_lumis,
    }
}
