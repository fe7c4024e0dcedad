//! Where fits begin: limits, and starting values that are guessed, given, or drawn by hash.

use crate::minimise::Free;
use crate::model::{Model, Parameter};
use crate::objective::Objective;
use crate::sample::{Histogram, Sample};
use crate::setup::{Setup, SetupError, StartValue};
use crate::start::{End, Guess, Landmarks, Start};

/// How many more starts, by hash, are tried beside the first one.
pub(super) const MORE_STARTS: u64 = 3;
/// By how much a limit is moved, in spans of both or, above 0, as a factor.
const FARTHER: f64 = 5.0;
/// What is said of a starting value that no density has.
const BEYOND: &str = "the starting value lies beyond what the parameter can be";
/// The bins in which values are looked at to guess.
const LOOK_BINS: usize = 200;
/// Bins of the data are looked at as they are up to this many, and some together beyond.
const MOST_LOOKED_AT: usize = 2000;

/// A value so near a limit, in parts of the span of both, lies at it.
pub(super) const NEAR: f64 = 1e-3;
/// How yields are guessed, but for the value and the upper limit.
const YIELD: [End; 2] = [End::Natural, End::Open];

/// Limits and values of all parameters.
#[derive(Clone)]
pub(super) struct Begin {
    /// Each parameter; a constant has its value as both limits.
    pub(super) starts: Vec<Start>,
    /// Other values of all, where a steep background hides the peak from the first look.
    steep: Option<Vec<f64>>,
    /// What the limits of each are.
    ends: Vec<[End; 2]>,
    pub(super) free: Vec<Free>,
    /// Σw²/Σw
    pub(super) scale: f64,
    model: Model,
    look: Vec<(f64, f64, f64)>,
    /// Yields that were given.
    given: Vec<bool>,
}

