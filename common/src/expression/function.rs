//! The user's own functions: `binaryID = "(a, b) => a / (a + b)"`.
//!
//! They are expanded where they are called, so a body may use any type that works there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::builtin::Builtin;
use super::error::ExpressionError;
use super::nearest::hint;
use super::parse;
use super::parsed::Expression;
use super::syntax::{Form, Syntax};
use super::token::is_name;

/// A function: parameters, body, and the text it was written as.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) source: String,
    pub(super) parameters: Vec<String>,
    pub(super) body: Syntax,
}

/// Words that are no names of functions.
const RESERVED: [&str; 4] = ["true", "false", "by", "not"];

/// The functions of a campaign, by name.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    by_name: Arc<BTreeMap<String, Arc<Function>>>,
}

impl Functions {
    /// Parses functions given as names and sources. All errors come together, each with its name.
    pub fn parse<'a>(
        functions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<(String, ExpressionError)>> {
        Self::parse_beside(functions, &[])
    }

    /// The same beside functions that are known to be wrong: calls of them are not judged.
    pub(crate) fn parse_beside<'a>(
        functions: impl IntoIterator<Item = (&'a str, &'a str)>,
        wrong: &[&str],
    ) -> Result<Self, Vec<(String, ExpressionError)>> {
        let mut by_name = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, source) in functions {
            match Self::one(name, source) {
                Ok(function) => {
                    by_name.insert(name.to_owned(), Arc::new(function));
                }
                Err(error) => errors.push((name.to_owned(), error)),
            }
        }
        let functions = Self::of(by_name);
        let recursive = recursive(&functions.calls());
        let wrong = wrong.iter().map(|name| (*name).to_owned());
        let wrong = wrong.chain(errors.iter().map(|(name, _)| name.clone()));
        let wrong: BTreeSet<String> = wrong.collect();
        for (name, function) in functions.by_name.iter() {
            let through = recursive.get(name.as_str());
            let found = through.map(|through| calls_itself(name, function, through));
            if let Some(error) = found.or_else(|| functions.wrong_call(function, &wrong)) {
                errors.push((name.clone(), error));
            }
        }
        if errors.is_empty() {
            Ok(functions)
        } else {
            Err(errors)
        }
    }

    fn of(by_name: BTreeMap<String, Arc<Function>>) -> Self {
        Self {
            by_name: Arc::new(by_name),
        }
    }

    /// Of each of them, the functions that its body calls.
    fn calls(&self) -> BTreeMap<&str, Vec<&str>> {
        let functions = self.by_name.iter();
        let calls = functions.map(|(name, function)| {
            let mut called = called(&function.body);
            called.retain(|name| self.by_name.contains_key(*name));
            (name.as_str(), called)
        });
        calls.collect()
    }

    fn one(name: &str, source: &str) -> Result<Function, ExpressionError> {
        let refused = |why: &str| {
            let message = format!("\"{name}\" {why}; choose another name");
            Err(ExpressionError::new(message, source, 0..source.len()))
        };
        if Builtin::named(name).is_some() {
            return refused("is a built-in function");
        }
        if RESERVED.contains(&name) {
            return refused("means something else in an expression");
        }
        if !is_name(name) {
            return refused("is no name: letters, digits and _, no digit first");
        }
        let (parameters, body) = parse::function(source)?;
        Ok(Function {
            source: source.to_owned(),
            parameters,
            body,
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Function>> {
        self.by_name.get(name)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Of these functions, names and definitions of those that expressions call, also through others.
    /// One that cannot be parsed calls none.
    pub(crate) fn called_by<'a>(
        expressions: &[Expression],
        functions: &'a [(String, String)],
    ) -> Vec<&'a (String, String)> {
        let mut by_name = BTreeMap::new();
        for (name, source) in functions {
            if let Ok(function) = Self::one(name, source) {
                by_name.insert(name.clone(), Arc::new(function));
            }
        }
        let parsed = Self::of(by_name);
        let reached = parsed.reached(expressions.iter().flat_map(|of| called(of.syntax())));
        let is_reached = |(name, _): &&(String, String)| reached.contains(name.as_str());
        functions.iter().filter(is_reached).collect()
    }

    /// Those of them that an expression calls, also through others.
    pub(crate) fn called_from(&self, expression: &Expression) -> Self {
        let reached = self.reached(called(expression.syntax()).into_iter());
        let by_name = self.by_name.iter();
        let by_name = by_name.filter(|(name, _)| reached.contains(name.as_str()));
        Self::of(
            by_name
                .map(|(name, function)| (name.clone(), Arc::clone(function)))
                .collect(),
        )
    }

    /// The names of all that is called from these on.
    fn reached<'a>(&'a self, names: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut waiting: Vec<&str> = names.collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = waiting.pop() {
            if seen.insert(next)
                && let Some(function) = self.by_name.get(next)
            {
                waiting.extend(called(&function.body));
            }
        }
        seen
    }

    /// The names in bodies that stand for columns: all but parameters.
    pub(crate) fn columns(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for function in self.by_name.values() {
            let mut waiting = vec![&function.body];
            while let Some(node) = waiting.pop() {
                if let Form::Name(name) = &node.form
                    && !function.parameters.contains(name)
                {
                    names.insert(name.clone());
                }
                node.for_each(&mut |under| waiting.push(under));
            }
        }
        names
    }

    /// What is wrong with a call in a body, whoever calls it: nobody has the function, or it takes
    /// another number of arguments. Functions that are `wrong` are not judged.
    fn wrong_call(&self, function: &Function, wrong: &BTreeSet<String>) -> Option<ExpressionError> {
        let mut waiting = vec![&function.body];
        let mut first: Option<(usize, ExpressionError)> = None;
        while let Some(node) = waiting.pop() {
            node.for_each(&mut |under| waiting.push(under));
            let Form::Call(name, arguments) = &node.form else {
                continue;
            };
            if wrong.contains(name) {
                continue;
            }
            let start = node.span.start;
            let (message, end) = match self.by_name.get(name) {
                Some(other) if other.parameters.len() != arguments.len() => {
                    let takes = other.parameters.len();
                    (
                        wrong_arity(name, &takes.to_string(), arguments.len()),
                        node.span.end,
                    )
                }
                None if Builtin::named(name).is_none() => {
                    (unknown_function(name, self), start + name.len())
                }
                _ => continue,
            };
            if first.as_ref().is_none_or(|(earlier, _)| start < *earlier) {
                let error = ExpressionError::new(message, &function.source, start..end);
                first = Some((start, error));
            }
        }
        first.map(|(_, error)| error)
    }
}

