//! `weigh`: columns of weights that unfold the components of a fit, for the rows that it was made of.

use serde::Serialize;

use super::name::StageName;
use super::source::Sources;
use crate::metric::{Cow, MassFitSpec};
use crate::section::Section;

/// The component that weights are of.
const SIGNAL: &str = "signal";
/// The one that they are of beside it, where that is asked for.
const BACKGROUND: &str = "background";

/// What a stage says of weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weigh {
    /// The stage that fits.
    pub fit: StageName,
    /// What that fits; nothing where it is wrong.
    pub spec: Option<MassFitSpec>,
    /// Columns that weights are to be used for.
    pub control: Vec<String>,
    /// A column that is 1 for rows of the signal and 0 for others, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
    /// Whether the background has weights, too.
    pub background: bool,
    /// Other components that have weights.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// The function that they are orthogonal by.
    pub cow: Cow,
    /// The columns of weights, which follow from all that.
    #[serde(skip)]
    pub(crate) named: Vec<WeightColumn>,
}

/// A column of weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightColumn {
    /// Its name.
    pub name: String,
    /// The variation of the fit.
    pub variation: &'static str,
    /// The component.
    pub component: String,
}

fn read_cow(weigh: &mut Section<'_>, sources: &Sources<'_>, here: usize) -> Option<Cow> {
    if let Some(toml::Value::Table(_)) = weigh.value("cow") {
        let mut cow = weigh.section("cow")?;
        let stage = cow.required_text("histogram");
        if let Some(Err(message)) = stage.as_deref().map(|name| sources.earlier(name, here)) {
            cow.problem("histogram", message);
        }
        cow.finish();
        return stage.map(Cow::Histogram);
    }
    match weigh.choice("cow", &[("density", true), ("one", false)])? {
        true => Some(Cow::Density),
        false => Some(Cow::One),
    }
}

impl Weigh {
    /// Reads the weights of a stage, which are by the fit of an earlier one.
    pub(super) fn read(section: &mut Section<'_>, sources: &Sources<'_>) -> Option<Self> {
        let here = section.number();
        let mut weigh = section.section("weigh")?;
        let fit = weigh.required_text("fit");
        let stage = fit.and_then(|name| match sources.earlier(&name, here) {
            Ok(stage) => stage,
            Err(message) => {
                weigh.problem("fit", message);
                None
            }
        });
        let control = weigh.texts("control").unwrap_or_default();
        let truth = weigh.text("truth");
        if truth.is_some() && control.is_empty() {
            let message = "is held against weights in columns that are used: name them in control";
            weigh.problem("truth", message);
        }
        let background = weigh.flag("background").unwrap_or_default();
        let components = weigh.texts("components").unwrap_or_default();
        let cow = read_cow(&mut weigh, sources, here).unwrap_or_default();
        weigh.finish();
        let mut read = Self {
            fit: stage?,
            spec: None,
            control,
            truth,
            background,
            components,
            cow,
            named: Vec::new(),
        };
        read.name_columns();
        Some(read)
    }

    /// Names the columns by what is known of the fit.
    pub(super) fn name_columns(&mut self) {
        let has_signal = self.components.is_empty() || self.has_component(SIGNAL);
        let named = |stem: &str, component: &str| (stem.to_owned(), component.to_owned());
        let signal = has_signal.then(|| named("sweight", SIGNAL));
        let background = self.background.then(|| named("bweight", BACKGROUND));
        let others = self.components.iter();
        let others = others.map(|component| named(&format!("sweight_{component}"), component));
        let has_systematic = self.spec.as_ref().is_none_or(MassFitSpec::has_systematic);
        let variations = [("nominal", ""), ("systematic", "_syst")];
        let variations = variations.into_iter().take(1 + usize::from(has_systematic));
        let all = signal.into_iter().chain(background).chain(others);
        let columns = all.flat_map(|(stem, component)| {
            variations
                .clone()
                .map(move |(variation, end)| WeightColumn {
                    name: format!("{stem}{end}"),
                    variation,
                    component: component.clone(),
                })
        });
        self.named = columns.collect();
    }

    /// Whether the nominal model has a component of that name.
    fn has_component(&self, name: &str) -> bool {
        let models = self.spec.iter().flat_map(MassFitSpec::components);
        let mut nominal = models.filter(|(variation, _)| *variation == "nominal");
        nominal.any(|(_, names)| names.contains(&name))
    }

    /// The columns, in order.
    pub fn columns(&self) -> impl Iterator<Item = &WeightColumn> {
        self.named.iter()
    }

    /// The columns of rows that decide about weights.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        let spec = self.spec.iter();
        spec.flat_map(|spec| {
            let by = spec.by().iter().map(|axis| axis.column.as_str());
            let condition = spec.condition_columns().iter().map(String::as_str);
            std::iter::once(spec.variable())
                .chain(by)
                .chain(spec.weight())
                .chain(condition)
        })
    }

    /// The stage of which it needs a histogram, where it is another one than that which is fitted.
    pub(super) fn cow_of_others(&self, fitted: Option<&StageName>) -> Option<&str> {
        let fitted = fitted?.as_str();
        match &self.cow {
            Cow::Histogram(of) if of != fitted => Some(of),
            _ => None,
        }
    }

    /// Components that have no weights, as the fit has none of that name.
    pub(super) fn wrong_components(&self) -> Vec<String> {
        let models = self.spec.iter().flat_map(MassFitSpec::components);
        let columns = self
            .columns()
            .filter(|column| column.variation == "nominal");
        let wanted: Vec<&str> = columns.map(|column| column.component.as_str()).collect();
        let mut wrong = Vec::new();
        for (variation, names) in models {
            for component in wanted.iter().filter(|name| !names.contains(name)) {
                let found = names.join(", ");
                wrong.push(format!(
                    "the {variation} model of \"{}\" has no component {component}: it has {found}",
                    self.fit
                ));
            }
        }
        wrong
    }
}
