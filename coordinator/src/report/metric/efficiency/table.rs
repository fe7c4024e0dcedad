//! Efficiencies on the page.

use lumimill_common::metric::{EfficiencyBin, EfficiencyResult, MetricResult};

use super::plot::{not_drawn, wanted};
use super::{shown, title};
use crate::report::figure::escape;
use crate::report::number::{counted, edge, grouped, significant};
use crate::report::page::markup::{Align, Table, card, doubtful, figures, left_out, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;

/// More rows of a table than this are left to the file.
const MOST_ROWS: usize = 60;

/// Pictures and a table of every one of a stage.
pub(in crate::report::metric) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    let metrics = stage.metrics.iter().zip(&pictures.metrics);
    for ((metric, drawn), doubt) in metrics.zip(&pictures.doubts) {
        let MetricResult::Efficiency(found) = metric else {
            continue;
        };
        html += &format!(
            "<h3>Efficiency of {}</h3>\n",
            escape(&found.cuts.join(", "))
        );
        html += &figures(drawn);
        let maps = drawn
            .iter()
            .filter(|figure| figure.name.contains("-efficiency-map-"));
        let shown = drawn.len() - maps.count();
        html += &left_out(
            wanted(found).count(),
            shown,
            "picture",
            "the CSV file has all",
        );
        html += &note_line(&not_drawn(found).unwrap_or_default());
        html += &card("", &(doubtful(doubt) + &bins(found) + &note(found)));
    }
    html
}

fn bins(found: &EfficiencyResult) -> String {
    let axes = found
        .axes
        .iter()
        .map(|axis| (axis.column.as_str(), Align::Fixed));
    let mut columns = vec![("cut", Align::Left)];
    columns.extend(axes);
    columns.push(("rows", Align::Right));
    columns.extend(
        found
            .weight
            .as_ref()
            .map(|_| ("sum of weights", Align::Right)),
    );
    columns.push(("efficiency", Align::Right));
    columns.extend(
        found
            .systematic
            .as_ref()
            .map(|_| ("systematic", Align::Right)),
    );
    let mut table = Table::new(&columns);
    for bin in found.bins.iter().take(MOST_ROWS) {
        let mut cells = vec![title(found, bin.cut, bin.precut)];
        cells.extend(bin.edges.iter().map(edges));
        cells.push(grouped(bin.rows));
        cells.extend(
            found
                .weight
                .as_ref()
                .map(|_| significant(bin.sumw_total, 5)),
        );
        cells.push(shown(bin));
        cells.extend(found.systematic.as_ref().map(|_| syst(bin)));
        table.row(&cells);
    }
    table.html()
}

fn edges(&[low, high]: &[f64; 2]) -> String {
    match (low.is_finite(), high.is_finite()) {
        (false, _) => format!("below {}", edge(high)),
        (_, false) => format!("from {}", edge(low)),
        _ => format!("{} to {}", edge(low), edge(high)),
    }
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
    if found.bins.iter().any(|bin| bin.interval.is_some()) {
        parts.push(String::from(
            "Where all or nothing passes, what is in brackets is the end of the 68 % Wilson interval.",
        ));
    }
    let more = found.bins.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        parts.push(format!(
            "{} more in the CSV file.",
            counted(more as u64, "row")
        ));
    }
    note_line(&parts.join(" "))
}
