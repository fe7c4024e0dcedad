//! From text to a formula, by climbing the levels of operators.

use super::term::Term;

/// How deep terms may stand in one another.
const DEEPEST: usize = 200;
const LONGEST: usize = 1 << 16;
/// Operators of a formula, at most: a chain of them is as deep as it is long.
const MOST_OPERATORS: usize = 2_000;

/// An operator with its level, and whether what stands to its right is taken first.
struct Operator {
    sign: &'static str,
    level: u8,
    right_first: bool,
    function: fn(f64, f64) -> f64,
}

const fn left(sign: &'static str, level: u8, function: fn(f64, f64) -> f64) -> Operator {
    Operator {
        sign,
        level,
        right_first: false,
        function,
    }
}

/// Longer signs stand before those that they begin with.
const OPERATORS: &[Operator] = &[
    left("||", 1, |a, b| truth(a != 0.0 || b != 0.0)),
    left("&&", 2, |a, b| truth(a != 0.0 && b != 0.0)),
    left("==", 3, |a, b| {
        truth(a.total_cmp(&b).is_eq() || (a == 0.0 && b == 0.0))
    }),
    left("!=", 3, |a, b| {
        truth(!(a.total_cmp(&b).is_eq() || (a == 0.0 && b == 0.0)))
    }),
    left(">=", 4, |a, b| truth(a >= b)),
    left("<=", 4, |a, b| truth(a <= b)),
    left(">", 4, |a, b| truth(a > b)),
    left("<", 4, |a, b| truth(a < b)),
    left("+", 5, |a, b| a + b),
    left("-", 5, |a, b| a - b),
    left("*", 6, |a, b| a * b),
    left("/", 6, |a, b| a / b),
    Operator {
        sign: "^",
        level: 7,
        right_first: true,
        function: f64::powf,
    },
];

type One = fn(f64) -> f64;
type Two = fn(f64, f64) -> f64;

const ONE: &[(&str, One)] = &[
    ("exp", f64::exp),
    ("log", f64::ln),
    ("log10", f64::log10),
    ("erf", libm::erf),
    ("sqrt", f64::sqrt),
    ("abs", f64::abs),
    ("sin", f64::sin),
    ("cos", f64::cos),
    ("tan", f64::tan),
    ("asin", f64::asin),
    ("acos", f64::acos),
    ("atan", f64::atan),
    ("sinh", f64::sinh),
    ("cosh", f64::cosh),
    ("tanh", f64::tanh),
    ("asinh", f64::asinh),
    ("acosh", f64::acosh),
    ("atanh", f64::atanh),
];

const TWO: &[(&str, Two)] = &[
    ("pow", f64::powf),
    ("min", |a, b| if b < a { b } else { a }),
    ("max", |a, b| if a < b { b } else { a }),
    ("atan2", f64::atan2),
];

fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// The formula, of which x, y, z and t are the first `variables`.
pub(super) fn parse(text: &str, variables: usize) -> Result<Term, String> {
    if text.len() > LONGEST {
        return Err(format!("a formula has at most {LONGEST} characters"));
    }
    let mut parser = Parser {
        text,
        at: 0,
        variables,
        depth: 0,
        operators: 0,
    };
    let term = parser.binary(1)?;
    match parser.rest().chars().next() {
        None => Ok(term),
        Some(_) => Err(parser.wrong("expected an operator or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    variables: usize,
    depth: usize,
    operators: usize,
}

impl<'a> Parser<'a> {
    fn binary(&mut self, level: u8) -> Result<Term, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!(
                "terms stand more than {DEEPEST} deep in one another"
            ));
        }
        let mut term = self.unary()?;
        while let Some(operator) = self.operator(level) {
            self.at += operator.sign.len();
            self.operators += 1;
            if self.operators > MOST_OPERATORS {
                return Err(format!("a formula has at most {MOST_OPERATORS} operators"));
            }
            let next = operator.level + u8::from(!operator.right_first);
            let right = self.binary(next)?;
            term = Term::Two(operator.function, Box::new(term), Box::new(right));
        }
        self.depth -= 1;
        Ok(term)
    }

    /// The next operator, if it is of this level or a higher one.
    fn operator(&mut self, level: u8) -> Option<&'static Operator> {
        let rest = self.rest();
        let next = OPERATORS
            .iter()
            .find(|operator| rest.starts_with(operator.sign));
        next.filter(|operator| operator.level >= level)
    }

    /// A sign binds more tightly than a power: −x^2 is (−x)^2, as correctionlib has it.
    fn unary(&mut self) -> Result<Term, String> {
        if self.rest().starts_with('-') {
            self.at += 1;
            let of = self.atom()?;
            return Ok(Term::One(|x| -x, Box::new(of)));
        }
        self.atom()
    }

    fn atom(&mut self) -> Result<Term, String> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Err(self.wrong("expected a number, a variable or a function"));
        };
        if first == '(' {
            self.at += 1;
            let term = self.binary(1)?;
            self.close(')')?;
            return Ok(term);
        }
        if first == '[' {
            self.at += 1;
            let digits = length(self.rest(), |c| c.is_ascii_digit());
            let index = self
                .rest()
                .get(..digits)
                .and_then(|digits| digits.parse::<u16>().ok());
            let index = index.ok_or_else(|| self.wrong("expected the number of a parameter"))?;
            self.at += digits;
            self.close(']')?;
            return Ok(Term::Parameter(usize::from(index)));
        }
        if first.is_ascii_digit() || first == '.' {
            return self.number();
        }
        let word = rest
            .get(..length(rest, |c| c.is_ascii_alphanumeric()))
            .unwrap_or_default();
        if let Some(index) = ["x", "y", "z", "t"].iter().position(|name| *name == word) {
            if index >= self.variables {
                return Err(self.wrong(&format!("\"{word}\" is not among the variables")));
            }
            self.at += 1;
            return Ok(Term::Variable(index));
        }
        self.call(word)
    }

    fn call(&mut self, word: &str) -> Result<Term, String> {
        let one = ONE.iter().find(|(name, _)| *name == word);
        let two = TWO.iter().find(|(name, _)| *name == word);
        if one.is_none() && two.is_none() {
            return Err(self.wrong(&format!(
                "\"{word}\" is no function or variable that is known"
            )));
        }
        self.at += word.len();
        self.close('(')?;
        let first = Box::new(self.binary(1)?);
        let term = match (one, two) {
            (Some((_, function)), _) => Term::One(*function, first),
            (_, Some((_, function))) => {
                self.close(',')?;
                Term::Two(*function, first, Box::new(self.binary(1)?))
            }
            (None, None) => *first,
        };
        self.close(')')?;
        Ok(term)
    }

    fn number(&mut self) -> Result<Term, String> {
        let rest = self.rest();
        let mut former = ' ';
        let end = rest.char_indices().find(|(_, c)| {
            let is_sign = "+-".contains(*c) && matches!(former, 'e' | 'E');
            former = *c;
            !c.is_ascii_digit() && !".eE".contains(*c) && !is_sign
        });
        let digits = rest
            .get(..end.map_or(rest.len(), |(at, _)| at))
            .unwrap_or_default();
        let value = digits
            .parse()
            .map_err(|_| self.wrong("this is no number"))?;
        self.at += digits.len();
        Ok(Term::Number(value))
    }

    fn close(&mut self, mark: char) -> Result<(), String> {
        if !self.rest().starts_with(mark) {
            return Err(self.wrong(&format!("expected \"{mark}\"")));
        }
        self.at += 1;
        Ok(())
    }

    /// What is left, without space in front.
    fn rest(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn wrong(&self, what: &str) -> String {
        let near: String = self
            .text
            .get(self.at..)
            .unwrap_or_default()
            .chars()
            .take(20)
            .collect();
        format!("{what} at position {}: \"{near}\"", self.at)
    }
}

fn length(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}
