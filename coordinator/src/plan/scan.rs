//! What one tree of one file holds: its lumi sections, and where it is cut into shards.
//!
//! Only the run and luminosityBlock columns are read, a bounded batch at a time.

use std::ops::Range;
use std::sync::Arc;

use lumimill_common::campaign::Grouping;
use lumimill_common::event_id::Run;
use lumimill_common::lumi_mask::LumiMask;
use lumimill_worker::input::{self, EventFile, EventTable, Location};
use lumimill_worker::layout::Layout;
use thiserror::Error;

use super::certified::Certified;
use super::cut::{Cut, Cutter, pieces};
use super::event_columns::{EventColumnError, EventColumns, LUMI, RUN, batches, has_event_numbers};
use super::event_order::EventOrder;
use super::groups::{GroupError, GroupKey, Grouped};
use super::layouts::Layouts;
use super::stretches::{Count, Stretches};

/// More shards than this of one file are taken for damage or a mistake.
const MOST_SHARDS: usize = 1_000_000;
/// The tree with one entry a lumi section, also of those without events.
const LUMI_TREE: &str = "LuminosityBlocks";

/// What is to be said of certification where tables are in one directory a data frame.
fn by_directory(tree: &str) -> &'static str {
    match is_by_directory(tree) {
        true => ", and does not apply to tables that are read directory by directory without them",
        false => "",
    }
}

/// Whether a tree is read of all directories that match a pattern.
pub(super) fn is_by_directory(tree: &str) -> bool {
    let directories = tree
        .rsplit_once('/')
        .map_or("", |(directories, _)| directories);
    directories.contains(['*', '?'])
}

/// Why a file cannot be planned.
#[derive(Debug, Error)]
pub enum ScanError {
    /// It cannot be read; the message names file, tree and branch.
    #[error(transparent)]
    File(#[from] input::Error),
    /// Its run or lumi section numbers cannot be read.
    #[error(transparent)]
    Column(#[from] EventColumnError),
    /// Certification asks for a branch that is not there.
    #[error(
        "{file}: tree {tree:?}: no branch {branch:?}: certification needs run and \
         luminosityBlock{}; take out [certification], or set kind = \"mc\" if this is simulation",
        by_directory(.tree)
    )]
    Uncertifiable {
        /// The file.
        file: String,
        /// The tree.
        tree: String,
        /// The missing branch.
        branch: &'static str,
    },
    /// Its rows cannot be put together to events.
    #[error(transparent)]
    Groups(#[from] GroupError),
    /// Far too many shards.
    #[error(
        "{file}: tree {tree:?}: more than {MOST_SHARDS} shards of one file: raise shards.events"
    )]
    TooManyShards {
        /// The file.
        file: String,
        /// The tree.
        tree: String,
    },
    /// The file is not the one that was found a moment ago.
    #[error("{file}: changed while it was being planned: plan again when it is complete")]
    Changed {
        /// The file.
        file: String,
    },
}

/// What one tree of one file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    /// Entries of the tree.
    pub(super) entries: u64,
    /// Directories that it is put together of, where a pattern says so.
    pub(super) directories: Option<u64>,
    /// Shards of it.
    pub(super) cuts: Vec<Cut>,
    /// Certified lumi sections of the file, with and without events; `None` when unknown.
    pub(super) lumis: Option<LumiMask>,
    /// How many lumi sections the file has, certified or not.
    pub(super) all_lumis: u64,
    /// Its runs, certified or not, ascending.
    pub(super) runs: Vec<Run>,
    /// Whether its events have numbers.
    pub(super) has_event_numbers: bool,
    /// What tells the events apart that its rows are put together to, ascending; none where they are
    /// not, or are too many to be held.
    pub(super) groups: Option<Vec<GroupKey>>,
    /// The stretches in which its certified events are numbered upwards; none where those of all files
    /// are too many to be held.
    pub(super) stretches: Option<Stretches>,
    /// Its columns.
    pub(super) layout: Arc<Layout>,
    /// Whether it has anything to read: branches, and entries of them.
    pub(super) holds: Holds,
    /// What a person should know of the file.
    pub(super) warning: Option<String>,
}

/// What there is to read of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Entries.
    Entries,
    /// Branches, and no entry.
    Branches,
    /// Not even a branch.
    Nothing,
}

impl Holds {
    fn of(tree: &EventTable) -> Self {
        match (tree.is_without_columns(), tree.entries()) {
            (true, _) => Self::Nothing,
            (false, 0) => Self::Branches,
            (false, _) => Self::Entries,
        }
    }
}

