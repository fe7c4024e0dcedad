//! Weights of rows by the fits of their categories.

use std::collections::BTreeMap;

use lumimill_fit::{Reference, Weights};

use super::frozen::FrozenFit;
use super::spec::MassFitSpec;

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
    pub fn new(
        spec: &'a MassFitSpec,
        fits: &[FrozenFit],
        reference: &Reference,
    ) -> Result<Self, String> {
        let mut categories = BTreeMap::new();
        for number in 0..spec.categories() {
            let (name, _) = spec.named(number);
            let Some(fit) = fits.iter().find(|fit| fit.category == name) else {
                continue;
            };
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
                let found = Weights::new(model, &values, reference);
                let found = found.map_err(|error| format!("{}: {error}", of()))?;
                weights.insert(*variation, found);
            }
            categories.insert(number, weights);
        }
        Ok(Self { spec, categories })
    }

    /// The weights of all rows for a component by the fits of a variation: `variable` is the column
    /// that was fitted, `by` are those of the axes. None for a row of no category, or outside of the
    /// range.
    #[must_use]
    pub fn weights(
        &self,
        (variation, component): (&str, &str),
        variable: &[f64],
        by: &[Vec<f64>],
    ) -> Vec<Option<f64>> {
        let place = |weights: &Weights<'_>| {
            let mut names = weights.model().component_names();
            names.position(|name| name == component)
        };
        let weight = |(row, x): (usize, &f64)| {
            let values = by
                .iter()
                .map(|axis| axis.get(row).copied().unwrap_or(f64::NAN));
            let category = self.spec.category(values)?;
            let weights = self.categories.get(&category)?.get(variation)?;
            weights.at(*x)?.get(place(weights)?).copied()
        };
        variable.iter().enumerate().map(weight).collect()
    }
}
