//! Conditions: what is none, and what is always true or always false.

use super::Checker;
use crate::expression::error::ExpressionError;
use crate::expression::evaluate;
use crate::expression::plan::{Node, Plan};
use crate::expression::scope::Kind;
use crate::expression::syntax::{Binary, Form, Syntax};
use crate::expression::value::Constant;

impl Checker<'_> {
    /// An error unless `plan` is a condition for `operator` (or, if that is empty, for a whole
    /// expression) that depends on the event.
    pub(super) fn condition(
        &self,
        operator: &str,
        plan: &Plan,
        syntax: &Syntax,
    ) -> Result<(), ExpressionError> {
        let span = syntax.span.clone();
        let needs = match operator {
            "" => "a condition is needed".to_owned(),
            _ => format!("\"{operator}\" needs a bool"),
        };
        if plan.is_constant() && !self.is_given(syntax) {
            let text = self.text(&span);
            let message = match plan.kind {
                Kind::Bool => {
                    let always = matches!(self.constant(plan), Some(Constant::Bool(true)));
                    format!(
                        "{needs}, but {text} is always {always}: it asks for nothing of the event"
                    )
                }
                _ => format!(
                    "{needs}, but this is a constant; for bits of a number, write (number & {text}) != 0"
                ),
            };
            return Err(self.error(message, span));
        }
        if plan.kind == Kind::Bool {
            return Ok(());
        }
        let hint = match plan.kind {
            Kind::Vector => "; take its mass, pt, eta or phi, and compare it".to_owned(),
            _ if self.text(&span) == "…" => "; compare it, as in (…) != 0".to_owned(),
            _ => {
                let text = self.operand_text(syntax);
                let bits = matches!(plan.node, Node::Binary(Binary::BitAnd, _));
                let rest = if bits { "" } else { ", or another comparison" };
                format!("; write {text} != 0{rest}")
            }
        };
        Err(self.error(format!("{needs}, but this is {}{hint}", plan.kind), span))
    }

    /// Whether a constant is one that the caller of a function chose, as in `cut(pt, true)`.
    fn is_given(&self, syntax: &Syntax) -> bool {
        let mut waiting = vec![syntax];
        while let Some(node) = waiting.pop() {
            if let Form::Name(name) = &node.form
                && self.parameters.contains_key(name.as_str())
            {
                return true;
            }
            node.for_each(&mut |under| waiting.push(under));
        }
        false
    }

    /// The value of a constant plan.
    fn constant(&self, plan: &Plan) -> Option<Constant> {
        plan.is_constant().then(|| evaluate::constant(plan))?
    }

    /// The value of a constant plan, if it is a whole number or a condition that an i64 holds.
    pub(super) fn constant_int(&self, plan: &Plan) -> Option<i64> {
        match self.constant(plan)? {
            Constant::Bool(value) => Some(i64::from(value)),
            Constant::Int(int, value) => {
                let beyond = int == crate::expression::Int::U64 && value < 0;
                Some(if beyond { i64::MAX } else { value })
            }
            Constant::Float(_) => None,
        }
    }
}
