//! Pictures of metrics of one kind.

use lumimill_common::metric::MetricResult;

use crate::report::figure::{Figure, escape};
use crate::report::page::markup;
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;

/// The pictures of a kind under a title.
pub(super) fn titled(
    title: &str,
    stage: &StageReport,
    pictures: &StagePictures,
    is_of_kind: fn(&MetricResult) -> bool,
) -> String {
    let all = stage.metrics.iter().zip(&pictures.metrics);
    let drawn = all.filter(|(metric, _)| is_of_kind(metric));
    let drawn: Vec<Figure> = drawn.flat_map(|(_, figures)| figures.clone()).collect();
    match drawn.is_empty() {
        true => String::new(),
        false => format!("<h3>{}</h3>\n{}", escape(title), markup::figures(&drawn)),
    }
}
