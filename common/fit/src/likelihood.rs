//! The extended likelihood of a model, with its exact derivatives by all parameters.
//!
//! −ln L = Σ_k N_k − Σ n·ln r, where r is the expected content of a bin, or the density of entries at
//! a value, and n the sum of weights there; in bins it is counted from where all are as expected. Since
//! densities are normalised on the range, Σ_k N_k is the expected number of entries of both kinds of
//! sample, which differ in nothing else.

use crate::density::Shape;
use crate::matrix::Symmetric;
use crate::model::{Model, Slot, Term};
use crate::number::{Curvature, Gradient, LOCAL, Number};
use crate::sample::{Place, Sample};

/// Parameters that most densities do not exceed.
const FEW: usize = 4;

/// A model and a sample.
pub(crate) struct Likelihood<'a> {
    model: &'a Model,
    sample: Sample<'a>,
    /// The bins; nothing of values, which are where they are.
    bins: Vec<Place>,
}

/// −ln L with first derivatives, and the information matrix that Fisher's scoring goes by.
pub(crate) struct Slopes {
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
    pub(crate) information: Symmetric,
}

/// Second derivatives of −ln L, and the variance of its first ones.
pub(crate) struct Bends {
    pub(crate) hessian: Symmetric,
    pub(crate) score_variance: Symmetric,
}

/// A term at fixed parameters: its density, and how many entries it has over its area.
struct Ready<'a, T> {
    term: &'a Term,
    shape: [T; LOCAL],
    inverse_area: T,
    amount: T,
    amount_slots: Vec<Slot>,
}

impl<'a> Likelihood<'a> {
    pub(crate) fn new(model: &'a Model, sample: Sample<'a>) -> Self {
        // The ends of bins are exact, and so take a while.
        let bins = (sample.is_binned().then(|| sample.places()).into_iter())
            .flatten()
            .collect();
        Self {
            model,
            sample,
            bins,
        }
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        let values = (!self.sample.is_binned()).then(|| self.sample.places());
        self.bins
            .iter()
            .copied()
            .chain(values.into_iter().flatten())
    }

    pub(crate) fn sample(&self) -> Sample<'a> {
        self.sample
    }

    /// −ln L; infinite where the model is no density, or is 0 where entries are.
    pub(crate) fn value(&self, values: &[f64]) -> f64 {
        let Some(terms) = self.ready::<f64>(values) else {
            return f64::INFINITY;
        };
        let mut sum = Deviance::default();
        for place in self.places() {
            let rate: f64 = terms
                .iter()
                .map(|ready| ready.amount * ready.height(place, self.sample))
                .sum();
            if !sum.add(place, rate, self.sample.is_binned()) {
                return f64::INFINITY;
            }
        }
        self.total(&sum, values)
    }

    /// The expected content of each bin.
    pub(crate) fn expected(&self, values: &[f64]) -> Option<Vec<f64>> {
        let terms = self.ready::<f64>(values)?;
        let rates = self.places().map(|place| {
            let heights = terms
                .iter()
                .map(|ready| ready.amount * ready.height(place, self.sample));
            heights.sum()
        });
        Some(rates.collect())
    }

    pub(crate) fn slopes(&self, values: &[f64]) -> Option<Slopes> {
        // Most densities have few parameters: carrying no more derivatives than that is twice as fast.
        let counts = self.model.terms().map(Term::most_slots);
        match counts.max() {
            Some(0..=FEW) => self.slopes_by::<FEW>(values),
            _ => self.slopes_by::<LOCAL>(values),
        }
    }

    fn slopes_by<const N: usize>(&self, values: &[f64]) -> Option<Slopes> {
        let terms = self.ready::<Gradient<N>>(values)?;
        let size = values.len();
        let mut slopes = Slopes {
            value: 0.0,
            gradient: vec![0.0; size],
            information: Symmetric::zero(size),
        };
        let mut sum = Deviance::default();
        let mut slope = vec![0.0; size];
        for place in self.places() {
            slope.fill(0.0);
            let mut rate = 0.0;
            for ready in &terms {
                let height = ready.height(place, self.sample);
                rate += ready.amount.value * height.value;
                ready.scatter(
                    &height.slope,
                    ready.amount.value,
                    &ready.amount.slope,
                    height.value,
                    &mut slope,
                );
            }
            if !sum.add(place, rate, self.sample.is_binned()) {
                return None;
            }
            if rate <= 0.0 {
                continue;
            }
            let pull = self.expected_once() - place.sumw / rate;
            for (total, slope) in slopes.gradient.iter_mut().zip(&slope) {
                *total += pull * slope;
            }
            let weight = match self.sample.is_binned() {
                true => rate.recip(),
                false => place.sumw.abs() / (rate * rate),
            };
            slopes.information.add_product(&slope, weight);
        }
        let yields = self.model.component_names().len();
        for gradient in slopes.gradient.iter_mut().take(yields) {
            *gradient += 1.0 - self.expected_once();
        }
        slopes.value = self.total(&sum, values);
        Some(slopes)
    }

    pub(crate) fn bends(&self, values: &[f64]) -> Option<Bends> {
        let terms = self.ready::<Curvature>(values)?;
        let size = values.len();
        let mut hessian = Symmetric::zero(size);
        let mut score_variance = Symmetric::zero(size);
        let mut slope = vec![0.0; size];
        for place in self.places() {
            slope.fill(0.0);
            let heights: Vec<Curvature> = terms
                .iter()
                .map(|ready| ready.height(place, self.sample))
                .collect();
            let rate: f64 = terms
                .iter()
                .zip(&heights)
                .map(|(ready, height)| ready.amount.value * height.value)
                .sum();
            if rate <= 0.0 {
                continue;
            }
            let pull = place.sumw / rate;
            for (ready, height) in terms.iter().zip(&heights) {
                ready.scatter(
                    &height.slope,
                    ready.amount.value,
                    &ready.amount.slope,
                    height.value,
                    &mut slope,
                );
                ready.scatter_bends(height, self.expected_once() - pull, &mut hessian);
            }
            hessian.add_product(&slope, pull / rate);
            score_variance.add_product(&slope, place.sumw2 / (rate * rate));
        }
        Some(Bends {
            hessian,
            score_variance,
        })
    }

    fn ready<T: Number>(&self, values: &[f64]) -> Option<Vec<Ready<'a, T>>> {
        let range = self.model.range();
        let ready = self.model.terms().map(|term| {
            let shape = term.shape::<T>(values);
            let area = term.density.area(range.low(), range.high(), &shape, range);
            let is_density = area.value() > 0.0 && area.value().is_finite();
            is_density.then(|| Ready {
                term,
                shape,
                inverse_area: area.recip(),
                amount: term.amount(values),
                amount_slots: term.amount_slots(),
            })
        });
        ready.collect()
    }

    /// How often the place itself counts what is expected in it: bins do, values do not.
    fn expected_once(&self) -> f64 {
        f64::from(u8::from(self.sample.is_binned()))
    }

    /// In bins the expected number of entries is in each of the terms of the sum.
    fn total(&self, sum: &Deviance, values: &[f64]) -> f64 {
        let yields = values.iter().take(self.model.component_names().len());
        match self.sample.is_binned() {
            true => sum.0,
            false => sum.0 + yields.sum::<f64>(),
        }
    }
}

