//! Where a row is counted: its category, its bin, and its place among the bins of control variables.

use super::spec::MassFitSpec;

/// The category of a row that is in none.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Edges that are compared with every value: more are searched through.
const FEW: usize = 32;

/// How many of ascending edges are not above each value.
fn edges_below(edges: &[f64], values: &[f64]) -> Vec<u32> {
    if edges.len() > FEW {
        let below = |value: &f64| edges.partition_point(|edge| edge <= value);
        return values.iter().map(|value| below(value) as u32).collect();
    }
    let mut below = vec![0; values.len()];
    // Each part stays in the fastest cache.
    for (below, values) in below.chunks_mut(1024).zip(values.chunks(1024)) {
        for edge in edges {
            for (below, value) in below.iter_mut().zip(values) {
                *below += u32::from(edge <= value);
            }
        }
    }
    below
}

impl MassFitSpec {
    /// The bins of all control variables, in a row.
    pub(super) fn control_bins(&self) -> usize {
        self.control()
            .iter()
            .map(|axis| axis.edges.len().saturating_sub(1))
            .sum()
    }

    /// The numbers of the control variables whose bins follow from the data.
    pub(super) fn stepped(&self) -> impl Iterator<Item = usize> {
        let control = self.control().iter().enumerate();
        let stepped = control.filter(|(_, axis)| axis.edges.is_empty());
        stepped.map(|(number, _)| number)
    }

    pub(super) fn bin(&self, value: f64) -> Option<u32> {
        self.empty()
            .bin(value)
            .and_then(|bin| u32::try_from(bin).ok())
    }

    /// The categories of rows by the columns of the axes, the last axis fastest; [`NOWHERE`] outside of
    /// the edges of an axis, and for NaN.
    pub(super) fn categories_of(&self, columns: &[Vec<f64>], rows: usize) -> Vec<u32> {
        let mut categories = vec![0; rows];
        for (axis, values) in self.by().iter().zip(columns) {
            let bins = u32::try_from(axis.edges.len()).map_or(0, |edges| edges.saturating_sub(1));
            for (category, above) in categories.iter_mut().zip(edges_below(&axis.edges, values)) {
                let is_inside = *category != NOWHERE && 0 < above && above <= bins;
                *category = match is_inside {
                    true => *category * bins + above - 1,
                    false => NOWHERE,
                };
            }
        }
        categories
    }

    /// The column of a control variable that a value belongs to, among all of them; none outside.
    pub(super) fn control_bin(&self, number: usize, value: f64) -> Option<usize> {
        let before = self.control().iter().take(number);
        let first: usize = before.map(|axis| axis.edges.len().saturating_sub(1)).sum();
        let edges = &self.control().get(number)?.edges;
        let above = edges.partition_point(|edge| *edge <= value);
        (above > 0 && above < edges.len()).then(|| first + above - 1)
    }

    /// The name and the edges of a category: `p_0_cosTheta_1`, or `all`.
    #[must_use]
    pub fn named(&self, category: usize) -> (String, Vec<[f64; 2]>) {
        let mut rest = category;
        let mut parts = Vec::new();
        let mut edges = Vec::new();
        for axis in self.by().iter().rev() {
            let count = axis.edges.len().saturating_sub(1).max(1);
            let at = rest % count;
            rest /= count;
            parts.push(format!("{}_{at}", axis.column));
            let edge = |at: usize| axis.edges.get(at).copied().unwrap_or(f64::NAN);
            edges.push([edge(at), edge(at + 1)]);
        }
        parts.reverse();
        edges.reverse();
        match parts.is_empty() {
            true => ("all".to_owned(), edges),
            false => (parts.join("_"), edges),
        }
    }
}
