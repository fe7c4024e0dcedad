//! Efficiencies over everything that was merged.

use lumimill_correction::Efficiency;
use serde::Serialize;

use super::spec::EfficiencySpec;
use super::sums::Sums;
use crate::count::counted;
use crate::metric::bins::RawBins;
use crate::metric::interval::{effective, wilson_of};
use crate::metric::square::{LARGEST, left_out};

/// An `efficiency` over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EfficiencyResult {
    /// The cuts.
    pub cuts: Vec<String>,
    /// The pre-cuts; the empty one is that of all rows.
    pub precuts: Vec<String>,
    /// The column of weights.
    pub weight: Option<String>,
    /// The column of weights for the systematic error.
    pub systematic: Option<String>,
    /// Columns with edges.
    pub axes: Vec<RawBins>,
    /// Every bin with every cut and pre-cut; below and above the edges where rows are.
    pub bins: Vec<EfficiencyBin>,
    /// Every cut and pre-cut in all bins within the edges together.
    #[serde(skip)]
    pub totals: Vec<EfficiencyBin>,
    /// Rows with a weight or a value that is null, NaN or too large.
    pub missing: u64,
    /// Rows that count, and have no weight for the systematic error.
    #[serde(skip_serializing_if = "super::is_none")]
    pub without_systematic: u64,
}

/// One cut in one bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EfficiencyBin {
    /// The cut, by its number from 0.
    pub cut: usize,
    /// The pre-cut, by its number from 0.
    pub precut: usize,
    /// On each axis the lower and upper edge; infinite outside (null in JSON).
    pub edges: Vec<[f64; 2]>,
    /// Whether all axes are within their edges.
    pub is_inside: bool,
    /// Rows that the efficiency is of.
    pub rows: u64,
    /// Σw of what passes.
    pub sumw_pass: f64,
    /// Σw of all.
    pub sumw_total: f64,
    /// What passes over all; none when the weights add up to nothing.
    pub efficiency: Option<f64>,
    /// Its standard deviation.
    pub error: Option<f64>,
    /// Where all or nothing passes, and the error is 0: the 68.27% Wilson interval, with weights of the
    /// effective number of rows.
    pub interval: Option<[f64; 2]>,
    /// How far the efficiency by the other weights is away.
    pub error_syst: Option<f64>,
}

pub(super) fn of(spec: &EfficiencySpec, sums: &[Sums], missing: u64) -> EfficiencyResult {
    let per_bin = 1 + spec.cuts().len();
    let (mut bins, mut totals) = (Vec::new(), Vec::new());
    for (precut, of_precut) in sums.chunks(spec.cells() * per_bin).enumerate() {
        let together = together(spec, of_precut);
        for cut in 0..spec.cuts().len() {
            if let (Some(total), Some(pass)) = (together.first(), together.get(cut + 1)) {
                let edges = spec.axes().iter().map(whole).collect();
                totals.push(bin(cut, precut, (edges, true), pass, total, spec));
            }
            for (cell, of_cell) in of_precut.chunks(per_bin).enumerate() {
                let (edges, is_inside) = place(spec.axes(), cell);
                if let (Some(total), Some(pass)) = (of_cell.first(), of_cell.get(cut + 1))
                    && (is_inside || total.rows > 0)
                {
                    bins.push(bin(cut, precut, (edges, is_inside), pass, total, spec));
                }
            }
        }
    }
    EfficiencyResult {
        cuts: spec.cuts().to_vec(),
        precuts: spec.precuts().to_vec(),
        weight: spec.weight().map(str::to_owned),
        systematic: spec.systematic().map(str::to_owned),
        axes: spec.axes().to_vec(),
        bins,
        totals,
        missing,
        without_systematic: 0,
    }
}

/// The sums of all cells within the edges: of all rows, and of those that pass each cut.
fn together(spec: &EfficiencySpec, of_precut: &[Sums]) -> Vec<Sums> {
    let per_bin = 1 + spec.cuts().len();
    let mut together = vec![Sums::default(); per_bin];
    for (cell, of_cell) in of_precut.chunks(per_bin).enumerate() {
        let (_, is_inside) = place(spec.axes(), cell);
        for (sum, more) in together.iter_mut().zip(of_cell).filter(|_| is_inside) {
            sum.merge(more);
        }
    }
    together
}

