//! Tables of efficiencies on the page.

use lumimill_correction::Uncertain;

use super::plot::titled;
use super::{Found, Of, Row, all, uncertain};
use crate::report::csv::file_stem;
use crate::report::figure::{Figure, escape};
use crate::report::number::{significant, with_error};
use crate::report::page::markup::{Align, Table, card, figures, section};
use crate::report::summary::Report;

/// More rows of a table than this are left to the file.
const MOST_ROWS: usize = 60;

/// Each table with its pictures.
pub(in crate::report) fn page(report: &Report, pictures: &[Vec<Figure>]) -> String {
    let mut html = String::new();
    for (found, drawn) in all(report).iter().zip(pictures) {
        let name = found.table.name.as_str();
        let mut body = note(found);
        body += &figures(drawn);
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
        ". Errors of a ratio are those of both samples in quadrature, statistical then systematic. \
         Every number is in {stem}_table.csv and .parquet, weights for correctionlib in \
         {stem}_table.json and flat in {stem}_table_weights.csv."
    );
    format!("<p class=\"note-line\">{}</p>\n", escape(&text))
}

fn table(found: &Found<'_>, rows: &[Row<'_>], in_bins: bool) -> String {
    let mut columns = vec![("cut", Align::Left)];
    if in_bins {
        let axes = found.named().axes.iter();
        columns.extend(axes.map(|axis| (axis.column.as_str(), Align::Left)));
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
            cells.extend(edges.map(|[low, high]| format!("{low} to {high}")));
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
    let more = rows.len().saturating_sub(MOST_ROWS);
    let more =
        (more > 0).then(|| format!("<p class=\"note-line\">and {more} more in the files</p>\n"));
    table.html() + &more.unwrap_or_default()
}

fn number(found: Option<Uncertain>) -> String {
    let Some(Uncertain { value, stat, syst }) = found else {
        return String::from("–");
    };
    let syst = syst.map(|syst| format!(" ± {}", significant(syst, 2)));
    with_error(value, Some(stat)) + &syst.unwrap_or_default()
}
