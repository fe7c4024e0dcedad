//! What of a stage needs to know which rows are of one event: its folds, its candidates and what
//! counts events.

use arrow_schema::Schema;
use lumimill_common::campaign::{Problem, Rows};

use super::PreparedStage;
use super::folds::of_folds;
use crate::identity::event_columns;
use crate::input::{EVENT, LUMI, RUN};

impl PreparedStage {
    /// What of its folds and its counts needs events that what it reads does not tell apart.
    pub(crate) fn identity_problems(&self, schema: &Schema) -> Vec<Problem> {
        let problem = |key: &str, message: String| Problem {
            path: format!("{}.{key}", self.path),
            message,
        };
        if let Some(parent) = &self.stage.from {
            if event_columns(schema).is_some() {
                return Vec::new();
            }
            let keep = format!(
                "are told apart by run, luminosityBlock and event: stage {parent} does not keep them"
            );
            let folds = self.folds.map(|_| of_folds(&self.stage).to_owned());
            let mut needing: Vec<String> = folds.into_iter().chain(self.shuffling()).collect();
            if !self.entries_are_events {
                needing.extend((self.stage.rows != Rows::Event).then(|| String::from("rows")));
                let metrics = self.metrics.iter().enumerate();
                let counting = metrics
                    .filter(|(_, metric)| metric.needs_events() && metric.shuffles().is_none());
                let place = |(index, _)| self.stage.reading.metrics.of(index);
                needing.extend(counting.map(place).map(|place| format!("metric[{place}]")));
            }
            needing.extend(self.drawn());
            let needing = needing.into_iter();
            return needing
                .map(|key| problem(&key, format!("its events {keep}")))
                .collect();
        }
        let of_folds = self
            .folds
            .map(|_| (of_folds(&self.stage).to_owned(), "folds are made"));
        let shuffling = self.shuffling().into_iter();
        let shuffling = shuffling.map(|key| (key, "features are shuffled"));
        let draws = self.drawn().map(|key| (key, "draws are made"));
        let needing = of_folds.into_iter().chain(shuffling).chain(draws);
        let missing = |name: &&str| schema.field_with_name(name).is_err();
        let missing = || [RUN, LUMI, EVENT].into_iter().filter(missing);
        let problems = needing.flat_map(|(key, what)| {
            missing().map(move |name| {
                let from = "from run, luminosityBlock and event";
                problem(&key, format!("{what} {from}: no branch {name}"))
            })
        });
        problems.collect()
    }

    /// The metrics that shuffle features by the event.
    fn shuffling(&self) -> Vec<String> {
        let metrics = self.metrics.iter().enumerate();
        let shuffling = metrics.filter(|(_, metric)| metric.shuffles().is_some());
        let place = |(index, _)| self.stage.reading.metrics.of(index);
        shuffling
            .map(place)
            .map(|place| format!("metric[{place}]"))
            .collect()
    }

    /// Where its models are that are drawn.
    fn drawn(&self) -> impl Iterator<Item = String> {
        let numbers = 0..self.stage.models.len();
        let is_drawn = |number: &usize| {
            let spec = self.stage.models.get(*number);
            let mut models = self.models.iter().filter(|model| model.needs_draws());
            spec.is_some_and(|spec| models.any(|model| model.name() == spec.name))
        };
        let drawn = numbers.filter(is_drawn);
        drawn.map(|number| self.stage.model_place(number))
    }
}
