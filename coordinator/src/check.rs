//! Everything that can be known to be wrong with a campaign before it runs: in itself, in what it
//! names (mask, files, models), and in how these fit together. One list, the same for every
//! command that begins a campaign.
//!
//! What has a mistake is left out, with all that depends on it, and everything else is looked at.
//! Where more may be wrong than could be seen, that is said.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use lumimill_common::campaign::{Campaign, Dataset, DatasetKind, Draft};
use lumimill_worker::counters::different_counters;
use lumimill_worker::late_columns::added_late;
use lumimill_worker::layout::Layout;
use lumimill_worker::left_out::left_out;
use lumimill_worker::prepared_stage::PreparedStage;
use lumimill_worker::process::rehearse;

use crate::campaign_file::{CampaignFile, DraftFile, Mistakes, place_of};
use crate::discover::Inputs;
use crate::output::{could_be_written, replaces_nothing};
use crate::plan::{Plan, PlanErrors, Survey, Tables};
use crate::side_by_side::side_by_side;

/// A campaign of which nothing is known to be wrong, and its plan.
#[derive(Debug)]
pub struct Checked {
    /// The campaign.
    pub file: CampaignFile,
    /// What it will do.
    pub plan: Plan,
}

/// Reads a campaign and holds it against all that it names, `slots` files at a time.
///
/// # Errors
/// Everything that is wrong, each with its place in the campaign file.
pub fn check(path: &Path, slots: NonZeroUsize) -> Result<Checked, Mistakes> {
    let DraftFile {
        path,
        base,
        text,
        draft,
        stages,
        wrong,
    } = DraftFile::read(path)?;
    let mut found = Found::default();
    wrong.into_iter().for_each(|message| found.add("", message));
    if draft.is_sound("output") && draft.is_sound("name") {
        let place = place_of(&base, &draft.campaign);
        let place = place.and_then(|place| {
            could_be_written(&place)?;
            replaces_nothing(&place, &base, &text)
        });
        if let Err(mistakes) = place {
            found.extend(mistakes.messages());
        }
    }
    let campaign = sound(&draft);
    let inputs = Inputs::find(&campaign.datasets, &base);
    found.extend(inputs.problems.iter());
    let (survey, problems) = Survey::of(&campaign, &base, &inputs, slots);
    found.extend(problems.iter());
    let is_whole = inputs.problems.is_empty() && problems.is_empty();
    let mut warnings = Found::default();
    let schemas_are_right = check_schemas(
        &campaign,
        &stages,
        &survey,
        slots,
        (&mut found, &mut warnings),
    );
    let rows_are_right = check_rows(&stages, survey.tables_of_files(&stages), &mut found);
    found.extend(survey.wrong_with(&stages).iter());
    if !found.order.is_empty() {
        let counts = draft.is_sound("certification");
        if counts && survey.is_certified() {
            found.extend(survey.duplicates(slots).iter());
        }
        let mistakes = Mistakes::new(path.display(), found.messages());
        // What is read of the file once it is right may be wrong in another way.
        let is_read = draft.problems.is_empty();
        let models = stages.iter().all(|stage| has_its_models(stage));
        let are_right = schemas_are_right && rows_are_right;
        return Err(match is_whole && is_read && are_right && models {
            true => mistakes,
            false => mistakes.hiding_more(),
        });
    }
    let file = CampaignFile {
        base,
        text,
        campaign: draft.campaign,
        stages,
    };
    let plan = survey.plan(&file.stages, slots);
    let mut plan = plan.map_err(|PlanErrors(problems)| {
        let messages = problems.iter().map(ToString::to_string).collect();
        Mistakes::new(path.display(), messages)
    })?;
    plan.notes
        .extend(file.stages.iter().flat_map(|stage| stage.notes()));
    plan.notes.extend(warnings.messages());
    Ok(Checked { file, plan })
}

/// The campaign without the files of datasets of which it is not known what is read of them.
/// Datasets keep their numbers. What may be data is looked at as simulation, of which no lumi
/// section has to be known.
fn sound(draft: &Draft) -> Campaign {
    let mut campaign = draft.campaign.clone();
    for (number, dataset) in campaign.datasets.iter_mut().enumerate() {
        let is_sound = |key: &str| draft.is_sound(&format!("dataset[{number}].{key}"));
        if !is_sound("tree") {
            dataset.files.clear();
        }
        if !is_sound("kind") {
            dataset.kind = DatasetKind::Mc;
        }
    }
    campaign
}

fn has_its_models(stage: &PreparedStage) -> bool {
    let reading = &stage.stage().reading;
    stage.models().len() == stage.stage().models.len() && reading.unread.is_empty()
}

