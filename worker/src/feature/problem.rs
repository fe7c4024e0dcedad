//! The mistakes of a stage, collected.

use arrow_schema::DataType;
use lumimill_common::campaign::Problem;
use lumimill_common::expression::{Checked, Expression, ExpressionError, Int, Kind, Scope};

fn checked(
    text: &str,
    scope: &Scope,
    expected: Option<Kind>,
) -> Result<Checked, Vec<ExpressionError>> {
    let parsed = Expression::parse(text).map_err(|error| vec![error])?;
    parsed.check_names(scope, expected)
}

/// What a name that is wrong itself may stand for.
enum Meant {
    /// One value, or nothing that is known.
    Value(Option<Kind>),
    /// One per member of its collection.
    Members(DataType),
}

/// Mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, path: String, message: impl Into<String>) {
        self.0.push(Problem {
            path,
            message: message.into(),
        });
    }

    /// Parses and checks an expression; a mistake is kept, and nothing returned.
    pub(crate) fn check(
        &mut self,
        path: String,
        text: &str,
        scope: &Scope,
        expected: Option<Kind>,
    ) -> Option<Checked> {
        let checked = checked(text, scope, expected);
        checked.map_err(|errors| self.add_all(&path, &errors)).ok()
    }

    /// The same of a text that names what is wrong itself, and so may be anything: only what is
    /// wrong whatever that is, is kept.
    pub(crate) fn check_whatever(
        &mut self,
        path: String,
        text: &str,
        scope: &Scope,
        expected: Option<Kind>,
        doubtful: &[&String],
    ) -> Option<Checked> {
        let mut errors: Option<Vec<ExpressionError>> = None;
        let kinds = [Kind::Float, Kind::Bool, Kind::Int(Int::I32)].map(Some);
        let kinds = [None].into_iter().chain(kinds).map(Meant::Value);
        let items = [DataType::Float32, DataType::Boolean, DataType::Int32];
        for meant in kinds.chain(items.map(Meant::Members)) {
            let mut scope = scope.clone();
            match meant {
                Meant::Value(None) => {}
                Meant::Value(Some(kind)) => {
                    doubtful.iter().for_each(|name| scope.define(name, kind));
                }
                Meant::Members(item) => doubtful.iter().for_each(|name| {
                    scope.define_list(name, &item);
                }),
            }
            let found = match checked(text, &scope, expected) {
                Ok(checked) => return Some(checked),
                Err(found) => found,
            };
            if errors.as_ref().is_some_and(|errors| *errors != found) {
                return None;
            }
            errors = Some(found);
        }
        self.add_all(&path, &errors.unwrap_or_default());
        None
    }

    fn add_all(&mut self, path: &str, errors: &[ExpressionError]) {
        for error in errors {
            self.add(path.to_owned(), error.to_string());
        }
    }

    /// All of them.
    pub(crate) fn into_inner(self) -> Vec<Problem> {
        self.0
    }
}
