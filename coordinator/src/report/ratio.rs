//! Tables of efficiencies in the report: of data over simulation, and of particles beside others that
//! pass the same cuts; as files for programs, as pictures, and as a part of the page.

mod files;
mod page;
mod plot;
mod roc;

pub(super) use files::files;
pub(super) use page::page;
pub(super) use plot::ratio_plots;

use std::collections::BTreeSet;

use lumimill_common::campaign::{Measured, RatioTable};
use lumimill_common::metric::{EfficiencyBin, EfficiencyResult, MetricResult};
use lumimill_correction::Uncertain;

use super::figure::Heading;
use super::summary::{Report, StageReport};
use super::weights;

/// A table with what its efficiencies were measured to be.
pub(super) struct Found<'a> {
    pub(super) table: &'a RatioTable,
    pub(super) particle: Pair<'a>,
    pub(super) misid: Option<Pair<'a>>,
}

/// The efficiencies of one kind of particle.
pub(super) struct Pair<'a> {
    pub(super) data: Of<'a>,
    pub(super) mc: Option<Of<'a>>,
}

/// Efficiencies, and the stage that they are of.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) stage: &'a StageReport,
    pub(super) result: &'a EfficiencyResult,
}

/// One cut in one bin, of one kind of particle.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) data: &'a EfficiencyBin,
    pub(super) mc: Option<&'a EfficiencyBin>,
    /// Data over simulation, where both have rows.
    pub(super) ratio: Option<Uncertain>,
}

/// One cut in one bin.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) particle: Side<'a>,
    pub(super) misid: Option<Side<'a>>,
}

/// What its pictures say above their frames: data over simulation, and what is wrong with their weights.
pub(super) fn heading(report: &Report, found: &Found<'_>) -> Heading {
    let over = std::iter::once(found.particle.data).chain(found.particle.mc);
    let over: Vec<&StageReport> = over.map(|of| of.stage).collect();
    Heading::of_ratio(report, &over).with_doubt(&doubt(report, found))
}

/// What is wrong with the weights that its efficiencies are made of; empty where nothing is.
fn doubt(report: &Report, found: &Found<'_>) -> String {
    let pairs = std::iter::once(&found.particle).chain(&found.misid);
    let samples = pairs.flat_map(|pair| std::iter::once(pair.data).chain(pair.mc));
    let said = samples.map(|of| weights::doubt(report, of.stage, of.result.weight.is_some()));
    let said: BTreeSet<String> = said.filter(|said| !said.is_empty()).collect();
    said.into_iter().collect::<Vec<_>>().join("; ")
}

/// Each table of a report whose stages have been measured.
pub(super) fn all(report: &Report) -> Vec<Found<'_>> {
    let tables = report.tables.iter();
    tables.filter_map(|table| found(report, table)).collect()
}

fn found<'a>(report: &'a Report, table: &'a RatioTable) -> Option<Found<'a>> {
    let RatioTable { data, mc, .. } = table;
    let mc = mc.as_ref();
    let misid = match &data.misid {
        Some(misid) => {
            let of_mc = mc.and_then(|mc| mc.misid.as_ref());
            Some(pair(report, misid, of_mc)?)
        }
        None => None,
    };
    Some(Found {
        table,
        particle: pair(report, &data.particle, mc.map(|mc| &mc.particle))?,
        misid,
    })
}

fn pair<'a>(report: &'a Report, data: &Measured, mc: Option<&Measured>) -> Option<Pair<'a>> {
    let mc = match mc {
        Some(mc) => Some(of(report, mc)?),
        None => None,
    };
    Some(Pair {
        data: of(report, data)?,
        mc,
    })
}

fn of<'a>(report: &'a Report, measured: &Measured) -> Option<Of<'a>> {
    let mut stages = report.stages.iter();
    let stage = stages.find(|stage| stage.name == measured.stage.as_str())?;
    match stage.metrics.get(measured.metric)? {
        MetricResult::Efficiency(result) => Some(Of { stage, result }),
        _ => None,
    }
}

impl<'a> Of<'a> {
    /// Its bins within the edges, in the order of cuts, pre-cuts and axes that all have.
    fn bins(self) -> impl Iterator<Item = &'a EfficiencyBin> {
        self.result.bins.iter().filter(|bin| bin.is_inside)
    }

    /// What passes of all rows within the edges together.
    fn totals(self) -> impl Iterator<Item = &'a EfficiencyBin> {
        self.result.totals.iter()
    }
}

impl<'a> Pair<'a> {
    fn sides(&self) -> Vec<Side<'a>> {
        beside(self.data.bins(), self.mc.map(Of::bins))
    }

    fn totals(&self) -> Vec<Side<'a>> {
        beside(self.data.totals(), self.mc.map(Of::totals))
    }
}

fn beside<'a>(
    data: impl Iterator<Item = &'a EfficiencyBin>,
    mc: Option<impl Iterator<Item = &'a EfficiencyBin>>,
) -> Vec<Side<'a>> {
    let mut mc = mc;
    data.map(|data| {
        let mc = mc.as_mut().and_then(Iterator::next);
        let ratio = uncertain(data).zip(mc.and_then(uncertain));
        Side {
            data,
            mc,
            ratio: ratio.and_then(|(data, mc)| data.over(mc)),
        }
    })
    .collect()
}

/// The efficiency of a bin, where it has rows. Where all or nothing passes, its error is the length of the
/// interval.
pub(super) fn uncertain(bin: &EfficiencyBin) -> Option<Uncertain> {
    let length = bin.interval.map(|[low, high]| high - low);
    Some(Uncertain {
        value: bin.efficiency?,
        stat: length.or(bin.error)?,
        syst: bin.error_syst,
    })
}

impl<'a> Found<'a> {
    /// Every cut in every bin.
    pub(super) fn rows(&self) -> Vec<Row<'a>> {
        rows(self.particle.sides(), self.misid.as_ref().map(Pair::sides))
    }

    /// Every cut in all bins together.
    pub(super) fn totals(&self) -> Vec<Row<'a>> {
        rows(
            self.particle.totals(),
            self.misid.as_ref().map(Pair::totals),
        )
    }

    /// The cuts, pre-cuts and axes, as the first efficiency names them.
    pub(super) fn named(&self) -> &'a EfficiencyResult {
        self.particle.data.result
    }
}

fn rows<'a>(particle: Vec<Side<'a>>, misid: Option<Vec<Side<'a>>>) -> Vec<Row<'a>> {
    let mut misid = misid.map(Vec::into_iter);
    let particle = particle.into_iter();
    let rows = particle.map(|particle| Row {
        particle,
        misid: misid.as_mut().and_then(Iterator::next),
    });
    rows.collect()
}

#[cfg(test)]
mod tests;
