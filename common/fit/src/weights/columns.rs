//! Weights of many entries at once: the same numbers as one by one, without looking up for each entry
//! what is the same for all.

use super::{Reference, Weights};

impl Weights<'_> {
    /// The weights of some components for entries at all `x`, a column for each of them: those of
    /// [`Self::at`], NaN where it gives none.
    #[must_use]
    pub fn columns(&self, x: &[f64], components: &[usize]) -> Vec<Vec<f64>> {
        let all = 0..self.yields.len();
        let heights: Vec<Vec<f64>> = all.map(|k| self.densities.heights(k, x)).collect();
        let mut reference = self.references(x, &heights);
        for (i, x) in reference.iter_mut().zip(x) {
            if !self.range().contains(*x) || *i <= 0.0 {
                *i = f64::NAN;
            }
        }
        let column = |component: &usize| {
            let row = |k: usize| self.inverse.at(*component, k);
            let mut sums = weighted_sums(&heights, row, x.len());
            for (sum, i) in sums.iter_mut().zip(&reference) {
                *sum /= i;
            }
            sums
        };
        components.iter().map(column).collect()
    }

    /// I at all `x`.
    fn references(&self, x: &[f64], heights: &[Vec<f64>]) -> Vec<f64> {
        match &self.reference {
            Reference::One => vec![1.0; x.len()],
            Reference::Density => {
                let total: f64 = self.yields.iter().sum();
                let of = |k: usize| self.yields.get(k).copied().unwrap_or(f64::NAN);
                let mut sums = weighted_sums(heights, of, x.len());
                sums.iter_mut().for_each(|sum| *sum /= total);
                sums
            }
            Reference::Histogram(template) => x.iter().map(|x| template.height_at(*x)).collect(),
        }
    }
}

/// The sum of all columns, each times its factor.
fn weighted_sums(columns: &[Vec<f64>], factor: impl Fn(usize) -> f64, rows: usize) -> Vec<f64> {
    let mut sums = vec![0.0; rows];
    for (number, column) in columns.iter().enumerate() {
        let factor = factor(number);
        for (sum, value) in sums.iter_mut().zip(column) {
            *sum += factor * value;
        }
    }
    sums
}
