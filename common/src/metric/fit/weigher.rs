//! Weights of rows by the fits of their categories.

use std::borrow::Cow::{Borrowed, Owned};
use std::collections::BTreeMap;

use lumimill_fit::Weights;

use super::cow::Cow;
use super::frozen::FrozenFit;
use super::spec::MassFitSpec;
use crate::metric::row_batch::{FillError, RowBatch};
use crate::metric::square::has_square;

/// The weights of all categories that have a fit.
#[derive(Debug)]
pub struct Weigher<'a> {
    spec: &'a MassFitSpec,
    /// By the number of the category: those of each model, by its variation.
    categories: BTreeMap<usize, BTreeMap<&'static str, Weights<'a>>>,
}

impl<'a> Weigher<'a> {
    /// The weights by these fits.
    ///
    /// # Errors
    /// When one is of something else, or its components cannot be told apart.
    pub fn new(spec: &'a MassFitSpec, fits: &[FrozenFit], cow: &Cow) -> Result<Self, String> {
        let mut categories = BTreeMap::new();
        for number in 0..spec.categories() {
            let (name, _) = spec.named(number);
            let mut of_category = fits.iter().filter(|fit| !fit.is_empty());
            let Some(fit) = of_category.find(|fit| fit.category == name) else {
                continue;
            };
            let of_category = |error: String| format!("category {name}: {error}");
            let others = fit.others().map_err(of_category)?;
            let reference = fit.reference(cow, &others).map_err(of_category)?;
            let mut weights = BTreeMap::new();
            for (variation, model, _) in spec.models() {
                let frozen = fit.models.iter().find(|it| it.variation == *variation);
                let values = frozen.and_then(|frozen| {
                    let names = frozen.values.iter().map(|value| value.name.as_str());
                    let values = frozen.values.iter().map(|value| value.value);
                    names
                        .eq(model.parameter_names())
                        .then(|| values.collect::<Vec<f64>>())
                });
                let of = || format!("category {name}, {variation}");
                let values = values.ok_or_else(|| format!("{}: a fit of another model", of()))?;
                let model = spec.model_with((variation, model), &others);
                let model = model.map_err(|error| format!("{}: {error}", of()))?;
                let found = match model {
                    Borrowed(model) => Weights::new(model, &values, &reference),
                    Owned(model) => Weights::owning(model, &values, &reference),
                };
                let found = found.map_err(|error| format!("{}: {error}", of()))?;
                weights.insert(*variation, found);
            }
            categories.insert(number, weights);
        }
        Ok(Self { spec, categories })
    }

    /// Of each of the components, named after the variation of the fit, the weights of all rows. None for
    /// a row that was not fitted: of no category, outside of the range, or beside the condition. Where
    /// rows have weights of their own, these are in them.
    ///
    /// # Errors
    /// When a column is missing or of another type.
    pub fn weights(
        &self,
        wanted: &[(&str, &str)],
        rows: &RowBatch<'_>,
    ) -> Result<Vec<Vec<Option<f64>>>, FillError> {
        let values = rows.numbers(self.spec.variable())?;
        let by = self.spec.by().iter().map(|axis| rows.numbers(&axis.column));
        let by = by.collect::<Result<Vec<_>, _>>()?;
        let own = self.spec.weight().map(|name| rows.numbers(name));
        let own = own.transpose()?;
        let selected = self.spec.selected(rows)?;
        let mut columns = vec![Vec::with_capacity(values.len()); wanted.len()];
        for (row, x) in values.into_iter().enumerate() {
            let at = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
            let own = own.as_ref().map_or(1.0, at);
            let is_fitted = selected.get(row).copied().unwrap_or(false) && has_square(own);
            let category = self.spec.category(by.iter().map(at));
            let category = category.filter(|_| is_fitted);
            let category = category.and_then(|category| self.categories.get(&category));
            // Each variation once, whatever is wanted of it.
            let mut known: Vec<(&str, Option<Vec<f64>>)> = Vec::new();
            for ((variation, component), column) in wanted.iter().zip(&mut columns) {
                let weights = category.and_then(|weights| weights.get(variation));
                if known.iter().all(|(of, _)| of != variation) {
                    known.push((variation, weights.and_then(|weights| weights.at(x))));
                }
                let all = known.iter().find(|(of, _)| of == variation);
                let all = all.and_then(|(_, all)| all.as_ref());
                let place = weights.and_then(|weights| {
                    let mut names = weights.model().component_names();
                    names.position(|name| name == *component)
                });
                let weight = all.zip(place).and_then(|(all, place)| all.get(place));
                column.push(weight.map(|weight| own * weight));
            }
        }
        Ok(columns)
    }
}
