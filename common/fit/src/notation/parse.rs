//! From words to densities and their arguments.

use std::collections::BTreeMap;
use std::ops::Range;

use super::token::{Token, Word, tokens};
use super::{Argument, NotationError, Sum, WrittenTerm, nearest};
use crate::density::{Density, FORMS, Form, Parameters, Template};
use crate::number::LOCAL;
use crate::start::{self, Guess};

/// The most terms that a sum may have: their parts are derived together.
const MOST_TERMS: usize = LOCAL;

/// The component `component` as `text` has it, with the histograms that it may name.
pub(crate) fn parse(
    component: &str,
    text: &str,
    templates: &BTreeMap<String, Template>,
) -> Result<Sum, NotationError> {
    let parser = Parser {
        component,
        text,
        templates,
        tokens: tokens(text)?,
        at: 0,
    };
    parser.sum()
}

struct Parser<'a> {
    component: &'a str,
    text: &'a str,
    templates: &'a BTreeMap<String, Template>,
    tokens: Vec<Token<'a>>,
    at: usize,
}

/// A term, with the span of its part.
struct Read {
    density: Density,
    arguments: Vec<Argument>,
    part: Option<(Argument, Range<usize>)>,
}

impl<'a> Parser<'a> {
    fn sum(mut self) -> Result<Sum, NotationError> {
        let mut read = vec![self.term()?];
        while self.take('+') {
            read.push(self.term()?);
        }
        if self.word() != Word::End {
            return Err(self.wrong("expected \"+\" or the end"));
        }
        let count = read.len();
        if count > MOST_TERMS {
            let message = format!("a sum has at most {MOST_TERMS} terms, this has {count}");
            return Err(NotationError::new(message, self.text, 0..self.text.len()));
        }
        let mut terms = Vec::new();
        for (index, term) in read.into_iter().enumerate() {
            let part = match term.part {
                Some((_, span)) if index + 1 == count => {
                    let message = "the last term takes what the others leave: it has no factor";
                    return Err(NotationError::new(message, self.text, span));
                }
                Some((part, _)) => Some(part),
                None if index + 1 == count => None,
                None => Some(self.own_part(index, count)),
            };
            terms.push(WrittenTerm {
                density: term.density,
                arguments: term.arguments,
                part,
            });
        }
        Ok(Sum { terms })
    }

    /// `signal_fraction`, or in a sum of more than two `signal_fraction1`.
    fn own_part(&self, index: usize, count: usize) -> Argument {
        let component = self.component;
        let name = match count {
            2 => format!("{component}_fraction"),
            _ => format!("{component}_fraction{}", index + 1),
        };
        Argument::Name {
            name,
            guess: start::FRACTION,
        }
    }

    fn term(&mut self) -> Result<Read, NotationError> {
        let span = self.span();
        let part = match (self.word(), self.next_word()) {
            (Word::Number(number), Word::Mark('*')) => {
                if !(0.0..=1.0).contains(&number) {
                    return Err(self.wrong("a part of a sum lies between 0 and 1"));
                }
                Some((Argument::Number(number), span))
            }
            (Word::Name(name), Word::Mark('*')) => {
                let guess: Guess = start::FRACTION;
                let name = name.to_owned();
                Some((Argument::Name { name, guess }, span))
            }
            _ => None,
        };
        if part.is_some() {
            self.at += 2;
        }
        let (density, arguments) = self.density()?;
        Ok(Read {
            density,
            arguments,
            part,
        })
    }

    fn density(&mut self) -> Result<(Density, Vec<Argument>), NotationError> {
        let Word::Name(name) = self.word() else {
            return Err(self.wrong("expected the name of a density"));
        };
        let span = self.span();
        let Some(form) = FORMS.iter().find(|form| form.name == name) else {
            let names = FORMS.iter().map(|form| form.name);
            let hint = nearest::hint(name, names);
            return Err(self.wrong(&format!("there is no density \"{name}\"{hint}")));
        };
        self.at += 1;
        let arguments = match self.take('(') {
            true => Some(self.arguments()?),
            false => None,
        };
        let whole = span.start..self.tokens[self.at.saturating_sub(1)].span.end;
        let quoted = arguments.iter().flatten();
        let mut quoted = quoted.filter(|token| matches!(token.word, Word::Quoted(_)));
        let is_template = matches!(form.parameters, Parameters::Histogram);
        if let Some(token) = quoted.find(|_| !is_template) {
            let message = "quotation marks are for the histogram of a template alone";
            return Err(NotationError::new(message, self.text, token.span.clone()));
        }
        match form.parameters {
            Parameters::Fixed(parameters) => self.fixed(form, parameters, arguments, whole),
            Parameters::Series(guess) => self.series(form, guess, arguments, whole),
            Parameters::Histogram => self.histogram(arguments, whole),
        }
    }

