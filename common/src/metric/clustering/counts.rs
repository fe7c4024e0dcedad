//! What is counted of members that are put together in one way.

use serde::{Deserialize, Serialize};

use super::event::Compared;
use crate::metric::exact_sum::ExactSum;

/// Sums over events, at one threshold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    /// Events with two members or more.
    pub(super) events: u64,
    /// Of those, the ones whose groups are the true ones.
    pub(super) exact: u64,
    pub(super) rand: ExactSum,
    pub(super) rand_squares: ExactSum,
    /// Members of all events.
    pub(super) members: u64,
    /// Those that are in their group of the true group that has most of it.
    pub(super) pure: u64,
    /// Those that are in their true group's largest part.
    pub(super) whole: u64,
    pub(super) groups: u64,
    pub(super) true_groups: u64,
}

impl Counts {
    pub(super) fn add(&mut self, found: &Compared) {
        self.members += found.members;
        self.pure += found.pure;
        self.whole += found.whole;
        self.groups += found.groups;
        self.true_groups += found.true_groups;
        if let Some(rand) = found.rand {
            self.events += 1;
            self.exact += u64::from(found.is_exact);
            self.rand.add(rand);
            self.rand_squares.add_square(rand);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.events, other.events),
            (&mut self.exact, other.exact),
            (&mut self.members, other.members),
            (&mut self.pure, other.pure),
            (&mut self.whole, other.whole),
            (&mut self.groups, other.groups),
            (&mut self.true_groups, other.true_groups),
        ] {
            *mine = mine.saturating_add(theirs);
        }
        self.rand.merge(&other.rand);
        self.rand_squares.merge(&other.rand_squares);
    }
}
