//! Names and types: from a syntax tree to a plan.

mod absolute;
mod call;
mod condition;
mod group;
mod list;
mod name;
mod operator;
mod vector;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::error::ExpressionError;
use super::int::Int;
use super::plan::{List, Node, Plan, Shape};
use super::scope::{Kind, Scope};
use super::syntax::{Form, Syntax};
use super::value::Constant;

/// The most nodes a plan may have once functions are expanded.
const LARGEST: usize = 20_000;
/// The most nodes that are looked at or copied on the way there. What functions leave out of their
/// arguments is no part of a plan, and takes time all the same.
const MOST_WORK: usize = 20 * LARGEST;
/// What is said of more.
const TOO_LARGE: &str = "too large once its functions are expanded";
/// The most levels it may have.
const DEEPEST: usize = 300;
/// The longest part of an expression that a message repeats.
const LONGEST_SHOWN: usize = 60;

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
        work: &Cell::new(0),
    };
    let plan = match &syntax.form {
        Form::By(name, of) if scope.takes_lists => checker.by(name, of, &syntax.span)?,
        _ => checker.plan(syntax)?,
    };
    let span = syntax.span.clone();
    if plan.kind == Kind::Vector {
        return Err(checker.error(
            "a vector is not a value; take its mass, pt, eta or phi, as in mass(pair)",
            span,
        ));
    }
    if let Shape::List(list) = &plan.shape {
        if scope.takes_lists {
            checker.all_members(list, &span)?;
            return Ok(plan);
        }
        return Err(checker.error(checker.list_message(&plan, list, expected, &span), span));
    }
    if expected == Some(Kind::Bool) {
        checker.condition("", &plan, syntax)?;
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
    /// Nodes that were looked at or copied so far.
    work: &'a Cell<usize>,
}

impl<'a> Checker<'a> {
    fn error(&self, message: impl Into<String>, span: Range<usize>) -> ExpressionError {
        ExpressionError::new(message, self.source, span)
    }

    /// What is written at `span`, as far as a message can show it.
    fn text(&self, span: &Range<usize>) -> &str {
        match self.source.get(span.clone()) {
            Some(text) if text.len() <= LONGEST_SHOWN => text,
            _ => "…",
        }
    }

    /// What is written as `syntax`, such that an operator may follow.
    fn operand_text(&self, syntax: &Syntax) -> String {
        let text = self.text(&syntax.span);
        match syntax.is_operand() || text == "…" {
            true => text.to_owned(),
            false => format!("({text})"),
        }
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
            return Err(self.error(TOO_LARGE, span.clone()));
        }
        Ok(plan)
    }

    /// An error once more is looked at and copied than any expression needs.
    fn work(&self, nodes: usize, span: &Range<usize>) -> Result<(), ExpressionError> {
        self.work.set(self.work.get().saturating_add(nodes));
        match self.work.get() > MOST_WORK {
            true => Err(self.error(TOO_LARGE, span.clone())),
            false => Ok(()),
        }
    }

    fn plan(&self, syntax: &Syntax) -> Result<Plan, ExpressionError> {
        let span = &syntax.span;
        self.work(1, span)?;
        match &syntax.form {
            Form::Constant(constant) => {
                let kind = match constant {
                    Constant::Bool(_) => Kind::Bool,
                    Constant::Int(int, _) => Kind::Int(*int),
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
            Form::Method(of, name, arguments) => self.method(of, name, arguments, span),
            Form::Index(operands) => self.index(operands, span),
            Form::By(name, _) => Err(self.not_alone(name, span)),
        }
    }

    fn choose(&self, operands: &[Syntax; 3], span: &Range<usize>) -> Result<Plan, ExpressionError> {
        let [condition, yes, no] = operands;
        let plans = [self.plan(condition)?, self.plan(yes)?, self.plan(no)?];
        self.chosen(plans, [condition, yes, no], span)
    }

    /// The second of `plans` where the first holds, else the third.
    fn chosen(
        &self,
        mut plans: [Plan; 3],
        [condition, yes, no]: [&Syntax; 3],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        self.condition("?", &plans[0], condition)?;
        self.number("\"? :\"", &plans[1], &yes.span)?;
        self.number("\"? :\"", &plans[2], &no.span)?;
        let kind = match (plans[1].kind, plans[2].kind) {
            (Kind::Bool, Kind::Bool) => Kind::Bool,
            _ => common_number(&plans[1..]),
        };
        let shape = self.fit(&mut plans, span)?;
        self.new_plan(Node::Choose(Box::new(plans)), kind, shape, span)
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
                    if let Some(message) = cannot_combine(&one, &other) {
                        return Err(self.error(message, span.clone()));
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

/// The type of a kind that is no float, once promoted.
fn int_of(kind: Kind) -> Int {
    match kind {
        Kind::Int(int) => int,
        _ => Int::I32,
    }
}

/// The kind of a number computed from `plans`.
fn common_number(plans: &[Plan]) -> Kind {
    if plans.iter().any(|plan| plan.kind == Kind::Float) {
        return Kind::Float;
    }
    let ints = plans.iter().map(|plan| int_of(plan.kind));
    Kind::Int(ints.fold(Int::I32, Int::common))
}

/// Why members of one list cannot be combined with those of another, if they cannot.
fn cannot_combine(one: &List, other: &List) -> Option<String> {
    let (of, and) = (&one.collection, &other.collection);
    if of != and {
        return Some(format!(
            "cannot combine members of {of} with members of {and}: they are different collections"
        ));
    }
    (one.filter != other.filter).then(|| {
        format!(
            "cannot combine members of {of} that are chosen by different conditions: \
             put the same […] behind each"
        )
    })
}
