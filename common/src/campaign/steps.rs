//! The steps of a stage's cut flow, by their names: what every shard counts, in order.

use super::rows::Rows;
use super::stage::Stage;
use crate::metric::Unit;

/// Entries that a shard reads.
pub const READ: &str = "events read";
/// Those that are certified.
pub const CERTIFIED: &str = "certified";
/// Those that are there for the first time, where others do not count.
pub const FIRST: &str = "first of its duplicates";

impl Stage {
    /// The steps of its cut flow, in a campaign that drops duplicates or not: what is left after
    /// each; the last one leaves the rows of the table.
    #[must_use]
    pub fn steps(&self, drops_duplicates: bool) -> Vec<(String, Unit)> {
        let first = drops_duplicates.then_some(FIRST);
        let of_events = [READ, CERTIFIED].into_iter().chain(first);
        let of_events = of_events.map(str::to_owned).chain(self.condition_step());
        let of_rows = self.rows.step().into_iter().chain(self.select_step());
        let of_events = of_events.map(|name| (name, Unit::Events));
        of_events
            .chain(of_rows.map(|name| (name, Unit::Rows)))
            .collect()
    }

    /// The step of its condition on events.
    #[must_use]
    pub fn condition_step(&self) -> Option<String> {
        let condition = self.condition.as_deref()?;
        Some(format!("where {}", one_line(condition)))
    }

    /// The step of its condition on rows.
    #[must_use]
    pub fn select_step(&self) -> Option<String> {
        let select = self.select.as_deref()?;
        Some(format!("select {}", one_line(select)))
    }
}

impl Rows {
    /// The step in which candidates are formed, where a row is not an event.
    #[must_use]
    pub fn step(&self) -> Option<String> {
        match self {
            Self::Event => None,
            Self::Each { collection, .. } => Some(format!("each {collection}")),
            Self::Pairs { collection, .. } => Some(format!("pairs of {collection}")),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
