//! From tokens to a syntax tree, by precedence climbing.

use std::ops::Range;

use super::cast::{is_named_cast, written_for};
use super::error::ExpressionError;
use super::syntax::{Binary, Form, Syntax, Unary};
use super::token::{Placed, Token, tokens};
use super::value::Constant;

/// How deep an expression may nest: what recurses over it stays far from the end of the stack.
pub(super) const DEEPEST: usize = 200;

/// How strongly a unary operator binds.
const UNARY: u8 = 12;

/// Parses all of `source` as one expression.
pub(super) fn expression(source: &str) -> Result<Syntax, ExpressionError> {
    let mut parser = Parser {
        source,
        tokens: tokens(source)?,
        at: 0,
        nesting: 0,
    };
    let syntax = parser.expression(0)?;
    parser.end()?;
    Ok(syntax)
}

/// Parses `(a, b) => expression`: the parameters and the body.
pub(super) fn function(source: &str) -> Result<(Vec<String>, Syntax), ExpressionError> {
    let mut parser = Parser {
        source,
        tokens: tokens(source)?,
        at: 0,
        nesting: 0,
    };
    let parameters = parser.parameters()?;
    parser.expect("=>")?;
    let body = parser.expression(0)?;
    parser.end()?;
    Ok((parameters, body))
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Placed>,
    at: usize,
    nesting: usize,
}

/// Arguments, what follows `by =`, and where all of it ends.
type Arguments = (Vec<Syntax>, Option<Syntax>, usize);

