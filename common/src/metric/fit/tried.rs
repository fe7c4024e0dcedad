//! The same fit with other components, to see what would come of it.

use std::collections::BTreeSet;

use lumimill_fit::Model;

use super::raw::{RawComponent, RawMassFit};
use super::result::{self, FittedCategory};
use super::spec::MassFitSpec;
use crate::metric::counted_rows::CountedRows;

impl MassFitSpec {
    /// The same with these components of the nominal model in the place of those of their names, or
    /// beside them, each as a line of a campaign: `signal = "voigt(mean, width, gamma)"`. What is said
    /// of parameters that no model has any more is left out.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn tried(&self, lines: &[String]) -> Result<Self, Vec<String>> {
        let mut raw = self.raw();
        for line in lines {
            let table: toml::Table = line.parse().map_err(|_| {
                let what = "expected a component and its density, such as";
                vec![format!(
                    "{line:?}: {what} 'signal = \"gauss(mean, width)\"'"
                )]
            })?;
            for (name, density) in table {
                let density = density.as_str().ok_or_else(|| {
                    vec![format!(
                        "{name}: expected a density between quotation marks"
                    )]
                })?;
                let component = RawComponent {
                    name: name.clone(),
                    density: density.to_owned(),
                };
                match raw.nominal.iter_mut().find(|known| known.name == name) {
                    Some(known) => *known = component,
                    None => raw.nominal.push(component),
                }
            }
        }
        let known = self.parameters(&raw);
        for numbers in [&mut raw.start, &mut raw.fix, &mut raw.constrain] {
            numbers.retain(|numbers| known.contains(&numbers.name));
        }
        Self::build(&raw)
    }

    /// The parameters of models; those of one that is wrong are none, which is told when it is built.
    fn parameters(&self, raw: &RawMassFit) -> BTreeSet<String> {
        let models = [&raw.nominal, &raw.systematic].into_iter();
        let models = models.filter_map(|components| {
            let texts = components.iter();
            let texts: Vec<(&str, &str)> = texts
                .map(|component| (component.name.as_str(), component.density.as_str()))
                .collect();
            Model::new(
                self.fit_range(),
                &texts,
                &raw.flat_templates(self.fit_range()),
            )
            .ok()
        });
        let names = models.map(|model| {
            let names = model.parameter_names().map(str::to_owned);
            names.collect::<Vec<String>>()
        });
        names.flatten().collect()
    }

    /// The fits of a category by its name, of what was counted.
    #[must_use]
    pub fn category_of(&self, counted: &CountedRows, name: &str) -> Option<FittedCategory> {
        let mut numbers = 0..self.categories();
        let number = numbers.find(|number| self.named(*number).0 == name)?;
        result::category_of(self, &counted.of_fit(self)?, number)
    }
}
