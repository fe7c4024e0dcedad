//! From text to tokens.

use std::ops::Range;

use super::error::ExpressionError;
use super::number::number;
use super::value::Constant;

/// The longest expression that is accepted, in bytes.
const LONGEST: usize = 16 * 1024;

/// Operators and punctuation, longest first.
const SYMBOLS: [&str; 29] = [
    "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "=>", "+", "-", "*", "/", "%", "<", ">", "!",
    "&", "|", "^", "~", "?", ":", "(", ")", "[", "]", ",", ".",
];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(Constant),
    Symbol(&'static str),
    End,
}

/// A token and the bytes it comes from.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// All tokens of `source`, then [`Token::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Placed>, ExpressionError> {
    if source.len() > LONGEST {
        let message = format!(
            "expression of {} bytes; at most {LONGEST} are allowed",
            source.len()
        );
        return Err(ExpressionError::new(message, "", 0..0));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = source[at..].chars().next() {
        if next.is_whitespace() {
            at += next.len_utf8();
            continue;
        }
        let (token, len) = match is_named_argument(&tokens) && is_equals(&source[at..]) {
            true => (Token::Symbol("="), 1),
            false => token(source, at, next)?,
        };
        tokens.push(Placed {
            token,
            span: at..at + len,
        });
        at += len;
    }
    tokens.push(Placed {
        token: Token::End,
        span: source.len()..source.len(),
    });
    Ok(tokens)
}

/// Whether what comes next may be the `=` of `sum(list, by = groups)`.
fn is_named_argument(tokens: &[Placed]) -> bool {
    let [.., before, name] = tokens else {
        return false;
    };
    before.token == Token::Symbol(",") && matches!(&name.token, Token::Name(name) if name == "by")
}

fn is_equals(rest: &str) -> bool {
    rest.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=>")
}

fn token(source: &str, at: usize, next: char) -> Result<(Token, usize), ExpressionError> {
    let rest = &source[at..];
    let digit_follows = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if next.is_ascii_digit() || (next == '.' && digit_follows) {
        let (constant, len) = number(source, at)?;
        return Ok((Token::Number(constant), len));
    }
    if is_name_start(next) {
        let len = name(rest);
        return Ok((Token::Name(rest[..len].to_owned()), len));
    }
    if next == '`' {
        return match rest[1..].find('`') {
            Some(len) if len > 0 => Ok((Token::Name(rest[1..=len].to_owned()), len + 2)),
            _ => Err(ExpressionError::new(
                "unclosed or empty `name`",
                source,
                at..at + 1,
            )),
        };
    }
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        return Ok((Token::Symbol(symbol), symbol.len()));
    }
    let message = match next {
        '=' => "unexpected \"=\"; to compare, write ==".to_owned(),
        _ => format!(
            "unexpected character {next:?}; a name of other characters than letters, digits and _ stands \
             in backticks: `a-b`"
        ),
    };
    Err(ExpressionError::new(
        message,
        source,
        at..at + next.len_utf8(),
    ))
}

/// A name, with the names of its namespaces before it (`ROOT::VecOps::Sum`).
fn name(rest: &str) -> usize {
    let word = |from: usize| {
        let end = rest[from..].find(|c| !is_part_of_name(c));
        end.map_or(rest.len(), |end| from + end)
    };
    let mut end = word(0);
    while rest[end..].starts_with("::") && rest[end + 2..].starts_with(is_name_start) {
        end = word(end + 2);
    }
    end
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_part_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a text is one name, without namespaces.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(is_name_start) && text.chars().all(is_part_of_name)
}
