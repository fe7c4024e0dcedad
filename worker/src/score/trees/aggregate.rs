//! From the weights of the leaves that a row reached to its scores.
//!
//! The ONNX specification leaves open what a binary classifier with one column of weights puts
//! out, or one with base values; here as everywhere ONNX Runtime is followed.

use super::exit::{Avx2, Line, Lookup};
use super::transform::{PostTransform, logistic, probit};
use crate::score::error::Problem;
use crate::score::features::LANES;

/// More classes or targets are refused: memory is taken for each.
pub(super) const TARGET_LIMIT: usize = 4096;

/// How the trees' weights become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

impl Aggregate {
    pub(super) fn from_name(name: &str) -> Result<Self, Problem> {
        match name {
            "SUM" => Ok(Self::Sum),
            "AVERAGE" => Ok(Self::Average),
            "MIN" => Ok(Self::Min),
            "MAX" => Ok(Self::Max),
            other => Err(Problem::invalid(format!(
                "aggregate_function {other:?} is not one of SUM, AVERAGE, MIN and MAX"
            ))),
        }
    }

    pub(super) fn from_number(number: i64) -> Result<Self, Problem> {
        match number {
            0 => Ok(Self::Average),
            1 => Ok(Self::Sum),
            2 => Ok(Self::Min),
            3 => Ok(Self::Max),
            other => Err(Problem::invalid(format!(
                "aggregate_function {other}, expected 0 to 3"
            ))),
        }
    }
}

/// Which operator's rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Regressor,
    Classifier {
        /// Two classes, and weights for only one of them.
        one_column: bool,
        /// No weight is negative: weights are probabilities.
        all_positive: bool,
    },
}

/// Everything but the trees.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// Number of classes or targets, and of output columns.
    pub(super) targets: usize,
    pub(super) kind: Kind,
    pub(super) aggregate: Aggregate,
    pub(super) base: Vec<f64>,
    pub(super) post: PostTransform,
    /// Whether sums are of double precision.
    pub(super) double: bool,
}

/// The precision of weights and sums: f32, or f64 where the model is of double precision.
pub(super) trait Weight:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + std::ops::Add<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
{
    fn from_f64(value: f64) -> Self;
    fn to_f32(self) -> f32;

    /// Tables of the weights of a tree, where instructions for them are there.
    fn lookup(_weights: &[Self]) -> Option<Lookup> {
        None
    }
    /// Adds the weights by them.
    fn add_looked_up(_lookup: &Lookup, _exits: &Line, _sums: &mut [Self; LANES]) {}
}

impl Weight for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn to_f32(self) -> f32 {
        self
    }
    fn lookup(weights: &[Self]) -> Option<Lookup> {
        Avx2::detect()?.lookup(weights)
    }
    #[inline(always)]
    fn add_looked_up(lookup: &Lookup, exits: &Line, sums: &mut [Self; LANES]) {
        lookup.add(exits, sums);
    }
}

impl Weight for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
    fn to_f32(self) -> f32 {
        self as f32
    }
}

/// A target's aggregate in one row; `reached` tells whether any leaf had a weight for it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Score<W> {
    pub(super) value: W,
    pub(super) reached: bool,
}

impl<W: Weight> Score<W> {
    fn or_zero(self) -> f32 {
        if self.reached {
            self.value.to_f32()
        } else {
            0.0
        }
    }
}

/// Turns the aggregates of rows into scores.
#[derive(Debug, Clone)]
pub(super) struct Finish<W> {
    kind: Kind,
    aggregate: Aggregate,
    base: Vec<W>,
    post: PostTransform,
    trees: W,
}

impl<W: Weight> Finish<W> {
    pub(super) fn new(rule: &Rule, trees: usize) -> Self {
        Self {
            kind: rule.kind,
            aggregate: rule.aggregate,
            base: rule.base.iter().map(|value| W::from_f64(*value)).collect(),
            post: rule.post,
            trees: W::from_f64(trees as f64),
        }
    }

    /// Scores of one row: `scores` and `out` have one entry a target. `scores` is used up.
    pub(super) fn row(&self, scores: &mut [Score<W>], out: &mut [f32]) {
        match self.kind {
            Kind::Regressor => self.regress(scores, out),
            Kind::Classifier { .. } if out.len() > 2 => {
                for (score, base) in scores.iter_mut().zip(&self.base) {
                    let value = if score.reached {
                        score.value + *base
                    } else {
                        *base
                    };
                    *score = Score {
                        value,
                        reached: true,
                    };
                }
                self.transform(scores, out);
            }
            Kind::Classifier {
                one_column,
                all_positive,
            } => match scores {
                [only] => self.single(*only, out),
                [first, second] => self.binary(*first, *second, one_column, all_positive, out),
                _ => {}
            },
        }
    }

    fn regress(&self, scores: &mut [Score<W>], out: &mut [f32]) {
        for (target, score) in scores.iter_mut().enumerate() {
            if self.aggregate == Aggregate::Average {
                score.value = score.value / self.trees;
            }
            if let Some(base) = self.base.get(target) {
                score.value = score.value + *base;
            }
        }
        match (scores, &mut *out) {
            // One target: other transforms than PROBIT are not applied. Of several, those that no
            // leaf reached are 0 whatever the base value.
            ([score], [slot]) => *slot = self.probit_only(score.value),
            (scores, _) => self.transform(scores, out),
        }
    }

    /// A classifier of one class.
    fn single(&self, score: Score<W>, out: &mut [f32]) {
        let value = self
            .base
            .first()
            .map_or(score.value, |base| score.value + *base);
        if let [slot] = out {
            *slot = self.probit_only(value);
        }
    }

    fn probit_only(&self, value: W) -> f32 {
        if self.post == PostTransform::Probit {
            probit(value.to_f32())
        } else {
            value.to_f32()
        }
    }

    /// Two classes. A second class without weight is made up from the first.
    fn binary(
        &self,
        mut first: Score<W>,
        mut second: Score<W>,
        one_column: bool,
        all_positive: bool,
        out: &mut [f32],
    ) {
        match self.base.as_slice() {
            [_, base] if second.reached => {
                second.value = *base + first.value;
                first = Score {
                    value: -second.value,
                    reached: true,
                };
            }
            [base, _] => first.value = first.value + *base,
            [base] => first.value = first.value + *base,
            _ => {}
        }
        if second.reached || self.base.len() == 2 {
            return self.transform(&[first, second], out);
        }
        let score = first.or_zero();
        let pair = match self.post {
            // ONNX Runtime leaves the second column unset here.
            _ if !one_column && !self.base.is_empty() => [score, f32::NAN],
            PostTransform::Logistic => [logistic(-score), logistic(score)],
            _ if one_column && all_positive => [1.0 - score, score],
            _ => [-score, score],
        };
        out.copy_from_slice(&pair);
    }

    fn transform(&self, scores: &[Score<W>], out: &mut [f32]) {
        for (slot, score) in out.iter_mut().zip(scores) {
            *slot = score.or_zero();
        }
        self.post.apply(out);
    }
}
