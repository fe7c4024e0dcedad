//! `abs` of unsigned whole numbers. C++ refuses it as ambiguous; what is meant is nearly always a
//! difference, which has wrapped around by then.

use super::Checker;
use crate::expression::builtin::Reduction;
use crate::expression::error::ExpressionError;
use crate::expression::int::Int;
use crate::expression::plan::{Node, Plan};
use crate::expression::scope::Kind;
use crate::expression::syntax::{Binary, Form, Syntax, Unary};

impl Checker<'_> {
    /// An error if what `abs` is taken of is unsigned.
    pub(super) fn signed(
        &self,
        name: &str,
        plan: &Plan,
        of: &Syntax,
    ) -> Result<(), ExpressionError> {
        if !is_unsigned(plan) {
            return Ok(());
        }
        let text = self.text(&of.span);
        let message = match may_wrap(of) {
            true => format!(
                "{text} is unsigned, never negative: what would be below 0 wraps around to a large \
                 number; write {name}({})",
                self.as_signed(of)
            ),
            false => format!("{text} is unsigned, never negative; write {text} without \"{name}\""),
        };
        Err(self.error(message, of.span.clone()))
    }

    /// What is written, such that it is computed with signs.
    fn as_signed(&self, of: &Syntax) -> String {
        let inner = match &of.form {
            Form::Binary(operator, operands) if is_arithmetic(*operator) => {
                let [left, right] = operands.each_ref().map(|operand| self.as_signed(operand));
                format!("{left} {} {right}", operator.symbol())
            }
            Form::Unary(Unary::Negate, operand) => format!("-{}", self.as_signed(operand)),
            _ => return self.leaf_as_signed(of),
        };
        match of.in_parentheses {
            true => format!("({inner})"),
            false => inner,
        }
    }

    fn leaf_as_signed(&self, of: &Syntax) -> String {
        let text = self.text(&of.span);
        let Some(plan) = self.plan(of).ok().filter(is_unsigned) else {
            return text.to_owned();
        };
        let is_size = matches!(plan.node, Node::Reduce(Reduction::Size, ..));
        let cast = match plan.kind {
            Kind::Int(Int::U64) if !is_size => "double",
            _ => "int",
        };
        match of.in_parentheses {
            true => format!("{cast}{text}"),
            false => format!("{cast}({text})"),
        }
    }
}

fn is_unsigned(plan: &Plan) -> bool {
    matches!(plan.kind, Kind::Int(Int::U32 | Int::U64))
}

fn is_arithmetic(operator: Binary) -> bool {
    matches!(operator, Binary::Add | Binary::Subtract | Binary::Multiply)
}

/// Whether something is subtracted.
fn may_wrap(of: &Syntax) -> bool {
    match &of.form {
        Form::Unary(Unary::Negate, _) | Form::Binary(Binary::Subtract, _) => true,
        Form::Binary(operator, operands) if is_arithmetic(*operator) => {
            operands.iter().any(may_wrap)
        }
        _ => false,
    }
}
