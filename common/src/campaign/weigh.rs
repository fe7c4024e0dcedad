//! `weigh`: columns of weights that unfold the components of a fit, for the rows that it was made of.

use std::collections::BTreeSet;

use serde::Serialize;

use super::column::Column;
use super::name::StageName;
use super::source::Sources;
use super::stage::Stage;
use crate::metric::{MassFitSpec, MetricSpec};
use crate::section::Section;

/// The component that weights are of.
const SIGNAL: &str = "signal";
/// The one that they are of beside it, where that is asked for.
const BACKGROUND: &str = "background";

/// The function that weights are orthogonal by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cow {
    /// The density of all entries, as fitted: the classic sWeights.
    #[default]
    Density,
    /// 1.
    One,
    /// The histogram of what is fitted on the rows of that stage, in each category.
    Histogram(String),
}

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

impl Cow {
    fn read(weigh: &mut Section<'_>) -> Option<Self> {
        if let Some(toml::Value::Table(_)) = weigh.value("cow") {
            let mut cow = weigh.section("cow")?;
            let stage = cow.required_text("histogram");
            cow.finish();
            return stage.map(Self::Histogram);
        }
        match weigh.choice("cow", &[("density", true), ("one", false)])? {
            true => Some(Self::Density),
            false => Some(Self::One),
        }
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
        let cow = Cow::read(&mut weigh).unwrap_or_default();
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
    fn name_columns(&mut self) {
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
}

/// Has fits look at the columns that weights by them are to be used for; and which of these cannot be:
/// the number of the stage, the key below it, and what is wrong.
pub(super) fn control_fits(stages: &mut [Stage]) -> Vec<(usize, &'static str, String)> {
    let mut wrong = Vec::new();
    for number in 0..stages.len() {
        let weigh = stages.get(number).and_then(|stage| stage.weigh.clone());
        let Some(weigh) = weigh else {
            continue;
        };
        let keeps_counts = matches!(weigh.cow, Cow::Histogram(_));
        let mut fits = stages.iter_mut().filter(|stage| stage.name == weigh.fit);
        let Some(fit) = fits.next().and_then(|stage| stage.fit.as_mut()) else {
            continue;
        };
        let other = fit
            .truth()
            .filter(|truth| weigh.truth.as_deref().is_some_and(|it| it != *truth));
        if let Some(other) = other {
            let message = format!("{other} is the truth of other weights by this fit: name one");
            wrong.push((number, "weigh.truth", message));
        }
        match fit.controlled(&weigh.control, weigh.truth.as_ref(), keeps_counts) {
            Ok(controlled) => *fit = controlled,
            Err(messages) => {
                let messages = messages.into_iter();
                wrong.extend(messages.map(|message| (number, "weigh.control", message)));
            }
        }
    }
    wrong
}

impl Stage {
    /// Finds the fit that it weighs by among `earlier` stages, and what is wrong with that: the key
    /// below the stage, and what is wrong.
    pub(super) fn find_fit(&mut self, earlier: &[Self]) -> Vec<(String, String)> {
        let from = self.from.clone();
        let Some(weigh) = &mut self.weigh else {
            return Vec::new();
        };
        let name = &weigh.fit;
        let Some(stage) = earlier.iter().find(|stage| stage.name == *name) else {
            return Vec::new();
        };
        if !stage.is_fit() {
            let message = format!("\"{name}\" is no fit: name a stage with [stage.fit]");
            return vec![(String::from("weigh.fit"), message)];
        }
        let mut wrong = Vec::new();
        if from != stage.from
            && let Some(of) = &stage.from
        {
            let message = format!(
                "\"{name}\" fits the rows of \"{of}\": weights are for those alone, from = \"{of}\""
            );
            wrong.push((String::from("weigh.fit"), message));
        }
        if self.rows != super::Rows::Event {
            let message = "does not go with weights, which are for the rows that were fitted";
            wrong.push((String::from("rows"), message.to_owned()));
        }
        if let (Cow::Histogram(of), Some(fitted)) = (&weigh.cow, &stage.from)
            && of != fitted.as_str()
        {
            let message = format!(
                "\"{of}\" is not what \"{name}\" fits: the histogram is that of the rows of \"{fitted}\""
            );
            wrong.push((String::from("weigh.cow.histogram"), message));
        }
        weigh.spec.clone_from(&stage.fit);
        weigh.name_columns();
        let components = weigh.wrong_components().into_iter();
        wrong.extend(components.map(|message| (String::from("weigh.fit"), message)));
        let is_new = |name: &&str| {
            let is_computed = self.columns.iter().any(|column| column.name == *name);
            let mut kept = self.keep.iter();
            is_computed || kept.any(|keep| keep.name == *name && keep.column != *name)
        };
        wrong.extend(weigh.inputs().filter(is_new).map(|column| {
            let message = format!(
                "{column} decides about the weights, and is another column here: give it another name"
            );
            (String::from("weigh.fit"), message)
        }));
        let columns: Vec<&str> = weigh.columns().map(|column| column.name.as_str()).collect();
        for metric in &mut self.metrics {
            metric.weigh_systematic(&columns);
        }
        if let Some(weigh) = &self.weigh {
            wrong.extend(weigh.wrong_use(self, earlier));
        }
        wrong
    }

    /// What goes into fits by a cut on what is fitted, or depends on it: the key below the stage, and what
    /// is wrong.
    pub(super) fn wrong_cuts(&self, earlier: &[Self]) -> Vec<(String, String)> {
        let metrics = self.metrics.iter().enumerate();
        let metrics = metrics.filter_map(|(index, metric)| match metric {
            MetricSpec::MassFit(fit) => {
                Some((format!("metric[{}].", self.reading.metrics.of(index)), fit))
            }
            _ => None,
        });
        let fits = self.fit.iter().map(|fit| (String::new(), fit));
        let mut wrong = Vec::new();
        for (place, fit) in fits.chain(metrics) {
            let by = fit.by().iter().map(|axis| ("by", &axis.column));
            let cuts = fit.condition_columns().iter().map(|name| ("where", name));
            for (key, name) in by.chain(cuts) {
                // What is fitted itself is told where the fit is read.
                if name != fit.variable() && self.depends_on(name, fit.variable(), earlier) {
                    let message = format!(
                        "{name} is computed from {}, which is fitted: rows that are chosen by it have \
                         another shape",
                        fit.variable()
                    );
                    wrong.push((format!("{place}fit.{key}"), message));
                }
            }
        }
        wrong
    }

    /// Whether a column of it is another one, or computed from that here or in an earlier stage.
    pub(super) fn depends_on(&self, name: &str, variable: &str, earlier: &[Self]) -> bool {
        // Columns are computed from those before, so that this ends; a name may be its own branch.
        let before = |columns: &[Column], name: &str| {
            let at = columns.iter().position(|column| column.name == name)?;
            columns
                .get(at)
                .map(|column| (at, column.expression.clone()))
        };
        let mut open = vec![(self, self.columns.len(), name.to_owned())];
        let mut seen: BTreeSet<(&StageName, usize, String)> = BTreeSet::new();
        while let Some((stage, most, name)) = open.pop() {
            if name == variable {
                return true;
            }
            let columns = stage.columns.get(..most).unwrap_or_default();
            let found = before(columns, &name);
            let place = found.as_ref().map_or(usize::MAX, |(at, _)| *at);
            if !seen.insert((&stage.name, place, name.clone())) {
                continue;
            }
            if let Some((at, expression)) = found {
                let words = stage.words(&expression).into_iter();
                open.extend(words.map(|word| (stage, at, word)));
                continue;
            }
            let mut models = stage.models.iter();
            let made = models.find(|model| model.columns().any(|column| column == name));
            if let Some(model) = made {
                let inputs = model.inputs.columns();
                let words = inputs.iter().flat_map(|input| stage.words(input));
                open.extend(words.map(|word| (stage, stage.columns.len(), word)));
                continue;
            }
            let kept = stage.keep.iter().find(|keep| keep.name == name);
            let there = kept.map_or(name.as_str(), |keep| keep.column.as_str());
            let from = stage.from.as_ref();
            let parent = from.and_then(|from| earlier.iter().find(|it| it.name == *from));
            if let Some(parent) = parent {
                open.push((parent, parent.columns.len(), there.to_owned()));
            } else if there == variable {
                return true;
            }
        }
        false
    }

    /// The words of an expression, and those of the functions that it calls, which may read columns
    /// beside their parameters.
    fn words(&self, expression: &str) -> BTreeSet<String> {
        let functions = &self.reading.functions;
        let mut open: Vec<String> = words(expression).map(str::to_owned).collect();
        let mut all = BTreeSet::new();
        while let Some(word) = open.pop() {
            let called = functions.iter().find(|(name, _)| *name == word);
            let body = called.and_then(|(_, text)| text.split_once("=>"));
            if !all.insert(word) {
                continue;
            }
            if let Some((parameters, body)) = body {
                let own: Vec<&str> = words(parameters).collect();
                let others = words(body).filter(|word| !own.contains(word));
                open.extend(others.map(str::to_owned));
            }
        }
        all
    }
}

impl Weigh {
    /// Components that have no weights, as the fit has none of that name.
    fn wrong_components(&self) -> Vec<String> {
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

    /// What depends on the variable that is fitted, although weights unfold what does not. `earlier`
    /// are the stages before.
    fn wrong_use(&self, stage: &Stage, earlier: &[Stage]) -> Vec<(String, String)> {
        let Some(variable) = self.spec.as_ref().map(MassFitSpec::variable) else {
            return Vec::new();
        };
        let depends = |name: &str| stage.depends_on(name, variable, earlier);
        let why = |name: &str| match name == variable {
            true => format!("{name} is what is fitted"),
            false => format!("{name} is computed from {variable}, which is fitted"),
        };
        let mut wrong = Vec::new();
        for (number, name) in self.control.iter().enumerate() {
            if depends(name) {
                let why = why(name);
                let message = format!("{why}: weights are for what does not depend on it");
                wrong.push((format!("weigh.control[{number}]"), message));
            }
        }
        let conditions = [("where", &stage.condition), ("select", &stage.select)];
        for (key, condition) in conditions {
            let words = condition.iter().flat_map(|text| stage.words(text));
            for name in words.filter(|name| depends(name)) {
                let message = format!(
                    "{}: weights of a part of its range unfold nothing; cut where the fit is made",
                    why(&name)
                );
                wrong.push((key.to_owned(), message));
            }
        }
        let columns: Vec<&str> = self.columns().map(|column| column.name.as_str()).collect();
        for (index, metric) in stage.metrics.iter().enumerate() {
            let named = metric.columns();
            let is_weighed = named.iter().any(|name| columns.contains(&name.as_str()));
            for name in named.iter().filter(|name| is_weighed && depends(name)) {
                let place = stage.reading.metrics.of(index);
                let message = format!(
                    "{}: what is weighed by it cannot be cut or binned in it",
                    why(name)
                );
                wrong.push((format!("metric[{place}]"), message));
            }
        }
        wrong
    }
}

/// The words of an expression.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| !word.is_empty())
}
