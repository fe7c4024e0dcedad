//! Where fits begin: limits, and starting values that are guessed, given, or drawn by hash.

use super::FreeParameters;
use crate::minimise::{Free, Objective};
use crate::model::Model;
use crate::sample::{Histogram, Sample};
use crate::setup::{Setup, StartValue};
use crate::start::{Landmarks, Start};

/// The bins in which values are looked at to guess.
const LOOK_BINS: usize = 200;
/// Bins of the data are looked at as they are up to this many, and some together beyond.
const MOST_LOOKED_AT: usize = 2000;

/// Limits and values of all parameters.
pub(super) struct Begin {
    /// Each parameter; a constant has its value as both limits.
    pub(super) starts: Vec<Start>,
    pub(super) free: FreeParameters,
    /// Σw²/Σw
    pub(super) scale: f64,
    model: Model,
    look: Vec<(f64, f64, f64)>,
    /// Yields that were given.
    given: Vec<bool>,
}

impl Begin {
    pub(super) fn new(model: &Model, sample: Sample<'_>, setup: &Setup) -> Self {
        let look = looked_at(sample);
        let counts: Vec<f64> = look.iter().map(|(_, _, count)| *count).collect();
        let landmarks = Landmarks::of(model.range(), &counts);
        let (sumw, sumw2) = sample.places().fold((0.0, 0.0), |(w, w2), place| {
            (w + place.sumw, w2 + place.sumw2)
        });
        let most = 1.5 * sumw + 10.0 * sumw2.sqrt();
        let mut starts = Vec::new();
        for parameter in model.parameters() {
            let guessed = match parameter.guess {
                Some((guess, term)) => guess(&landmarks, term),
                None => Start {
                    value: sumw / model.component_names().len() as f64,
                    low: 0.0,
                    high: most,
                },
            };
            let fixed = setup.fix.get(&parameter.name).map(|value| Start {
                value: *value,
                low: *value,
                high: *value,
            });
            let given = setup
                .start
                .get(&parameter.name)
                .map(|start| given(*start, guessed));
            starts.push(fixed.or(given).unwrap_or(guessed));
        }
        let names = model.parameter_names().enumerate();
        let free = names
            .filter(|(_, name)| !setup.fix.contains_key(*name))
            .map(|(index, _)| Free {
                index,
                low: starts[index].low,
                high: starts[index].high,
            });
        let given = model
            .component_names()
            .map(|name| setup.start.contains_key(name) || setup.fix.contains_key(name));
        Self {
            free: free.collect(),
            scale: sumw2 / sumw,
            model: model.clone(),
            given: given.collect(),
            look,
            starts,
        }
    }

    pub(super) fn constraints(&self, model: &Model, setup: &Setup) -> Vec<(usize, f64, f64)> {
        let names = model.parameter_names().enumerate();
        let known = names.filter_map(|(index, name)| {
            let (mean, deviation) = setup.constrain.get(name)?;
            Some((index, *mean, *deviation))
        });
        known.collect()
    }

    /// The starting values of a number: 0 is the guess. They are moved towards the guess as long as
    /// the model is no density there.
    pub(super) fn values(&self, number: u64, objective: &Objective<'_>) -> Option<Vec<f64>> {
        let guess: Vec<f64> = self.starts.iter().map(|start| start.value).collect();
        let mut values = guess.clone();
        if number > 0 {
            for free in &self.free {
                if let Some(value) = values.get_mut(free.index) {
                    *value = drawn(free, *value, number);
                }
            }
        }
        for _ in 0..6 {
            let split = self.with_yields(&values);
            if objective.value(&split).is_finite() {
                return Some(split);
            }
            for (value, guess) in values.iter_mut().zip(&guess) {
                *value = 0.5 * (*value + guess);
            }
        }
        None
    }

    /// The values, with yields that suit the shapes: some steps of expectation and maximisation.
    fn with_yields(&self, values: &[f64]) -> Vec<f64> {
        let mut values = values.to_vec();
        let Some(densities) = self.model.densities(&values) else {
            return values;
        };
        let count = self.given.len();
        let areas: Vec<Vec<f64>> = self
            .look
            .iter()
            .map(|(low, high, _)| {
                (0..count)
                    .map(|k| densities.area(k, *low, *high).max(0.0))
                    .collect()
            })
            .collect();
        for _ in 0..30 {
            let mut sums = vec![0.0; count];
            for ((_, _, n), areas) in self.look.iter().zip(&areas) {
                let rate: f64 = areas
                    .iter()
                    .zip(&values)
                    .map(|(area, value)| area * value)
                    .sum();
                if rate > 0.0 {
                    for ((sum, area), value) in sums.iter_mut().zip(areas).zip(&values) {
                        *sum += n.max(0.0) * area * value / rate;
                    }
                }
            }
            for (index, sum) in sums.into_iter().enumerate() {
                if !self.given[index] {
                    let Start { low, high, .. } = self.starts[index];
                    values[index] = sum.clamp(low + 1e-4 * (high - low), high);
                }
            }
        }
        values
    }
}

/// Low end, high end and content of the bins that are looked at.
fn looked_at(sample: Sample<'_>) -> Vec<(f64, f64, f64)> {
    let bars = |histogram: &Histogram| {
        let together = histogram.sumw().len().div_ceil(MOST_LOOKED_AT).max(1);
        let contents = histogram.sumw().chunks(together).enumerate();
        contents
            .map(|(bar, contents)| {
                let first = bar * together;
                let (low, _) = histogram.edges(first);
                let (_, high) = histogram.edges(first + contents.len() - 1);
                (low, high, contents.iter().sum())
            })
            .collect()
    };
    match sample {
        Sample::Binned(histogram) => bars(histogram),
        Sample::Unbinned(values) => values
            .histogram(LOOK_BINS)
            .map(|histogram| bars(&histogram))
            .unwrap_or_default(),
    }
}

fn given(start: StartValue, guessed: Start) -> Start {
    match start {
        StartValue::Limited(start) => start,
        StartValue::Value(value) => {
            let room = (guessed.high - guessed.low).max(value.abs());
            let low = if value > guessed.low {
                guessed.low
            } else {
                value - room
            };
            let high = if value < guessed.high {
                guessed.high
            } else {
                value + room
            };
            Start { value, low, high }
        }
    }
}

/// A value between the limits, nearer to the guess than to them, by the hash of its place.
fn drawn(free: &Free, guess: f64, number: u64) -> f64 {
    let part = unit(
        number
            .wrapping_mul(0x1_0001)
            .wrapping_add(free.index as u64),
    );
    let span = free.high - free.low;
    let reach = (0.6 * span).min(guess.abs().max(0.02 * span));
    let (low, high) = (
        (guess - reach).max(free.low),
        (guess + reach).min(free.high),
    );
    low + (high - low) * part
}

/// A number from 0 to 1 that any machine finds for this key (the finaliser of SplitMix64).
fn unit(key: u64) -> f64 {
    let mut z = key.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
