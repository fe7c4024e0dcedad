//! What is counted of the rows of one bin.

use serde::{Deserialize, Serialize};

use super::spec::MultilabelSpec;
use crate::metric::exact_sum::ExactSum;
use crate::metric::ranking::ScoreCounts;
use crate::metric::unit_score::as_probability;

/// Counts of one bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cell {
    pub(super) rows: u64,
    /// Rows of which every label is taken for what it is.
    pub(super) exact: u64,
    /// Of each label that is true, how many of its rows are taken for each label.
    pub(super) taken_of: Vec<Vec<u64>>,
    pub(super) labels: Vec<Label>,
}

/// Counts of one label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Label {
    pub(super) scores: ScoreCounts,
    /// Rows for which it is true.
    pub(super) positives: u64,
    /// Rows that are taken for it.
    pub(super) taken: u64,
    /// Scores that are no probabilities.
    pub(super) others: u64,
    pub(super) log_loss: ExactSum,
}

/// A row: which labels are true, and the score of each.
pub(super) struct Row {
    pub(super) truth: Vec<bool>,
    pub(super) scores: Vec<f64>,
}

impl Cell {
    pub(super) fn new(spec: &MultilabelSpec) -> Self {
        let labels = spec.scores().len();
        let label = Label {
            scores: ScoreCounts::new(spec.ranking()),
            positives: 0,
            taken: 0,
            others: 0,
            log_loss: ExactSum::default(),
        };
        Self {
            rows: 0,
            exact: 0,
            taken_of: vec![vec![0; labels]; labels],
            labels: vec![label; labels],
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn fill(&mut self, spec: &MultilabelSpec, rows: &[Row]) {
        let thresholds = spec.thresholds();
        for Row { truth, scores } in rows {
            let taken = scores.iter().zip(&thresholds);
            let taken: Vec<bool> = taken.map(|(score, least)| score >= least).collect();
            self.rows += 1;
            self.exact += u64::from(taken == *truth);
            for (of_label, _) in self.taken_of.iter_mut().zip(truth).filter(|(_, is)| **is) {
                for (count, taken) in of_label.iter_mut().zip(&taken) {
                    *count += u64::from(*taken);
                }
            }
            let found = truth.iter().zip(scores).zip(&taken);
            for (label, ((truth, score), taken)) in self.labels.iter_mut().zip(found) {
                label.add(*truth, *score, *taken);
            }
        }
        for (at, label) in self.labels.iter_mut().enumerate() {
            let pairs = rows
                .iter()
                .filter_map(|row| Some((*row.scores.get(at)?, *row.truth.get(at)?)));
            let pairs: Vec<(f64, bool)> = pairs.collect();
            label.scores.fill(spec.ranking(), &pairs, &[]);
        }
    }

    pub(super) fn merge(&mut self, spec: &MultilabelSpec, other: &Self) {
        let add = |mine: &mut u64, theirs: u64| *mine = mine.saturating_add(theirs);
        add(&mut self.rows, other.rows);
        add(&mut self.exact, other.exact);
        let counts = self.taken_of.iter_mut().flatten();
        for (mine, theirs) in counts.zip(other.taken_of.iter().flatten()) {
            add(mine, *theirs);
        }
        for (mine, theirs) in self.labels.iter_mut().zip(&other.labels) {
            mine.scores.merge(spec.ranking(), &theirs.scores);
            add(&mut mine.positives, theirs.positives);
            add(&mut mine.taken, theirs.taken);
            add(&mut mine.others, theirs.others);
            mine.log_loss.merge(&theirs.log_loss);
        }
    }

    pub(super) fn fits(&self, spec: &MultilabelSpec) -> bool {
        let labels = spec.scores().len();
        self.labels.len() == labels
            && self.taken_of.len() == labels
            && self.taken_of.iter().all(|counts| counts.len() == labels)
            && self
                .labels
                .iter()
                .all(|label| label.scores.fits(spec.ranking()))
    }
}

impl Label {
    fn add(&mut self, truth: bool, score: f64, taken: bool) {
        self.positives += u64::from(truth);
        self.taken += u64::from(taken);
        let Some(score) = as_probability(score) else {
            self.others += 1;
            return;
        };
        let given = if truth { score } else { 1.0 - score };
        let given = given.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        self.log_loss.add(-given.ln());
    }
}
