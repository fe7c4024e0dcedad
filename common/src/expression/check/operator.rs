//! Operators, with the types that C++ gives their outcomes.

use std::ops::Range;

use super::{Checker, common_number, int_of};
use crate::expression::error::ExpressionError;
use crate::expression::plan::{Node, Plan};
use crate::expression::scope::Kind;
use crate::expression::syntax::{Binary, Form, Syntax, Unary};

impl Checker<'_> {
    pub(super) fn unary(
        &self,
        operator: Unary,
        operand: &Syntax,
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let plan = self.plan(operand)?;
        let kind = match operator {
            Unary::Not => {
                if !matches!(plan.kind, Kind::Bool | Kind::Vector) && !plan.is_constant() {
                    let text = self.operand_text(operand);
                    let message = format!(
                        "\"!\" needs a bool, but this is {}; write {text} == 0",
                        plan.kind
                    );
                    return Err(self.error(message, span.clone()));
                }
                self.condition("!", &plan, operand)?;
                Kind::Bool
            }
            Unary::Negate => {
                self.number("\"-\"", &plan, &operand.span)?;
                common_number(std::slice::from_ref(&plan))
            }
            Unary::Complement if plan.kind == Kind::Bool => {
                let text = self.operand_text(operand);
                let message = format!("\"~\" of a condition is never 0; write !{text}");
                return Err(self.error(message, span.clone()));
            }
            Unary::Complement => {
                self.integer("~", &plan, operand)?;
                Kind::Int(int_of(plan.kind))
            }
        };
        let shape = plan.shape.clone();
        self.new_plan(Node::Unary(operator, Box::new(plan)), kind, shape, span)
    }

    pub(super) fn binary(
        &self,
        operator: Binary,
        operands: &[Syntax; 2],
        span: &Range<usize>,
    ) -> Result<Plan, ExpressionError> {
        let [left, right] = operands;
        let mut plans = [self.plan(left)?, self.plan(right)?];
        if operator == Binary::Add && plans.iter().all(|plan| plan.kind == Kind::Vector) {
            return self.sum(&plans, span);
        }
        if operator.is_bitwise() {
            self.loose_comparison(operator, operands, &plans, span)?;
        }
        for (plan, of) in plans.iter().zip(operands) {
            if operator.is_logical() {
                self.condition(operator.symbol(), plan, of)?;
            } else if operator.is_bitwise() {
                if plan.kind == Kind::Float && operator == Binary::BitXor {
                    return Err(self.not_a_power(operands, span));
                }
                self.integer(operator.symbol(), plan, of)?;
            } else {
                self.number(&format!("\"{}\"", operator.symbol()), plan, &of.span)?;
            }
        }
        let kind = kind_of(operator, &plans);
        self.right_operand(operator, kind, &plans[1], right)?;
        let shape = self.fit(&mut plans, span)?;
        let mut plan = self.new_plan(Node::Binary(operator, Box::new(plans)), kind, shape, span)?;
        if plan.node.may_lack_values(kind) {
            plan.advice = Some(self.guard(operator, kind, right, span).into());
        }
        Ok(plan)
    }

    /// What to say where there is no outcome.
    fn guard(&self, operator: Binary, kind: Kind, right: &Syntax, span: &Range<usize>) -> String {
        let (text, right) = (self.text(span), self.operand_text(right));
        match kind {
            Kind::Int(int) if operator.is_shift() => format!(
                "{text} shifts by less than 0 or by {bits} bits or more; ask for \
                 {right} >= 0 && {right} < {bits} before it: in where, or before && or ?",
                bits = int.bits()
            ),
            _ => format!(
                "{text} divides a whole number by zero; ask for {right} != 0 before it: in where, \
                 or before && or ?"
            ),
        }
    }

    /// An error unless `plan` is a whole number or a condition.
    fn integer(&self, operator: &str, plan: &Plan, of: &Syntax) -> Result<(), ExpressionError> {
        self.number(&format!("\"{operator}\""), plan, &of.span)?;
        if plan.kind != Kind::Float {
            return Ok(());
        }
        let text = self.text(&of.span);
        let message = format!(
            "\"{operator}\" is of the bits of whole numbers, but this is a float; \
             write int({text}) for its whole part"
        );
        Err(self.error(message, of.span.clone()))
    }

    fn not_a_power(&self, [left, right]: &[Syntax; 2], span: &Range<usize>) -> ExpressionError {
        // What stands beside the sign, which a person who means a power binds most strongly.
        let (left, right) = (self.beside(left, 1), self.beside(right, 0));
        let message = format!(
            "\"^\" is of the bits of whole numbers, as in C++; for a power, write pow({left}, {right})"
        );
        self.error(message, span.clone())
    }

    /// The text of the outermost operand of `syntax` on one side (0 is the left).
    fn beside<'s>(&'s self, mut syntax: &Syntax, side: usize) -> &'s str {
        while let Form::Binary(_, of) = &syntax.form
            && !syntax.in_parentheses
        {
            syntax = &of[side];
        }
        self.text(&syntax.span)
    }

    /// `flags & 2 == 2`, which C++ reads as `flags & (2 == 2)`.
    fn loose_comparison(
        &self,
        operator: Binary,
        operands: &[Syntax; 2],
        plans: &[Plan; 2],
        span: &Range<usize>,
    ) -> Result<(), ExpressionError> {
        for (at, side) in operands.iter().enumerate() {
            let (Form::Binary(comparison, of), Kind::Int(_)) = (&side.form, plans[1 - at].kind)
            else {
                continue;
            };
            if side.in_parentheses || !comparison.compares() || operator.is_shift() {
                continue;
            }
            let (symbol, compares) = (operator.symbol(), comparison.symbol());
            let other = self.text(&operands[1 - at].span);
            let (a, b) = (self.text(&of[0].span), self.text(&of[1].span));
            let meant = match at {
                1 => format!("({other} {symbol} {a}) {compares} {b}"),
                _ => format!("{a} {compares} ({b} {symbol} {other})"),
            };
            let message = format!(
                "\"{compares}\" binds more strongly than \"{symbol}\", as in C++; write {meant}"
            );
            return Err(self.error(message, span.clone()));
        }
        Ok(())
    }

    /// An error for a constant on the right with which the operation has no meaning.
    fn right_operand(
        &self,
        operator: Binary,
        kind: Kind,
        plan: &Plan,
        right: &Syntax,
    ) -> Result<(), ExpressionError> {
        let Kind::Int(int) = kind else {
            return Ok(());
        };
        let Some(value) = self.constant_int(plan) else {
            return Ok(());
        };
        let message = match operator {
            Binary::Remainder if value == 0 => "remainder of a division by zero".to_owned(),
            Binary::Divide if value == 0 => "division of a whole number by zero".to_owned(),
            _ if operator.is_shift() && !(0..int.bits()).contains(&value) => format!(
                "\"{}\" by {value} of {} bits has no meaning in C++; by 0 to {} has{}",
                operator.symbol(),
                int.bits(),
                int.bits() - 1,
                if int.bits() == 32 && (32..64).contains(&value) {
                    "; a number of 64 bits is written 1ul"
                } else {
                    ""
                }
            ),
            _ => return Ok(()),
        };
        Err(self.error(message, right.span.clone()))
    }
}

fn kind_of(operator: Binary, plans: &[Plan; 2]) -> Kind {
    let are_bools = plans.iter().all(|plan| plan.kind == Kind::Bool);
    match operator {
        _ if operator.compares() || operator.is_logical() => Kind::Bool,
        _ if operator.is_shift() => Kind::Int(int_of(plans[0].kind)),
        _ if operator.is_bitwise() && are_bools => Kind::Bool,
        _ => common_number(plans),
    }
}
