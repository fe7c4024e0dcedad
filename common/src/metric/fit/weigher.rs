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

    /// Of each of the components, named after the variation of the fit, the weights of all rows. NaN for
    /// a row that was not fitted: of no category, outside of the range, or beside the condition. Where
    /// rows have weights of their own, these are in them.
    ///
    /// # Errors
    /// When a column is missing or of another type.
    pub fn weights(
        &self,
        wanted: &[(&str, &str)],
        rows: &RowBatch<'_>,
    ) -> Result<Vec<Vec<f64>>, FillError> {
        let values = rows.numbers(self.spec.variable())?;
        let own = self.spec.weight().map(|name| rows.numbers(name));
        let own = own.transpose()?;
        let mut columns = vec![vec![f64::NAN; values.len()]; wanted.len()];
        for (category, places) in self.fitted(rows, own.as_deref())? {
            let Some(models) = self.categories.get(&category) else {
                continue;
            };
            let of = |column: &[f64]| -> Vec<f64> {
                let rows = places.iter().map(|row| column.get(*row as usize));
                rows.map(|value| value.copied().unwrap_or(f64::NAN))
                    .collect()
            };
            let x = of(&values);
            let own = own.as_deref().map(of);
            for (variation, weights) in models {
                let named = |(at, (of, component)): (usize, &(&str, &str))| {
                    let mut names = weights.model().component_names();
                    let component = names.position(|name| name == *component)?;
                    (of == variation).then_some((at, component))
                };
                let named: Vec<(usize, usize)> =
                    wanted.iter().enumerate().filter_map(named).collect();
                let components: Vec<usize> =
                    named.iter().map(|(_, component)| *component).collect();
                let found = weights.columns(&x, &components);
                for ((at, _), mut found) in named.into_iter().zip(found) {
                    for (weight, own) in found.iter_mut().zip(own.iter().flatten()) {
                        *weight *= own;
                    }
                    if let Some(column) = columns.get_mut(at) {
                        scatter(&found, &places, column);
                    }
                }
            }
        }
        Ok(columns)
    }

    /// The rows that were fitted, by the number of their category.
    fn fitted(
        &self,
        rows: &RowBatch<'_>,
        own: Option<&[f64]>,
    ) -> Result<Vec<(usize, Vec<u32>)>, FillError> {
        let by = self.spec.by().iter().map(|axis| rows.numbers(&axis.column));
        let by = by.collect::<Result<Vec<_>, _>>()?;
        let selected = self.spec.selected(rows)?;
        let categories = self.spec.categories_of(&by, rows.len());
        let mut places = vec![Vec::new(); self.spec.categories()];
        for (row, (category, selected)) in (0..).zip(categories.iter().zip(&selected)) {
            let weight = own.map_or(1.0, |own| {
                own.get(row as usize).copied().unwrap_or(f64::NAN)
            });
            if *selected && has_square(weight) {
                let rows = places.get_mut(*category as usize);
                rows.into_iter().for_each(|rows| rows.push(row));
            }
        }
        Ok(places.into_iter().enumerate().collect())
    }
}

/// Puts values into the rows that they are of.
fn scatter(values: &[f64], places: &[u32], column: &mut [f64]) {
    for (value, row) in values.iter().zip(places) {
        if let Some(slot) = column.get_mut(*row as usize) {
            *slot = *value;
        }
    }
}
