//! Names and types: from a syntax tree to a plan.

mod call;
mod name;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::error::ExpressionError;
use super::plan::{Momentum, Node, Plan, Shape};
use super::scope::{Kind, Scope};
use super::syntax::{Binary, Form, Syntax, Unary};
use super::value::Constant;

/// The most nodes a plan may have once functions are expanded.
const LARGEST: usize = 20_000;
/// The most levels it may have.
const DEEPEST: usize = 300;
/// The most vectors that may be summed.
const MOST_TERMS: usize = 64;

/// Checks a whole expression.
pub(super) fn check(
    syntax: &Syntax,
    source: &str,
    scope: &Scope,
    expected: Option<Kind>,
) -> Result<Plan, ExpressionError> {
    let checker = Checker {
        scope,
        source,
        parameters: BTreeMap::new(),
        calls: 0,
    };
    let plan = checker.plan(syntax)?;
    let span = syntax.span.clone();
    if plan.kind == Kind::Vector {
        return Err(checker.error(
            "a vector is not a value; take its mass, pt, eta or phi, as in mass(pair)",
            span,
        ));
    }
    if let Shape::List(list) = &plan.shape {
        return Err(checker.error(checker.list_message(&list.collection), span));
    }
    match expected {
        Some(Kind::Bool) => checker.condition("a condition", &plan, span)?,
        Some(Kind::Int) if plan.kind == Kind::Float => {
            return Err(checker.error(
                "an int is needed, but this is a float; use floor or round with a float type",
                span,
            ));
        }
        _ => {}
    }
    Ok(plan)
}

/// The body of one expression or function, with the values of its parameters.
struct Checker<'a> {
    scope: &'a Scope,
    source: &'a str,
    parameters: BTreeMap<&'a str, Plan>,
    /// Calls that lead here.
    calls: usize,
}

impl<'a> Checker<'a> {
    fn error(&self, message: impl Into<String>, span: Range<usize>) -> ExpressionError {
        ExpressionError::new(message, self.source, span)
    }

    fn new_plan(
        &self,
        node: Node,
        kind: Kind,
        shape: Shape,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let plan = Plan::new(node, kind, shape);
        if plan.size > LARGEST || plan.depth > DEEPEST {
            return Err(self.error("too large once its functions are expanded", span.clone()));
        }
        Ok(plan)
    }

    fn plan(&self, syntax: &Syntax) -> Result<Plan, ExpressionError> {
        let span = &syntax.span;
        match &syntax.form {
            Form::Constant(constant) => {
                let kind = match constant {
                    Constant::Bool(_) => Kind::Bool,
                    Constant::Int(_) => Kind::Int,
                    Constant::Float(_) => Kind::Float,
                };
                self.new_plan(Node::Constant(*constant), kind, Shape::Constant, span)
            }
            Form::Name(name) => self.name(name, span),
            Form::Member(of, name) => self.member(of, name, span),
            Form::Unary(operator, operand) => self.unary(*operator, operand, span),
            Form::Binary(operator, operands) => self.binary(*operator, operands, span),
            Form::Choose(operands) => self.choose(operands, span),
            Form::Call(name, arguments) => self.call(name, arguments, span),
        }
    }

    fn unary(
        &self,
        operator: Unary,
        operand: &Syntax,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let plan = self.plan(operand)?;
        let kind = match operator {
            Unary::Not => {
                self.condition("\"!\"", &plan, operand.span.clone())?;
                Kind::Bool
            }
            Unary::Negate => {
                self.number("\"-\"", &plan, &operand.span)?;
                if plan.kind == Kind::Float {
                    Kind::Float
                } else {
                    Kind::Int
                }
            }
        };
        let shape = plan.shape.clone();
        self.new_plan(Node::Unary(operator, Box::new(plan)), kind, shape, span)
    }

    fn binary(
        &self,
        operator: Binary,
        operands: &[Syntax; 2],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let [left, right] = operands;
        let mut plans = [self.plan(left)?, self.plan(right)?];
        let what = format!("\"{}\"", operator.symbol());
        if operator == Binary::Add && plans.iter().all(|plan| plan.kind == Kind::Vector) {
            return self.sum(&plans, span);
        }
        for (plan, of) in plans.iter().zip(operands) {
            if operator.is_logical() {
                self.condition(&what, plan, of.span.clone())?;
            } else {
                self.number(&what, plan, &of.span)?;
            }
        }
        if operator == Binary::Remainder
            && matches!(plans[1].node, Node::Constant(Constant::Int(0)))
        {
            return Err(self.error("remainder of a division by zero", right.span.clone()));
        }
        let kind = match operator {
            _ if !operator.is_arithmetic() => Kind::Bool,
            Binary::Divide => Kind::Float,
            _ => common_number(&plans),
        };
        let shape = self.fit(&mut plans, span)?;
        self.new_plan(Node::Binary(operator, Box::new(plans)), kind, shape, span)
    }

