//! A model: components with yields, whose densities are normalised on the range.

mod build;

use std::borrow::Cow;
use std::collections::BTreeMap;

use thiserror::Error;

use crate::density::{Density, Lowest, Shape, Template};
use crate::notation::NotationError;
use crate::number::{LOCAL, Number};
use crate::range::FitRange;
use crate::start::Guess;

/// Components by name on a range, and the parameters that they share.
#[derive(Debug, Clone)]
pub struct Model {
    range: FitRange,
    components: Vec<Component>,
    parameters: Vec<Parameter>,
}

/// A yield or a parameter of densities.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// How it is guessed, and for which term of a sum; nothing for a yield.
    pub(crate) guess: Option<(Guess, usize)>,
}

#[derive(Debug, Clone)]
struct Component {
    name: String,
    terms: Vec<Term>,
}

/// A density of a component, with what stands for its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub(crate) component: usize,
    pub(crate) density: Density,
    pub(crate) arguments: Vec<Slot>,
    /// The parts of the sum up to this term: how much of what is left each one before it takes, and
    /// this one, unless it is the last.
    parts: Vec<Slot>,
    is_last: bool,
}

/// What stands for a parameter of a density.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Slot {
    /// A parameter of the model, by its index.
    Parameter(usize),
    /// A number.
    Number(f64),
}

/// Why components are no model.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ModelError {
    /// The text of a component is wrong.
    #[error("component \"{component}\": {mistake}")]
    Notation {
        /// The component.
        component: String,
        /// What is wrong with its text.
        mistake: NotationError,
    },
    /// No component, or too many.
    #[error("a model has 1 to 16 components, this has {0}")]
    Components(usize),
    /// The name of a component cannot be that of a yield.
    #[error(
        "\"{0}\" is no name of a component: letters, digits and underscores, a letter first, and none of status, edm, chi2, ndf, p_value"
    )]
    Name(String),
    /// Two components of one name.
    #[error("two components are named \"{0}\"")]
    Twice(String),
    /// A parameter of a density is named as a component is.
    #[error("\"{0}\" is the yield of the component of that name: give the parameter another name")]
    Yield(String),
    /// More parameters than one fit may have.
    #[error("a model has at most {most} parameters, this has {found}")]
    Parameters {
        /// The most.
        most: usize,
        /// How many there are.
        found: usize,
    },
}

impl Model {
    /// A model on `range` of components, each a name and its text; `templates` are the histograms
    /// that a text may name.
    pub fn new(
        range: FitRange,
        components: &[(&str, &str)],
        templates: &BTreeMap<String, Template>,
    ) -> Result<Self, ModelError> {
        build::build(range, components, templates)
    }

    /// The range that densities are normalised on.
    pub fn range(&self) -> FitRange {
        self.range
    }

    /// The names of the components, which are those of the yields, in the order given.
    pub fn component_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.components
            .iter()
            .map(|component| component.name.as_str())
    }

    /// The names of the parameters: the yields first, then those of densities as they first occur.
    pub fn parameter_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.parameters
            .iter()
            .map(|parameter| parameter.name.as_str())
    }

    /// The density of each component at the values of the parameters (of all, in the order of
    /// [`Self::parameter_names`]); nothing if one of them cannot be normalised there.
    pub fn densities(&self, values: &[f64]) -> Option<Densities<'_>> {
        Densities::new(Cow::Borrowed(self), values)
    }

    /// The same, which keep the model.
    pub(crate) fn into_densities(self, values: &[f64]) -> Option<Densities<'static>> {
        Densities::new(Cow::Owned(self), values)
    }

    pub(crate) fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The name of a component.
    pub(crate) fn name_of(&self, component: usize) -> String {
        let named = self.components.get(component);
        named
            .map(|component| component.name.clone())
            .unwrap_or_default()
    }

    /// The least heights of each density that could be negative, at these values of all parameters.
    pub(crate) fn lowest(&self, values: &[f64]) -> Vec<(&Term, Lowest)> {
        let of_term = |term: &'_ Term| {
            let shape = term.shape::<f64>(values);
            term.density.lowest(&shape, self.range)
        };
        let terms = self.terms();
        let lowest = terms.flat_map(|term| of_term(term).into_iter().map(move |it| (term, it)));
        lowest.collect()
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = &Term> {
        self.components
            .iter()
            .flat_map(|component| &component.terms)
    }
}

impl Term {
    /// The parameters of the density.
    pub(crate) fn shape<T: Number>(&self, values: &[f64]) -> [T; LOCAL] {
        seeded(&self.arguments, values)
    }

    /// What changes with the parameters of the density, by all `size` parameters of the model.
    pub(crate) fn scattered(&self, slope: &[f64; LOCAL], size: usize) -> Vec<f64> {
        let mut all = vec![0.0; size];
        for (slot, slope) in self.arguments.iter().zip(slope) {
            if let Slot::Parameter(at) = slot
                && let Some(sum) = all.get_mut(*at)
            {
                *sum += slope;
            }
        }
        all
    }

