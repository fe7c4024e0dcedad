//! From the texts of components to a model.

use std::collections::BTreeMap;

use super::{Component, Model, ModelError, Parameter, Slot, Term};
use crate::density::Template;
use crate::notation::{self, Argument};
use crate::range::FitRange;

/// The most components, and the most parameters of a model.
const MOST_COMPONENTS: usize = 16;
const MOST_PARAMETERS: usize = 64;

/// Names of the results of a fit, which no yield may have.
const RESULTS: [&str; 5] = ["status", "edm", "chi2", "ndf", "p_value"];

pub(super) fn build(
    range: FitRange,
    components: &[(&str, &str)],
    templates: &BTreeMap<String, Template>,
) -> Result<Model, ModelError> {
    if components.is_empty() || components.len() > MOST_COMPONENTS {
        return Err(ModelError::Components(components.len()));
    }
    let mut builder = Builder {
        parameters: Vec::new(),
        yields: components.len(),
    };
    for (name, _) in components {
        if !is_name(name) || RESULTS.contains(name) {
            return Err(ModelError::Name((*name).to_owned()));
        }
        if builder.parameters.iter().any(|known| known.name == **name) {
            return Err(ModelError::Twice((*name).to_owned()));
        }
        builder.parameters.push(Parameter {
            name: (*name).to_owned(),
            guess: None,
        });
    }
    let mut built = Vec::new();
    for (index, (name, text)) in components.iter().enumerate() {
        let sum = notation::parse(name, text, templates);
        let sum = sum.map_err(|mistake| ModelError::Notation {
            component: (*name).to_owned(),
            mistake,
        })?;
        built.push(builder.component(index, name, sum)?);
    }
    let found = builder.parameters.len();
    if found > MOST_PARAMETERS {
        return Err(ModelError::Parameters {
            most: MOST_PARAMETERS,
            found,
        });
    }
    Ok(Model {
        range,
        components: built,
        parameters: builder.parameters,
    })
}

struct Builder {
    parameters: Vec<Parameter>,
    yields: usize,
}

impl Builder {
    fn component(
        &mut self,
        component: usize,
        name: &str,
        sum: notation::Sum,
    ) -> Result<Component, ModelError> {
        let mut terms = Vec::new();
        let mut parts = Vec::new();
        for (ordinal, term) in sum.terms.into_iter().enumerate() {
            let is_last = term.part.is_none();
            if let Some(part) = term.part {
                parts.push(self.slot(part, ordinal)?);
            }
            let arguments = term
                .arguments
                .into_iter()
                .map(|argument| self.slot(argument, ordinal));
            terms.push(Term {
                component,
                density: term.density,
                arguments: arguments.collect::<Result<_, _>>()?,
                parts: parts.clone(),
                is_last,
            });
        }
        Ok(Component {
            name: name.to_owned(),
            terms,
        })
    }

    /// The parameter of that name, which may be a new one.
    fn slot(&mut self, argument: Argument, ordinal: usize) -> Result<Slot, ModelError> {
        let (name, guess) = match argument {
            Argument::Number(number) => return Ok(Slot::Number(number)),
            Argument::Name { name, guess } => (name, guess),
        };
        let known = self.parameters.iter().position(|known| known.name == name);
        match known {
            Some(at) if at < self.yields => Err(ModelError::Yield(name)),
            Some(at) => Ok(Slot::Parameter(at)),
            None => {
                self.parameters.push(Parameter {
                    name,
                    guess: Some((guess, ordinal)),
                });
                Ok(Slot::Parameter(self.parameters.len() - 1))
            }
        }
    }
}

/// Letters, digits and underscores, a letter or an underscore first, of a bearable length.
fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{FitRange, Model};

    fn model(components: &[(&str, &str)]) -> Result<Model, String> {
        let range = FitRange::new(1.8, 1.95).unwrap();
        Model::new(range, components, &BTreeMap::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn yields_come_first_and_parameters_as_they_occur() {
        let two = "gauss(mean, width1) + gauss(mean, width2)";
        let model = model(&[("signal", two), ("background", "chebychev(2)")]).unwrap();
        let names: Vec<&str> = model.parameter_names().collect();
        let expected = [
            "signal",
            "background",
            "signal_fraction",
            "mean",
            "width1",
            "width2",
            "background_c1",
            "background_c2",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn densities_are_normalised_on_the_range() {
        let sum = "a * gauss(mean, 0.004) + b * gauss(mean, 0.02) + exponential(-30)";
        let model = model(&[("signal", sum)]).unwrap();
        let densities = model.densities(&[1000.0, 0.5, 1.87, 0.3]).unwrap();
        assert!((densities.area(0, 1.8, 1.95) - 1.0).abs() < 1e-12);
        let step = 0.15 / 3000.0;
        let sum: f64 = (0..3000)
            .map(|i| densities.height(0, 1.8 + (f64::from(i) + 0.5) * step) * step)
            .sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert!(model.densities(&[1.0, 0.5, f64::NAN, 0.3]).is_none());
    }

    #[test]
    fn names_that_collide_are_refused() {
        let refused = |components: &[(&str, &str)]| model(components).unwrap_err();
        assert!(refused(&[]).contains("1 to 16"));
        assert!(
            refused(&[("a", "gauss"), ("a", "gauss")]).contains("two components are named \"a\"")
        );
        assert!(
            refused(&[("a", "gauss(b, w)"), ("b", "exponential")]).contains("\"b\" is the yield")
        );
        assert!(refused(&[("edm", "gauss")]).contains("\"edm\" is no name"));
        assert!(refused(&[("a b", "gauss")]).contains("\"a b\" is no name"));
    }
}
