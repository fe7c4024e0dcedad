//! The words of a model.

use std::ops::Range;

use super::NotationError;

/// The longest text that is read.
const LONGEST: usize = 4096;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) word: Word<'a>,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Word<'a> {
    Name(&'a str),
    /// A name between quotation marks, of any letters.
    Quoted(&'a str),
    Number(f64),
    Mark(char),
    End,
}

/// The words of `text`, and the end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, NotationError> {
    if text.len() > LONGEST {
        let message = format!(
            "a model has at most {LONGEST} characters, this has {}",
            text.len()
        );
        return Err(NotationError::new(message, "…", 0..1));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (word, length) = word(text, at, first)?;
        let span = at..at + length;
        at = span.end;
        tokens.push(Token { word, span });
    }
    let end = text.trim_end().len();
    tokens.push(Token {
        word: Word::End,
        span: end..end,
    });
    Ok(tokens)
}

fn word(text: &str, at: usize, first: char) -> Result<(Word<'_>, usize), NotationError> {
    let rest = text.get(at..).unwrap_or_default();
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        return Ok((Word::Name(rest.get(..length).unwrap_or_default()), length));
    }
    if first.is_ascii_digit() || first == '-' || first == '.' {
        let length = number_length(rest);
        let number = rest.get(..length).and_then(|digits| digits.parse().ok());
        return match number.filter(|number: &f64| number.is_finite()) {
            Some(number) => Ok((Word::Number(number), length)),
            None => Err(NotationError::new(
                "this is no number; a name with dashes or points stands between quotation marks",
                text,
                at..at + length,
            )),
        };
    }
    if matches!(first, '\'' | '"') {
        let name = rest.get(1..).and_then(|rest| rest.split(first).next());
        let name = name.filter(|name| rest.len() > name.len() + 1);
        return match name {
            Some(name) => Ok((Word::Quoted(name), name.len() + 2)),
            None => Err(NotationError::new(
                "this quotation has no end",
                text,
                at..text.len(),
            )),
        };
    }
    if "()+*,".contains(first) {
        return Ok((Word::Mark(first), 1));
    }
    let message = format!("{first:?} has no meaning in a model");
    Err(NotationError::new(message, text, at..at + first.len_utf8()))
}

/// How much of `rest` belongs to a number: digits, a point, and an exponent with its sign.
fn number_length(rest: &str) -> usize {
    let mut former = ' ';
    for (at, letter) in rest.char_indices() {
        let is_sign =
            (letter == '-' && at == 0) || ("+-".contains(letter) && matches!(former, 'e' | 'E'));
        if !letter.is_ascii_digit() && !"eE.".contains(letter) && !is_sign {
            return at;
        }
        former = letter;
    }
    rest.len()
}
