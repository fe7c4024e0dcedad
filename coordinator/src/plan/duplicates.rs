//! Lumi sections, and events of them, that more than one file has.
//!
//! Files of recorded data are compared across datasets; those of simulation only within one,
//! as every simulated sample counts from run 1. Event numbers are read only of shards that
//! hold a lumi section concerned, some lumi sections at a time, in bounded memory.

use std::collections::BTreeMap;
use std::ops::Range;

use lumimill_common::campaign::DatasetKind;
use lumimill_common::event_id::{EventNumber, LumiSection, Run};
use lumimill_common::lumi_mask::{LumiMask, LumiRange};
use lumimill_worker::input::Location;
use thiserror::Error;

use super::DuplicateLumi;
use super::event_columns::{EVENT, EventColumnError, EventColumns, LUMI, RUN, batches};
use super::planner::Scanned;

/// Event identities held at once, about.
const AT_ONCE: u64 = 4_000_000;
/// Events named of a lumi section.
const EXAMPLES: usize = 5;

/// Why files cannot be compared.
#[derive(Debug, Error)]
#[error("looking for duplicate events: {0}")]
pub struct DuplicateError(#[from] EventColumnError);

impl From<lumimill_rootfile::Error> for DuplicateError {
    fn from(error: lumimill_rootfile::Error) -> Self {
        Self(error.into())
    }
}

/// Groups of files whose events should all be different.
pub(super) struct Duplicates<'a> {
    groups: BTreeMap<(Option<&'a str>, &'a str), Vec<&'a Scanned<'a>>>,
}

impl<'a> Duplicates<'a> {
    pub(super) fn of(scanned: &'a [Scanned<'a>]) -> Self {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for file in scanned {
            let dataset = match file.input.dataset.kind {
                DatasetKind::Data => None,
                DatasetKind::Mc => Some(file.input.dataset.name.as_str()),
            };
            groups
                .entry((dataset, file.input.tree))
                .or_default()
                .push(file);
        }
        Self { groups }
    }

    /// Every duplicate, by group, run and lumi section.
    pub(super) fn find(
        &self,
        notes: &mut Vec<String>,
    ) -> Result<Vec<DuplicateLumi>, DuplicateError> {
        let mut found = Vec::new();
        for files in self.groups.values() {
            found.extend(find_in(files, notes)?);
        }
        Ok(found)
    }
}

