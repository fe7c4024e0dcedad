//! Distributions that lie over one another: a column as data have it, as simulation has it, and as
//! `resample` and `transform` make it.

mod files;
mod plot;
pub(super) mod wanted;

pub(super) use files::files;
pub(super) use plot::overlay_plots;
pub(crate) use wanted::{Overlay, overlays};

use lumimill_common::metric::{HistogramResult, MetricResult};

use self::wanted::Wanted;
use super::summary::{Report, StageReport};

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
