//! What every picture says above its frame, and of the weights that it is made of.

use crate::report::number::significant;
use crate::report::summary::{Report, StageReport};

/// Whose picture it is: the campaign, the data that went in, and what is wrong with their weights.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Heading {
    /// At the top left.
    pub(super) campaign: String,
    /// At the top right.
    pub(super) data: String,
    /// At the foot and in the caption; empty where weights are valid, or are not used.
    pub(super) doubt: String,
}

impl Heading {
    /// Of what a stage reads.
    pub(in crate::report) fn of_stage(report: &Report, stage: &StageReport) -> Self {
        match stage.is_simulation {
            true => Self::new(&report.campaign, &[&stage.dataset]),
            false => Self::new(&report.campaign, &[&recorded(report), &stage.dataset]),
        }
    }

    /// Of all data of a campaign, without its simulation.
    pub(in crate::report) fn of_data(report: &Report) -> Self {
        let stages = report.stages.iter().filter(|stage| !stage.is_simulation);
        let mut data: Vec<&str> = stages.map(|stage| stage.dataset.as_str()).collect();
        data.sort_unstable();
        data.dedup();
        Self::new(&report.campaign, &[&recorded(report), &data.join(", ")])
    }

    /// Of data over something else, both named.
    pub(in crate::report) fn of_ratio(report: &Report, over: &[&StageReport]) -> Self {
        let samples: Vec<&str> = over.iter().map(|stage| stage.dataset.as_str()).collect();
        Self::new(&report.campaign, &[&samples.join(" / ")])
    }

    /// The same, of numbers whose weights are not valid everywhere.
    pub(in crate::report) fn with_doubt(&self, doubt: &str) -> Self {
        Self {
            doubt: doubt.to_owned(),
            ..self.clone()
        }
    }

    fn new(campaign: &str, data: &[&str]) -> Self {
        let data = data.iter().copied().filter(|part| !part.is_empty());
        Self {
            campaign: campaign.to_owned(),
            data: data.collect::<Vec<_>>().join(", "),
            doubt: String::new(),
        }
    }
}

/// The recorded luminosity, where it is known.
fn recorded(report: &Report) -> String {
    let lumis = report.lumis.as_ref();
    let recorded = lumis.and_then(|lumis| lumis.recorded.as_ref());
    recorded.map_or_else(String::new, |l| {
        format!("{} {}", significant(l.value, 3), l.unit)
    })
}
