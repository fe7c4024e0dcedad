//! Events that rows of several flat tables are put together to: where recorded ones are in more than
//! one file.

use lumimill_common::campaign::{Campaign, DatasetKind, DuplicatePolicy};
use thiserror::Error;

use super::groups::{GroupKey, MOST_HELD};
use super::inputs::Scanned;

/// Events that several files have, or that cannot be left out.
#[derive(Debug, Error)]
#[error("stage {stage}: {message}")]
pub struct EventsInSeveral {
    stage: String,
    message: String,
}

/// What is wrong with the events of several files together: recorded ones that are in more than one.
pub(super) fn events_in_several(
    campaign: &Campaign,
    scanned: &[Scanned<'_>],
    notes: &mut Vec<String>,
) -> Vec<EventsInSeveral> {
    let mut problems = Vec::new();
    for stage in campaign
        .stages
        .iter()
        .filter(|stage| stage.grouping.is_some())
    {
        let read = scanned.iter();
        let read = read.filter(|scanned| {
            let is_data = scanned.input.dataset.kind == DatasetKind::Data;
            is_data && scanned.input.is_read_by(stage)
        });
        let files: Vec<&Scanned<'_>> = read.collect();
        let policy = campaign.duplicates(DatasetKind::Data);
        let wrong = |message: String| EventsInSeveral {
            stage: stage.name.to_string(),
            message,
        };
        if policy == DuplicatePolicy::First && !files.is_empty() {
            let message = "certification.duplicates = \"first\" cannot leave events out whose rows are \
                           grouped: use \"error\" or \"keep\"";
            problems.push(wrong(message.to_owned()));
            continue;
        }
        match in_several(&files) {
            Ok(None) => {}
            Ok(Some(said)) if policy == DuplicatePolicy::Error => problems.push(wrong(format!(
                "{said}: leave one of the files out, or say certification.duplicates = \"keep\""
            ))),
            Ok(Some(said)) | Err(said) => notes.push(format!("stage {}: {said}", stage.name)),
        }
    }
    problems
}

/// How many events more than one of these files has, where any; an error says why that is not known.
fn in_several(files: &[&Scanned<'_>]) -> Result<Option<String>, String> {
    let mut all: Vec<(GroupKey, usize)> = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let keys = file.scan.groups.as_ref();
        let keys = keys.filter(|keys| all.len() + keys.len() <= MOST_HELD);
        let Some(keys) = keys else {
            return Err(format!(
                "its files have more than {MOST_HELD} events: whether an event is in several of them \
                 was not looked for"
            ));
        };
        all.extend(keys.iter().map(|key| (*key, at)));
    }
    all.sort_unstable();
    let mut pairs = all.windows(2).filter(|pair| match pair {
        [(one, _), (other, _)] => one == other,
        _ => false,
    });
    let name = |at: usize| {
        let file = files.get(at);
        file.map_or("", |file| file.input.file.identity.url.as_str())
    };
    let Some([(_, first), (_, other)]) = pairs.next() else {
        return Ok(None);
    };
    let count = 1 + pairs.count();
    let (first, other) = (name(*first), name(*other));
    Ok(Some(format!(
        "events come back in later files ({count}): {other} has some of {first}"
    )))
}
