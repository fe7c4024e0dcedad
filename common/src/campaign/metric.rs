//! `[[stage.metric]]`: one metric, of a kind that its only key says.

use crate::metric::{MetricSpec, RawMetric};
use crate::section::Section;

/// Reads a metric, whose expressions may call the campaign's functions; nothing when anything of it
/// is wrong, or a function that it calls.
pub(super) fn read(
    section: &mut Section<'_>,
    functions: &[(String, String)],
) -> Option<MetricSpec> {
    let before = section.mistakes();
    let raw = RawMetric::read(section);
    section.finish();
    if section.mistakes() > before {
        return None;
    }
    match raw.with_functions(functions)?.validate() {
        Ok(metric) => Some(metric),
        Err(messages) => {
            let messages = messages.into_iter();
            messages.for_each(|message| section.problem_here(message));
            None
        }
    }
}