/// A tree to be scanned.
pub(super) struct Scanner<'a> {
    pub(super) location: &'a Location,
    /// Size in bytes when the file was found.
    pub(super) size: u64,
    pub(super) tree: &'a str,
    /// How its rows become events, where they do.
    pub(super) grouping: Option<&'a Grouping>,
    pub(super) certified: &'a Certified,
    /// Target of entries a shard.
    pub(super) target: u64,
    pub(super) layouts: &'a Layouts,
    /// Of the stretches of all files with whose events its events are compared.
    pub(super) stretches: &'a Count,
}

/// What was seen of a tree: what it holds, and its columns also where it cannot be planned.
pub(super) struct Looked {
    pub(super) layout: Option<Arc<Layout>>,
    pub(super) scan: Result<Scan, ScanError>,
}

impl Scanner<'_> {
    /// Opens the file, once, and looks at its tree.
    pub(super) fn look(&self) -> Looked {
        let opened = self.open();
        let (file, tree) = match opened {
            Ok(opened) => opened,
            Err(problem) => {
                return Looked {
                    layout: None,
                    scan: Err(problem),
                };
            }
        };
        let layout = self.layouts.held(&tree, self.grouping);
        let scan = self.scan_tree(&file, &tree, &layout).map(|mut scan| {
            let warning = file.warning();
            scan.warning = warning.map(|warning| format!("{}: {warning}", file.name()));
            scan
        });
        Looked {
            layout: Some(layout),
            scan,
        }
    }

    fn open(&self) -> Result<(EventFile, EventTable), ScanError> {
        let file = self.location.open()?;
        if file.size() != self.size {
            return Err(ScanError::Changed {
                file: file.name().to_owned(),
            });
        }
        let tree = file.table(self.tree)?;
        Ok((file, tree))
    }

    fn scan_tree(
        &self,
        file: &EventFile,
        tree: &EventTable,
        layout: &Arc<Layout>,
    ) -> Result<Scan, ScanError> {
        let missing = [RUN, LUMI]
            .into_iter()
            .find(|name| tree.column(name).is_none());
        if let Some(branch) = missing {
            if !self.certified.is_everything() && Holds::of(tree) == Holds::Entries {
                return Err(ScanError::Uncertifiable {
                    file: file.name().to_owned(),
                    tree: self.tree.to_owned(),
                    branch,
                });
            }
            return self.scan_unknown(file, tree, layout);
        }
        let grouped = self.grouped(file, tree)?;
        let mut lumis = listed_lumis(file, self.tree)?;
        let mut stretches = Some(Stretches::default());
        let mut cuts = Vec::new();
        if tree.entries() > 0 {
            let mut order = EventOrder::of(file, tree, self.stretches)?;
            if self.grouping.is_some() {
                // Rows of one event have one number: their keys are compared.
                order.numbers = None;
            }
            cuts = self.cut(file, tree, grouped.as_ref(), (&mut lumis, &mut order))?;
            stretches = order.finish();
        }
        Ok(Scan {
            entries: tree.entries(),
            directories: directories_of(tree),
            cuts,
            all_lumis: lumis.len(),
            runs: runs_of(&lumis),
            lumis: Some(self.certified.select(&lumis)),
            has_event_numbers: has_event_numbers(tree),
            groups: grouped.and_then(|grouped| grouped.keys),
            stretches,
            layout: layout.clone(),
            holds: Holds::of(tree),
            warning: None,
        })
    }

    /// Cuts a tree whose events have no known lumi section: all of them count.
    fn scan_unknown(
        &self,
        file: &EventFile,
        tree: &EventTable,
        layout: &Arc<Layout>,
    ) -> Result<Scan, ScanError> {
        let grouped = self.grouped(file, tree)?;
        let mut cutter = Cutter::new(self.target);
        // Entries without a branch are nothing that could be read.
        let entries = match Holds::of(tree) {
            Holds::Nothing => Vec::new(),
            Holds::Branches | Holds::Entries => boundaries(tree),
        };
        for entries in self.pieces(&entries, grouped.as_ref()) {
            let piece = Cut {
                certified_events: entries.end - entries.start,
                entries,
                lumis: LumiMask::default(),
            };
            self.push(&mut cutter, piece)?;
        }
        Ok(Scan {
            entries: tree.entries(),
            directories: directories_of(tree),
            cuts: cutter.finish(),
            lumis: None,
            all_lumis: 0,
            runs: Vec::new(),
            has_event_numbers: false,
            groups: grouped.and_then(|grouped| grouped.keys),
            stretches: Some(Stretches::default()),
            layout: layout.clone(),
            holds: Holds::of(tree),
            warning: None,
        })
    }

    /// Cuts a tree that has entries, and adds to what is seen of all of them.
    fn cut(
        &self,
        file: &EventFile,
        tree: &EventTable,
        grouped: Option<&Grouped>,
        (all, order): (&mut LumiMask, &mut EventOrder<'_>),
    ) -> Result<Vec<Cut>, ScanError> {
        let mut cutter = Cutter::new(self.target);
        let mut columns = EventColumns::open(file, tree, &[RUN, LUMI])?;
        let mut read = vec![&mut columns];
        read.extend(order.numbers.as_mut());
        EventColumns::expect(&mut read, 0..tree.entries());
        for entries in self.pieces(&boundaries(tree), grouped) {
            let piece = self.read_piece(&mut columns, entries, (all, order))?;
            self.push(&mut cutter, piece)?;
        }
        Ok(cutter.finish())
    }

    /// Where it may be cut: where keys change, if its rows become events.
    fn pieces<'p>(
        &self,
        boundaries: &'p [u64],
        grouped: Option<&'p Grouped>,
    ) -> Box<dyn Iterator<Item = Range<u64>> + 'p> {
        match grouped {
            Some(grouped) => Box::new(grouped.pieces.iter().cloned()),
            None => Box::new(pieces(boundaries, self.target)),
        }
    }

    /// The events that its rows are put together to, where they are.
    fn grouped(&self, file: &EventFile, tree: &EventTable) -> Result<Option<Grouped>, ScanError> {
        let Some(grouping) = self.grouping else {
            return Ok(None);
        };
        if !self.certified.is_everything() {
            let missing = [RUN, LUMI];
            let missing = missing
                .iter()
                .find(|name| !grouping.keys.iter().any(|key| key == *name));
            if let Some(branch) = missing {
                return Err(GroupError::Uncertifiable { branch }.into());
            }
        }
        if Holds::of(tree) != Holds::Entries {
            return Ok(Some(Grouped::default()));
        }
        let boundaries = boundaries(tree);
        let pieces = pieces(&boundaries, self.target);
        Ok(Some(Grouped::of(file, tree, grouping, pieces)?))
    }

    fn push(&self, cutter: &mut Cutter, piece: Cut) -> Result<(), ScanError> {
        cutter.push(piece);
        if cutter.complete() > MOST_SHARDS {
            return Err(ScanError::TooManyShards {
                file: self.location.to_string(),
                tree: self.tree.to_owned(),
            });
        }
        Ok(())
    }

    fn read_piece(
        &self,
        columns: &mut EventColumns,
        entries: Range<u64>,
        (all, order): (&mut LumiMask, &mut EventOrder<'_>),
    ) -> Result<Cut, ScanError> {
        let mut piece = Cut {
            entries: entries.clone(),
            certified_events: 0,
            lumis: LumiMask::default(),
        };
        for batch in batches(entries) {
            let ids = columns.read(batch.clone())?;
            let held = LumiMask::from_pairs(ids.pairs());
            let certified = self.certified.select(&held);
            let events = certified.certified(&ids.runs, &ids.lumis);
            order.add(batch, &ids, &events)?;
            piece.certified_events += events.true_count() as u64;
            piece.lumis = piece.lumis.union(&certified);
            *all = all.union(&held);
        }
        Ok(piece)
    }
}

