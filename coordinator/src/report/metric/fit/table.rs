//! Mass fits on the page.

use lumimill_common::metric::{FittedCategory, FittedModel, MassFitResult, MetricResult};

use super::plot::fitted;
use crate::report::figure::escape;
use crate::report::number::{counted, grouped, significant, with_error};
use crate::report::page::markup::{Align, Table, card, figures, left_out, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;

/// Pictures and a table of every one of a stage.
pub(in crate::report::metric) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    for (metric, drawn) in stage.metrics.iter().zip(&pictures.metrics) {
        let MetricResult::MassFit(found) = metric else {
            continue;
        };
        html += &format!("<h3>Fits of {}</h3>\n", escape(&found.variable));
        html += &figures(drawn);
        html += &left_out(
            fitted(found).count(),
            drawn.len(),
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

fn fits(found: &MassFitResult) -> String {
    let mut table = Table::new(&[
        ("category", Align::Left),
        ("model", Align::Left),
        ("entries", Align::Right),
        ("chi2/ndf", Align::Right),
        ("p", Align::Right),
        ("yields and parameters", Align::Wrapped),
    ]);
    for category in &found.categories {
        for fit in &category.fits {
            table.row(&row(category, fit));
        }
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
    for category in &found.categories {
        for verdict in &category.verdicts {
            let p_value = |p_value: Option<f64>| match p_value {
                Some(p_value) => significant(p_value, 2),
                None => "–".to_owned(),
            };
            table.row(&[
                category.name.clone(),
                verdict.control.clone(),
                verdict.verdict.to_owned(),
                verdict.reason.clone(),
                tau(verdict.tau_background),
                tau(verdict.tau_signal),
                p_value(verdict.p_value),
                p_value(verdict.truth.map(|truth| truth.p_value)),
            ]);
        }
    }
    table.html()
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
    for category in &found.categories {
        for sum in &category.sums {
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
    table.html()
}

fn row(category: &FittedCategory, fit: &FittedModel) -> Vec<String> {
    let chi2 = fit
        .chi2
        .zip(fit.ndf)
        .map(|(chi2, ndf)| format!("{chi2:.1}/{ndf}"));
    let p_value = fit.p_value.map(|p_value| significant(p_value, 2));
    let dash = || "–".to_owned();
    vec![
        category.name.clone(),
        fit.variation.to_owned(),
        grouped(category.entries),
        chi2.unwrap_or_else(dash),
        p_value.unwrap_or_else(dash),
        values(fit),
    ]
}

/// Values with their errors, or why there are none.
fn values(fit: &FittedModel) -> String {
    let values = fit.values.iter().map(|value| {
        let number = with_error(value.value, value.error);
        let note = match (value.at_limit, value.fixed, value.idle) {
            (true, ..) => " (at a limit)",
            (_, true, _) => " (constant)",
            (.., true) => " (without influence)",
            _ => "",
        };
        format!("{} {number}{note}", value.name)
    });
    let mut parts: Vec<String> = fit.failure.clone().into_iter().collect();
    parts.extend(values);
    parts.join("; ")
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
