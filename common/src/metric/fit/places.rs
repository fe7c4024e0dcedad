//! Where a row is counted: its category, its bin, and its place among the bins of control variables.

use super::spec::MassFitSpec;

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

    /// The category of a row by its values on the axes, the last axis fastest; none outside of the
    /// edges of an axis, and for NaN.
    pub fn category(&self, values: impl Iterator<Item = f64>) -> Option<usize> {
        let mut category = 0;
        for (axis, value) in self.by().iter().zip(values) {
            let above = axis.edges.partition_point(|edge| *edge <= value);
            let inside = above > 0 && above < axis.edges.len();
            category = category * axis.edges.len().saturating_sub(1) + inside.then_some(above)? - 1;
        }
        Some(category)
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