    /// The sum of two vectors.
    fn sum(&self, plans: &[Plan; 2], span: &Range<usize>) -> Result<Plan, ExpressionError> {
        let (Node::Vector(a), Node::Vector(b)) = (&plans[0].node, &plans[1].node) else {
            return Err(self.error(
                "only members, pairs and vector(…) can be summed",
                span.clone(),
            ));
        };
        let shape = match (&plans[0].shape, &plans[1].shape) {
            (Shape::List(one), Shape::List(other)) if one.collection != other.collection => {
                return Err(self.error(mixed(&one.collection, &other.collection), span.clone()));
            }
            (Shape::List(_), Shape::List(_)) => plans[0].shape.clone(),
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

    fn choose(&self, operands: &[Syntax; 3], span: &Range<usize>) -> Result<Plan, ExpressionError> {
        let [condition, yes, no] = operands;
        let mut plans = [self.plan(condition)?, self.plan(yes)?, self.plan(no)?];
        self.condition("\"?\"", &plans[0], condition.span.clone())?;
        self.number("\"? :\"", &plans[1], &yes.span)?;
        self.number("\"? :\"", &plans[2], &no.span)?;
        let kind = match (plans[1].kind, plans[2].kind) {
            (Kind::Bool, Kind::Bool) => Kind::Bool,
            _ => common_number(&plans[1..]),
        };
        let shape = self.fit(&mut plans, span)?;
        self.new_plan(Node::Choose(Box::new(plans)), kind, shape, span)
    }

    /// An error unless `plan` is a condition.
    fn condition(
        &self,
        what: &str,
        plan: &Plan,
        span: Range<usize>,
    ) -> Result<(), ExpressionError> {
        if plan.kind == Kind::Bool {
            return Ok(());
        }
        let text = self.source.get(span.clone()).unwrap_or("it");
        let hint = match plan.kind {
            Kind::Vector => String::new(),
            _ if text.len() < 40 => format!("; write {text} != 0, or another comparison"),
            _ => "; compare it, as in … != 0".to_owned(),
        };
        let kind = plan.kind;
        let needs = if what == "a condition" {
            "a condition is needed".to_owned()
        } else {
            format!("{what} needs a bool")
        };
        Err(self.error(format!("{needs}, but this is {kind}{hint}"), span))
    }

    /// An error if `plan` is a vector.
    fn number(&self, what: &str, plan: &Plan, span: &Range<usize>) -> Result<(), ExpressionError> {
        if plan.kind != Kind::Vector {
            return Ok(());
        }
        let message =
            format!("{what} needs numbers, but this is a vector; take its mass, pt, eta or phi");
        Err(self.error(message, span.clone()))
    }

    /// The common shape of `plans`; values of entries among lists are repeated per member.
    fn fit(&self, plans: &mut [Plan], span: &Range<usize>) -> Result<Shape, ExpressionError> {
        let mut shape = Shape::Constant;
        for plan in plans.iter() {
            shape = match (shape, plan.shape.clone()) {
                (Shape::Constant, other) => other,
                (shape, Shape::Constant) => shape,
                (Shape::List(one), Shape::List(other)) => {
                    if one.collection != other.collection {
                        return Err(
                            self.error(mixed(&one.collection, &other.collection), span.clone())
                        );
                    }
                    Shape::List(one)
                }
                (Shape::List(list), Shape::Row) | (Shape::Row, Shape::List(list)) => {
                    let message = format!(
                        "cannot combine a value of the row with each member of {}; reduce the list first",
                        list.collection
                    );
                    return Err(self.error(message, span.clone()));
                }
                (Shape::List(list), Shape::Event) | (Shape::Event, Shape::List(list)) => {
                    Shape::List(list)
                }
                (Shape::Row, _) | (_, Shape::Row) => Shape::Row,
                (Shape::Event, Shape::Event) => Shape::Event,
            };
        }
        if let Shape::List(list) = &shape {
            for plan in plans.iter_mut().filter(|plan| plan.shape == Shape::Event) {
                let (kind, inner) = (plan.kind, plan.clone());
                let node = Node::Spread(Box::new(inner), list.clone());
                *plan = self.new_plan(node, kind, shape.clone(), span)?;
            }
        }
        Ok(shape)
    }
}

/// The kind of a number computed from `plans`.
fn common_number(plans: &[Plan]) -> Kind {
    if plans.iter().any(|plan| plan.kind == Kind::Float) {
        Kind::Float
    } else {
        Kind::Int
    }
}

fn mixed(one: &str, other: &str) -> String {
    format!(
        "cannot combine members of {one} with members of {other}: they are different collections"
    )
}