    /// The words between parentheses, the first of which is behind.
    fn arguments(&mut self) -> Result<Vec<Token<'a>>, NotationError> {
        let mut arguments = Vec::new();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            match self.word() {
                Word::Name(_) | Word::Number(_) | Word::Quoted(_) => {
                    arguments.push(self.tokens[self.at].clone());
                }
                _ => return Err(self.wrong("expected the name of a parameter, or a number")),
            }
            self.at += 1;
            if self.take(')') {
                return Ok(arguments);
            }
            if !self.take(',') {
                return Err(self.wrong("expected \",\" or \")\""));
            }
        }
    }

    fn fixed(
        &self,
        form: &Form,
        parameters: &[(&str, Guess)],
        arguments: Option<Vec<Token<'a>>>,
        span: Range<usize>,
    ) -> Result<(Density, Vec<Argument>), NotationError> {
        let density = (form.make)(0);
        let Some(arguments) = arguments else {
            let own = parameters
                .iter()
                .map(|(name, guess)| self.own(name, *guess));
            return Ok((density, own.collect()));
        };
        if arguments.len() != parameters.len() {
            let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
            let message = format!(
                "{name} has {expected}, this has {found}: {name}({names})",
                name = form.name,
                expected = counted(parameters.len(), "argument"),
                found = arguments.len(),
                names = names.join(", "),
            );
            return Err(NotationError::new(message, self.text, span));
        }
        let guesses = parameters.iter().map(|(_, guess)| *guess);
        let arguments = arguments.iter().zip(guesses);
        let arguments = arguments.map(|(token, guess)| argument(token.word, guess));
        Ok((density, arguments.collect()))
    }

    fn series(
        &self,
        form: &Form,
        guess: Guess,
        arguments: Option<Vec<Token<'a>>>,
        span: Range<usize>,
    ) -> Result<(Density, Vec<Argument>), NotationError> {
        let arguments = arguments.unwrap_or_default();
        let degree = arguments.first().and_then(|token| match token.word {
            Word::Number(n)
                if n.fract().abs() < f64::EPSILON && (1.0..=LOCAL as f64).contains(&n) =>
            {
                Some(n as usize)
            }
            _ => None,
        });
        let name = form.name;
        let Some(degree) = degree else {
            let message = format!("{name} begins with its degree, 1 to {LOCAL}: {name}(2)");
            return Err(NotationError::new(message, self.text, span));
        };
        let density = (form.make)(degree);
        match arguments.len() - 1 {
            0 => {
                let own = (1..=degree).map(|i| self.own(&format!("c{i}"), guess));
                Ok((density, own.collect()))
            }
            given if given == degree => {
                let given = arguments.iter().skip(1);
                let given = given.map(|token| argument(token.word, guess));
                Ok((density, given.collect()))
            }
            given => {
                let message = format!(
                    "{name}({degree}) has {}, or none to name them by the component; this has {given}",
                    counted(degree, "coefficient")
                );
                Err(NotationError::new(message, self.text, span))
            }
        }
    }

    fn histogram(
        &self,
        arguments: Option<Vec<Token<'a>>>,
        span: Range<usize>,
    ) -> Result<(Density, Vec<Argument>), NotationError> {
        let arguments = arguments.unwrap_or_default();
        let [
            Token {
                word: Word::Name(name) | Word::Quoted(name),
                span: at,
            },
        ] = arguments.as_slice()
        else {
            let message = "template takes the name of a histogram: template(name)";
            return Err(NotationError::new(message, self.text, span));
        };
        match self.templates.get(*name) {
            Some(template) => Ok((Density::Template(template.clone()), Vec::new())),
            None => {
                let hint = nearest::hint(name, self.templates.keys().map(String::as_str));
                let message = format!("there is no histogram \"{name}\" to be a template{hint}");
                Err(NotationError::new(message, self.text, at.clone()))
            }
        }
    }

    /// A parameter that was not named: it is the component's own.
    fn own(&self, name: &str, guess: Guess) -> Argument {
        Argument::Name {
            name: format!("{}_{name}", self.component),
            guess,
        }
    }

    fn word(&self) -> Word<'a> {
        self.tokens
            .get(self.at)
            .map_or(Word::End, |token| token.word)
    }

    fn next_word(&self) -> Word<'a> {
        self.tokens
            .get(self.at + 1)
            .map_or(Word::End, |token| token.word)
    }

    fn span(&self) -> Range<usize> {
        let last = self.text.len();
        self.tokens
            .get(self.at)
            .map_or(last..last, |token| token.span.clone())
    }

    /// Steps over `mark` if it is next.
    fn take(&mut self, mark: char) -> bool {
        let is_next = self.word() == Word::Mark(mark);
        self.at += usize::from(is_next);
        is_next
    }

    fn wrong(&self, message: &str) -> NotationError {
        NotationError::new(message, self.text, self.span())
    }
}

fn argument(word: Word<'_>, guess: Guess) -> Argument {
    match word {
        Word::Name(name) => Argument::Name {
            name: name.to_owned(),
            guess,
        },
        Word::Number(number) => Argument::Number(number),
        Word::Mark(_) | Word::Quoted(_) | Word::End => Argument::Number(f64::NAN),
    }
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