impl<T: Number> Ready<'_, T> {
    /// The density at a place, or its integral over a bin.
    fn height(&self, place: Place, sample: Sample<'_>) -> T {
        let range = sample.range();
        let height = match sample.is_binned() {
            true => self
                .term
                .density
                .area(place.low, place.high, &self.shape, range),
            false => self.term.density.height(place.low, &self.shape, range),
        };
        height * self.inverse_area
    }

    /// Adds the slope of amount·height by the parameters of the model.
    fn scatter(&self, shape: &[f64], amount: f64, parts: &[f64], height: f64, to: &mut [f64]) {
        for (slot, slope) in self.term.arguments.iter().zip(shape) {
            add(to, *slot, amount * slope);
        }
        for (slot, slope) in self.amount_slots.iter().zip(parts) {
            add(to, *slot, height * slope);
        }
    }
}

impl Ready<'_, Curvature> {
    /// Adds `factor` times the second derivatives of amount·height.
    fn scatter_bends(&self, height: &Curvature, factor: f64, to: &mut Symmetric) {
        let shape = &self.term.arguments;
        let (amount, parts) = (&self.amount, &self.amount_slots);
        for (i, a) in shape.iter().enumerate() {
            for (j, b) in shape.iter().enumerate() {
                add_pair(to, *a, *b, factor * amount.value * height.bend[i][j]);
            }
            for (j, b) in parts.iter().enumerate() {
                let product = factor * height.slope[i] * amount.slope[j];
                add_pair(to, *a, *b, product);
                add_pair(to, *b, *a, product);
            }
        }
        for (i, a) in parts.iter().enumerate() {
            for (j, b) in parts.iter().enumerate() {
                add_pair(to, *a, *b, factor * height.value * amount.bend[i][j]);
            }
        }
    }
}

fn add(to: &mut [f64], slot: Slot, value: f64) {
    if let Slot::Parameter(at) = slot
        && let Some(sum) = to.get_mut(at)
    {
        *sum += value;
    }
}

fn add_pair(to: &mut Symmetric, a: Slot, b: Slot, value: f64) {
    if let (Slot::Parameter(i), Slot::Parameter(j)) = (a, b) {
        to.add_one(i, j, value);
    }
}

/// The sum of −n·ln r, of which n·(1 − ln n) is taken off in bins: what remains is small where the
/// model fits, so that no digits are lost.
#[derive(Default)]
struct Deviance(f64);

impl Deviance {
    /// False where the model cannot be.
    fn add(&mut self, place: Place, rate: f64, is_binned: bool) -> bool {
        let n = place.sumw;
        let has_entries = place.sumw2 > 0.0;
        if !rate.is_finite() || rate < 0.0 || (has_entries && rate <= 0.0) {
            return false;
        }
        self.0 += match (is_binned, has_entries) {
            (true, true) if n > 0.0 => rate - n + n * (n / rate).ln(),
            (true, true) => rate - n * rate.ln(),
            (true, false) => rate,
            (false, true) => -n * rate.ln(),
            (false, false) => 0.0,
        };
        true
    }
}
