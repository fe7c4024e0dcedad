//! The user's own functions: `binaryID = "(a, b) => a / (a + b)"`.
//!
//! They are expanded where they are called, so a body may use any type that works there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builtin::Builtin;
use super::error::ExpressionError;
use super::parse;
use super::syntax::{Form, Syntax};

/// A function: parameters, body, and the text it was written as.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) source: String,
    pub(super) parameters: Vec<String>,
    pub(super) body: Syntax,
}

/// The functions of a campaign, by name.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    by_name: BTreeMap<String, Arc<Function>>,
}

impl Functions {
    /// Parses functions given as names and sources. All errors come together, each with its name.
    pub fn parse<'a>(
        functions: impl IntoIterator<Item = (&'a str, &'a str)>,
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
        let functions = Self { by_name };
        for (name, function) in &functions.by_name {
            if let Some(error) = functions.recursion(name, function) {
                errors.push((name.clone(), error));
            }
        }
        if errors.is_empty() {
            Ok(functions)
        } else {
            Err(errors)
        }
    }

    fn one(name: &str, source: &str) -> Result<Function, ExpressionError> {
        if Builtin::named(name).is_some() {
            let message = format!("\"{name}\" is a built-in function; choose another name");
            return Err(ExpressionError::new(message, source, 0..source.len()));
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

    /// An error if `name` is reached from its own body.
    fn recursion(&self, name: &str, function: &Function) -> Option<ExpressionError> {
        let mut seen = Vec::new();
        let mut waiting = called(&function.body);
        while let Some(next) = waiting.pop() {
            if next == name {
                let message = format!("function \"{name}\" calls itself");
                let span = function.body.span.clone();
                return Some(ExpressionError::new(message, &function.source, span));
            }
            if let Some(other) = self.by_name.get(next).filter(|_| !seen.contains(&next)) {
                seen.push(next);
                waiting.extend(called(&other.body));
            }
        }
        None
    }
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
