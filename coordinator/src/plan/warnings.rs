//! What a person should know of a plan that is no mistake: mostly what else would go wrong in
//! silence. Each says what to do.

use std::collections::BTreeSet;

use lumimill_common::campaign::{Campaign, Certification, DatasetKind};
use lumimill_common::count::counted;
use lumimill_common::event_id::Run;

use super::certified::Certified;
use super::inputs::Scanned;
use super::scan::{Holds, is_by_directory};

/// Files named in one warning.
const NAMED: usize = 3;

/// The warnings of a campaign, and of what is in its files.
pub(super) fn warnings(
    campaign: &Campaign,
    certified: &Certified,
    scanned: &[Scanned<'_>],
) -> Vec<String> {
    let mut said = Vec::new();
    said.extend(without_mask(campaign));
    said.extend(runs_outside(campaign, scanned));
    for (number, dataset) in campaign.datasets.iter().enumerate() {
        let name = &dataset.name;
        let of_dataset = |scanned: &&Scanned<'_>| scanned.input.dataset.name == *name;
        let files: Vec<&Scanned<'_>> = scanned.iter().filter(of_dataset).collect();
        let place = format!("dataset[{number}] ({name})");
        if files.is_empty() {
            said.push(format!(
                "{place}: no stage reads it: name it in `from` of a stage, or take it out"
            ));
            continue;
        }
        if dataset.kind == DatasetKind::Data {
            said.extend(nothing_certified(&place, campaign, certified, &files));
        }
        said.extend(without_events(&place, &files));
        said.extend(by_themselves(&place, &files));
    }
    said
}

/// Data of which every event counts, and a mask of no data.
fn without_mask(campaign: &Campaign) -> Option<String> {
    let of_kind = |kind| {
        let datasets = campaign.datasets.iter();
        let names = datasets
            // No mask is of tables that are read directory by directory.
            .filter(move |dataset| dataset.kind == kind && !is_by_directory(&dataset.tree))
            .map(|dataset| dataset.name.as_str());
        names.collect::<Vec<_>>()
    };
    let data = of_kind(DatasetKind::Data);
    // What becomes of duplicates is said there too, of simulation as well.
    let certifies = |of: &&Certification| of.mask.is_some() || of.runs.is_some();
    match campaign.certification.as_ref().filter(certifies) {
        None if data.is_empty() => None,
        None => Some(format!(
            "{} {} recorded data and there is no mask: every event counts, good or bad; name a \
             golden JSON, mask = \"…\" in [certification], or set kind = \"mc\" if this is simulation",
            data.join(", "),
            if data.len() == 1 { "is" } else { "are" },
        )),
        Some(_) if data.is_empty() => Some(String::from(
            "certification: it applies to data and no dataset is: everything counts; set \
             kind = \"data\" where it is, or take [certification] out",
        )),
        Some(Certification { mask: None, .. }) => Some(String::from(
            "certification.runs: without a mask, every lumi section of these runs counts, good or \
             bad; name a golden JSON, mask = \"…\"",
        )),
        Some(_) => None,
    }
}

/// Runs that the campaign is limited to and no file has.
fn runs_outside(campaign: &Campaign, scanned: &[Scanned<'_>]) -> Vec<String> {
    let certification = campaign.certification.as_ref();
    let Some(runs) = certification.and_then(|certification| certification.runs.as_ref()) else {
        return Vec::new();
    };
    let data = scanned.iter().filter(is_data);
    let there: BTreeSet<Run> = data
        .flat_map(|scanned| &scanned.scan.runs)
        .copied()
        .collect();
    if there.is_empty() {
        return Vec::new();
    }
    let absent = runs
        .ranges()
        .iter()
        .filter(|(first, last)| there.range(*first..=*last).next().is_none());
    let absent = absent.map(|(first, last)| {
        let range = match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        format!(
            "certification.runs: no file has a run of {range}; the files have {}: correct the \
             runs, or add the files",
            span(&there)
        )
    });
    absent.collect()
}

fn is_data(scanned: &&Scanned<'_>) -> bool {
    scanned.input.dataset.kind == DatasetKind::Data
}

/// Data of which nothing counts.
fn nothing_certified(
    place: &str,
    campaign: &Campaign,
    certified: &Certified,
    files: &[&Scanned<'_>],
) -> Option<String> {
    let has_events = files.iter().any(|scanned| scanned.scan.entries > 0);
    let counts =
        |scanned: &&Scanned<'_>| scanned.scan.cuts.iter().any(|cut| cut.certified_events > 0);
    if certified.is_everything() || !has_events || files.iter().any(counts) {
        return None;
    }
    let there: BTreeSet<Run> = files
        .iter()
        .flat_map(|file| &file.scan.runs)
        .copied()
        .collect();
    let mask = campaign.certification.as_ref()?.mask.as_deref();
    let by = match (mask, certified.mask()) {
        (Some(path), Some(mask)) => {
            let runs: BTreeSet<Run> = mask.ranges().iter().map(|range| range.run()).collect();
            format!("the mask {path} has {}", span(&runs))
        }
        _ => String::from("certification.runs has none of them"),
    };
    Some(format!(
        "{place}: nothing of it is certified, and its tables are empty: {} {}, {by}; is it the \
         mask of this data?",
        match files.len() {
            1 => String::from("its file has"),
            many => format!("its {many} files have"),
        },
        span(&there)
    ))
}

/// Files that add nothing, as they have no events or, worse, no branches either.
fn without_events(place: &str, files: &[&Scanned<'_>]) -> Vec<String> {
    let mut said = Vec::new();
    for (holds, what) in [(Holds::Nothing, "branches"), (Holds::Branches, "events")] {
        let found = files.iter().filter(|file| file.scan.holds == holds);
        let urls: Vec<&str> = found
            .map(|file| file.input.file.identity.url.as_str())
            .collect();
        let again = match urls.len() {
            0 => continue,
            1 => "it",
            _ => "them",
        };
        said.push(format!(
            "{place}: {} of {} without {what}, of which nothing is read: {}; make {again} again if \
             there should be some",
            urls.len(),
            counted(files.len(), "file"),
            named(&urls),
        ));
    }
    said
}

/// What is to be known of files by themselves, such as that one was not closed.
fn by_themselves(place: &str, files: &[&Scanned<'_>]) -> Vec<String> {
    let said: BTreeSet<&String> = files
        .iter()
        .filter_map(|file| file.scan.warning.as_ref())
        .collect();
    let said = said.into_iter();
    said.map(|warning| format!("{place}: {warning}")).collect()
}

/// Runs, as a person says them.
fn span(runs: &BTreeSet<Run>) -> String {
    match (runs.first(), runs.last()) {
        (Some(first), Some(last)) if first == last => format!("run {first}"),
        (Some(first), Some(last)) => format!("runs {first} to {last}"),
        _ => String::from("no run"),
    }
}

/// The first few of many.
fn named(files: &[&str]) -> String {
    let first: Vec<&str> = files.iter().take(NAMED).copied().collect();
    match files.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
