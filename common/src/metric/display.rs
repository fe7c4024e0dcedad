//! Pictures of a few entries: where the members of a collection are, what is true of them and what was
//! found. Which entries are shown is decided by a hash of their keys alone, so that it does not depend
//! on how rows were cut into shards.

mod shown;
mod spec;

pub use shown::Shown;
pub use spec::{DisplaySpec, RawDisplay};

use serde::{Deserialize, Serialize};

use super::dropped::Dropped;
use super::kind::Counting;
use super::row_batch::{FillError, RowBatch};
use shown::{Members, rank};
use spec::MOST_MEMBERS;

/// The entries of lowest hash, ascending, of all that were looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DisplayCounts {
    entries: Vec<Shown>,
}

/// Some entries to be drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DisplayResult {
    /// The columns of the two coordinates.
    pub axes: [String; 2],
    /// The column that says in which panel a member is.
    pub panel: Option<String>,
    /// What the classes are called.
    pub names: Vec<String>,
    /// The columns that name an entry.
    pub key: Vec<String>,
    /// The entries, those of lowest hash first.
    pub entries: Vec<Shown>,
}

impl DisplayResult {
    /// What a person should know of it: nothing.
    pub(super) fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

impl DisplayCounts {
    /// Keeps the entries of lowest hash, each once.
    fn keep(&mut self, most: usize) {
        self.entries.sort_by_key(Shown::rank);
        self.entries.dedup_by_key(|shown| shown.rank());
        self.entries.truncate(most);
    }
}

impl Counting for DisplayCounts {
    type Spec = DisplaySpec;
    type Result = DisplayResult;

    fn new(_: &DisplaySpec) -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Rows are members here; those of an entry are neighbours, and have its key.
    fn fill(&mut self, spec: &DisplaySpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let members = Members::read(spec, rows)?;
        let most = spec.entries();
        let mut start = 0;
        while start < rows.len() {
            let key = members.key(start);
            let mut stop = start + 1;
            while stop < rows.len() && members.key(stop) == key {
                stop += 1;
            }
            let last = self.entries.last().map(Shown::rank);
            let is_full = self.entries.len() == most;
            if !is_full || last.is_some_and(|last| rank(&key) < last) {
                self.entries
                    .push(members.shown(key, start..stop, MOST_MEMBERS));
                self.keep(most);
            }
            start = stop;
        }
        Ok(())
    }

    fn merge(&mut self, spec: &DisplaySpec, other: &Self) {
        self.entries.extend(other.entries.iter().cloned());
        self.keep(spec.entries());
    }

    fn fits(&self, spec: &DisplaySpec) -> bool {
        let ascending = |pair: &[Shown]| matches!(pair, [a, b] if a.rank() < b.rank());
        self.entries.len() <= spec.entries()
            && self.entries.windows(2).all(ascending)
            && self
                .entries
                .iter()
                .all(|shown| shown.fits(spec, MOST_MEMBERS))
    }

    fn dropped(&self) -> Dropped {
        Dropped::default()
    }

    fn finalise(&self, spec: &DisplaySpec) -> DisplayResult {
        let [x, y] = spec.axes();
        DisplayResult {
            axes: [x.to_owned(), y.to_owned()],
            panel: spec.panel().map(str::to_owned),
            names: spec.names().to_vec(),
            key: spec.key().to_vec(),
            entries: self.entries.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
