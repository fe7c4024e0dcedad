//! What to type next about what is missing or damaged.

use std::path::Path;

use crate::problem::Problem;

/// Lines that say what to type about these problems, a line for each kind.
pub(super) fn advice(problems: &[Problem], campaign: &Path) -> Vec<String> {
    let c = campaign.display();
    // What makes something again reads the input, and the campaign file knows where that is.
    let file = match campaign.is_file() {
        true => c.to_string(),
        false => String::from("CAMPAIGN.toml"),
    };
    let has = |is_it: fn(&Problem) -> bool| problems.iter().any(is_it);
    let mut lines = Vec::new();
    if has(|problem| matches!(problem, Problem::Newer { .. })) {
        lines.push(String::from(
            "a newer version of lumimill wrote some of it, and nothing is changed: upgrade",
        ));
    }
    if has(|problem| matches!(problem, Problem::Unreadable { .. })) {
        lines.push(String::from(
            "what cannot be read is not made again: see to its permissions, or to what is in its \
             place, first",
        ));
    }
    if has(|problem| matches!(problem, Problem::NoAnswer { .. })) {
        lines.push(String::from(
            "the store gave no answer for some of it: try again",
        ));
    }
    if has(|problem| matches!(problem, Problem::Model { .. })) {
        lines.push(format!(
            "put the models there again first: lumimill submit {file}"
        ));
    }
    if has(Problem::is_due) {
        lines.push(format!(
            "make again what is missing or damaged: lumimill verify {file} --mend"
        ));
    } else if has(|problem| matches!(problem, Problem::Report { .. })) {
        lines.push(format!("write the report again: lumimill report {c}"));
    }
    if has(|problem| {
        matches!(
            problem,
            Problem::NotDone {
                is_given_up: true,
                ..
            }
        )
    }) {
        lines.push(format!(
            "do again what was given up: lumimill resubmit {c} --failed"
        ));
    }
    if has(|problem| matches!(problem, Problem::Stray(_))) {
        lines.push(format!(
            "what is not of the plan goes with: lumimill run {file} --replace (or submit)"
        ));
    }
    lines
}
