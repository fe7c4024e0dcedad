//! Events that a stage would read more than once: within a file, and between files.
//!
//! Recorded data are compared across the datasets that a stage reads; simulation only within a
//! dataset, as every simulated sample counts from run 1. What is compared are run, lumi section
//! and event number of all that is certified, exactly, in bounded memory: where they ascend there is
//! nothing to look for ([`super::stretches`]); else a bitmap of hashes leaves few suspects ([`filter`]), of
//! which those that are there twice are kept ([`suspects`]), and those are looked up in the order of
//! the plan ([`locate`]).

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use arrow_schema::Schema;
use lumimill_common::campaign::{Campaign, DatasetKind, DuplicatePolicy, Stage};
use lumimill_common::entry_set::EntrySet;

use super::event_columns::{EVENT, LUMI, RUN};
use super::inputs::Scanned;

mod ascending;
mod error;
mod filter;
mod found;
mod locate;
mod read;
mod suspects;
mod told;

use error::MOST_STRETCHES;
use found::Found;
use locate::locate;
use suspects::Search;

pub use error::DuplicateError;
pub(crate) use told::beside;
pub use told::{DuplicateLumi, Duplicates};

/// Event identities that are held at once, at most; few in unit tests, so that they see every way.
const AT_ONCE: usize = if cfg!(test) { 64 } else { 1 << 23 };

/// What was found in all files of a plan.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// What a person is told of it.
    pub(super) duplicates: Option<Duplicates>,
    dropped: BTreeMap<Vec<usize>, Vec<EntrySet>>,
}

impl Checked {
    /// The entries that a stage leaves out of each file that it reads, by its place in `scanned`.
    pub(super) fn dropped(
        &self,
        stage: &Stage,
        scanned: &[Scanned<'_>],
    ) -> BTreeMap<usize, &EntrySet> {
        let groups = groups_of(stage, scanned);
        let known = groups
            .iter()
            .filter_map(|group| Some((group, self.dropped.get(&group.files)?)));
        known
            .flat_map(|(group, dropped)| group.files.iter().copied().zip(dropped))
            .collect()
    }
}

/// Files of one stage whose events should all be different.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    kind: DatasetKind,
    /// Their places, ascending.
    files: Vec<usize>,
}

