//! Groups of the members of an entry: who is in which, and one value per group.

use std::ops::Range;
use std::sync::Arc;

use super::Checker;
use crate::expression::builtin::{Builtin, Numbering, Reduction};
use crate::expression::error::ExpressionError;
use crate::expression::evaluate;
use crate::expression::int::Int;
use crate::expression::plan::{List, Node, Plan, Shape};
use crate::expression::scope::{Kind, collection_of_groups};
use crate::expression::syntax::Syntax;
use crate::expression::value::Constant;

impl Checker<'_> {
    /// `time_group(times, gap)`, `cluster(x, y, …, distance)` and `rank(values)`.
    pub(super) fn numbers(
        &self,
        numbering: Numbering,
        name: &str,
        mut plans: Vec<Plan>,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let numbering = match numbering {
            Numbering::Rank => {
                plans = Vec::from(self.exactly::<1>(name, plans, span)?);
                Numbering::Rank
            }
            Numbering::TimeGroup(_) => {
                let [times, gap] = self.exactly(name, plans, span)?;
                plans = vec![times];
                Numbering::TimeGroup(self.distance(name, &gap, &arguments[1])?)
            }
            Numbering::Cluster(_) => match (plans.pop(), arguments.last()) {
                (Some(distance), Some(at)) if !plans.is_empty() => {
                    Numbering::Cluster(self.distance(name, &distance, at)?)
                }
                _ => {
                    let message = format!("\"{name}\" takes one list or more, and a distance");
                    return Err(self.error(message, span.clone()));
                }
            },
        };
        for (plan, of) in plans.iter().zip(arguments) {
            self.number(&format!("\"{name}\""), plan, &of.span)?;
        }
        let Shape::List(list) = self.fit(&mut plans, span)? else {
            let message = format!("\"{name}\" needs a list, with a value per member");
            return Err(self.error(message, span.clone()));
        };
        self.all_members(&list, span)?;
        let node = Node::Number(numbering, plans, list.clone());
        self.new_plan(node, Kind::Int(Int::I32), Shape::List(list), span)
    }

    fn distance(&self, name: &str, plan: &Plan, of: &Syntax) -> Result<f64, ExpressionError> {
        let value = match (plan.is_constant(), evaluate::constant(plan)) {
            (true, Some(Constant::Float(value))) => Some(value),
            (true, Some(Constant::Int(int, value))) => Some(int.to_float(value)),
            _ => None,
        };
        let usable = value.filter(|value| *value >= 0.0 && value.is_finite());
        usable.ok_or_else(|| {
            let message = format!("\"{name}\" ends with a number that is not negative");
            self.error(message, of.span.clone())
        })
    }

    /// `sum(list, by = groups)`: one value per group of every entry.
    pub(super) fn by(
        &self,
        name: &str,
        both: &[Syntax; 2],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let [of, groups] = both;
        let reduction = match Builtin::named(name) {
            Some(Builtin::Reduce(reduction)) => reduction,
            _ => {
                let message = format!(
                    "\"by\" goes with sum, mean, count, any, all, max and min, not with \"{name}\""
                );
                return Err(self.error(message, span.clone()));
            }
        };
        let mut plans = [self.plan(of)?, self.plan(groups)?];
        self.number(&format!("\"{name}\""), &plans[0], &of.span)?;
        let Node::List(by) = plans[1].node.clone() else {
            let message = "\"by\" needs a list column of group numbers, made before this one";
            return Err(self.error(message, groups.span.clone()));
        };
        if !matches!(plans[1].kind, Kind::Int(_)) {
            let message = format!(
                "groups are whole numbers, but {} is {}",
                self.text(&groups.span),
                plans[1].kind
            );
            return Err(self.error(message, groups.span.clone()));
        }
        self.fit(&mut plans, span)?;
        if let Shape::List(list) = &plans[0].shape {
            self.all_members(list, &of.span)?;
        }
        let kind = match reduction {
            Reduction::Any | Reduction::All => {
                self.condition(name, &plans[0], of)?;
                Kind::Bool
            }
            Reduction::Count => Kind::Int(Int::I64),
            Reduction::Size => Kind::Int(Int::U64),
            Reduction::Sum => super::common_number(&plans[..1]),
            Reduction::Max | Reduction::Min | Reduction::Mean => Kind::Float,
        };
        let collection: Arc<str> = collection_of_groups(&by.collection, &by.column).into();
        let shape = Shape::List(List::new(collection, Arc::clone(&by.column)));
        self.new_plan(Node::By(reduction, Box::new(plans), by), kind, shape, span)
    }

    /// An error if only some members count.
    pub(super) fn all_members(
        &self,
        list: &List,
        span: &Range<usize>,
    ) -> Result<(), ExpressionError> {
        if list.filter.is_none() {
            return Ok(());
        }
        let message = format!(
            "a value for every member of {} is needed, but […] chooses some; write a value for the \
             others too, as in {0}_a > 1 ? {0}_a : 0",
            list.collection
        );
        Err(self.error(message, span.clone()))
    }

    pub(super) fn not_alone(&self, name: &str, span: &Range<usize>) -> ExpressionError {
        let message = match self.scope.takes_lists {
            true => format!(
                "{name}(…, by = …) makes a column of its own, a value per group: write it alone, and \
                 use that column here"
            ),
            false => format!(
                "{name}(…, by = …) makes a list, which goes into [stage.columns] of a stage whose rows \
                 are events"
            ),
        };
        self.error(message, span.clone())
    }
}
