//! Histograms of other stages that a fit names: its templates, and what weights by it are orthogonal
//! by. They have its bins and categories, so that each category has a template of its own.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lumimill_fit::{FitRange, Model, NoTemplate, Template, template_names};

use super::counts::MassFitCounts;
use super::cow::Histograms;
use super::raw::{RawComponent, RawMassFit};
use super::spec::MassFitSpec;

/// What was counted for a fit: of the rows that it is made of, and of those of other stages, by their
/// names.
pub(in crate::metric) struct FitCounts<'a> {
    pub(super) rows: &'a MassFitCounts,
    others: BTreeMap<&'a str, &'a MassFitCounts>,
}

impl<'a> FitCounts<'a> {
    /// Of a fit that needs no other stage.
    pub(in crate::metric) fn alone(rows: &'a MassFitCounts) -> Self {
        Self {
            rows,
            others: BTreeMap::new(),
        }
    }

    /// The same with what was counted of another stage.
    pub(in crate::metric) fn with(mut self, stage: &'a str, rows: &'a MassFitCounts) -> Self {
        self.others.insert(stage, rows);
        self
    }

    /// The histograms of the category of a number.
    pub(super) fn histograms(
        &self,
        spec: &MassFitSpec,
        number: usize,
    ) -> Result<Histograms, String> {
        let mut histograms = Histograms::new();
        for (name, counts) in &self.others {
            let category = counts.categories.get(number);
            let histogram = category.map(|category| category.histogram(spec));
            if let Some(histogram) = histogram {
                let histogram = histogram.map_err(|error| format!("rows of {name}: {error}"))?;
                histograms.insert((*name).to_owned(), histogram);
            }
        }
        Ok(histograms)
    }
}

impl RawMassFit {
    /// The stages that templates of its models name, each once, with the keys that name them first.
    pub(super) fn templates(&self) -> BTreeMap<String, String> {
        let models = [("nominal", &self.nominal), ("systematic", &self.systematic)];
        let mut named = BTreeMap::new();
        for (variation, components) in models {
            for RawComponent { name, density } in components {
                for stage in template_names(density) {
                    let key = format!("{variation}.{name}");
                    named.entry(stage).or_insert(key);
                }
            }
        }
        named
    }

    /// Templates for its models before rows are counted, which shows how they will be.
    pub(super) fn flat_templates(&self, range: FitRange) -> BTreeMap<String, Template> {
        let names = self.histograms.iter();
        let templates = names.map(|name| (name.clone(), Template::flat(range)));
        templates.collect()
    }
}

impl MassFitSpec {
    /// The stages that its templates name, each with the key that names it first.
    #[must_use]
    pub fn templates(&self) -> BTreeMap<String, String> {
        self.raw().templates()
    }

    /// Its model of that variation with the histograms of a category as templates.
    pub(super) fn model_with<'a>(
        &'a self,
        (variation, model): (&str, &'a Model),
        histograms: &Histograms,
    ) -> Result<Cow<'a, Model>, String> {
        let components = self.raw_components(variation);
        let named = components.iter().flat_map(|it| template_names(&it.density));
        let named: BTreeSet<String> = named.collect();
        if named.is_empty() {
            return Ok(Cow::Borrowed(model));
        }
        let mut templates = BTreeMap::new();
        for name in named {
            let lacking = || format!("template({name}): the fit has no counts of that stage");
            let histogram = histograms.get(&name).ok_or_else(lacking)?;
            let template = Template::of_histogram(histogram).map_err(|error| match error {
                NoTemplate::Empty => format!(
                    "template({name}): no row of stage {name} is in this category and range: take \
                     wider categories, or another density"
                ),
                NoTemplate::Content { .. } => format!(
                    "template({name}): {error}: take fewer bins, or weights that are not negative"
                ),
                NoTemplate::Edges { .. } => format!("template({name}): {error}"),
            })?;
            templates.insert(name, template);
        }
        let texts = components.iter();
        let texts = texts.map(|it| (it.name.as_str(), it.density.as_str()));
        let texts: Vec<(&str, &str)> = texts.collect();
        let model = Model::new(self.fit_range(), &texts, &templates);
        model.map(Cow::Owned).map_err(|error| error.to_string())
    }
}
