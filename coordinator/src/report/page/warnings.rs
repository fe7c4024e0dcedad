//! What a person should know before using the tables, on top of all else: of the campaign, and of what its
//! stages measured.

use super::MOST_LINES;
use super::markup::{card, section};
use crate::report::figure::escape;
use crate::report::number::counted;
use crate::report::summary::{Report, StageReport};
use lumimill_common::metric::warnings as warnings_of;

/// Where they are on the page.
pub(super) const PLACE: &str = "warnings";

/// Warnings of the campaign and of its stages.
pub(super) fn count(report: &Report) -> u64 {
    let of_stages = report.stages.iter().map(|stage| of_stage(stage).len());
    (of_stages.sum::<usize>() + report.warnings.len()) as u64
}

/// All of them, those of stages with a link to the stage; nothing where there are none.
pub(super) fn warnings(report: &Report) -> String {
    let of_campaign = report.warnings.iter().map(|warning| escape(warning));
    let of_stages = report.stages.iter().flat_map(linked);
    let all: Vec<String> = of_campaign.chain(of_stages).collect();
    if all.is_empty() {
        return String::new();
    }
    let lines = all.iter().take(MOST_LINES);
    let mut html: String = lines.map(|line| format!("<li>{line}</li>\n")).collect();
    if all.len() > MOST_LINES {
        let more = counted((all.len() - MOST_LINES) as u64, "warning");
        html += &format!("<li>and {more} more, with the stages below</li>\n");
    }
    let html = format!("<ul>\n{html}</ul>\n");
    section(
        PLACE,
        "Warnings",
        &card("To know before using the tables", &html),
    )
}

/// What the metrics of a stage warn of; what is said of several is said once.
pub(super) fn of_stage(stage: &StageReport) -> Vec<String> {
    let mut said: Vec<(String, String, usize)> = Vec::new();
    for warning in warnings_of(&stage.metrics) {
        let (of, what) = warning.split_once(": ").unwrap_or((&warning, ""));
        match said
            .iter_mut()
            .find(|(_, known, _)| !what.is_empty() && known == what)
        {
            Some((_, _, times)) => *times += 1,
            None => said.push((of.to_owned(), what.to_owned(), 1)),
        }
    }
    let line = |(of, what, times): (String, String, usize)| match (what.is_empty(), times) {
        (true, _) => of,
        (_, 1) => format!("{of}: {what}"),
        (_, times) => format!("{of}, and {} more: {what}", times - 1),
    };
    said.into_iter().map(line).collect()
}

fn linked(stage: &StageReport) -> Vec<String> {
    let name = escape(&stage.name);
    let said = of_stage(stage).into_iter();
    let said = said.map(|warning| {
        format!(
            "<a href=\"#stage-{name}\">stage {name}</a>: {}",
            escape(&warning)
        )
    });
    said.collect()
}