impl Parser<'_> {
    fn peek(&self) -> &Placed {
        // The last token is the end, and `advance` never goes past it.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn advance(&mut self) -> Placed {
        let placed = self.peek().clone();
        self.at += 1;
        placed
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek().token, Token::Symbol(next) if next == symbol);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<Range<usize>, ExpressionError> {
        let span = self.peek().span.clone();
        if self.accept(symbol) {
            Ok(span)
        } else {
            Err(self.unexpected(&format!("\"{symbol}\"")))
        }
    }

    fn end(&self) -> Result<(), ExpressionError> {
        if self.peek().token == Token::End {
            Ok(())
        } else {
            Err(self.unexpected("an operator"))
        }
    }

    fn error(&self, message: impl Into<String>, span: Range<usize>) -> ExpressionError {
        ExpressionError::new(message, self.source, span)
    }

    fn unexpected(&self, expected: &str) -> ExpressionError {
        let next = self.peek();
        let found = match &next.token {
            Token::End => "the end".to_owned(),
            _ => format!("\"{}\"", &self.source[next.span.clone()]),
        };
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let is_not = |placed: &Placed| matches!(&placed.token, Token::Name(name) if name == "not");
        let hint = match &next.token {
            Token::Name(_) | Token::Number(_) if before.is_some_and(is_not) => {
                "; instead of not, write !"
            }
            Token::Name(name) if name == "and" => "; write &&",
            Token::Name(name) if name == "or" => "; write ||",
            Token::Symbol("*") => "; for a power, write pow(a, b)",
            Token::Symbol("=>") => "; write >=",
            _ => "",
        };
        self.error(
            format!("expected {expected}, found {found}{hint}"),
            next.span.clone(),
        )
    }

    fn parameters(&mut self) -> Result<Vec<String>, ExpressionError> {
        let mut names = Vec::new();
        self.expect("(")?;
        while !self.accept(")") {
            if !names.is_empty() {
                self.expect(",")?;
            }
            let span = self.peek().span.clone();
            let Token::Name(name) = self.peek().token.clone() else {
                return Err(self.unexpected("a parameter name"));
            };
            self.at += 1;
            if names.contains(&name) {
                return Err(self.error(format!("parameter \"{name}\" is named twice"), span));
            }
            names.push(name);
        }
        Ok(names)
    }

    /// An expression of operators that bind more strongly than `weakest`.
    fn expression(&mut self, weakest: u8) -> Result<Syntax, ExpressionError> {
        self.nesting += 1;
        if self.nesting > DEEPEST {
            return Err(self.too_deep(self.peek().span.clone()));
        }
        let mut left = self.operand()?;
        let mut last_comparison = None;
        while let Token::Symbol(symbol) = self.peek().token {
            if symbol == "?" && weakest == 0 {
                left = self.choice(left)?;
                continue;
            }
            let Some((operator, strength)) = Binary::parse(symbol) else {
                break;
            };
            if strength <= weakest {
                break;
            }
            let at = self.advance().span;
            let right = self.expression(strength)?;
            if operator.compares() && last_comparison == Some(strength) {
                return Err(self.chained(&left, operator, &right, at));
            }
            last_comparison = operator.compares().then_some(strength);
            let span = left.span.start..right.span.end;
            left = self.node(Form::Binary(operator, Box::new([left, right])), span)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// `a < b < c`, which compares the outcome of `a < b`.
    fn chained(
        &self,
        left: &Syntax,
        operator: Binary,
        right: &Syntax,
        at: Range<usize>,
    ) -> ExpressionError {
        let text = |of: &Syntax| &self.source[of.span.clone()];
        let advice = match &left.form {
            Form::Binary(_, of) if right.span.end - left.span.start < 60 => format!(
                "{} && {} {} {}",
                text(left),
                text(&of[1]),
                operator.symbol(),
                text(right)
            ),
            _ => "a < b && b < c".to_owned(),
        };
        self.error(format!("comparisons cannot be chained; write {advice}"), at)
    }

    fn choice(&mut self, condition: Syntax) -> Result<Syntax, ExpressionError> {
        self.expect("?")?;
        let yes = self.expression(0)?;
        self.expect(":")?;
        let no = self.expression(0)?;
        let span = condition.span.start..no.span.end;
        self.node(Form::Choose(Box::new([condition, yes, no])), span)
    }

    fn operand(&mut self) -> Result<Syntax, ExpressionError> {
        let Placed { token, span } = self.peek().clone();
        let unary = match token {
            Token::Symbol("-") => Some(Unary::Negate),
            Token::Symbol("!") => Some(Unary::Not),
            Token::Symbol("~") => Some(Unary::Complement),
            _ => None,
        };
        if let Some(unary) = unary {
            self.at += 1;
            let operand = self.expression(UNARY)?;
            let span = span.start..operand.span.end;
            return self.node(Form::Unary(unary, Box::new(operand)), span);
        }
        let mut operand = self.primary()?;
        loop {
            operand = if self.accept(".") {
                self.member(operand)?
            } else if self.accept("[") {
                let at = self.expression(0)?;
                let span = operand.span.start..self.expect("]")?.end;
                self.node(Form::Index(Box::new([operand, at])), span)?
            } else {
                return Ok(operand);
            };
        }
    }

    /// What follows the point in `of.name` and `of.name(…)`.
    fn member(&mut self, of: Syntax) -> Result<Syntax, ExpressionError> {
        let Placed { token, span } = self.peek().clone();
        let Token::Name(name) = token else {
            return Err(self.unexpected("the name of a member"));
        };
        self.at += 1;
        let start = of.span.start;
        if self.accept("(") {
            let (arguments, by, end) = self.arguments()?;
            if let Some(by) = by {
                let message = "\"by\" goes with a function, as in sum(list, by = groups)";
                return Err(self.error(message, by.span));
            }
            return self.node(Form::Method(Box::new(of), name, arguments), start..end);
        }
        self.node(Form::Member(Box::new(of), name), start..span.end)
    }

    /// What comes before `by` where one thing does.
    fn only(&self, arguments: Vec<Syntax>, by: &Syntax) -> Result<Syntax, ExpressionError> {
        let only: Result<[Syntax; 1], _> = arguments.try_into();
        only.map(|[only]| only).map_err(|_| {
            let message = "before \"by\" stands one list, as in sum(list, by = groups)";
            self.error(message, by.span.clone())
        })
    }

    /// The rest of a list of arguments, what comes after `by =`, and where it ends.
    fn arguments(&mut self) -> Result<Arguments, ExpressionError> {
        let mut arguments = Vec::new();
        let mut end = self.peek().span.end;
        while !self.accept(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            let next = self.tokens.get(self.at + 1);
            if next.is_some_and(|next| next.token == Token::Symbol("=")) {
                self.at += 2;
                let by = self.expression(0)?;
                let end = self.expect(")")?.end;
                return Ok((arguments, Some(by), end));
            }
            arguments.push(self.expression(0)?);
            end = self.peek().span.end;
        }
        Ok((arguments, None, end))
    }

    fn primary(&mut self) -> Result<Syntax, ExpressionError> {
        let Placed { token, span } = self.peek().clone();
        match token {
            Token::Number(constant) => {
                self.at += 1;
                self.node(Form::Constant(constant), span)
            }
            Token::Name(name) => {
                self.at += 1;
                self.named(name, span)
            }
            Token::Symbol("(") => {
                if let Some(function) = self.cast_in_parentheses() {
                    return Err(self.cast(function, span));
                }
                self.at += 1;
                let mut inner = self.expression(0)?;
                inner.span = span.start..self.expect(")")?.end;
                inner.in_parentheses = true;
                Ok(inner)
            }
            _ => Err(self.unexpected("a value")),
        }
    }

    /// The function to write instead of a cast as in `(int) x`, if one is here.
    fn cast_in_parentheses(&self) -> Option<&'static str> {
        let mut written = Vec::new();
        let mut next = self.tokens.iter().skip(self.at + 1);
        let after = loop {
            match &next.next()?.token {
                Token::Name(word) => written.push(written_for(word)?),
                Token::Symbol(")") => break &next.next()?.token,
                _ => return None,
            }
        };
        let is_operand = match after {
            Token::Name(_) | Token::Number(_) => true,
            Token::Symbol(symbol) => matches!(*symbol, "(" | "-" | "!" | "~"),
            Token::End => false,
        };
        // Of `unsigned long`, the last word says more.
        written.pop().filter(|_| is_operand)
    }

    fn cast(&self, written: &str, span: Range<usize>) -> ExpressionError {
        self.error(
            format!("there are no casts of C++ here: write {written}"),
            span,
        )
    }

    fn named(&mut self, name: String, span: Range<usize>) -> Result<Syntax, ExpressionError> {
        if self.accept("(") {
            let (arguments, by, end) = self.arguments()?;
            let form = match by {
                Some(by) => Form::By(name, Box::new([self.only(arguments, &by)?, by])),
                None => Form::Call(name, arguments),
            };
            return self.node(form, span.start..end);
        }
        if is_named_cast(&name) && matches!(self.peek().token, Token::Symbol("<")) {
            let words = self.tokens.iter().skip(self.at + 1);
            let mut words = words.map_while(|placed| match &placed.token {
                Token::Name(word) => Some(word),
                _ => None,
            });
            let written = words.find_map(|word| written_for(word));
            return Err(self.cast(written.unwrap_or("int(…)"), span));
        }
        let form = match name.as_str() {
            "true" => Form::Constant(Constant::Bool(true)),
            "false" => Form::Constant(Constant::Bool(false)),
            _ => Form::Name(name),
        };
        self.node(form, span)
    }

    fn node(&self, form: Form, span: Range<usize>) -> Result<Syntax, ExpressionError> {
        let mut syntax = Syntax {
            form,
            span,
            depth: 0,
            in_parentheses: false,
        };
        let mut under = 0;
        syntax.for_each(&mut |node| under = under.max(node.depth));
        syntax.depth = under + 1;
        if syntax.depth > DEEPEST {
            Err(self.too_deep(syntax.span))
        } else {
            Ok(syntax)
        }
    }

    fn too_deep(&self, span: Range<usize>) -> ExpressionError {
        let span = span.end.saturating_sub(1).max(span.start)..span.end;
        self.error(format!("nested more than {DEEPEST} levels deep"), span)
    }
}
