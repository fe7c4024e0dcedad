//! Tables of efficiencies on the page.

use lumimill_correction::Uncertain;

use super::plot::{titled, wanted};
use super::roc::{is_linear_roc, wanted as roc_wanted};
use super::{Found, Of, Row, all, doubt, uncertain};
use crate::report::csv::file_stem;
use crate::report::figure::Figure;
use crate::report::metric::efficiencies_not_drawn;
use crate::report::number::{edge, with_errors};
use crate::report::page::markup::{
    Align, Table, card, doubtful, figures, left_out, links, note_line, section,
};
use crate::report::summary::Report;

/// More rows of a table than this are left to the file.
const MOST_ROWS: usize = 60;

/// Each table with its pictures, and links to its files among those of numbers.
pub(in crate::report) fn page(
    report: &Report,
    pictures: &[Vec<Figure>],
    beside: &[String],
) -> String {
    let mut html = String::new();
    for (found, drawn) in all(report).iter().zip(pictures) {
        let name = found.table.name.as_str();
        let mut body = note(found) + &doubtful(&doubt(report, found));
        let stem = file_stem(name) + "_table";
        let own = beside.iter().filter(|file| file.starts_with(&stem));
        body += &links(&own.map(String::as_str).collect::<Vec<_>>());
        body += &figures(drawn);
        let ratios = drawn.iter().filter(|figure| figure.name.contains("ratio-"));
        body += &left_out(
            wanted(found),
            ratios.count(),
            "picture of ratios",
            "the CSV file has all",
        );
        body += &left_out(
            roc_wanted(found),
            drawn.iter().filter(|figure| is_linear_roc(figure)).count(),
            "picture of identification against misidentification",
            "the CSV file has all",
        );
        body += &note_line(&efficiencies_not_drawn(found.named()).unwrap_or_default());
        body += &card("All bins together", &table(found, &found.totals(), false));
        body += &card("In bins", &table(found, &found.rows(), true));
        html += &section(&format!("table-{name}"), &format!("Table {name}"), &body);
    }
    html
}

fn note(found: &Found<'_>) -> String {
    let of = |sample: Of<'_>| format!("stage {} ({})", sample.stage.name, sample.stage.dataset);
    let mut text = format!("Particles: {}", of(found.particle.data));
    if let Some(mc) = found.particle.mc {
        text += &format!(" over {}", of(mc));
    }
    if let Some(misid) = &found.misid {
        text += &format!("; misidentified: {}", of(misid.data));
        if let Some(mc) = misid.mc {
            text += &format!(" over {}", of(mc));
        }
    }
    let stem = file_stem(found.table.name.as_str());
    text += &format!(
        ". Errors of a ratio are those of both samples in quadrature, statistical then systematic; where all \
         or nothing passes, the length of the 68 % Wilson interval is the statistical one. \
         Every number is in {stem}_table.csv and .parquet, weights for correctionlib in \
         {stem}_table.json and flat in {stem}_table_weights.csv."
    );
    note_line(&text)
}

fn table(found: &Found<'_>, rows: &[Row<'_>], in_bins: bool) -> String {
    let mut columns = vec![("cut", Align::Left)];
    if in_bins {
        let axes = found.named().axes.iter();
        columns.extend(axes.map(|axis| (axis.column.as_str(), Align::Fixed)));
    }
    let has_mc = found.particle.mc.is_some();
    let names = [
        ["efficiency in data", "in simulation", "ratio"],
        ["fake rate in data", "in simulation", "ratio"],
    ];
    let kinds = if found.misid.is_some() { 2 } else { 1 };
    for names in names.iter().take(kinds) {
        let shown = if has_mc { 3 } else { 1 };
        columns.extend(names.iter().take(shown).map(|name| (*name, Align::Right)));
    }
    let mut table = Table::new(&columns);
    for row in rows.iter().take(MOST_ROWS) {
        let mut cells = vec![titled(found, row)];
        if in_bins {
            let edges = row.particle.data.edges.iter();
            cells.extend(edges.map(|[low, high]| format!("{} to {}", edge(*low), edge(*high))));
        }
        for side in [Some(row.particle), row.misid].into_iter().flatten() {
            cells.push(number(uncertain(side.data)));
            if has_mc {
                cells.push(number(side.mc.and_then(uncertain)));
                cells.push(number(side.ratio));
            }
        }
        table.row(&cells);
    }
    let rest = format!("{}_table.csv has all", file_stem(found.table.name.as_str()));
    table.html() + &left_out(rows.len(), MOST_ROWS, "row", &rest)
}

fn number(found: Option<Uncertain>) -> String {
    let Some(Uncertain { value, stat, syst }) = found else {
        return String::from("–");
    };
    let errors: Vec<f64> = [stat].into_iter().chain(syst).collect();
    with_errors(value, &errors)
}
