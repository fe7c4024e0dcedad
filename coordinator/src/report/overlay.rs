//! Distributions that lie over one another: a column as data have it, as simulation has it, and as
//! `resample` and `transform` make it.

mod files;
mod plot;

pub(super) use files::files;
pub(super) use plot::overlay_plots;

use lumimill_common::campaign::{Campaign, DrawSource, Stage};
use lumimill_common::metric::{HistogramResult, MetricResult};

use super::summary::{Report, StageReport};

/// What is to lie over one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overlay {
    /// The stage that draws.
    pub(super) stage: String,
    /// The column that is drawn.
    pub(super) variable: String,
    /// Data, simulation as it was, and what became of it.
    pub(super) wanted: Vec<Wanted>,
}

/// A histogram that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The stages that may have it, the likelier one first.
    stages: Vec<String>,
    column: String,
    weight: Option<String>,
    what: &'static str,
}

/// A histogram that is there, as shares of what is in its range.
pub(super) struct Series<'a> {
    pub(super) what: &'static str,
    pub(super) stage: &'a StageReport,
    pub(super) histogram: &'a HistogramResult,
    /// Share and error of each bin.
    pub(super) shares: Vec<[f64; 2]>,
    /// The greatest distance of its cumulative distribution from that of data, at edges of bins.
    pub(super) distance: f64,
}

/// An overlay of which data and something else are there.
pub(super) struct Found<'a> {
    pub(super) overlay: &'a Overlay,
    /// Data first.
    pub(super) series: Vec<Series<'a>>,
    /// Columns that have no histogram with the bins of data.
    pub(super) lacking: Vec<String>,
}

/// What lies over one another in the stages of a campaign: of each density of data that columns are drawn
/// by, those columns, and what they are made of.
pub(crate) fn overlays(campaign: &Campaign) -> Vec<Overlay> {
    let mut all: Vec<Overlay> = Vec::new();
    for stage in &campaign.stages {
        let draws = stage.models.iter().filter_map(|model| model.draw());
        for draw in draws {
            let Some((mut overlay, drawn)) = overlay(campaign, stage, draw) else {
                continue;
            };
            let is_same = |known: &&mut Overlay| {
                known.stage == overlay.stage && known.wanted.first() == overlay.wanted.first()
            };
            match all.iter_mut().find(is_same) {
                Some(known) => known.wanted.push(drawn),
                None => {
                    overlay.wanted.push(drawn);
                    all.push(overlay);
                }
            }
        }
    }
    all
}

/// Data and simulation of a draw by the density of a stage, and the column that it adds.
fn overlay(campaign: &Campaign, stage: &Stage, draw: &DrawSource) -> Option<(Overlay, Wanted)> {
    let density = draw.stages.first()?;
    let variable = density.axes.first()?.clone();
    let estimate = campaign.stage(&density.name)?;
    let kde = estimate.kde.as_ref()?;
    let wanted = |what, stages: Vec<String>, column: &str, weight: Option<&str>| Wanted {
        stages,
        column: column.to_owned(),
        weight: weight.map(str::to_owned),
        what,
    };
    let here = stage.name.to_string();
    let parent = stage.from.iter().map(ToString::to_string);
    let data = wanted(
        "data",
        vec![estimate.from.as_ref()?.to_string()],
        &variable,
        kde.weight(),
    );
    let before = parent.chain([here.clone()]).collect();
    let before = wanted("simulation", before, &variable, None);
    let drawn = wanted(
        "as data have it",
        vec![here.clone()],
        draw.columns.first()?,
        None,
    );
    let overlay = Overlay {
        stage: here,
        variable,
        wanted: vec![data, before],
    };
    Some((overlay, drawn))
}

/// Those of which there is something to see.
pub(super) fn found(report: &Report) -> Vec<Found<'_>> {
    let overlays = report.overlays.iter();
    overlays
        .filter_map(|overlay| look(report, overlay))
        .collect()
}

fn look<'a>(report: &'a Report, overlay: &'a Overlay) -> Option<Found<'a>> {
    let mut found = Found {
        overlay,
        series: Vec::new(),
        lacking: Vec::new(),
    };
    for wanted in &overlay.wanted {
        let bins = found.series.first().map(|data| data.histogram);
        let histogram = wanted
            .histogram(report)
            .filter(|(_, it)| has_bins_of(it, bins));
        match histogram {
            Some((stage, histogram)) => {
                let shares = shares(histogram)?;
                found.series.push(Series {
                    what: wanted.what,
                    stage,
                    histogram,
                    distance: distance(&shares, found.series.first()),
                    shares,
                });
            }
            // Without data there is nothing to lie over.
            None if found.series.is_empty() => return None,
            None => found.lacking.push(wanted.column.clone()),
        }
    }
    (found.series.len() > 1).then_some(found)
}

impl Wanted {
    /// The histogram of the column by that weight, in the first of the stages that has one.
    fn histogram<'a>(&self, report: &'a Report) -> Option<(&'a StageReport, &'a HistogramResult)> {
        let stages = self.stages.iter();
        let mut stages = stages.filter_map(|name| {
            let mut stages = report.stages.iter();
            stages.find(|stage| stage.name == *name)
        });
        stages.find_map(|stage| {
            let mut histograms = stage.metrics.iter().filter_map(|metric| match metric {
                MetricResult::Histogram(found) => Some(found),
                _ => None,
            });
            let is_it = |it: &&HistogramResult| {
                it.column == self.column && it.weight == self.weight && it.over.is_none()
            };
            Some((stage, histograms.find(|it| is_it(&&**it))?))
        })
    }
}

fn has_bins_of(histogram: &HistogramResult, of: Option<&HistogramResult>) -> bool {
    let edges = |it: &HistogramResult| -> Vec<[u64; 2]> {
        let bins = it.bins.iter();
        bins.map(|bin| [bin.low.to_bits(), bin.high.to_bits()])
            .collect()
    };
    of.is_none_or(|of| edges(of) == edges(histogram))
}

/// Contents and errors over the sum of contents; nothing where that is not above 0.
fn shares(histogram: &HistogramResult) -> Option<Vec<[f64; 2]>> {
    let sum: f64 = histogram.bins.iter().map(|bin| bin.content).sum();
    let bins = histogram.bins.iter();
    let shares = bins.map(|bin| [bin.content / sum, bin.error / sum]);
    (sum > 0.0).then(|| shares.collect())
}

fn distance(shares: &[[f64; 2]], data: Option<&Series<'_>>) -> f64 {
    let Some(data) = data else {
        return 0.0;
    };
    let (mut below, mut farthest) = (0.0, 0.0_f64);
    for ([share, _], [of_data, _]) in shares.iter().zip(&data.shares) {
        below += share - of_data;
        farthest = farthest.max(below.abs());
    }
    farthest
}

#[cfg(test)]
mod tests;
