//! What stops a campaign from being planned.

use std::fmt;

use lumimill_common::campaign::Problem;
use thiserror::Error;

use super::certified::CertificationError;
use super::duplicates::DuplicateError;
use super::events_in_several::EventsInSeveral;
use super::scan::ScanError;
use crate::discover::InputProblem;

/// Something that stops a campaign from being planned.
#[derive(Debug, Error)]
pub enum PlanProblem {
    /// The certification cannot be used.
    #[error(transparent)]
    Certification(#[from] CertificationError),
    /// An input file cannot be found or opened.
    #[error(transparent)]
    Input(#[from] InputProblem),
    /// An input file cannot be planned.
    #[error("dataset[{number}] ({dataset}): {problem}")]
    Scan {
        /// Which dataset of the campaign, from 0.
        number: usize,
        /// Its name.
        dataset: String,
        /// What is wrong, naming the file.
        problem: ScanError,
    },
    /// The files of a stage do not go together.
    #[error("{0}")]
    Stage(Problem),
    /// An event is in several files, or its rows cannot be dropped.
    #[error(transparent)]
    Groups(#[from] EventsInSeveral),
    /// Files cannot be compared with each other, or have events in common.
    #[error(transparent)]
    Duplicates(#[from] DuplicateError),
}

/// Everything that stops a campaign from being planned.
#[derive(Debug)]
pub struct PlanErrors(pub Vec<PlanProblem>);

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanErrors {}
