//! The tree that parsing gives: right in form, not yet in meaning.

use std::ops::Range;

use super::value::Constant;

/// A node, the bytes it spans, and the depth of the tree under it.
#[derive(Debug, Clone)]
pub(super) struct Syntax {
    pub(super) form: Form,
    pub(super) span: Range<usize>,
    pub(super) depth: usize,
    /// Whether it stands in parentheses of its own.
    pub(super) in_parentheses: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Form {
    Constant(Constant),
    Name(String),
    Member(Box<Syntax>, String),
    Unary(Unary, Box<Syntax>),
    Binary(Binary, Box<[Syntax; 2]>),
    Choose(Box<[Syntax; 3]>),
    Call(String, Vec<Syntax>),
    /// `name(of, by = groups)`
    By(String, Box<[Syntax; 2]>),
    /// `of.name(arguments)`
    Method(Box<Syntax>, String, Vec<Syntax>),
    /// `of[at]`
    Index(Box<[Syntax; 2]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Not,
    Complement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    BitOr,
    BitXor,
    BitAnd,
    ShiftLeft,
    ShiftRight,
}

impl Binary {
    /// The operator written as `symbol`, and how strongly it binds (as in C++).
    pub(super) fn parse(symbol: &str) -> Option<(Self, u8)> {
        Some(match symbol {
            "||" => (Self::Or, 2),
            "&&" => (Self::And, 3),
            "|" => (Self::BitOr, 4),
            "^" => (Self::BitXor, 5),
            "&" => (Self::BitAnd, 6),
            "==" => (Self::Equal, 7),
            "!=" => (Self::NotEqual, 7),
            "<" => (Self::Less, 8),
            "<=" => (Self::LessEqual, 8),
            ">" => (Self::Greater, 8),
            ">=" => (Self::GreaterEqual, 8),
            "<<" => (Self::ShiftLeft, 9),
            ">>" => (Self::ShiftRight, 9),
            "+" => (Self::Add, 10),
            "-" => (Self::Subtract, 10),
            "*" => (Self::Multiply, 11),
            "/" => (Self::Divide, 11),
            "%" => (Self::Remainder, 11),
            _ => return None,
        })
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::BitAnd => "&",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
        }
    }

    /// Whether it compares two values.
    pub(super) fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessEqual
                | Self::Greater
                | Self::GreaterEqual
        )
    }

    /// Whether it joins two conditions.
    pub(super) fn is_logical(self) -> bool {
        matches!(self, Self::Or | Self::And)
    }

    /// Whether it is of bits, and so of whole numbers only.
    pub(super) fn is_bitwise(self) -> bool {
        self.is_shift() || matches!(self, Self::BitOr | Self::BitXor | Self::BitAnd)
    }

    /// Whether it shifts bits.
    pub(super) fn is_shift(self) -> bool {
        matches!(self, Self::ShiftLeft | Self::ShiftRight)
    }
}

impl Syntax {
    /// Calls `f` on each node directly under this one.
    pub(super) fn for_each<'a>(&'a self, f: &mut dyn FnMut(&'a Self)) {
        match &self.form {
            Form::Constant(_) | Form::Name(_) => {}
            Form::Member(of, _) | Form::Unary(_, of) => f(of),
            Form::Binary(_, of) | Form::Index(of) | Form::By(_, of) => of.iter().for_each(f),
            Form::Choose(of) => of.iter().for_each(f),
            Form::Call(_, of) => of.iter().for_each(f),
            Form::Method(of, _, arguments) => {
                f(of);
                arguments.iter().for_each(f);
            }
        }
    }

    /// Makes a name of each `name[i]` and `name[j]`.
    pub(super) fn name_ends(&mut self) {
        if let Form::Index(both) = &self.form
            && let [Form::Name(of), Form::Name(end)] = [&both[0].form, &both[1].form]
            && (end == "i" || end == "j")
        {
            self.form = Form::Name(format!("{of}[{end}]"));
            return;
        }
        match &mut self.form {
            Form::Constant(_) | Form::Name(_) => {}
            Form::Member(of, _) | Form::Unary(_, of) => of.name_ends(),
            Form::Binary(_, of) | Form::Index(of) | Form::By(_, of) => {
                of.iter_mut().for_each(Self::name_ends);
            }
            Form::Choose(of) => of.iter_mut().for_each(Self::name_ends),
            Form::Call(_, of) => of.iter_mut().for_each(Self::name_ends),
            Form::Method(of, _, arguments) => {
                of.name_ends();
                arguments.iter_mut().for_each(Self::name_ends);
            }
        }
    }

    /// Whether an operator can follow or precede its text without parentheses.
    pub(super) fn is_operand(&self) -> bool {
        self.in_parentheses || !matches!(self.form, Form::Binary(..) | Form::Choose(_))
    }
}
