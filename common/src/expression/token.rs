//! From text to tokens.

use std::ops::Range;

use super::error::ExpressionError;
use super::value::Constant;

/// The longest expression that is accepted, in bytes.
const LONGEST: usize = 16 * 1024;

/// Operators and punctuation, longest first.
const SYMBOLS: [&str; 21] = [
    "<=", ">=", "==", "!=", "&&", "||", "=>", "+", "-", "*", "/", "%", "<", ">", "!", "?", ":",
    "(", ")", ",", ".",
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
        let (token, len) = token(source, at, next)?;
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

fn token(source: &str, at: usize, next: char) -> Result<(Token, usize), ExpressionError> {
    let rest = &source[at..];
    let digit_follows = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if next.is_ascii_digit() || (next == '.' && digit_follows) {
        return number(source, at);
    }
    if is_name_start(next) {
        let len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
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
        '&' | '|' => format!("unexpected \"{next}\"; write {next}{next}"),
        '^' => "unexpected \"^\"; for a power, write pow(a, b)".to_owned(),
        '[' => "unexpected \"[\"; members of a list cannot be indexed: use max, min or sum, or rows of pairs or members".to_owned(),
        _ => format!("unexpected character {next:?}"),
    };
    Err(ExpressionError::new(
        message,
        source,
        at..at + next.len_utf8(),
    ))
}

fn number(source: &str, at: usize) -> Result<(Token, usize), ExpressionError> {
    let bytes = source.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut end = digits(at);
    let mut whole = true;
    if bytes.get(end) == Some(&b'.') {
        whole = false;
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            whole = false;
            end = exponent;
        }
    }
    if let Some(tail) = source[end..]
        .find(|c| !is_name(c))
        .or(Some(source.len() - end))
        .filter(|n| *n > 0)
    {
        let message = format!("malformed number \"{}\"", &source[at..end + tail]);
        return Err(ExpressionError::new(message, source, at..end + tail));
    }
    let text = &source[at..end];
    let constant = if whole {
        text.parse().ok().map(Constant::Int)
    } else {
        text.parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
            .map(Constant::Float)
    };
    match constant {
        Some(constant) => Ok((Token::Number(constant), end - at)),
        None => Err(ExpressionError::new("number out of range", source, at..end)),
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
