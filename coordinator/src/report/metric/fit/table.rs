//! Mass fits on the page.

use lumimill_common::metric::{FittedCategory, FittedModel, MassFitResult, MetricResult};

use super::plot::fitted;
use crate::report::figure::{Figure, escape};
use crate::report::number::{counted, edge, grouped, significant, with_error};
use crate::report::page::markup::{Align, Table, card, folded, left_out, note_line, wide};
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;

/// Tables with more lines than this show those alone that are not valid.
const MOST_LINES: usize = 30;

/// Pictures and a table of every one of a stage.
pub(in crate::report::metric) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    for (metric, drawn) in stage.metrics.iter().zip(&pictures.metrics) {
        let MetricResult::MassFit(found) = metric else {
            continue;
        };
        html += &format!("<h3>Fits of {}</h3>\n", escape(&found.variable));
        let (overviews, large): (Vec<Figure>, Vec<Figure>) = drawn
            .iter()
            .cloned()
            .partition(|figure| figure.name.contains("-fits-"));
        html += &wide(&overviews);
        html += &folded(&large, "fit");
        html += &left_out(
            fitted(found).count(),
            large.len(),
            "picture",
            "the table has all fits",
        );
        html += &card("", &(fits(found) + &note(found)));
        if found
            .categories
            .iter()
            .any(|category| !category.verdicts.is_empty())
        {
            html += &card("May weights by these fits be used?", &verdicts(found));
        }
        if found
            .categories
            .iter()
            .any(|category| !category.sums.is_empty())
        {
            html += &card("What weights by these fits add up to", &sums(found));
        }
    }
    html
}

/// A table for each model, as they have different parameters.
fn fits(found: &MassFitResult) -> String {
    let all = || found.categories.iter().flat_map(|category| &category.fits);
    let mut variations: Vec<&str> = Vec::new();
    for fit in all() {
        if !variations.contains(&fit.variation) {
            variations.push(fit.variation);
        }
    }
    let table = |variation: &&str| {
        let title = format!("<h4>{} model</h4>\n", escape(variation));
        title + &of_model(found, variation)
    };
    variations.iter().map(table).collect()
}

/// A line for each category: its edges, how good the fit is, and a column for each yield and parameter.
fn of_model(found: &MassFitResult, variation: &str) -> String {
    let categories = found.categories.iter();
    let all = categories.flat_map(|category| category.fits.iter().map(move |fit| (category, fit)));
    let fits: Vec<_> = all.filter(|(_, fit)| fit.variation == variation).collect();
    let mut names: Vec<&str> = Vec::new();
    for value in fits.iter().flat_map(|(_, fit)| &fit.values) {
        if !names.contains(&value.name.as_str()) {
            names.push(&value.name);
        }
    }
    let any_failed = fits.iter().any(|(_, fit)| fit.failure.is_some());
    let mut columns = vec![("category", Align::Left)];
    let axes = found
        .by
        .iter()
        .map(|axis| (axis.column.as_str(), Align::Fixed));
    columns.extend(axes);
    columns.extend(["entries", "chi2/ndf", "p"].map(|name| (name, Align::Right)));
    columns.extend(any_failed.then_some(("why there is no fit", Align::Wrapped)));
    columns.extend(names.iter().map(|name| (*name, Align::Right)));
    let mut table = Table::new(&columns);
    for (category, fit) in fits {
        let mut cells = vec![category.name.clone()];
        let edges = category.edges.iter();
        cells.extend(edges.map(|[low, high]| format!("{} to {}", edge(*low), edge(*high))));
        cells.extend(quality(category, fit));
        cells.extend(any_failed.then(|| fit.failure.clone().unwrap_or_default()));
        cells.extend(names.iter().map(|name| value(fit, name)));
        table.row(&cells);
    }
    table.html()
}