/// Functions that come back to themselves, each with the function that it does so by, from what each
/// calls: those of one strongly connected component, as Kosaraju finds them, in linear time.
fn recursive<'a>(calls: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeMap<&'a str, &'a str> {
    let mut callers: BTreeMap<&'a str, Vec<&'a str>> = BTreeMap::new();
    for (name, called) in calls {
        for other in called {
            callers.entry(other).or_default().push(name);
        }
    }
    let none = Vec::new();
    let of = |edges: &BTreeMap<&'a str, Vec<&'a str>>, name: &str| -> Vec<&'a str> {
        edges.get(name).unwrap_or(&none).clone()
    };
    // In the order in which all that they call is done with.
    let mut seen = BTreeSet::new();
    let mut done = Vec::new();
    for start in calls.keys().copied() {
        let mut path = vec![(start, false)];
        while let Some((name, is_done)) = path.pop() {
            if is_done {
                done.push(name);
            } else if seen.insert(name) {
                path.push((name, true));
                path.extend(of(calls, name).into_iter().map(|called| (called, false)));
            }
        }
    }
    let mut component: BTreeMap<&'a str, usize> = BTreeMap::new();
    for (number, start) in done.into_iter().rev().enumerate() {
        let mut waiting = vec![start];
        while let Some(name) = waiting.pop() {
            if !component.contains_key(name) {
                component.insert(name, number);
                waiting.extend(of(&callers, name));
            }
        }
    }
    let through = calls.iter().filter_map(|(name, called)| {
        let is_same = |other: &&&str| component.get(**other) == component.get(name);
        Some((*name, *called.iter().find(is_same)?))
    });
    through.collect()
}

/// What is said of a function that comes back to itself.
fn calls_itself(name: &str, function: &Function, through: &str) -> ExpressionError {
    let message = match through == name {
        true => format!("function \"{name}\" calls itself"),
        false => format!("function \"{name}\" calls itself, by {through}"),
    };
    ExpressionError::new(message, &function.source, function.body.span.clone())
}

/// Nobody has a function of that name.
pub(super) fn unknown_function(name: &str, functions: &Functions) -> String {
    match Builtin::instead_of(name) {
        Some(instead) => {
            format!("there is no function \"{name}\"; instead of it, write {instead}")
        }
        None => {
            let mut names: Vec<&str> = Builtin::names().collect();
            names.extend(functions.names());
            format!("unknown function \"{name}\"{}", hint(name, names))
        }
    }
}

/// A call has more or fewer arguments than the function.
pub(super) fn wrong_arity(name: &str, takes: &str, given: usize) -> String {
    let plural = if takes == "1" {
        "argument"
    } else {
        "arguments"
    };
    format!("\"{name}\" takes {takes} {plural}, but {given} are given")
}

/// The names of the functions that `syntax` calls.
fn called(syntax: &Syntax) -> Vec<&str> {
    let mut names = Vec::new();
    let mut waiting = vec![syntax];
    while let Some(node) = waiting.pop() {
        if let Form::Call(name, _) = &node.form {
            names.push(name.as_str());
        }
        node.for_each(&mut |under| waiting.push(under));
    }
    names
}
