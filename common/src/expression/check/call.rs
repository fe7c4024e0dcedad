//! Calls: of built-in functions, and of the user's.

use std::ops::Range;
use std::sync::Arc;

use super::Checker;
use crate::expression::builtin::{Builtin, Math, Reduction};
use crate::expression::error::ExpressionError;
use crate::expression::evaluate;
use crate::expression::function::{Function, unknown_function, wrong_arity};
use crate::expression::int::Int;
use crate::expression::plan::{Node, Plan, Shape};
use crate::expression::scope::Kind;
use crate::expression::syntax::Syntax;
use crate::expression::vector::Component;

/// The deepest that the user's functions may call each other.
const DEEPEST_CALLS: usize = 50;

impl Checker<'_> {
    pub(super) fn call(
        &self,
        name: &str,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let builtin = Builtin::named(name);
        let function = self.scope.functions.get(name);
        if builtin.is_none() && function.is_none() {
            let message = unknown_function(name, &self.scope.functions);
            return Err(self.error(message, span.start..span.start + name.len()));
        }
        let mut plans = Vec::with_capacity(arguments.len());
        let mut size = 0;
        for of in arguments {
            let plan = self.plan(of)?;
            size += plan.size;
            if size > super::LARGEST {
                return Err(self.error(super::TOO_LARGE, span.clone()));
            }
            plans.push(plan);
        }
        if let Some(function) = function {
            return self.expand(name, function, plans, span);
        }
        match builtin {
            Some(Builtin::Reduce(Reduction::Max)) if plans.len() > 1 => {
                self.extreme(Math::Max, name, plans, arguments, span)
            }
            Some(Builtin::Reduce(Reduction::Min)) if plans.len() > 1 => {
                self.extreme(Math::Min, name, plans, arguments, span)
            }
            Some(Builtin::Reduce(reduction)) => {
                self.reduce(reduction, name, plans, arguments, span)
            }
            Some(Builtin::Number(numbering)) => {
                self.numbers(numbering, name, plans, arguments, span)
            }
            Some(Builtin::Take) => self.taken(name, plans, arguments, span),
            Some(Builtin::Component(component)) => {
                let [plan] = self.exactly(name, plans, span)?;
                if plan.kind != Kind::Vector {
                    let message = format!(
                        "\"{name}\" needs a vector, such as first, second or pair, but this is {}",
                        plan.kind
                    );
                    return Err(self.error(message, arguments[0].span.clone()));
                }
                self.component(component, &plan, span)
            }
            Some(Builtin::DeltaR) => self.delta_r(name, plans, arguments, span),
            Some(Builtin::RootDeltaR) => {
                // ROOT has eta, eta, phi, phi, where we have eta, phi, eta, phi.
                let mut plans = plans;
                if plans.len() == 4 {
                    plans.swap(1, 2);
                }
                self.delta_r(name, plans, arguments, span)
            }
            Some(Builtin::DeltaPhi) => {
                let [a, b] = self.exactly(name, plans, span)?;
                self.delta_phi(a, b, span)
            }
            Some(Builtin::RootDeltaPhi) => {
                let [a, b] = self.exactly(name, plans, span)?;
                self.delta_phi(b, a, span)
            }
            Some(Builtin::Choose) => {
                let plans: [Plan; 3] = self.exactly(name, plans, span)?;
                self.chosen(plans, [&arguments[0], &arguments[1], &arguments[2]], span)
            }
            Some(Builtin::Constant(constant)) => {
                let [] = self.exactly(name, plans, span)?;
                let node = Node::Constant(constant);
                self.new_plan(node, Kind::Float, Shape::Constant, span)
            }
            Some(Builtin::Vector) => self.polar(name, plans, arguments, span),
            Some(Builtin::Math(math)) => self.math(math, name, plans, arguments, span),
            None => Err(self.error(format!("unknown function \"{name}\""), span.clone())),
        }
    }

    /// The body of the user's function, with its parameters replaced.
    fn expand(
        &self,
        name: &str,
        function: &Arc<Function>,
        plans: Vec<Plan>,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        if plans.len() != function.parameters.len() {
            return Err(self.arity(
                name,
                &function.parameters.len().to_string(),
                plans.len(),
                span,
            ));
        }
        if self.calls >= DEEPEST_CALLS {
            let message =
                format!("functions call each other more than {DEEPEST_CALLS} levels deep");
            return Err(self.error(message, span.clone()));
        }
        let body = Checker {
            scope: self.scope,
            source: &function.source,
            parameters: function
                .parameters
                .iter()
                .map(String::as_str)
                .zip(plans)
                .collect(),
            calls: self.calls + 1,
            work: self.work,
        };
        let plan = body.plan(&function.body);
        plan.map_err(|error| {
            error
                .in_function(name)
                .called_from(self.source, span.clone())
        })
    }

    pub(super) fn arity(
        &self,
        name: &str,
        takes: &str,
        given: usize,
        span: &Range<usize>,
    ) -> ExpressionError {
        self.error(wrong_arity(name, takes, given), span.clone())
    }

    pub(super) fn exactly<const N: usize>(
        &self,
        name: &str,
        plans: Vec<Plan>,
        span: &Range<usize>,
    ) -> Result<[Plan; N], ExpressionError> {
        let given = plans.len();
        plans
            .try_into()
            .map_err(|_| self.arity(name, &N.to_string(), given, span))
    }

    fn math(
        &self,
        math: Math,
        name: &str,
        mut plans: Vec<Plan>,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        if plans.len() != math.arity() {
            return Err(self.arity(name, &math.arity().to_string(), plans.len(), span));
        }
        for (plan, of) in plans.iter().zip(arguments) {
            self.number(&format!("\"{name}\""), plan, &of.span)?;
        }
        if let (Math::Abs, [plan], [of]) = (math, plans.as_slice(), arguments) {
            self.signed(name, plan, of)?;
        }
        let kind = match math {
            Math::IsNan | Math::IsInf | Math::IsFinite => Kind::Bool,
            Math::Abs | Math::Min | Math::Max => super::common_number(&plans),
            Math::Int => Kind::Int(Int::I32),
            _ => Kind::Float,
        };
        let shape = self.fit(&mut plans, span)?;
        let mut plan = self.new_plan(Node::Math(math, plans), kind, shape, span)?;
        if math == Math::Int {
            let text = self.text(span);
            if plan.is_constant() && !evaluate::has_value(&plan) {
                let message = format!("{text} is of a number that no int holds");
                return Err(self.error(message, span.clone()));
            }
            plan.advice = Some(format!("{text} is of a number that no int holds").into());
        }
        Ok(plan)
    }

    /// `max(a, b, …)`, as `max(max(a, b), …)`.
    fn extreme(
        &self,
        math: Math,
        name: &str,
        plans: Vec<Plan>,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        for (plan, of) in plans.iter().zip(arguments) {
            self.number(&format!("\"{name}\""), plan, &of.span)?;
        }
        let mut plans = plans.into_iter();
        let Some(mut all) = plans.next() else {
            return Err(self.arity(name, "1", 0, span));
        };
        for plan in plans {
            all = self.math(math, name, vec![all, plan], &[], span)?;
        }
        Ok(all)
    }

    fn reduce(
        &self,
        reduction: Reduction,
        name: &str,
        plans: Vec<Plan>,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let [plan] = self.exactly(name, plans, span)?;
        let at = arguments[0].span.clone();
        self.number(&format!("\"{name}\""), &plan, &at)?;
        let Shape::List(list) = plan.shape.clone() else {
            let message = match reduction {
                Reduction::Max | Reduction::Min => format!(
                    "\"{name}\" needs a list, with a value per member, or two arguments or more; this is one value"
                ),
                _ => format!("\"{name}\" needs a list, with a value per member; this is one value"),
            };
            return Err(self.error(message, at));
        };
        let kind = match reduction {
            Reduction::Any | Reduction::All => {
                self.condition(name, &plan, &arguments[0])?;
                Kind::Bool
            }
            Reduction::Count => Kind::Int(Int::I64),
            Reduction::Size => Kind::Int(Int::U64),
            Reduction::Sum => super::common_number(std::slice::from_ref(&plan)),
            Reduction::Max | Reduction::Min | Reduction::Mean => Kind::Float,
        };
        self.new_plan(
            Node::Reduce(reduction, Box::new(plan), list),
            kind,
            Shape::Event,
            span,
        )
    }

    /// `deltaR` of two vectors, or of eta, phi, eta, phi.
    fn delta_r(
        &self,
        name: &str,
        plans: Vec<Plan>,
        arguments: &[Syntax],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let given = plans.len();
        let mut plans = match <[Plan; 2]>::try_from(plans) {
            Ok(vectors) => {
                for (plan, of) in vectors.iter().zip(arguments) {
                    if plan.kind != Kind::Vector {
                        let message = format!(
                            "\"{name}\" needs two vectors, or eta, phi, eta, phi; this is {}",
                            plan.kind
                        );
                        return Err(self.error(message, of.span.clone()));
                    }
                }
                let of = |component, at: usize| self.component(component, &vectors[at], span);
                [
                    of(Component::Eta, 0)?,
                    of(Component::Phi, 0)?,
                    of(Component::Eta, 1)?,
                    of(Component::Phi, 1)?,
                ]
            }
            Err(plans) => {
                <[Plan; 4]>::try_from(plans).map_err(|_| self.arity(name, "2 or 4", given, span))?
            }
        };
        for plan in &plans {
            self.number(&format!("\"{name}\""), plan, span)?;
        }
        let shape = self.fit(&mut plans, span)?;
        self.new_plan(Node::DeltaR(Box::new(plans)), Kind::Float, shape, span)
    }

    /// The angle of `a` less that of `b`.
    fn delta_phi(&self, a: Plan, b: Plan, span: &Range<usize>) -> Result<Plan, ExpressionError> {
        let mut plans = [
            self.angle(Component::Phi, a, span)?,
            self.angle(Component::Phi, b, span)?,
        ];
        let shape = self.fit(&mut plans, span)?;
        self.new_plan(Node::DeltaPhi(Box::new(plans)), Kind::Float, shape, span)
    }

    /// A number as it is, or `component` of a vector.
    fn angle(
        &self,
        component: Component,
        plan: Plan,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        if plan.kind == Kind::Vector {
            self.component(component, &plan, span)
        } else {
            Ok(plan)
        }
    }
}