fn find_in(
    files: &[&Scanned<'_>],
    notes: &mut Vec<String>,
) -> Result<Vec<DuplicateLumi>, DuplicateError> {
    let known = files
        .iter()
        .filter_map(|file| Some((*file, file.scan.lumis.as_ref()?)));
    let (files, masks): (Vec<&Scanned<'_>>, Vec<&LumiMask>) = known.unzip();
    let mut found: BTreeMap<(Run, LumiSection), DuplicateLumi> = BTreeMap::new();
    let shared = shared_lumis(&masks);
    for (file, mask) in files.iter().zip(masks) {
        for (run, lumi) in mask.intersection(&shared).iter() {
            let duplicate = found.entry((run, lumi)).or_insert_with(|| DuplicateLumi {
                run,
                lumi,
                files: Vec::new(),
                duplicate_events: Some(0),
                examples: Vec::new(),
            });
            duplicate.files.push(file.input.file.identity.url.clone());
        }
    }
    let stretches = stretches(&files, &shared);
    let blind = stretches.iter().find(|stretch| !stretch.has_event_numbers);
    if let Some(stretch) = blind {
        notes.push(format!(
            "{}: tree {:?} has no branch {EVENT:?}: events of lumi sections that it shares with \
             other files were not compared",
            stretch.location, stretch.tree
        ));
        found
            .values_mut()
            .for_each(|lumi| lumi.duplicate_events = None);
    } else {
        for chunk in chunks(&stretches) {
            count_events(&chunk, &stretches, &mut found)?;
        }
    }
    Ok(found.into_values().collect())
}

/// The lumi sections that more than one mask has.
fn shared_lumis(masks: &[&LumiMask]) -> LumiMask {
    let mut ranges: Vec<LumiRange> = masks
        .iter()
        .flat_map(|mask| mask.ranges().iter().copied())
        .collect();
    ranges.sort_unstable();
    let mut shared = Vec::new();
    for of_run in ranges.chunk_by(|a, b| a.run() == b.run()) {
        let mut reached: Option<LumiSection> = None;
        for range in of_run {
            if let Some(reached) = reached {
                let last = range.last().min(reached);
                shared.extend(LumiRange::try_new(range.run(), range.first(), last));
            }
            reached = reached.max(Some(range.last()));
        }
    }
    LumiMask::from_ranges(shared)
}

/// Entries of a file among which there are shared lumi sections.
struct Stretch<'a> {
    location: &'a Location,
    tree: &'a str,
    has_event_numbers: bool,
    entries: Range<u64>,
    /// The shared ones.
    lumis: LumiMask,
    /// Entries for each lumi section, on average.
    density: u64,
}

fn stretches<'a>(files: &[&'a Scanned<'a>], shared: &LumiMask) -> Vec<Stretch<'a>> {
    let mut stretches = Vec::new();
    for Scanned { input, scan } in files {
        for cut in &scan.cuts {
            let lumis = cut.lumis.intersection(shared);
            if !lumis.is_empty() {
                let entries = cut.entries.end.saturating_sub(cut.entries.start);
                stretches.push(Stretch {
                    location: &input.file.location,
                    tree: input.tree,
                    has_event_numbers: scan.has_event_numbers,
                    entries: cut.entries.clone(),
                    density: entries.div_ceil(cut.lumis.len().max(1)),
                    lumis,
                });
            }
        }
    }
    stretches
}

/// Lumi sections whose events are compared together.
struct Chunk {
    lumis: LumiMask,
    /// How many events they have, about.
    events: u64,
}

fn chunks(stretches: &[Stretch<'_>]) -> Vec<Chunk> {
    let mut events: BTreeMap<(Run, LumiSection), u64> = BTreeMap::new();
    for stretch in stretches {
        for lumi in stretch.lumis.iter() {
            *events.entry(lumi).or_default() += stretch.density;
        }
    }
    let mut chunks = Vec::new();
    let mut open = (Vec::new(), 0);
    for (lumi, events) in events {
        if open.1 > 0 && open.1 + events > AT_ONCE {
            let (lumis, events) = std::mem::take(&mut open);
            chunks.push(Chunk {
                lumis: LumiMask::from_pairs(lumis),
                events,
            });
        }
        open.0.push(lumi);
        open.1 += events;
    }
    let (lumis, events) = open;
    chunks.push(Chunk {
        lumis: LumiMask::from_pairs(lumis),
        events,
    });
    chunks
}

/// Counts the repeated events of a chunk; of one too large to be held, a part at a time.
fn count_events(
    chunk: &Chunk,
    stretches: &[Stretch<'_>],
    found: &mut BTreeMap<(Run, LumiSection), DuplicateLumi>,
) -> Result<(), DuplicateError> {
    let parts = chunk.events.div_ceil(AT_ONCE).max(1);
    for part in 0..parts {
        let mut events = Vec::new();
        for stretch in stretches {
            let lumis = stretch.lumis.intersection(&chunk.lumis);
            if !lumis.is_empty() {
                read_events(stretch, &lumis, |event| event % parts == part, &mut events)?;
            }
        }
        events.sort_unstable();
        for same in events.chunk_by(|a, b| a == b) {
            let [(run, lumi, event), _, ..] = same else {
                continue;
            };
            let Some(duplicate) = found.get_mut(&(*run, *lumi)) else {
                continue;
            };
            let count = duplicate.duplicate_events.get_or_insert(0);
            *count += same.len() as u64 - 1;
            duplicate.examples.push(EventNumber::new(*event));
            duplicate.examples.sort_unstable();
            duplicate.examples.truncate(EXAMPLES);
        }
    }
    Ok(())
}

/// Adds the events of a stretch that are in these lumi sections and wanted.
fn read_events(
    stretch: &Stretch<'_>,
    lumis: &LumiMask,
    wanted: impl Fn(u64) -> bool,
    events: &mut Vec<(Run, LumiSection, u64)>,
) -> Result<(), DuplicateError> {
    let file = stretch.location.open()?;
    let tree = file.tree(stretch.tree)?;
    let mut columns = EventColumns::open(&file, &tree, &[RUN, LUMI, EVENT])?;
    for batch in batches(stretch.entries.clone()) {
        let ids = columns.read(batch)?;
        let concerned = lumis.certified(&ids.runs, &ids.lumis);
        let rows = ids.pairs().zip(&ids.events).zip(concerned.values());
        for (((run, lumi), &event), concerned) in rows {
            if concerned && wanted(event) {
                events.push((run, lumi, event));
            }
        }
    }
    Ok(())
}
