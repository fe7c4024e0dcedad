//! Efficiencies on the page.

use lumimill_common::metric::{EfficiencyBin, EfficiencyResult, MetricResult};

use super::title;
use crate::report::figure::escape;
use crate::report::number::{counted, grouped, significant, with_error};
use crate::report::page::markup::{Align, Table, card, figures};
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;

/// More rows of a table than this are left to the file.
const MOST_ROWS: usize = 60;

/// Pictures and a table of every one of a stage.
pub(in crate::report::metric) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    for (metric, drawn) in stage.metrics.iter().zip(&pictures.metrics) {
        let MetricResult::Efficiency(found) = metric else {
            continue;
        };
        html += &format!(
            "<h3>Efficiency of {}</h3>\n",
            escape(&found.cuts.join(", "))
        );
        html += &figures(drawn);
        html += &card("", &(bins(found) + &note(found)));
    }
    html
}

fn bins(found: &EfficiencyResult) -> String {
    let axes = found
        .axes
        .iter()
        .map(|axis| (axis.column.as_str(), Align::Left));
    let mut columns = vec![("cut", Align::Left)];
    columns.extend(axes);
    columns.extend([
        ("rows", Align::Right),
        ("sum of weights", Align::Right),
        ("efficiency", Align::Right),
        ("systematic", Align::Right),
    ]);
    let mut table = Table::new(&columns);
    for bin in found.bins.iter().take(MOST_ROWS) {
        let mut cells = vec![title(found, bin.cut, bin.precut)];
        cells.extend(bin.edges.iter().map(edges));
        cells.extend([grouped(bin.rows), significant(bin.sumw_total, 5)]);
        cells.extend([efficiency(bin), syst(bin)]);
        table.row(&cells);
    }
    table.html()
}

fn edges(&[low, high]: &[f64; 2]) -> String {
    match (low.is_finite(), high.is_finite()) {
        (false, _) => format!("below {high}"),
        (_, false) => format!("from {low}"),
        _ => format!("{low} to {high}"),
    }
}

fn efficiency(bin: &EfficiencyBin) -> String {
    let found = bin.efficiency.map(|value| with_error(value, bin.error));
    found.unwrap_or_else(|| "–".to_owned())
}

fn syst(bin: &EfficiencyBin) -> String {
    let found = bin.error_syst.map(|error| significant(error, 2));
    found.unwrap_or_else(|| "–".to_owned())
}

fn note(found: &EfficiencyResult) -> String {
    let mut parts = Vec::new();
    if let Some(weight) = &found.weight {
        parts.push(format!("Rows are weighted by {weight}."));
    }
    if let Some(other) = &found.systematic {
        parts.push(format!(
            "The systematic error is the difference to {other}."
        ));
    }
    if found.missing > 0 {
        let rows = counted(found.missing, "row");
        parts.push(format!(
            "{rows} left out, with a value or weight that is null, NaN or beyond 1e150."
        ));
    }
    if found.without_systematic > 0 {
        let rows = counted(found.without_systematic, "row");
        parts.push(format!(
            "{rows} are in the efficiency and not in its systematic error, whose weight is null, NaN or beyond \
             1e150 there."
        ));
    }
    let more = found.bins.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        parts.push(format!(
            "{} more in the CSV file.",
            counted(more as u64, "row")
        ));
    }
    format!("<p class=\"note-line\">{}</p>\n", escape(&parts.join(" ")))
}
