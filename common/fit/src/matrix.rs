//! Small symmetric matrices: sums of products, Cholesky's decomposition, inverse.

use std::cmp::Ordering;

/// A symmetric matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Symmetric {
    size: usize,
    /// By rows, both halves.
    cells: Vec<f64>,
}

impl Symmetric {
    pub(crate) fn zero(size: usize) -> Self {
        Self {
            size,
            cells: vec![0.0; size * size],
        }
    }

    /// The number of rows.
    pub fn size(&self) -> usize {
        self.size
    }

    /// What stands in row `i`, column `j`; NaN outside.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        let inside = i < self.size && j < self.size;
        let cell = inside.then(|| self.cells.get(i * self.size + j)).flatten();
        cell.copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn set(&mut self, i: usize, j: usize, value: f64) {
        for at in [i * self.size + j, j * self.size + i] {
            if let Some(cell) = self.cells.get_mut(at) {
                *cell = value;
            }
        }
    }

    /// Adds to the cell alone, not to the one opposite.
    pub(crate) fn add_one(&mut self, i: usize, j: usize, value: f64) {
        if let Some(cell) = self.cells.get_mut(i * self.size + j) {
            *cell += value;
        }
    }

    /// Adds `factor`·v·vᵀ.
    pub(crate) fn add_product(&mut self, v: &[f64], factor: f64) {
        for (row, a) in self.cells.chunks_exact_mut(self.size.max(1)).zip(v) {
            let a = factor * a;
            if a != 0.0 {
                for (cell, b) in row.iter_mut().zip(v) {
                    *cell += a * b;
                }
            }
        }
    }

    /// The rows and columns named, in that order.
    pub(crate) fn picked(&self, indices: &[usize]) -> Self {
        let cells = indices
            .iter()
            .flat_map(|i| indices.iter().map(|j| self.at(*i, *j)));
        Self {
            size: indices.len(),
            cells: cells.collect(),
        }
    }

    /// aᵀ·M·b
    pub(crate) fn between(&self, a: &[f64], b: &[f64]) -> f64 {
        let rows = self.cells.chunks_exact(self.size.max(1));
        rows.zip(a).map(|(row, a)| a * dot(row, b)).sum()
    }

    /// M·b
    pub(crate) fn times(&self, b: &[f64]) -> Vec<f64> {
        let rows = self.cells.chunks_exact(self.size.max(1));
        rows.map(|row| dot(row, b)).collect()
    }

    /// This·middle·this
    pub(crate) fn around(&self, middle: &Self) -> Self {
        let mut product = Self::zero(self.size);
        let rows: Vec<&[f64]> = self.cells.chunks_exact(self.size.max(1)).collect();
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate().take(i + 1) {
                product.set(i, j, middle.between(a, b));
            }
        }
        product
    }

    /// The decomposition, if this is positive definite by more than rounding: each pivot of the
    /// matrix scaled to a diagonal of ones is above `least`.
    pub(crate) fn cholesky(&self, least: f64) -> Option<Cholesky> {
        let n = self.size;
        let scale: Vec<f64> = (0..n).map(|i| self.at(i, i).sqrt().recip()).collect();
        if scale.iter().any(|s| !s.is_finite()) {
            return None;
        }
        let mut lower = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let before = dot(&lower[i * n..i * n + j], &lower[j * n..j * n + j]);
                let rest = self.at(i, j) * scale[i] * scale[j] - before;
                lower[i * n + j] = if i == j {
                    // NaN is not above, either.
                    if rest.partial_cmp(&least) != Some(Ordering::Greater) {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / lower[j * n + j]
                };
            }
        }
        Some(Cholesky { lower, scale })
    }

    /// The inverse, if this is positive definite by more than rounding.
    pub(crate) fn inverse(&self, least: f64) -> Option<Self> {
        let root = self.cholesky(least)?;
        let mut inverse = Self::zero(self.size);
        for j in 0..self.size {
            let mut unit = vec![0.0; self.size];
            unit[j] = 1.0;
            for (i, value) in root.solve(&unit).into_iter().enumerate().skip(j) {
                inverse.set(i, j, value);
            }
        }
        Some(inverse)
    }
}

/// D·L·Lᵀ·D for a diagonal D.
pub(crate) struct Cholesky {
    lower: Vec<f64>,
    /// 1/D
    scale: Vec<f64>,
}

impl Cholesky {
    /// The vector that the matrix turns into `b`.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.scale.len();
        let mut x: Vec<f64> = b.iter().zip(&self.scale).map(|(b, s)| b * s).collect();
        for i in 0..n {
            let known = dot(&self.lower[i * n..i * n + i], &x[..i]);
            x[i] = (x[i] - known) / self.lower[i * n + i];
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| self.lower[k * n + i] * x[k]).sum();
            x[i] = (x[i] - known) / self.lower[i * n + i];
        }
        for (x, s) in x.iter_mut().zip(&self.scale) {
            *x *= s;
        }
        x
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::Symmetric;

    fn matrix(cells: [[f64; 3]; 3]) -> Symmetric {
        let mut matrix = Symmetric::zero(3);
        for (i, row) in cells.iter().enumerate() {
            for (j, cell) in row.iter().enumerate() {
                matrix.set(i, j, *cell);
            }
        }
        matrix
    }

    #[test]
    fn the_inverse_of_a_badly_scaled_matrix_is_right() {
        let m = matrix([[4e8, 2e2, 1e4], [2e2, 3e-2, 1e-1], [1e4, 1e-1, 5.0]]);
        let inverse = m.inverse(1e-12).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let cell: f64 = (0..3).map(|k| m.at(i, k) * inverse.at(k, j)).sum();
                let unit = if i == j { 1.0 } else { 0.0 };
                let scale = (m.at(i, i) * inverse.at(j, j)).sqrt();
                assert!(
                    (cell - unit).abs() < 1e-13 * scale.max(1.0),
                    "{i} {j} {cell}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_inverse() {
        let flat = matrix([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        assert!(flat.inverse(1e-12).is_none());
        let saddle = matrix([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]);
        assert!(saddle.inverse(1e-12).is_none());
        let hole = matrix([[f64::NAN, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        assert!(hole.inverse(1e-12).is_none());
    }
}
