//! Members of lists, one by its number or those for which a condition holds; and methods.

use std::ops::Range;
use std::sync::Arc;

use super::{Checker, cannot_combine};
use crate::expression::builtin::Reduction;
use crate::expression::error::ExpressionError;
use crate::expression::int::Int;
use crate::expression::nearest::hint;
use crate::expression::plan::{Filter, List, Node, Plan, Shape};
use crate::expression::scope::Kind;
use crate::expression::syntax::{Binary, Syntax};
use crate::expression::value::Constant;
use crate::expression::vector::Component;

impl Checker<'_> {
    /// `list[number]` or `list[condition]`.
    pub(super) fn index(
        &self,
        operands: &[Syntax; 2],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let [of, at] = operands;
        let (plan, index) = (self.plan(of)?, self.plan(at)?);
        let Shape::List(list) = plan.shape.clone() else {
            let message = "\"[…]\" needs a list, with a value per member; this is one value";
            return Err(self.error(message, of.span.clone()));
        };
        match (index.kind, &index.shape) {
            (Kind::Bool, Shape::List(members)) => {
                if let Some(message) = cannot_combine(&list, members) {
                    return Err(self.error(message, span.clone()));
                }
                self.filtered(plan, &list, index, span)
            }
            (Kind::Bool, _) => {
                let (of, at) = (self.text(&of.span), self.operand_text(at));
                let message = format!(
                    "a condition in brackets has a value per member, but this is one value; \
                     for its members or none, write {at} ? … : … around what is made of {of}"
                );
                Err(self.error(message, operands[1].span.clone()))
            }
            (Kind::Int(_), Shape::List(_)) => {
                let (text, of) = (self.operand_text(at), self.text(&of.span));
                let message = format!(
                    "a list of numbers in brackets is a list of conditions in ROOT; \
                     write {of}[{text} != 0] if that is meant"
                );
                Err(self.error(message, at.span.clone()))
            }
            (Kind::Int(_), _) => self.element(plan, list, index, operands, span),
            (Kind::Float | Kind::Vector, _) => {
                let message = format!(
                    "in brackets, a condition or the number of a member is needed, but this is {}",
                    index.kind
                );
                Err(self.error(message, at.span.clone()))
            }
        }
    }

    /// The members of `plan` for which `condition` holds.
    fn filtered(
        &self,
        mut plan: Plan,
        list: &List,
        condition: Plan,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let condition = match &list.filter {
            None => condition,
            Some(Filter(before)) => {
                let both = Box::new([(**before).clone(), condition]);
                let shape = plan.shape.clone();
                self.new_plan(Node::Binary(Binary::And, both), Kind::Bool, shape, span)?
            }
        };
        plan.shape = Shape::List(List {
            filter: Some(Filter(Arc::new(condition))),
            ..list.clone()
        });
        Ok(plan)
    }

    /// The member of `plan` of the number `index`.
    fn element(
        &self,
        plan: Plan,
        list: List,
        index: Plan,
        [of, at]: &[Syntax; 2],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        if plan.kind == Kind::Vector {
            let name = &list.collection;
            let message = format!(
                "a member of {name} by its number is no vector; write \
                 vector({name}_pt[0], {name}_eta[0], {name}_phi[0], {name}_mass[0])"
            );
            return Err(self.error(message, span.clone()));
        }
        if self.constant_int(&index).is_some_and(|index| index < 0) {
            let message = "members are counted from 0: there is none of a negative number";
            return Err(self.error(message, at.span.clone()));
        }
        let kind = plan.kind;
        let shape = match index.shape {
            Shape::Row => Shape::Row,
            _ => Shape::Event,
        };
        let node = Node::Element(Box::new([plan, index]), list);
        let mut element = self.new_plan(node, kind, shape, span)?;
        let (text, of, at) = (self.text(span), self.text(&of.span), self.operand_text(at));
        let advice = format!(
            "{text} is of a member that is not there; ask for {of}.size() > {at} before it: \
             in where, or before && or ?"
        );
        element.advice = Some(advice.into());
        Ok(element)
    }

    /// `of.name(arguments)`
    pub(super) fn method(
        &self,
        of: &Syntax,
        name: &str,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let plan = self.plan(of)?;
        match (&plan.shape, name, arguments) {
            (Shape::List(list), "size", []) => self.size(list, span),
            (Shape::List(list), "empty", []) => {
                let zero = Node::Constant(Constant::Int(Int::I32, 0));
                let zero = self.new_plan(zero, Kind::Int(Int::I32), Shape::Constant, span)?;
                let both = Box::new([self.size(list, span)?, zero]);
                let node = Node::Binary(Binary::Equal, both);
                self.new_plan(node, Kind::Bool, Shape::Event, span)
            }
            (Shape::List(_), "at", [at]) => self.index(&[of.clone(), at.clone()], span),
            (Shape::List(list), "at", [at, otherwise]) => {
                self.element_or((of, list), at, otherwise, span)
            }
            _ => match Component::of_method(name) {
                Some(component) if plan.kind == Kind::Vector && arguments.is_empty() => {
                    self.component(component, &plan, span)
                }
                _ => Err(self.no_method(&plan, name, span)),
            },
        }
    }

    /// `list.at(number, otherwise)`: the member of a number, or what stands in its place where there is
    /// none, as of ROOT's `RVec`.
    fn element_or(
        &self,
        (of, list): (&Syntax, &List),
        at: &Syntax,
        otherwise: &Syntax,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let (index, instead) = (self.plan(at)?, self.plan(otherwise)?);
        let element = self.index(&[of.clone(), at.clone()], span)?;
        if let Shape::List(_) = element.shape {
            let message = "\"at\" needs the number of a member; for those for which a condition holds, \
                           write it in brackets";
            return Err(self.error(message, at.span.clone()));
        }
        self.fits_in_place(element.kind, instead.kind, otherwise)?;
        let shape = element.shape.clone();
        let both = Box::new([index, self.size(list, span)?]);
        let is_there = self.new_plan(Node::Binary(Binary::Less, both), Kind::Bool, shape, span)?;
        self.chosen([is_there, element, instead], [at, of, otherwise], span)
    }

    /// `Take(list, numbers)`: for each of the numbers, which are a list of their own, the member that has
    /// it in the same entry, and `Take(list, numbers, otherwise)` with what stands in the place of one that
    /// is not there; as of ROOT's `VecOps`.
    pub(super) fn taken(
        &self,
        name: &str,
        plans: Vec<Plan>,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let given = plans.len();
        let mut plans = plans.into_iter();
        let (Some(of), Some(numbers), otherwise, None) =
            (plans.next(), plans.next(), plans.next(), plans.next())
        else {
            return Err(self.arity(name, "2 or 3", given, span));
        };
        let list = match of.shape.clone() {
            Shape::List(list) if list.filter.is_none() && of.kind != Kind::Vector => list,
            _ => {
                let message = format!(
                    "\"{name}\" takes from a list of numbers with all of its members, such as Hit_x"
                );
                return Err(self.error(message, arguments[0].span.clone()));
            }
        };
        let (Kind::Int(_), Shape::List(beside)) = (numbers.kind, numbers.shape.clone()) else {
            let message = format!(
                "\"{name}\" needs a list of whole numbers, such as HitEdge_i; the member of one number \
                 is {}[0]",
                self.text(&arguments[0].span)
            );
            return Err(self.error(message, arguments[1].span.clone()));
        };
        let lists = Box::new([list.clone(), beside.clone()]);
        let kind = of.kind;
        let node = Node::Take(Box::new([of, numbers.clone()]), lists);
        let mut taken = self.new_plan(node, kind, Shape::List(beside), span)?;
        let advice = format!(
            "{} is of a member that is not there; say what stands in its place: {name}(list, numbers, \
             otherwise)",
            self.text(span)
        );
        taken.advice = Some(advice.into());
        let (Some(otherwise), [of, at, instead]) = (otherwise, arguments) else {
            return Ok(taken);
        };
        self.fits_in_place(taken.kind, otherwise.kind, instead)?;
        let mut both = vec![numbers, self.size(&list, span)?];
        let shape = self.fit(&mut both, span)?;
        let both: [Plan; 2] = self.exactly(name, both, span)?;
        let node = Node::Binary(Binary::Less, Box::new(both));
        let is_there = self.new_plan(node, Kind::Bool, shape, span)?;
        self.chosen([is_there, taken, otherwise], [at, of, instead], span)
    }

    /// That a value can stand in the place of a member.
    fn fits_in_place(
        &self,
        member: Kind,
        instead: Kind,
        of: &Syntax,
    ) -> Result<(), ExpressionError> {
        let fits = match (member, instead) {
            (Kind::Bool, other) => other == Kind::Bool,
            (Kind::Int(_), other) => matches!(other, Kind::Int(_) | Kind::Bool),
            (Kind::Float | Kind::Vector, _) => true,
        };
        if fits {
            return Ok(());
        }
        let message = format!(
            "this stands in the place of a member, and is {instead} where that is {member}"
        );
        Err(self.error(message, of.span.clone()))
    }

    fn size(&self, list: &List, span: &Range<usize>) -> Result<Plan, ExpressionError> {
        let one = Node::Constant(Constant::Bool(true));
        let one = self.new_plan(one, Kind::Bool, Shape::List(list.clone()), span)?;
        let node = Node::Reduce(Reduction::Size, Box::new(one), list.clone());
        self.new_plan(node, Kind::Int(Int::U64), Shape::Event, span)
    }

    fn no_method(&self, plan: &Plan, name: &str, span: &Range<usize>) -> ExpressionError {
        let message = match (&plan.shape, plan.kind) {
            (_, Kind::Vector) => {
                let known = ["M", "Pt", "Eta", "Phi", "Rapidity", "Px", "Py", "Pz", "E"];
                format!("a vector has no method \"{name}\"{}", hint(name, known))
            }
            (Shape::List(_), _) => format!(
                "a list has size(), empty() and at(n), but no \"{name}\"; \
                 sum, count, any, all, max, min and mean are functions, as in sum(…)"
            ),
            _ => format!("\".{name}()\" needs a list or a vector; this is one value"),
        };
        self.error(message, span.clone())
    }
}
