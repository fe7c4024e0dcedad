//! What weights need of other stages: the fit that they are by, and that nothing which depends on what
//! is fitted is cut or weighed.

use std::collections::BTreeSet;

use super::column::Column;
use super::name::StageName;
use super::rows::Rows;
use super::stage::Stage;
use super::weigh::Weigh;
use crate::metric::{MassFitSpec, MetricSpec};

/// Has fits look at the columns that weights by them are to be used for; and which of these cannot be:
/// the number of the stage, the key below it, and what is wrong.
pub(super) fn control_fits(stages: &mut [Stage]) -> Vec<(usize, &'static str, String)> {
    let mut wrong = Vec::new();
    for number in 0..stages.len() {
        let weigh = stages.get(number).and_then(|stage| stage.weigh.clone());
        let Some(weigh) = weigh else {
            continue;
        };
        let mut fits = stages.iter_mut().filter(|stage| stage.name == weigh.fit);
        let Some(stage) = fits.next() else {
            continue;
        };
        let of_cow = (&weigh.cow, weigh.cow_of_others(stage.from.as_ref()));
        let Some(fit) = stage.fit.as_mut() else {
            continue;
        };
        let other = fit
            .truth()
            .filter(|truth| weigh.truth.as_deref().is_some_and(|it| it != *truth));
        if let Some(other) = other {
            let message = format!("{other} is the truth of other weights by this fit: name one");
            wrong.push((number, "weigh.truth", message));
        }
        match fit.controlled(&weigh.control, weigh.truth.as_ref(), of_cow) {
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
        if self.rows != Rows::Event {
            let message = "does not go with weights, which are for the rows that were fitted";
            wrong.push((String::from("rows"), message.to_owned()));
        }
        if let Some(of) = weigh.cow_of_others(stage.from.as_ref()) {
            let place = |name: &str| earlier.iter().position(|it| it.name.as_str() == name);
            let message = match place(of) {
                Some(at) if earlier.get(at).is_some_and(Self::is_estimate) => {
                    Some(format!("\"{of}\" has no rows: name a stage with rows"))
                }
                Some(at) if Some(at) > place(name.as_str()) => Some(format!(
                    "\"{of}\" is counted for the fit \"{name}\", which comes before it: write \"{of}\" \
                     before the fit"
                )),
                _ => None,
            };
            let key = || String::from("weigh.cow.histogram");
            wrong.extend(message.map(|message| (key(), message)));
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