fn directories_of(tree: &EventTable) -> Option<u64> {
    tree.directories().map(|count| count as u64)
}

fn runs_of(lumis: &LumiMask) -> Vec<Run> {
    let mut runs: Vec<Run> = lumis.ranges().iter().map(|range| range.run()).collect();
    runs.dedup();
    runs
}

/// The tree's cluster boundaries, to its last entry.
fn boundaries(tree: &EventTable) -> Vec<u64> {
    let mut clusters = tree.clusters();
    if clusters.last() != Some(&tree.entries()) {
        clusters.push(tree.entries());
    }
    clusters
}

/// The lumi sections that the file lists beside the tree of its events, in the same directory.
fn listed_lumis(file: &EventFile, tree: &str) -> Result<LumiMask, ScanError> {
    let name = match tree.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{LUMI_TREE}"),
        None => LUMI_TREE.to_owned(),
    };
    let mut lumis = LumiMask::default();
    if !file.tree_names()?.contains(&name) {
        return Ok(lumis);
    }
    let tree = file.table(&name)?;
    let has_columns = [RUN, LUMI].iter().all(|name| tree.column(name).is_some());
    if has_columns && tree.entries() > 0 {
        let columns = EventColumns::open(file, &tree, &[RUN, LUMI])?;
        let mut columns = columns.expecting(0..tree.entries());
        for batch in batches(0..tree.entries()) {
            let held = LumiMask::from_pairs(columns.read(batch)?.pairs());
            lumis = lumis.union(&held);
        }
    }
    Ok(lumis)
}
