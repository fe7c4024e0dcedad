//! Sums of vectors, and vectors of numbers.

use std::ops::Range;
use std::sync::Arc;

use super::{Checker, cannot_combine};
use crate::expression::error::ExpressionError;
use crate::expression::plan::{Momentum, Node, Plan, Shape};
use crate::expression::scope::Kind;
use crate::expression::syntax::Syntax;

/// The most vectors that may be summed.
const MOST_TERMS: usize = 64;

impl Checker<'_> {
    /// The sum of two vectors.
    pub(super) fn sum(
        &self,
        plans: &[Plan; 2],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let (Node::Vector(a), Node::Vector(b)) = (&plans[0].node, &plans[1].node) else {
            return Err(self.error(
                "only members, pairs and vector(…) can be summed",
                span.clone(),
            ));
        };
        let shape = match (&plans[0].shape, &plans[1].shape) {
            (Shape::List(one), Shape::List(other)) => match cannot_combine(one, other) {
                Some(message) => return Err(self.error(message, span.clone())),
                None => plans[0].shape.clone(),
            },
            (Shape::List(list), _) | (_, Shape::List(list)) => {
                let message = format!(
                    "cannot sum a vector with each vector of {}",
                    list.collection
                );
                return Err(self.error(message, span.clone()));
            }
            (Shape::Row, _) | (_, Shape::Row) => Shape::Row,
            _ => Shape::Event,
        };
        let momentum = Momentum::Sum(Arc::clone(a), Arc::clone(b));
        if momentum.terms() > MOST_TERMS {
            return Err(self.error(
                format!("sum of more than {MOST_TERMS} vectors"),
                span.clone(),
            ));
        }
        self.new_plan(Node::Vector(Arc::new(momentum)), Kind::Vector, shape, span)
    }

    /// `vector(pt, eta, phi, mass)`.
    pub(super) fn polar(
        &self,
        name: &str,
        plans: Vec<Plan>,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let mut plans: [Plan; 4] = self.exactly(name, plans, span)?;
        for (plan, of) in plans.iter().zip(arguments) {
            self.number(&format!("\"{name}\""), plan, &of.span)?;
        }
        let shape = match self.fit(&mut plans, span)? {
            Shape::Constant => return Err(self.error("a vector of constants", span.clone())),
            shape => shape,
        };
        let momentum = Momentum::Polar(Box::new(plans));
        self.new_plan(Node::Vector(Arc::new(momentum)), Kind::Vector, shape, span)
    }
}
