//! The distribution of the first variable, given the others.

use crate::axis::Axis;
use crate::density::Density;

/// What the first variable of a density follows where the others have some values: between the
/// middles of cells it is a mean of those of the cells around.
#[derive(Debug, Clone)]
pub struct Conditional<'a> {
    axis: &'a Axis,
    /// Lines of the density, each with its part.
    lines: Vec<(&'a [f64], f64)>,
    total: f64,
}

impl Density {
    /// The distribution of the first variable where the others have these values, in the order of
    /// the axes. None where one is outside of its axis or no number, and where there is nothing.
    #[must_use]
    pub fn given(&self, values: &[f64]) -> Option<Conditional<'_>> {
        let (axis, others) = self.axes.split_first()?;
        if values.len() != others.len() {
            return None;
        }
        let mut lines: Vec<(usize, f64)> = vec![(0, 1.0)];
        let mut stride = 1;
        for (axis, value) in others.iter().zip(values) {
            let place = (axis.place(*value)? - 0.5).clamp(0.0, (axis.bins - 1) as f64);
            let low = (place as usize).min(axis.bins - 1);
            let part = place - low as f64;
            let mut next = Vec::with_capacity(2 * lines.len());
            for (line, weight) in &lines {
                next.push((line + low * stride, weight * (1.0 - part)));
                if part > 0.0 {
                    next.push((line + (low + 1) * stride, weight * part));
                }
            }
            lines = next;
            stride *= axis.bins;
        }
        let line = |(line, weight): (usize, f64)| {
            let from = line * axis.bins;
            Some((self.below.get(from..from + axis.bins)?, weight))
        };
        let lines: Vec<(&[f64], f64)> = lines.into_iter().filter_map(line).collect();
        let ends = lines
            .iter()
            .filter_map(|(line, weight)| Some(line.last()? * weight));
        let total: f64 = ends.sum();
        (total > 0.0).then_some(Conditional { axis, lines, total })
    }
}

impl Conditional<'_> {
    /// What is below the end of a bin.
    fn below(&self, bin: usize) -> f64 {
        let parts = self.lines.iter();
        let part = |(line, weight): &(&[f64], f64)| line.get(bin).copied().unwrap_or(0.0) * weight;
        parts.map(part).sum()
    }

    /// The value below which a share of it is, of 0 to 1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = share.clamp(0.0, 1.0) * self.total;
        let (mut low, mut high) = (0, self.axis.bins - 1);
        // The first bin at whose end more is below, or all: empty bins above all of it have none.
        while low < high {
            let middle = low.midpoint(high);
            let below = self.below(middle);
            match below > wanted || below >= self.total {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        let before = low.checked_sub(1).map_or(0.0, |bin| self.below(bin));
        let content = self.below(low) - before;
        let part = match content > 0.0 {
            true => ((wanted - before) / content).clamp(0.0, 1.0),
            false => 1.0,
        };
        self.axis.value(low as f64 + part)
    }

    /// The share of it that is below a value; none outside of the axis or for NaN.
    #[must_use]
    pub fn share(&self, value: f64) -> Option<f64> {
        let place = self.axis.place(value)?;
        let bin = (place as usize).min(self.axis.bins - 1);
        let before = bin.checked_sub(1).map_or(0.0, |bin| self.below(bin));
        let content = self.below(bin) - before;
        let below = before + content * (place - bin as f64);
        Some((below / self.total).clamp(0.0, 1.0))
    }
}
