//! `[stage.fit]`: a stage that fits a model to a column, in categories, over all rows of another
//! stage. Its shards are the categories; it has no rows.

use super::estimate::refuse_rows;
use super::kde::DENSITY;
use super::name::StageName;
use super::source::Sources;
use super::stage::Stage;
use crate::metric::{MassFitSpec, MetricSpec};
use crate::section::Section;
use crate::stage_keys::fit_key;

/// The fit of a stage; none where it has none, or a wrong one.
pub(super) fn read_fit(
    section: &mut Section<'_>,
    reads_rows: bool,
    sources: &Sources<'_>,
    functions: &[(String, String)],
) -> Option<MassFitSpec> {
    let here = section.number();
    refuse_rows(section, ("fit", "a fit"), reads_rows);
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
            for (name, key) in spec.templates() {
                if let Err(message) = sources.earlier(&name, here) {
                    fit.problem(&key, format!("template({name}): {message}"));
                }
            }
            (fit.mistakes() == before).then_some(spec)
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

/// Has stages count what the fits and densities of later ones are made of.
pub(super) fn count_for_fits(stages: &mut [Stage]) {
    for number in 0..stages.len() {
        let wanted = stages.get(number).map(Stage::countings).unwrap_or_default();
        for (stage, counting) in wanted {
            let parent = stages.iter_mut().find(|parent| parent.name == stage);
            if let Some(parent) = parent.filter(|parent| !parent.counted.contains(&counting)) {
                parent.counted.push(counting);
            }
        }
    }
}

impl Stage {
    /// What is wrong with what it reads of `earlier` stages that have no rows: the key below the
    /// stage, and what is wrong.
    pub(super) fn wrong_fits(&self, earlier: &[Self]) -> Vec<(String, String)> {
        let estimate = |name: &StageName| {
            let mut estimates = earlier.iter().filter(|stage| stage.is_estimate());
            estimates.find(|stage| stage.name == *name)
        };
        let from = self.from.iter().map(|name| (String::from("from"), name));
        let zip = self.zip.iter().enumerate();
        let zip = zip.map(|(index, name)| (format!("zip[{index}]"), name));
        let joins = self.joins.iter().enumerate();
        let joins = joins.map(|(index, join)| (format!("join[{index}].stage"), &join.stage));
        let all = from.chain(zip).chain(joins);
        let wrong = all.filter_map(|(key, name)| {
            let what = match estimate(name)?.is_fit() {
                true => "is a fit, which has no rows: weigh by it",
                false => "is a density, which has no rows: resample or transform by it",
            };
            Some((key, format!("\"{name}\" {what}")))
        });
        let templates = self.fit.iter().flat_map(MassFitSpec::templates);
        let templates = templates.filter_map(|(name, key)| {
            let what = match estimate(&name.parse().ok()?) {
                Some(_) => "has no rows: a template is the histogram of a stage with rows",
                None if self.from.as_ref()?.as_str() == name => {
                    "is what is fitted: a template is the histogram of other rows"
                }
                None => return None,
            };
            Some((
                format!("fit.{key}"),
                format!("template({name}): \"{name}\" {what}"),
            ))
        });
        wrong.chain(templates).collect()
    }

    /// The stages of which each of its shards reads something of all shards: the fits that it weighs
    /// by, the densities that it draws by, or what is counted for its own, templates included.
    #[must_use]
    pub fn wholes(&self) -> Vec<StageName> {
        let weighed = self.weigh.iter().map(|weigh| &weigh.fit);
        let counted = self.from.iter().filter(|_| self.is_estimate());
        let mut wholes: Vec<StageName> = weighed.chain(counted).cloned().collect();
        for stage in self.densities().cloned().chain(self.others()) {
            if !wholes.contains(&stage) {
                wholes.push(stage);
            }
        }
        wholes
    }

    /// The names of the categories that it fits; of a density there is one.
    #[must_use]
    pub fn categories(&self) -> Vec<String> {
        if self.kde.is_some() {
            return vec![DENSITY.to_owned()];
        }
        let names = self.fit.iter().flat_map(|fit| {
            let numbers = 0..fit.categories();
            numbers.map(|number| fit.named(number).0)
        });
        names.collect()
    }

    /// What is counted for it on the rows of stages: of that which it reads, and of those of which its
    /// fit needs histograms.
    fn countings(&self) -> Vec<(StageName, MetricSpec)> {
        let own = self.from.clone().zip(self.counting());
        let others = self.others().into_iter();
        let others = others.filter_map(|name| Some((name, self.counting_others()?)));
        own.into_iter().chain(others).collect()
    }

    /// The other stages of which its fit needs histograms.
    #[must_use]
    pub fn others(&self) -> Vec<StageName> {
        let names = self.fit.iter().flat_map(MassFitSpec::histograms);
        names.filter_map(|name| name.parse().ok()).collect()
    }

    /// What is counted on the rows of other stages for the histograms that its fit needs.
    #[must_use]
    pub fn counting_others(&self) -> Option<MetricSpec> {
        let fit = self.fit.as_ref();
        fit.map(|fit| MetricSpec::MassFit(fit.counting_others()))
    }

    /// What is counted for it on the rows of the stage that it reads, where it makes no rows itself.
    #[must_use]
    pub fn counting(&self) -> Option<MetricSpec> {
        let fit = self.fit.as_ref();
        let fit = fit.map(|fit| MetricSpec::MassFit(fit.counting()));
        fit.or_else(|| self.kde.clone().map(MetricSpec::Kde))
    }
}