/// The verdict on each control variable in each category.
fn verdicts(found: &MassFitResult) -> String {
    let mut table = Table::new(&[
        ("category", Align::Left),
        ("control variable", Align::Left),
        ("verdict", Align::Left),
        ("why", Align::Wrapped),
        ("tau in the sidebands", Align::Right),
        ("tau of the signal", Align::Right),
        ("shape in parts, p", Align::Right),
        ("beside the truth, p", Align::Right),
    ]);
    let tau = |tau: Option<[f64; 2]>| match tau {
        Some([tau, error]) => with_error(tau, Some(error)),
        None => "–".to_owned(),
    };
    let verdicts = || {
        found
            .categories
            .iter()
            .flat_map(|category| &category.verdicts)
    };
    let valid = verdicts()
        .filter(|verdict| verdict.verdict == "valid")
        .count();
    let (all, is_long) = (verdicts().count(), verdicts().count() > MOST_LINES);
    for category in &found.categories {
        for verdict in &category.verdicts {
            if is_long && verdict.verdict == "valid" {
                continue;
            }
            let p_value = |p_value: Option<f64>| match p_value {
                Some(p_value) => significant(p_value, 2),
                None => "–".to_owned(),
            };
            table.row(&[
                category.name.clone(),
                verdict.control.clone(),
                verdict.verdict.to_owned(),
                match verdict.undefined.is_empty() {
                    true => verdict.reason.clone(),
                    false => format!(
                        "{} (undefined: {})",
                        verdict.reason,
                        verdict.undefined.join("; ")
                    ),
                },
                tau(verdict.tau_background),
                tau(verdict.tau_signal),
                p_value(verdict.p_value),
                p_value(verdict.truth.map(|truth| truth.p_value)),
            ]);
        }
    }
    with_valid_ones(table, is_long, (valid, all), "validity")
}

/// A table, and of a long one how many lines are left out as they are valid, and the file that has them.
fn with_valid_ones(
    table: Table,
    is_long: bool,
    (valid, all): (usize, usize),
    file: &str,
) -> String {
    if !is_long {
        return table.html();
    }
    let said = format!("{valid} of {all} are valid and not shown: the file of {file} has all.");
    match valid == all {
        true => note_line(&said),
        false => table.html() + &note_line(&said),
    }
}

/// The weights of each component beside its yield.
fn sums(found: &MassFitResult) -> String {
    let mut table = Table::new(&[
        ("category", Align::Left),
        ("model", Align::Left),
        ("orthogonal by", Align::Left),
        ("component", Align::Left),
        ("yield", Align::Right),
        ("sum of weights", Align::Right),
        ("sum agrees with yield", Align::Left),
    ]);
    let sums = || found.categories.iter().flat_map(|category| &category.sums);
    let valid = sums().filter(|sum| sum.verdict == "valid").count();
    let (all, is_long) = (sums().count(), sums().count() > MOST_LINES);
    for category in &found.categories {
        for sum in &category.sums {
            if is_long && sum.verdict == "valid" {
                continue;
            }
            table.row(&[
                category.name.clone(),
                sum.variation.to_owned(),
                sum.cow.clone(),
                sum.component.clone(),
                with_error(sum.amount, sum.amount_error),
                with_error(sum.sumw, Some(sum.error)),
                sum.verdict.to_owned(),
            ]);
        }
    }
    with_valid_ones(table, is_long, (valid, all), "sums")
}

/// Entries, χ² with its degrees of freedom, and how likely a greater one is.
fn quality(category: &FittedCategory, fit: &FittedModel) -> [String; 3] {
    let chi2 = fit.chi2.zip(fit.ndf);
    let chi2 = chi2.map(|(chi2, ndf)| format!("{chi2:.1}/{ndf}"));
    let p_value = fit.p_value.map(|p_value| significant(p_value, 2));
    let dash = || "–".to_owned();
    [
        grouped(category.entries),
        chi2.unwrap_or_else(dash),
        p_value.unwrap_or_else(dash),
    ]
}

/// A yield or a parameter with its error, where the fit has it.
fn value(fit: &FittedModel, name: &str) -> String {
    let mut values = fit.values.iter();
    let Some(value) = values.find(|value| value.name == name) else {
        return "–".to_owned();
    };
    let note = match (value.at_limit, value.fixed, value.idle) {
        (true, ..) => " (at a limit)",
        (_, true, _) => " (constant)",
        (.., true) => " (without influence)",
        _ => "",
    };
    with_error(value.value, value.error) + note
}

fn note(found: &MassFitResult) -> String {
    let mut parts = Vec::new();
    if let Some(weight) = &found.weight {
        parts.push(format!("Rows are weighted by {weight}."));
    }
    if let Some(condition) = &found.condition {
        let cut = counted(found.cut, "row");
        parts.push(format!("Fitted are rows with {condition}; {cut} without."));
    }
    let [low, high] = found.range;
    for (count, what) in [
        (found.outside, "of no category".to_owned()),
        (found.out_of_range, format!("outside of [{low}, {high}]")),
        (
            found.missing,
            "left out, with a value or weight that is null, NaN, beyond 1e150 or below 1e-150"
                .to_owned(),
        ),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}.", counted(count, "row")));
        }
    }
    note_line(&parts.join(" "))
}
