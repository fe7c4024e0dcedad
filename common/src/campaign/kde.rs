//! `[stage.kde]`: a stage that estimates the density of a column, given others, from all rows of
//! another stage; and what is drawn by it. It has no rows.

use super::estimate::refuse_rows;
use super::model::{DrawSource, ModelSource};
use super::name::StageName;
use super::stage::Stage;
use crate::metric::{KdeSpec, MassFitSpec};
use crate::section::Section;

/// The name of the only category of a density.
pub const DENSITY: &str = "all";

/// The density of a stage; none where it has none, or a wrong one.
pub(super) fn read_kde(section: &mut Section<'_>, reads_rows: bool) -> Option<KdeSpec> {
    refuse_rows(section, ("kde", "a density"), reads_rows);
    if section.value("kde").is_some() && section.value("fit").is_some() {
        section.problem(
            "kde",
            "does not go with a fit: put it in a stage of its own",
        );
    }
    let mut kde = section.section("kde")?;
    let before = kde.mistakes();
    let read = KdeSpec::read_stage(&mut kde);
    kde.finish();
    match read? {
        Ok(spec) => (kde.mistakes() == before).then_some(spec),
        Err(messages) => {
            for message in messages {
                // They begin with the key of a metric.
                let message = message.strip_prefix("kde.").unwrap_or(&message);
                match message.split_once(": ") {
                    Some((key, message)) => kde.problem(key, message),
                    None => kde.problem_here(message),
                }
            }
            None
        }
    }
}

impl Stage {
    /// Has its density also be of the weights for the systematic error that the stage which it reads
    /// writes beside those that it names; and what is wrong with a density by such weights: the key
    /// below the stage, and what is wrong.
    pub(super) fn weigh_density(&mut self, earlier: &[Self]) -> Vec<(String, String)> {
        let mut stages = earlier.iter();
        let parent = stages.find(|stage| Some(&stage.name) == self.from.as_ref());
        let weigh = parent.and_then(|parent| Some((parent, parent.weigh.as_ref()?)));
        let (Some(kde), Some((parent, weigh))) = (&mut self.kde, weigh) else {
            return Vec::new();
        };
        let columns: Vec<&str> = weigh.columns().map(|column| column.name.as_str()).collect();
        kde.weigh_beside(&columns);
        let is_weighed = kde.weight().is_some_and(|weight| columns.contains(&weight));
        let variable = weigh.spec.as_ref().map(MassFitSpec::variable);
        let Some(variable) = variable.filter(|_| is_weighed) else {
            return Vec::new();
        };
        let axes = kde.axes().iter().enumerate();
        let wrong = axes.filter(|(_, axis)| parent.depends_on(&axis.name, variable, earlier));
        let wrong = wrong.map(|(number, axis)| {
            let message = format!(
                "{} depends on {variable}, which is fitted: weights by that unfold nothing in it",
                axis.name
            );
            (format!("kde.axes[{number}]"), message)
        });
        wrong.collect()
    }

    /// The stages whose densities its columns are drawn by.
    pub fn densities(&self) -> impl Iterator<Item = &StageName> {
        let draws = self.models.iter().filter_map(|model| model.draw());
        draws.flat_map(|draw| draw.stages.iter().map(|stage| &stage.name))
    }

    /// Finds the densities that it draws by among `earlier` stages, and what is wrong with that: the
    /// key below the stage, and what is wrong.
    pub(super) fn find_densities(&mut self, earlier: &[Self]) -> Vec<(String, String)> {
        let reads_files = self.from.is_none();
        let mut wrong = Vec::new();
        for model in &mut self.models {
            let name = model.name.clone();
            let ModelSource::Draw(draw) = &mut model.source else {
                continue;
            };
            if draw.stages.is_empty() {
                continue;
            }
            if reads_files {
                let message = "is by a density of this campaign, and this stage reads files: have \
                               another stage read them, and draw in one with from = \"that stage\"";
                wrong.push((draw.place.clone(), message.to_owned()));
            }
            let messages = draw.find(&name, earlier);
            if !messages.is_empty() || draw.stages.iter().any(|stage| stage.axes.is_empty()) {
                // Whether it has a column by the other weights is not known.
                self.reading.unread(&format!("{name}_syst"));
            }
            wrong.extend(messages);
        }
        wrong
    }
}

impl DrawSource {
    /// Finds what its stages estimate.
    fn find(&mut self, name: &str, earlier: &[Stage]) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        let keys: [&str; 2] = match self.is_transform {
            true => ["data", "mc"],
            false => ["kde", ""],
        };
        for (number, (density, key)) in self.stages.iter_mut().zip(keys).enumerate() {
            let mut stages = earlier.iter();
            let found = stages.find(|stage| stage.name == density.name);
            let Some(stage) = found else {
                continue;
            };
            if !stage.is_estimate() || stage.is_fit() {
                let message = format!(
                    "\"{}\" is no density: name a stage with [stage.kde], or a file",
                    density.name
                );
                wrong.push((format!("{}.{key}", self.place), message));
                continue;
            }
            let Some(kde) = &stage.kde else {
                continue;
            };
            density.axes = kde.axes().iter().map(|axis| axis.name.clone()).collect();
            if number == 0 && kde.systematic().is_some() {
                self.has_systematic = true;
                self.columns.push(format!("{name}_syst"));
            }
        }
        wrong
    }
}
