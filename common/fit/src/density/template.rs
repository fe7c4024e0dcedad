//! `template(name)`: a histogram of another sample, constant in each of its bins.

use std::sync::Arc;

use thiserror::Error;

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::range::FitRange;
use crate::sample::Histogram;

pub(super) const FORM: Form = Form {
    name: "template",
    parameters: Parameters::Histogram,
    make: |_| Density::Template(Template(Arc::default())),
};

/// Edges and heights of a histogram that serves as a density.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Arc<Bars>);

#[derive(Debug, Default, PartialEq)]
struct Bars {
    edges: Vec<f64>,
    /// Content by width, one less than edges.
    heights: Vec<f64>,
    /// ∫ up to each edge.
    below: Vec<f64>,
}

/// Why a histogram cannot be a template.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NoTemplate {
    /// Edges do not ascend, or are not one more than contents.
    #[error("a template needs ascending finite edges, one more than contents: it has {edges} edges and {contents} contents")]
    Edges {
        /// How many edges there are.
        edges: usize,
        /// How many contents.
        contents: usize,
    },
    /// A content is negative or not finite.
    #[error("bin {bin} of the template has the content {content}: a density needs one that is not negative")]
    Content {
        /// The bin, from 0.
        bin: usize,
        /// What it has.
        content: f64,
    },
    /// Nothing in it.
    #[error("the template is empty")]
    Empty,
}

impl Template {
    /// A density from contents between ascending edges.
    pub fn new(edges: Vec<f64>, contents: &[f64]) -> Result<Self, NoTemplate> {
        let ascend = edges.windows(2).all(|pair| pair[0] < pair[1]);
        let finite = edges.iter().all(|edge| edge.is_finite());
        if !ascend || !finite || edges.len() != contents.len() + 1 || contents.is_empty() {
            return Err(NoTemplate::Edges {
                edges: edges.len(),
                contents: contents.len(),
            });
        }
        let wrong = |content: &f64| !(0.0..f64::INFINITY).contains(content);
        if let Some(bin) = contents.iter().position(wrong) {
            let content = contents[bin];
            return Err(NoTemplate::Content { bin, content });
        }
        let total: f64 = contents.iter().sum();
        if total <= 0.0 || !total.is_finite() {
            return Err(NoTemplate::Empty);
        }
        let mut below = vec![0.0];
        let mut heights = Vec::new();
        let mut sum = 0.0;
        for (content, pair) in contents.iter().zip(edges.windows(2)) {
            sum += content / total;
            below.push(sum);
            heights.push(content / total / (pair[1] - pair[0]));
        }
        Ok(Self(Arc::new(Bars { edges, heights, below })))
    }

    /// A density from the contents of a histogram, in its bins.
    pub fn of_histogram(histogram: &Histogram) -> Result<Self, NoTemplate> {
        let contents = histogram.sumw();
        let lower = (0..contents.len()).map(|bin| histogram.edges(bin).0);
        let edges = lower.chain([histogram.range().high()]);
        Self::new(edges.collect(), contents)
    }

    /// A density that is the same everywhere in the range, where the histogram is not there yet.
    pub fn flat(range: FitRange) -> Self {
        let width = range.width();
        Self(Arc::new(Bars {
            edges: vec![range.low(), range.high()],
            heights: vec![1.0 / width],
            below: vec![0.0, 1.0],
        }))
    }

    /// The bin of `x`, from 0; nothing outside.
    fn bin(&self, x: f64) -> Option<usize> {
        let bars = &*self.0;
        let last = *bars.edges.last()?;
        if x.total_cmp(&last).is_eq() {
            return bars.heights.len().checked_sub(1);
        }
        let above = bars.edges.partition_point(|edge| *edge <= x);
        (x < last).then(|| above.checked_sub(1)).flatten()
    }

    /// The density at `x`, over the whole of the histogram; 0 outside.
    pub(crate) fn height_at(&self, x: f64) -> f64 {
        let bin = self.bin(x);
        let height = bin.and_then(|bin| self.0.heights.get(bin).copied());
        height.unwrap_or(0.0)
    }

    /// The edges of its bins.
    pub(crate) fn edges(&self) -> &[f64] {
        &self.0.edges
    }

    /// ∫ up to `x`.
    fn up_to(&self, x: f64) -> f64 {
        let bars = &*self.0;
        match self.bin(x) {
            Some(bin) => bars.below[bin] + bars.heights[bin] * (x - bars.edges[bin]),
            None if bars.edges.first().is_some_and(|first| x > *first) => 1.0,
            None => 0.0,
        }
    }
}

impl Shape for Template {
    fn height<T: Number>(&self, x: f64, _: &[T; LOCAL], _: FitRange) -> T {
        T::constant(self.height_at(x))
    }

    fn area<T: Number>(&self, low: f64, high: f64, _: &[T; LOCAL], _: FitRange) -> T {
        T::constant(self.up_to(high) - self.up_to(low))
    }

    fn breaks(&self, _: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        self.edges().to_vec()
    }
}