    /// How many of all entries belong to this term: the yield, which is the first of the slots
    /// that [`Self::amount_slots`] gives, times the parts of the sum.
    pub(crate) fn amount<T: Number>(&self, values: &[f64]) -> T {
        let slots: [T; LOCAL] = seeded(&self.amount_slots(), values);
        slots[0] * self.share(&slots[1..])
    }

    /// The part of the component that belongs to this term.
    fn share<T: Number>(&self, parts: &[T]) -> T {
        let mut share = T::constant(1.0);
        let count = self.parts.len();
        for (index, part) in parts.iter().take(count).enumerate() {
            let takes = !self.is_last && index + 1 == count;
            share = share * if takes { *part } else { -*part + 1.0 };
        }
        share
    }

    /// The most slots that the density or the amount is derived by.
    pub(crate) fn most_slots(&self) -> usize {
        self.arguments.len().max(1 + self.parts.len())
    }

    /// The yield and the parts that decide the amount.
    pub(crate) fn amount_slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::Parameter(self.component)];
        slots.extend(&self.parts);
        slots
    }
}

/// The values in `slots`, each of which is a variable where it is a parameter.
fn seeded<T: Number>(slots: &[Slot], values: &[f64]) -> [T; LOCAL] {
    let mut numbers = [T::constant(0.0); LOCAL];
    for (index, (number, slot)) in numbers.iter_mut().zip(slots).enumerate() {
        *number = match slot {
            Slot::Parameter(at) => T::variable(values.get(*at).copied().unwrap_or(f64::NAN), index),
            Slot::Number(value) => T::constant(*value),
        };
    }
    numbers
}

/// The normalised densities of all components at fixed values.
#[derive(Debug, Clone)]
pub struct Densities<'a> {
    model: Cow<'a, Model>,
    /// For each term of each component its parameters, and the share over the area.
    terms: Vec<Vec<([f64; LOCAL], f64)>>,
}

impl<'a> Densities<'a> {
    fn new(model: Cow<'a, Model>, values: &[f64]) -> Option<Self> {
        let range = model.range;
        let mut terms = Vec::new();
        for component in &model.components {
            let mut ready = Vec::new();
            for term in &component.terms {
                let shape = term.shape::<f64>(values);
                let area = term.density.area(range.low(), range.high(), &shape, range);
                let parts: [f64; LOCAL] = seeded(&term.parts, values);
                let scale = term.share(&parts) / area;
                if !(area > 0.0 && scale.is_finite()) {
                    return None;
                }
                ready.push((shape, scale));
            }
            terms.push(ready);
        }
        Some(Self { model, terms })
    }

    /// The model that these are the densities of.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The density of component `component` at `x`; its integral over the range is 1.
    pub fn height(&self, component: usize, x: f64) -> f64 {
        let range = self.model.range;
        let terms = self.terms_of(component);
        terms
            .map(|(term, p, scale)| scale * term.density.height(x, p, range))
            .sum()
    }

    /// The same at all `x`.
    pub(crate) fn heights(&self, component: usize, x: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; x.len()];
        for (term, p, scale) in self.terms_of(component) {
            term.density
                .add_heights(scale, x, p, self.model.range, &mut sums);
        }
        sums
    }

    /// The integral of the density of component `component` from `low` to `high`.
    pub fn area(&self, component: usize, low: f64, high: f64) -> f64 {
        let range = self.model.range;
        let terms = self.terms_of(component);
        terms
            .map(|(term, p, scale)| scale * term.density.area(low, high, p, range))
            .sum()
    }

    /// The terms of a component, with their parameters and the share over the area.
    fn terms_of(&self, component: usize) -> impl Iterator<Item = (&Term, &[f64; LOCAL], f64)> {
        let terms = self.model.components.get(component).into_iter();
        let terms = terms.flat_map(|component| &component.terms);
        let ready = self.terms.get(component).into_iter().flatten();
        terms.zip(ready).map(|(term, (p, scale))| (term, p, *scale))
    }

    /// Where integrals over functions of the densities are cut: ascending, from end to end.
    pub(crate) fn breaks(&self) -> Vec<f64> {
        const PIECES: u32 = 256;
        let range = self.model.range;
        let step = range.width() / f64::from(PIECES);
        let mut breaks: Vec<f64> = (0..=PIECES)
            .map(|i| range.low() + f64::from(i) * step)
            .collect();
        for (term, (p, _)) in self.model.terms().zip(self.terms.iter().flatten()) {
            breaks.extend(term.density.breaks(p, range));
        }
        breaks.retain(|x| range.contains(*x));
        breaks.push(range.high());
        breaks.sort_by(f64::total_cmp);
        breaks.dedup();
        breaks
    }
}
