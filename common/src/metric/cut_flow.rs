//! How many events and rows were left after each step of a shard.

use super::incompatible::Incompatible;
use serde::{Deserialize, Serialize};

/// How the name of a step ends that counts draws which are no draws of their own.
pub const SHARED_DRAWS: &str = ": rows with the random number of another";

/// What a step counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Collision events.
    Events,
    /// Candidates, or rows of the table.
    Rows,
    /// Members of collections: nodes and edges of graphs.
    Members,
}

impl Unit {
    /// The word for it, in the plural.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Rows => "rows",
            Self::Members => "members",
        }
    }
}

/// One step of a cut flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What was asked, such as `nMuon >= 2`.
    pub name: String,
    /// What `count` counts.
    pub unit: Unit,
    /// How many passed.
    pub count: u64,
}

/// Ordered steps with integer counts, in the order in which they were first named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutFlow {
    steps: Vec<Step>,
}

impl CutFlow {
    /// A cut flow without steps, the identity of [`CutFlow::merge`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `count` to the step of this name and unit, which is appended when it is new.
    pub fn add(&mut self, name: &str, unit: Unit, count: u64) {
        match self
            .steps
            .iter_mut()
            .find(|step| step.name == name && step.unit == unit)
        {
            Some(step) => step.count = step.count.saturating_add(count),
            None => self.steps.push(Step {
                name: name.to_owned(),
                unit,
                count,
            }),
        }
    }

    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Adds another shard's counts, step by step.
    ///
    /// # Errors
    /// When both have steps and these differ in name, unit or order; nothing is changed then.
    pub fn merge(&mut self, other: &Self) -> Result<(), Incompatible> {
        if other.steps.is_empty() {
            return Ok(());
        }
        if self.steps.is_empty() {
            self.steps.clone_from(&other.steps);
            return Ok(());
        }
        let names = |flow: &Self| -> Vec<String> {
            flow.steps
                .iter()
                .map(|step| format!("{} [{}]", step.name, step.unit.word()))
                .collect()
        };
        let (mine, theirs) = (names(self), names(other));
        if mine != theirs {
            return Err(Incompatible::new(
                "cut flow",
                &mine.join(", "),
                &theirs.join(", "),
            ));
        }
        for (step, more) in self.steps.iter_mut().zip(&other.steps) {
            step.count = step.count.saturating_add(more.count);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(counts: [u64; 2]) -> CutFlow {
        let mut flow = CutFlow::new();
        flow.add("events read", Unit::Events, counts[0]);
        flow.add("pairs", Unit::Rows, counts[1]);
        flow
    }

    #[test]
    fn merges_step_by_step() {
        let mut merged = CutFlow::new();
        merged.merge(&flow([10, 3])).unwrap();
        merged.merge(&flow([5, 4])).unwrap();
        merged.merge(&CutFlow::new()).unwrap();
        assert_eq!(merged, flow([15, 7]));
        merged.add("pairs", Unit::Rows, 1);
        assert_eq!(merged.steps()[1].count, 8);
    }

    #[test]
    fn other_steps_are_refused_and_named() {
        let mut other = CutFlow::new();
        other.add("events read", Unit::Rows, 1);
        let before = flow([1, 1]);
        let mut mine = before.clone();
        let error = mine.merge(&other).unwrap_err().to_string();
        assert!(
            error.contains("events read [rows]") && error.contains("pairs [rows]"),
            "{error}"
        );
        assert_eq!(mine, before);
    }
}
