//! What the files of a stage come to together: one type for each column, and which labels are in
//! how many of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use lumimill_common::campaign::{Keep, MissingLabels, Problem};
use lumimill_common::count::counted;
use lumimill_common::suggest;
use lumimill_worker::prepared_stage::PreparedStage;
use lumimill_worker::shard_table::LabelCoverage;
use lumimill_worker::stage_types::{FileSchema, StageTypes};

use super::inputs::Scanned;

/// The types and labels of a stage that reads these files.
///
/// # Errors
/// Columns without a common type, and labels that no file has.
pub(super) fn decide(
    stage: &Arc<PreparedStage>,
    files: &[&Scanned<'_>],
    notes: &mut Vec<String>,
) -> Result<(StageTypes, Vec<LabelCoverage>), Vec<Problem>> {
    let files: Vec<&Scanned<'_>> = files
        .iter()
        .copied()
        .filter(|file| !file.scan.layout.schema().fields().is_empty())
        .collect();
    let mut known = BTreeSet::new();
    let schemas: Vec<FileSchema<'_>> = files
        .iter()
        .filter(|file| known.insert(Arc::as_ptr(&file.scan.layout)))
        .map(|file| FileSchema {
            file: &file.input.file.identity.url,
            schema: file.scan.layout.schema(),
        })
        .collect();
    let (labels, mut problems) = labels(stage, &files, &schemas);
    let types = StageTypes::decide(stage, &schemas).unwrap_or_else(|found| {
        problems.extend(found);
        StageTypes::default()
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let name = &stage.stage().name;
    notes.extend(types.told().map(|told| format!("stage {name}: {told}")));
    let lacking = labels.iter().filter(|label| label.files_without > 0);
    notes.extend(lacking.map(|label| {
        format!(
            "stage {name}: label {} is not in {} of {}, with {} of {}",
            label.branch,
            label.files_without,
            counted(label.files, "file"),
            label.events_without,
            counted(label.events, "certified event")
        )
    }));
    Ok((types, labels))
}

fn labels(
    stage: &Arc<PreparedStage>,
    files: &[&Scanned<'_>],
    schemas: &[FileSchema<'_>],
) -> (Vec<LabelCoverage>, Vec<Problem>) {
    let spec = stage.stage();
    let labels: Vec<LabelCoverage> = spec
        .labels
        .iter()
        .map(|label| coverage(label, files))
        .collect();
    let mut problems = Vec::new();
    // Otherwise every file that lacks one is a mistake already.
    if spec.missing_labels != MissingLabels::Error {
        for (index, label) in labels.iter().enumerate() {
            if label.files > 0 && label.files_without == label.files {
                let names = schemas.iter().flat_map(|file| file.schema.fields());
                let near =
                    suggest::nearest(&label.branch, names.map(|field| field.name().as_str()));
                let near = near.map_or_else(String::new, |near| format!("; nearest: {near}"));
                problems.push(Problem {
                    path: format!("{}.labels[{}]", stage.path(), spec.reading.labels.of(index)),
                    message: format!("no file of the stage has a branch {:?}{near}", label.branch),
                });
            }
        }
    }
    (labels, problems)
}

fn coverage(label: &Keep, files: &[&Scanned<'_>]) -> LabelCoverage {
    let mut coverage = LabelCoverage {
        label: label.name.clone(),
        branch: label.column.clone(),
        files: 0,
        events: 0,
        files_without: 0,
        events_without: 0,
    };
    for file in files {
        let events: u64 = file.scan.cuts.iter().map(|cut| cut.certified_events).sum();
        coverage.files += 1;
        coverage.events += events;
        if file
            .scan
            .layout
            .schema()
            .field_with_name(&label.column)
            .is_err()
        {
            coverage.files_without += 1;
            coverage.events_without += events;
        }
    }
    coverage
}