/// Compiles every stage for every layout of the files that it reads, and lets it work on no events at all.
/// Files that cannot be read are the survey's business. Returns whether every stage could be
/// compiled for all.
fn check_schemas(
    campaign: &Campaign,
    stages: &[Arc<PreparedStage>],
    survey: &Survey<'_>,
    slots: NonZeroUsize,
    (found, warnings): (&mut Found, &mut Found),
) -> bool {
    let mut are_right = true;
    for (number, dataset) in campaign.datasets.iter().enumerate() {
        for stage in stages {
            if !stage.stage().datasets.contains(&dataset.name) {
                continue;
            }
            let files = survey.layouts(stage.stage(), number);
            let is_empty = |layout: &Option<&Arc<Layout>>| layout.is_some_and(|all| all.is_empty());
            if !files.is_empty() && files.iter().all(|(_, layout)| is_empty(layout)) {
                let tree = stage.stage().tree_of(dataset);
                found.add("", no_branches(stage, dataset, &tree));
            }
            // Files of one layout share it.
            let mut layouts: Vec<&Arc<Layout>> = Vec::new();
            let mut known = BTreeMap::new();
            for layout in files.iter().filter_map(|(_, layout)| *layout) {
                let at = Arc::as_ptr(layout);
                known.entry(at).or_insert_with(|| {
                    layouts.push(layout);
                    layouts.len() - 1
                });
            }
            let checked = side_by_side(&layouts, slots, |layout| wrong_with(stage, layout));
            for (file, layout) in files {
                let at = layout.and_then(|layout| known.get(&Arc::as_ptr(layout)));
                let Some((problems, warned)) = at.and_then(|at| checked.get(*at)) else {
                    continue;
                };
                are_right &= problems.is_empty();
                for problem in problems {
                    found.add(file, problem.clone());
                }
                for warning in warned {
                    warnings.add(file, warning.clone());
                }
            }
        }
    }
    are_right
}

/// Compiles every stage that reads the rows of another one for its columns, and lets it work on no
/// rows at all. Returns whether every one could be compiled.
fn check_rows(stages: &[Arc<PreparedStage>], mut tables: Tables, found: &mut Found) -> bool {
    let mut are_right = true;
    for stage in stages.iter().filter(|stage| stage.stage().from.is_some()) {
        let Some(schema) = tables.read_by(stage.stage()) else {
            // What it reads is a mistake already.
            are_right = false;
            continue;
        };
        let (compiled, mut problems) = stage.look(&schema);
        problems.extend(tables.wrong_histograms(stage.stage(), stage.path()));
        if let Some(compiled) = compiled {
            if has_its_models(stage) {
                problems.extend(rehearse(&compiled, &schema));
            }
            tables.add(&compiled);
        }
        are_right &= problems.is_empty();
        found.extend(problems);
    }
    are_right
}

fn no_branches(stage: &PreparedStage, dataset: &Dataset, tree: &str) -> String {
    format!(
        "{}: no file of dataset {} has a branch in tree {tree:?}: there is nothing to make a table \
         of",
        stage.path(),
        dataset.name
    )
}

/// What is wrong with a stage for files of a layout, and what may be.
fn wrong_with(stage: &Arc<PreparedStage>, layout: &Layout) -> (Vec<String>, Vec<String>) {
    // What some programs write when they had no event to write: nothing is read of it.
    if layout.is_empty() {
        return Default::default();
    }
    let schema = layout.schema();
    let (compiled, mut problems) = stage.look(schema);
    let mut warned = Vec::new();
    if let Some(compiled) = &compiled {
        warned = different_counters(compiled, layout);
        warned.extend(added_late(compiled, layout));
        warned.extend(left_out(stage.stage(), schema));
        // A model that did not load has no score to work with, and is a mistake already.
        if has_its_models(stage) {
            problems.extend(rehearse(compiled, schema));
        }
    }
    let problems = problems.iter().map(ToString::to_string).collect();
    (problems, warned)
}

/// Problems in the order in which they were met, each with the files that have it.
#[derive(Debug, Default)]
struct Found {
    order: Vec<String>,
    files: BTreeMap<String, Vec<String>>,
}

impl Found {
    fn add(&mut self, file: &str, problem: String) {
        let files = self.files.entry(problem.clone()).or_default();
        if files.is_empty() {
            self.order.push(problem);
        }
        files.push(file.to_owned());
    }

    fn extend<T: ToString>(&mut self, problems: impl IntoIterator<Item = T>) {
        for problem in problems {
            self.add("", problem.to_string());
        }
    }

    fn messages(self) -> Vec<String> {
        let with_files = |problem: String| match self.files.get(&problem).map(Vec::as_slice) {
            Some([file]) if !file.is_empty() => format!("{problem}\n(in {file})"),
            Some([file, more @ ..]) if !file.is_empty() => {
                format!("{problem}\n(in {file} and {} more)", more.len())
            }
            _ => problem,
        };
        self.order.into_iter().map(with_files).collect()
    }
}
