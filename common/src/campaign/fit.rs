//! `[stage.fit]`: a stage that fits a model to a column, in categories, over all rows of another
//! stage. Its shards are the categories; it has no rows.

use super::name::StageName;
use super::stage::Stage;
use crate::marker::fit_key;
use crate::metric::MassFitSpec;
use crate::section::Section;

/// Keys that make rows, which a fit has none of.
const OF_ROWS: [&str; 11] = [
    "where", "rows", "keep", "labels", "columns", "select", "folds", "model", "metric", "zip",
    "join",
];

/// The fit of a stage; none where it has none, or a wrong one.
pub(super) fn read_fit(
    section: &mut Section<'_>,
    reads_rows: bool,
    functions: &[(String, String)],
) -> Option<MassFitSpec> {
    if section.value("fit").is_some() {
        for key in OF_ROWS.into_iter().chain(["weigh"]) {
            if section.value(key).is_some() {
                let message =
                    "does not go with a fit, which has no rows: put it in a stage of its own";
                section.problem(key, message);
            }
        }
        if !reads_rows {
            let message = "is fitted to the rows of a stage: from = \"stage\"";
            section.problem("fit", message);
        }
    }
    let mut fit = section.section("fit")?;
    let before = fit.mistakes();
    let read = MassFitSpec::read_stage(&mut fit, functions);
    fit.finish();
    match read {
        Some(Ok(spec)) if fit.mistakes() == before => {
            let (name, _) = spec.named(spec.categories().saturating_sub(1));
            if fit_key(&StageName::unnamed(), &name).is_none() {
                let message = format!(
                    "no file is named by the category {name}: columns of letters, digits and \
                     underscores, fewer axes"
                );
                fit.problem("by", message);
                return None;
            }
            Some(spec)
        }
        Some(Err(messages)) => {
            for message in messages {
                // They begin with the key of a metric.
                let message = message.strip_prefix("fit.").unwrap_or(&message);
                match message.split_once(": ") {
                    Some((key, message)) => fit.problem(key, message),
                    None => fit.problem_here(message),
                }
            }
            None
        }
        _ => None,
    }
}

/// Has stages count what the fits of later ones are made of.
pub(super) fn count_for_fits(stages: &mut [Stage]) {
    for number in 0..stages.len() {
        let Some((stage, spec)) = stages.get(number).and_then(Stage::fitted) else {
            continue;
        };
        let (stage, counting) = (stage.clone(), spec.counting());
        let parent = stages.iter_mut().find(|parent| parent.name == stage);
        if let Some(parent) = parent.filter(|parent| !parent.counted.contains(&counting)) {
            parent.counted.push(counting);
        }
    }
}

impl Stage {
    /// What is wrong with what it reads of `earlier` stages that are fits: the key below the stage,
    /// and what is wrong.
    pub(super) fn wrong_fits(&self, earlier: &[Self]) -> Vec<(String, String)> {
        let is_fit = |name: &StageName| earlier.iter().any(|it| it.name == *name && it.is_fit());
        let from = self.from.iter().map(|name| (String::from("from"), name));
        let zip = self.zip.iter().enumerate();
        let zip = zip.map(|(index, name)| (format!("zip[{index}]"), name));
        let joins = self.joins.iter().enumerate();
        let joins = joins.map(|(index, join)| (format!("join[{index}].stage"), &join.stage));
        let all = from.chain(zip).chain(joins);
        let wrong = all.filter(|(_, name)| is_fit(name)).map(|(key, name)| {
            let message = format!("\"{name}\" is a fit, which has no rows: weigh by it");
            (key, message)
        });
        wrong.collect()
    }

    /// The stage of which each of its shards reads something of all shards: the fits that it weighs
    /// by, or what is counted for its own.
    #[must_use]
    pub fn whole(&self) -> Option<&StageName> {
        let weighed = self.weigh.as_ref().map(|weigh| &weigh.fit);
        weighed.or(self.from.as_ref().filter(|_| self.is_fit()))
    }

    /// The names of the categories that it fits.
    #[must_use]
    pub fn categories(&self) -> Vec<String> {
        let names = self.fit.iter().flat_map(|fit| {
            let numbers = 0..fit.categories();
            numbers.map(|number| fit.named(number).0)
        });
        names.collect()
    }

    /// The stage whose rows it fits, and the fit.
    fn fitted(&self) -> Option<(&StageName, &MassFitSpec)> {
        self.from.as_ref().zip(self.fit.as_ref())
    }
}
