//! Parts of the fit range in which one component is nearly alone.

use std::ops::Range;

use super::kendall::{Kendall, Ranked, kendall};
use crate::fit::Fit;
use crate::model::Model;
use crate::sample::Histogram;

/// The signal window has this part of the signal, half of the rest on each side of it.
const WINDOW: f64 = 0.9;
/// The sidebands begin where this part of the signal is left out on both sides together.
const SIDEBANDS: f64 = 0.005;
/// Fewer entries than this tell nothing; with weights, fewer effective ones, (Σw)²/Σw².
const FEWEST: f64 = 50.0;

/// Bins of the fit variable: a lower sideband, the signal window, an upper sideband.
pub(super) struct Regions {
    /// Bins below this are the lower sideband.
    lower: usize,
    /// The bins of the window.
    window: (usize, usize),
    /// Bins from this on are the upper sideband.
    upper: usize,
    /// Where the bins lie.
    centres: Vec<f64>,
    /// What is expected of all components but the signal.
    background: Vec<f64>,
}

impl Regions {
    pub(super) fn of(
        model: &Model,
        fit: &Fit,
        signal: usize,
        columns: &[Histogram],
    ) -> Option<Self> {
        let column = columns.first()?;
        let densities = model.densities(&fit.values())?;
        let bins = column.sumw().len();
        let area = |component: usize, bin: usize| {
            let (low, high) = column.edges(bin);
            densities.area(component, low, high)
        };
        let mut below = 0.0;
        let mut up_to = Vec::with_capacity(bins);
        for bin in 0..bins {
            below += area(signal, bin);
            up_to.push(below);
        }
        let bin_at = |part: f64| {
            up_to
                .partition_point(|sum| *sum < part * below)
                .min(bins - 1)
        };
        let others = |bin: usize| {
            let parameters = fit
                .parameters
                .iter()
                .take(model.component_names().len())
                .enumerate();
            let parts = parameters.filter(|(k, _)| *k != signal);
            parts
                .map(|(k, parameter)| parameter.value * area(k, bin))
                .sum()
        };
        Some(Self {
            lower: bin_at(0.5 * SIDEBANDS),
            window: (
                bin_at(0.5 * (1.0 - WINDOW)),
                bin_at(0.5 * (1.0 + WINDOW)) + 1,
            ),
            upper: bin_at(1.0 - 0.5 * SIDEBANDS) + 1,
            centres: (0..bins)
                .map(|bin| 0.5 * (column.edges(bin).0 + column.edges(bin).1))
                .collect(),
            background: (0..bins).map(others).collect(),
        })
    }

    /// The correlation in the sidebands.
    /// Why there is none, where there is none.
    pub(super) fn background(&self, columns: &[Histogram]) -> Result<Kendall, String> {
        let bins = self.centres.len();
        let mut entries = Vec::new();
        for bin in (0..self.lower).chain(self.upper..bins) {
            self.push(columns, bin, self.centres[bin], 1.0, &mut entries);
        }
        correlated(&entries)
    }

    /// The correlation in the window. The background is taken off by the sidebands: each is laid over
    /// the half of the window that is next to it, with negative weights that add up to the
    /// background expected there, in each part of it: where a steep sideband kept its own shape, what
    /// was left of the background looked like a signal that depends on the fit variable.
    pub(super) fn signal(&self, columns: &[Histogram]) -> Result<Kendall, String> {
        let (first, last) = self.window;
        let mut entries = Vec::new();
        for bin in first..last {
            self.push(columns, bin, self.centres[bin], 1.0, &mut entries);
        }
        enough(&entries)?;
        let middle = (first + last) / 2;
        let bands = [
            (0..self.lower, first..middle),
            (self.upper..self.centres.len(), middle..last),
        ];
        for (band, half) in bands {
            if self.expected(&band) <= 0.0 {
                // No sideband on this side: its half of the window says nothing.
                let (low, high) = (half.start, half.end);
                entries.retain(|entry| !self.centres[low..high].contains(&entry.x));
                continue;
            }
            // As many parts of each as there can be.
            let parts = band.len().min(half.len());
            let part = |bins: &Range<usize>, number: usize| {
                let at = |number: usize| bins.start + number * bins.len() / parts;
                at(number)..at(number + 1)
            };
            for number in 0..parts {
                let (from, to) = (part(&band, number), part(&half, number));
                let there = self.expected(&from);
                if there > 0.0 {
                    let factor = -self.expected(&to) / there;
                    let x = self.centres[(to.start + to.end) / 2];
                    for bin in from {
                        self.push(columns, bin, x, factor, &mut entries);
                    }
                }
            }
        }
        correlated(&entries)
    }

    /// The background expected in some bins.
    fn expected(&self, bins: &Range<usize>) -> f64 {
        let part = self.background.get(bins.clone());
        part.map_or(0.0, |part| part.iter().sum())
    }

    /// The entries of a bin in all columns, at `x`, with weights times `factor`.
    fn push(&self, columns: &[Histogram], bin: usize, x: f64, factor: f64, to: &mut Vec<Ranked>) {
        for (index, column) in columns.iter().enumerate() {
            let (sumw, sumw2) = (column.sumw()[bin], column.sumw2()[bin]);
            if sumw2 > 0.0 {
                to.push(Ranked {
                    x,
                    y: index as f64,
                    sumw: factor * sumw,
                    sumw2: factor * factor * sumw2,
                });
            }
        }
    }
}

/// Whether there are enough entries, by their effective number.
fn enough(entries: &[Ranked]) -> Result<(), String> {
    let sum: f64 = entries.iter().map(|entry| entry.sumw).sum();
    let squares: f64 = entries.iter().map(|entry| entry.sumw2).sum();
    if squares > 0.0 && sum <= 0.0 {
        return Err(String::from("weights do not sum to more than 0"));
    }
    let effective = if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    };
    match effective > FEWEST {
        true => Ok(()),
        false => Err(format!(
            "{effective:.0} effective entries and more than {FEWEST} needed"
        )),
    }
}

fn correlated(entries: &[Ranked]) -> Result<Kendall, String> {
    enough(entries)?;
    kendall(entries).ok_or_else(|| {
        String::from(
            "entries are all equal in one of the values or negative weights leave no pairs",
        )
    })
}