impl Begin {
    /// Where a fit of this model to this sample begins, or the starting values that cannot be.
    pub(super) fn new(
        model: &Model,
        sample: Sample<'_>,
        setup: &Setup,
    ) -> Result<Self, Vec<SetupError>> {
        let look = looked_at(sample);
        let counts: Vec<f64> = look.iter().map(|(_, _, count)| *count).collect();
        let landmarks = Landmarks::of(model.range(), &counts);
        let steep = Landmarks::of_steep(model.range(), &counts);
        let (sumw, sumw2) = sample.places().fold((0.0, 0.0), |(w, w2), place| {
            (w + place.sumw, w2 + place.sumw2)
        });
        let most = 1.5 * sumw + 10.0 * sumw2.sqrt();
        let (mut starts, mut ends, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in model.parameters() {
            let guessed = match parameter.guess {
                Some((Guess { start, ends }, term)) => (start(&landmarks, term), ends),
                None => {
                    let start = Start {
                        value: sumw / model.component_names().len() as f64,
                        low: 0.0,
                        high: most,
                    };
                    (start, YIELD)
                }
            };
            let name = &parameter.name;
            let (start, of_limits) = match (setup.fix.get(name), setup.start.get(name)) {
                (Some(value), _) => {
                    let (value, low, high) = (*value, *value, *value);
                    (Start { value, low, high }, [End::Given; 2])
                }
                (None, Some(start)) => given(*start, guessed).unwrap_or_else(|what| {
                    let (key, name) = ("start", name.clone());
                    wrong.push(SetupError::Numbers { key, name, what });
                    guessed
                }),
                (None, None) => guessed,
            };
            starts.push(start);
            ends.push(of_limits);
        }
        if !wrong.is_empty() {
            return Err(wrong);
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
        let other = |(start, parameter): (&Start, &Parameter)| match (&parameter.guess, &steep) {
            (Some((guess, term)), Some(steep)) if !setup.start.contains_key(&parameter.name) => {
                let value = (guess.start)(steep, *term).value;
                value.clamp(start.low, start.high)
            }
            _ => start.value,
        };
        let others = starts.iter().zip(model.parameters()).map(other);
        Ok(Self {
            steep: steep.as_ref().map(|_| others.collect()),
            free: free.collect(),
            scale: sumw2 / sumw,
            model: model.clone(),
            given: given.collect(),
            look,
            starts,
            ends,
        })
    }

    /// The limit that a value of a parameter lies at: 0 for the lower one, 1 for the upper one.
    fn side(&self, index: usize, value: f64) -> Option<usize> {
        let start = self.starts.get(index)?;
        let near = NEAR * (start.high - start.low);
        match (value - start.low < near, start.high - value < near) {
            (true, _) => Some(0),
            (_, true) => Some(1),
            _ => None,
        }
    }

    /// Whether a value of a parameter lies at a limit that nobody gave, and beyond which a fit may be
    /// better.
    pub(super) fn is_held(&self, index: usize, value: f64) -> bool {
        let side = self.side(index, value);
        let end = side.and_then(|side| self.ends.get(index)?.get(side));
        matches!(end, Some(End::Wall | End::Open))
    }

    /// The same with wider limits for the parameters whose values lie at one that is a guess; nothing
    /// where there is none.
    pub(super) fn widened(&self, values: &[f64]) -> Option<Self> {
        let mut wider = self.clone();
        let mut is_wider = false;
        for free in &mut wider.free {
            let value = values.get(free.index).copied().unwrap_or(f64::NAN);
            let side = self.side(free.index, value);
            let end = side.and_then(|side| self.ends.get(free.index)?.get(side));
            let (Some(side), Some(End::Open)) = (side, end) else {
                continue;
            };
            let span = free.high - free.low;
            match side {
                // What is above 0 by its nature stays there.
                0 if free.low > 0.0 => free.low /= FARTHER,
                0 => free.low -= FARTHER * span,
                _ => free.high += FARTHER * span,
            }
            if let Some(start) = wider.starts.get_mut(free.index) {
                (start.low, start.high) = (free.low, free.high);
            }
            is_wider = true;
        }
        is_wider.then_some(wider)
    }

    /// Takes limits that values lie at for those of nature: beyond them the fit gets no better.
    pub(super) fn settle(&mut self, values: &[f64]) {
        for (index, value) in values.iter().enumerate() {
            let Some(side) = self.side(index, *value) else {
                continue;
            };
            let end = self.ends.get_mut(index);
            if let Some(end @ End::Open) = end.and_then(|ends| ends.get_mut(side)) {
                *end = End::Natural;
            }
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

    /// The starting values of a number: 0 is the guess, and the last ones are those by a steep background,
    /// where there is one. They are moved towards the guess as long as
    /// the model is no density there.
    pub(super) fn values(&self, number: u64, objective: &Objective<'_>) -> Option<Vec<f64>> {
        let guess: Vec<f64> = self.starts.iter().map(|start| start.value).collect();
        let mut values = guess.clone();
        if let Some(steep) = self.steep.as_ref().filter(|_| number == MORE_STARTS) {
            values.clone_from(steep);
        } else if number > 0 {
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

/// What is given in place of a guess: a value alone has the limits of the guess, or wider ones where it
/// lies beyond.
fn given(
    start: StartValue,
    (guessed, ends): (Start, [End; 2]),
) -> Result<(Start, [End; 2]), &'static str> {
    let value = match start {
        StartValue::Limited(start) => return Ok((start, [End::Given; 2])),
        StartValue::Value(value) => value,
    };
    let room = (guessed.high - guessed.low).max(value.abs());
    let is_above = guessed.low > 0.0;
    let low = match (value > guessed.low, ends[0]) {
        (true, _) => guessed.low,
        (_, End::Natural) if value < guessed.low => return Err(BEYOND),
        (_, End::Natural) => guessed.low,
        _ if is_above && value > 0.0 => value / FARTHER,
        _ if is_above => return Err("a starting value above 0 is needed"),
        _ => value - room,
    };
    let high = match (value < guessed.high, ends[1]) {
        (true, _) => guessed.high,
        (_, End::Natural) if value > guessed.high => return Err(BEYOND),
        (_, End::Natural) => guessed.high,
        _ => value + room,
    };
    Ok((Start { value, low, high }, ends))
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
