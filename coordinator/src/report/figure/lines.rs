//! A few lines of numbers below a frame: a small table that is part of the picture.

use super::canvas::{Anchor, Canvas};
use super::shortened;

/// The height of a line.
const LINE: f64 = 21.0;

/// A small table, with the place of each column and which end of it that is.
#[derive(Debug, Clone)]
pub(in crate::report) struct Lines {
    columns: Vec<(f64, Anchor, String)>,
    rows: Vec<Vec<String>>,
}

impl Lines {
    pub(in crate::report) fn new(columns: &[(f64, Anchor, &str)]) -> Self {
        let columns = columns.iter();
        Self {
            columns: columns
                .map(|(x, anchor, name)| (*x, *anchor, (*name).to_owned()))
                .collect(),
            rows: Vec::new(),
        }
    }

    pub(in crate::report) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Keeps at most so many lines; how many are left out.
    pub(in crate::report) fn keep(&mut self, most: usize) -> usize {
        let more = self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
        more
    }

    /// How much higher a picture is with it.
    pub(in crate::report) fn height(&self) -> f64 {
        match self.rows.len() {
            0 => 0.0,
            rows => LINE * (rows as f64 + 1.0) + 32.0,
        }
    }

    /// Draws it from `top` down.
    pub(in crate::report) fn draw(&self, canvas: &mut Canvas, top: f64) {
        if self.rows.is_empty() {
            return;
        }
        for (x, anchor, name) in &self.columns {
            canvas.text(*x, top + LINE - 4.0, *anchor, "quiet", name);
        }
        for (number, row) in self.rows.iter().enumerate() {
            let y = top + LINE * (number as f64 + 2.0) - 4.0;
            for ((x, anchor, _), cell) in self.columns.iter().zip(row) {
                canvas.text(*x, y, *anchor, "small", &shortened(cell, 44));
            }
        }
    }
}