fn groups_of(stage: &Stage, scanned: &[Scanned<'_>]) -> Vec<Group> {
    let mut groups: BTreeMap<Option<&str>, Group> = BTreeMap::new();
    if stage.grouping.is_some() {
        // Rows of one event have one number: their keys are compared.
        return Vec::new();
    }
    for (at, Scanned { input, .. }) in scanned.iter().enumerate() {
        if !input.is_read_by(stage) {
            continue;
        }
        let kind = input.dataset.kind;
        let sample = (kind == DatasetKind::Mc).then_some(input.dataset.name.as_str());
        let files = Vec::new();
        let group = groups.entry(sample).or_insert(Group { kind, files });
        group.files.push(at);
    }
    groups.into_values().collect()
}

/// Looks for duplicates in all that the stages of a campaign read together.
pub(super) fn check(
    campaign: &Campaign,
    scanned: &[Scanned<'_>],
    slots: NonZeroUsize,
    notes: &mut Vec<String>,
) -> Result<Checked, Vec<DuplicateError>> {
    let mut groups: Vec<Group> = Vec::new();
    for group in campaign
        .stages
        .iter()
        .flat_map(|stage| groups_of(stage, scanned))
    {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    for stage in &campaign.stages {
        note_copies(stage, scanned, notes);
    }
    let mut checked = Checked::default();
    let mut problems = Vec::new();
    for group in &groups {
        let policy = campaign.duplicates(group.kind);
        // What a part of a group repeats, the whole of it repeats; only what is dropped differs.
        let is_part = groups.iter().any(|other| is_part_of(group, other));
        if is_part && policy != DuplicatePolicy::First {
            continue;
        }
        let files: Vec<&Scanned<'_>> = group
            .files
            .iter()
            .filter_map(|at| scanned.get(*at))
            .collect();
        match look(&files, policy, slots, notes) {
            Ok(found) => checked.add(group, policy, is_part, &files, found, notes),
            Err(problem) => problems.push(problem),
        }
    }
    match problems.is_empty() {
        true => Ok(checked),
        false => Err(problems),
    }
}

fn is_part_of(group: &Group, other: &Group) -> bool {
    group.files.len() < other.files.len()
        && group
            .files
            .iter()
            .all(|file| other.files.binary_search(file).is_ok())
}

/// Looks for duplicates in files that are read together.
fn look(
    files: &[&Scanned<'_>],
    policy: DuplicatePolicy,
    slots: NonZeroUsize,
    notes: &mut Vec<String>,
) -> Result<Found, DuplicateError> {
    note_blind(files, policy, notes);
    let mut found = Found::of(files.len());
    let mut search = Search::begin(files, slots, AT_ONCE)?;
    while let Some(doubled) = search.next()? {
        locate(files, &doubled, &mut found)?;
        if policy == DuplicatePolicy::Error && found.events > 0 {
            found.is_all = search.is_over();
            return Err(DuplicateError::Twice(Box::new(found.told(files))));
        }
    }
    if policy == DuplicatePolicy::First && found.stretches() > MOST_STRETCHES {
        let files = found::names(files).join(", ");
        return Err(DuplicateError::TooMany { files });
    }
    Ok(found)
}

/// Says where a stage reads one file of simulation in two datasets, between which events are not
/// compared.
fn note_copies(stage: &Stage, scanned: &[Scanned<'_>], notes: &mut Vec<String>) {
    let is_simulated = |file: &&Scanned<'_>| {
        file.input.dataset.kind == DatasetKind::Mc && file.input.is_read_by(stage)
    };
    let simulated: Vec<_> = scanned.iter().filter(is_simulated).collect();
    if let Some((first, second)) = found::copies(&simulated) {
        notes.push(format!(
            "stage {}: {first} and {second} are the same file, by their headers: its events count twice",
            stage.name
        ));
    }
}

/// Says of which files the events cannot be compared.
fn note_blind(files: &[&Scanned<'_>], policy: DuplicatePolicy, notes: &mut Vec<String>) {
    let blind = |file: &&&Scanned<'_>| !file.scan.has_event_numbers && !file.scan.cuts.is_empty();
    let mut blind = files.iter().filter(blind);
    let Some(first) = blind.next() else { return };
    if policy == DuplicatePolicy::Keep {
        return;
    }
    let more = match blind.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    notes.push(format!(
        "{}{more}: tree {:?} has {}: no duplicate events were looked for in it",
        first.input.file.identity.url,
        first.input.tree,
        lacking(first.scan.layout.schema())
    ));
}

/// Which of the columns that tell events apart are not there, or are no whole numbers.
fn lacking(schema: &Schema) -> String {
    let said = |name: &&str| match schema.field_with_name(name) {
        Err(_) => Some(format!("no branch {name:?}")),
        Ok(field) if field.data_type().is_integer() => None,
        Ok(field) => Some(format!(
            "{name:?} as {}, no whole number",
            field.data_type()
        )),
    };
    let lacking = [RUN, LUMI, EVENT];
    let lacking: Vec<String> = lacking.iter().filter_map(said).collect();
    lacking.join(" and ")
}

impl Checked {
    fn add(
        &mut self,
        group: &Group,
        policy: DuplicatePolicy,
        is_part: bool,
        files: &[&Scanned<'_>],
        mut found: Found,
        notes: &mut Vec<String>,
    ) {
        if policy == DuplicatePolicy::First {
            let dropped = std::mem::take(&mut found.dropped);
            self.dropped.insert(group.files.clone(), dropped);
        }
        if found.events == 0 || is_part {
            return;
        }
        let told = found.told(files);
        if policy == DuplicatePolicy::Keep && group.kind == DatasetKind::Mc {
            return notes.push(told.note());
        }
        let duplicates = self.duplicates.get_or_insert(Duplicates {
            policy,
            events: 0,
            copies: 0,
            lumis: 0,
            listed: Vec::new(),
        });
        duplicates.events += told.events;
        duplicates.copies += told.copies;
        duplicates.lumis += told.lumis;
        duplicates.listed.extend(told.listed);
    }
}
