//! The tree that parsing gives: right in form, not yet in meaning.

use std::ops::Range;

use super::value::Constant;

/// A node, the bytes it spans, and the depth of the tree under it.
#[derive(Debug, Clone)]
pub(super) struct Syntax {
    pub(super) form: Form,
    pub(super) span: Range<usize>,
    pub(super) depth: usize,
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Not,
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
}

impl Binary {
    /// The operator written as `symbol`, and how strongly it binds (as in C++).
    pub(super) fn parse(symbol: &str) -> Option<(Self, u8)> {
        Some(match symbol {
            "||" => (Self::Or, 2),
            "&&" => (Self::And, 3),
            "==" => (Self::Equal, 4),
            "!=" => (Self::NotEqual, 4),
            "<" => (Self::Less, 5),
            "<=" => (Self::LessEqual, 5),
            ">" => (Self::Greater, 5),
            ">=" => (Self::GreaterEqual, 5),
            "+" => (Self::Add, 6),
            "-" => (Self::Subtract, 6),
            "*" => (Self::Multiply, 7),
            "/" => (Self::Divide, 7),
            "%" => (Self::Remainder, 7),
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
        }
    }

    /// Whether it compares two values.
    pub(super) fn compares(self) -> bool {
        !self.is_logical() && !self.is_arithmetic()
    }

    /// Whether it joins two conditions.
    pub(super) fn is_logical(self) -> bool {
        matches!(self, Self::Or | Self::And)
    }

    /// Whether it computes a number.
    pub(super) fn is_arithmetic(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Remainder
        )
    }
}