/// From the first to the last edge.
fn whole(axis: &RawBins) -> [f64; 2] {
    let edge = |edge: Option<&f64>| edge.copied().unwrap_or(f64::NAN);
    [edge(axis.edges.first()), edge(axis.edges.last())]
}

/// The edges of a cell on each axis, and whether it is inside of all.
fn place(axes: &[RawBins], cell: usize) -> (Vec<[f64; 2]>, bool) {
    let mut rest = cell;
    let mut is_inside = true;
    let mut edges = Vec::new();
    for axis in axes.iter().rev() {
        let count = axis.edges.len() + 1;
        let at = rest % count;
        rest /= count;
        is_inside &= at > 0 && at + 1 < count;
        let edge = |at: Option<usize>| at.and_then(|at| axis.edges.get(at)).copied();
        edges.push([
            edge(at.checked_sub(1)).unwrap_or(f64::NEG_INFINITY),
            edge(Some(at)).unwrap_or(f64::INFINITY),
        ]);
    }
    edges.reverse();
    (edges, is_inside)
}

fn bin(
    cut: usize,
    precut: usize,
    (edges, is_inside): (Vec<[f64; 2]>, bool),
    pass: &Sums,
    total: &Sums,
    spec: &EfficiencySpec,
) -> EfficiencyBin {
    let (pass_w, pass_w2) = pass.values(spec);
    let (total_w, total_w2) = total.values(spec);
    let found = Efficiency::new(pass_w, pass_w2, total_w, total_w2).filter(|_| total.rows > 0);
    let other = spec.systematic().and_then(|_| {
        let quotient = pass.other() / total.other();
        quotient.is_finite().then_some(quotient)
    });
    EfficiencyBin {
        cut,
        precut,
        edges,
        is_inside,
        rows: total.rows,
        sumw_pass: pass_w,
        sumw_total: total_w,
        efficiency: found.map(|found| found.value),
        error: found.map(|found| found.error),
        interval: found
            .filter(|_| pass.rows == 0 || pass.rows == total.rows)
            .map(|found| wilson_of(found.value, effective(total_w, total_w2))),
        error_syst: found
            .zip(other)
            .map(|(found, other)| (found.value - other).abs()),
    }
}

impl EfficiencyBin {
    /// One standard deviation below and above: the interval where all or nothing passes.
    #[must_use]
    pub fn ends(&self) -> Option<[f64; 2]> {
        let (value, error) = (self.efficiency?, self.error?);
        Some(self.interval.unwrap_or([value - error, value + error]))
    }
}

impl EfficiencyResult {
    /// What a person should know of it.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let of_first = |inside: bool| -> u64 {
            let bins = self
                .bins
                .iter()
                .filter(|bin| bin.cut == 0 && bin.precut == 0);
            bins.filter(|bin| bin.is_inside == inside)
                .map(|bin| bin.rows)
                .sum()
        };
        let (inside, outside) = (of_first(true), of_first(false));
        let name = format!("efficiency of {}", self.cuts.join(", "));
        if inside == 0 && outside > 0 {
            warnings.push(format!("{name}: no row is within the edges of its axes"));
        } else if inside == 0 && self.missing > 0 {
            let rows = counted(self.missing, "row");
            warnings.push(format!(
                "{name}: nothing is left: {rows} with a weight or a value that is null, NaN or beyond \
                 {LARGEST:e}"
            ));
        }
        if let Some(said) = left_out(self.missing, inside.saturating_add(outside)) {
            warnings.extend((inside > 0).then(|| format!("{name}: {said}")));
        }
        if self.without_systematic > 0 {
            let rows = counted(self.without_systematic, "row");
            warnings.push(format!("{name}: {rows} without a weight {} that can be counted: in the efficiency, not in its systematic error", self.systematic.as_deref().unwrap_or_default()));
        }
        let strange = self.bins.iter().filter(|bin| bin.is_inside);
        let strange = strange.filter(|bin| {
            bin.efficiency
                .is_some_and(|value| !(0.0..=1.0).contains(&value))
        });
        let strange = strange.count() as u64;
        if strange > 0 {
            warnings.push(format!(
                "{name}: {} outside of 0 and 1, which negative weights can do where there are few rows",
                match strange {
                    1 => "1 bin is".to_owned(),
                    _ => format!("{} are", counted(strange, "bin")),
                }
            ));
        }
        warnings
    }
}
