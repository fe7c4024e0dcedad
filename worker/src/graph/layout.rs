//! Which nodes are in which graph.

use std::ops::Range;

use lumimill_common::expression::MOST_GROUPS;

use super::Unscored;

/// The graphs of some entries, one after the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Of each node in a graph, its place among the members of all entries.
    pub(super) nodes: Vec<u32>,
    /// Of each graph, where its nodes end.
    pub(super) ends: Vec<usize>,
    /// Of each graph, its entry.
    pub(super) entries: Vec<u32>,
    /// Of each entry, where its graphs end.
    pub(super) graphs: Vec<usize>,
    /// Of each entry, where its members end.
    pub(super) members: Vec<u32>,
}

impl Layout {
    /// One graph an entry, whose members end there.
    pub(super) fn of_entries(members: Vec<u32>) -> Self {
        Self {
            nodes: (0..members.last().copied().unwrap_or(0)).collect(),
            ends: members.iter().map(|end| *end as usize).collect(),
            entries: (0..members.len() as u32).collect(),
            graphs: (1..=members.len()).collect(),
            members,
        }
    }

    /// One graph for each group from 0 to the largest of its entry; -1 is in none.
    pub(super) fn of_groups(
        column: &str,
        members: Vec<u32>,
        groups: &[i64],
    ) -> Result<Self, Unscored> {
        let mut layout = Self::default();
        let mut start = 0;
        for (entry, end) in members.iter().enumerate() {
            let places = start..*end;
            start = *end;
            let mut of_groups: Vec<Vec<u32>> = Vec::new();
            for place in places {
                let group = groups.get(place as usize).copied().unwrap_or(-1);
                if !(-1..=MOST_GROUPS).contains(&group) {
                    let message = format!(
                        "column \"{column}\" has the group number {group}: groups are numbered from 0 \
                         to {MOST_GROUPS}, and -1 is none"
                    );
                    return Err(Unscored::of_row(entry, message));
                }
                if let Ok(group) = usize::try_from(group) {
                    if group >= of_groups.len() {
                        of_groups.resize_with(group + 1, Vec::new);
                    }
                    of_groups[group].push(place);
                }
            }
            for nodes in of_groups {
                layout.nodes.extend(nodes);
                layout.ends.push(layout.nodes.len());
                layout.entries.push(entry as u32);
            }
            layout.graphs.push(layout.ends.len());
        }
        layout.members = members;
        Ok(layout)
    }

    /// Leaves at most so many nodes in each graph: those of the highest rank, by the place of each among
    /// the members; of equal ones the first, and NaN last. Says how many are left out. Without ranks
    /// there may be no more.
    pub(super) fn truncate(&mut self, most: usize, ranks: Option<&[f64]>) -> Result<u64, Unscored> {
        let mut left_out = 0;
        let (mut nodes, mut ends) = (Vec::new(), Vec::with_capacity(self.ends.len()));
        for graph in 0..self.count() {
            let range = self.range(graph);
            let count = range.len();
            let members = self.nodes.get(range).unwrap_or_default();
            if count <= most {
                nodes.extend_from_slice(members);
            } else {
                let ranks = ranks.ok_or_else(|| {
                    let message = format!(
                        "a graph has {count} nodes, and the model is given {most}: highest = \"NAME\" beside \
                         nodes = {most} in dense leaves those out for which NAME is lowest"
                    );
                    Unscored::of_row(self.entry(graph), message)
                })?;
                left_out += (count - most) as u64;
                nodes.extend(highest(members, most, ranks));
            }
            ends.push(nodes.len());
        }
        (self.nodes, self.ends) = (nodes, ends);
        Ok(left_out)
    }

    /// Whether graphs have all members, in their order.
    pub(super) fn has_all_nodes(&self) -> bool {
        let members = self.members.last().copied().unwrap_or(0);
        self.nodes.iter().copied().eq(0..members)
    }

    /// How many graphs there are.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Where the nodes of a graph are.
    pub(super) fn range(&self, graph: usize) -> Range<usize> {
        let before = graph
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let start = before.copied().unwrap_or(0);
        start..self.ends.get(graph).copied().unwrap_or(start)
    }

    /// The entry of a graph.
    pub(super) fn entry(&self, graph: usize) -> usize {
        self.entries.get(graph).map_or(0, |entry| *entry as usize)
    }

    /// How many members there are before those of an entry.
    pub(super) fn first_member(&self, entry: usize) -> u32 {
        let before = entry
            .checked_sub(1)
            .and_then(|before| self.members.get(before));
        before.copied().unwrap_or(0)
    }

    /// How many graphs there are before those of an entry.
    pub(super) fn first_graph(&self, entry: usize) -> usize {
        let before = entry
            .checked_sub(1)
            .and_then(|before| self.graphs.get(before));
        before.copied().unwrap_or(0)
    }
}

/// So many of these members, in their order: those of the highest rank.
fn highest(members: &[u32], most: usize, ranks: &[f64]) -> Vec<u32> {
    let rank = |member: u32| {
        let rank = ranks.get(member as usize).copied();
        rank.filter(|rank| !rank.is_nan())
            .unwrap_or(f64::NEG_INFINITY)
    };
    let mut all = members.to_vec();
    all.sort_by(|a, b| rank(*b).total_cmp(&rank(*a)).then(a.cmp(b)));
    all.truncate(most);
    all.sort_unstable();
    all
}
