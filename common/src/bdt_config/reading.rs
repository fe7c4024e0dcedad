//! Reads a BDT selection, with every mistake noted on the way.

use super::block::{Block, Notes};
use super::{BdtBin, BdtConfig, BdtCut, BdtKind, MOST_BINS};
use crate::ordered_json::Json;
use crate::section::Problem;

/// What a block's key must contain, and what else O2 reads of it.
const CENTRALITY_BLOCK: &str = "AddCentCut";
const PT_BLOCK: &str = "AddPtCut";
const CUT_BLOCK: &str = "AddMLCut";
const ESTIMATORS: [&str; 3] = ["kCentFT0C", "kCentFT0A", "kCentFT0M"];
/// What `var` says at each place.
const VARIABLES: [&str; 3] = ["kBdtBackground", "kBdtPrompt", "kBdtNonprompt"];

/// The most bytes of a document: 16 kB for each of as many bins as there may be. In memory it takes
/// sixteen times as much.
const MOST_BYTES: usize = 16 << 20;

pub(super) fn read(bytes: &[u8]) -> Result<BdtConfig, Vec<Problem>> {
    let mut notes = Notes::default();
    let whole = |message: String| {
        vec![Problem {
            path: String::from("document"),
            message,
        }]
    };
    if bytes.len() > MOST_BYTES {
        let found = bytes.len();
        return Err(whole(format!(
            "has {found} bytes: a BDT configuration has at most {MOST_BYTES}"
        )));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| whole(format!("not UTF-8: {error}")))?;
    let document = Json::parse(text).map_err(|error| whole(format!("not JSON: {error}")))?;
    let Some(members) = document.members() else {
        let kind = document.kind();
        return Err(whole(format!("expected an object, found {kind}")));
    };
    let Some((name, value)) = members.first() else {
        return Err(whole(String::from("is empty: expected {\"name\": {…}}")));
    };
    if members.len() > 1 {
        let message = format!(
            "it alone is used, and the {} after it are not",
            members.len() - 1
        );
        notes.warn(name, &message);
    }
    let Some(inside) = value.members() else {
        notes.problem(name, format!("expected an object, found {}", value.kind()));
        return Err(notes.problems);
    };
    let block = Block {
        path: name.clone(),
        at: vec![0],
        members: inside,
    };
    let read = selection(&block, &mut notes);
    match read.filter(|_| notes.problems.is_empty()) {
        Some(config) => Ok(BdtConfig {
            name: name.clone(),
            warnings: notes.warnings,
            document,
            ..config
        }),
        None => Err(notes.problems),
    }
}

fn selection(block: &Block<'_>, notes: &mut Notes) -> Option<BdtConfig> {
    let kind = match block.text("type", notes) {
        Some("Binary") => Some(BdtKind::Binary),
        Some("MultiClass") => Some(BdtKind::MultiClass),
        Some(other) => {
            let message = format!("expected \"Binary\" or \"MultiClass\", found \"{other}\"");
            notes.problem(&block.path_of("type"), message);
            None
        }
        None => None,
    };
    let features = block.texts("inputFeatures", notes);
    let model_files = block.texts("modelFiles", notes);
    let estimator = block.text("cent", notes);
    if let Some(found) = estimator.filter(|name| !ESTIMATORS.contains(name)) {
        let message = format!(
            "expected one of {}, found \"{found}\"",
            ESTIMATORS.join(", ")
        );
        notes.problem(&block.path_of("cent"), message);
    }
    let bins = bins(block, kind, notes);
    if let Some(files) = model_files
        .as_ref()
        .filter(|files| files.len() != bins.len())
    {
        let message = format!(
            "has {} files for {} bins of centrality and pT: one for each, in their order",
            files.len(),
            bins.len()
        );
        notes.problem(&block.path_of("modelFiles"), message);
    }
    check_bins(&bins, notes);
    block.rest(
        &["type", "title", "inputFeatures", "modelFiles", "cent"],
        Some(CENTRALITY_BLOCK),
        notes,
    );
    Some(BdtConfig {
        name: String::new(),
        kind: kind?,
        features: features?,
        model_files: model_files?,
        centrality: estimator?.to_owned(),
        bins: bins.into_iter().map(|(bin, _)| bin).collect(),
        warnings: Vec::new(),
        document: Json::Null,
    })
}

/// The bins, each with its path.
fn bins(block: &Block<'_>, kind: Option<BdtKind>, notes: &mut Notes) -> Vec<(BdtBin, String)> {
    let mut bins = Vec::new();
    let outer = block.blocks(CENTRALITY_BLOCK, notes);
    if outer.is_empty() {
        let path = block.path_of(CENTRALITY_BLOCK);
        notes.problem(
            &path,
            "is missing: at least one block with a key that contains it",
        );
    }
    for outer in outer {
        let centrality = range(&outer, "centMin", "centMax", notes);
        let inner = outer.blocks(PT_BLOCK, notes);
        if inner.is_empty() {
            let path = outer.path_of(PT_BLOCK);
            notes.problem(
                &path,
                "is missing: at least one block with a key that contains it",
            );
        }
        outer.rest(&["centMin", "centMax"], Some(PT_BLOCK), notes);
        for inner in inner {
            let pt = range(&inner, "pTMin", "pTMax", notes);
            let cuts = cuts(&inner, kind, notes);
            inner.rest(&["pTMin", "pTMax"], Some(CUT_BLOCK), notes);
            let nowhere = [f64::NAN; 2];
            let bin = BdtBin {
                centrality: centrality.unwrap_or(nowhere),
                pt: pt.unwrap_or(nowhere),
                cuts,
            };
            bins.push((bin, inner.path));
        }
    }
    bins
}

fn range(block: &Block<'_>, low: &str, high: &str, notes: &mut Notes) -> Option<[f64; 2]> {
    let (from, to) = (block.number(low, notes), block.number(high, notes));
    let (from, to) = (from?, to?);
    if from < to {
        return Some([from, to]);
    }
    let message = format!("is an empty bin: {low} is {from} and {high} is {to}");
    notes.problem(&block.path, message);
    None
}

fn cuts(block: &Block<'_>, kind: Option<BdtKind>, notes: &mut Notes) -> Vec<BdtCut> {
    let blocks = block.blocks(CUT_BLOCK, notes);
    if let Some(kind) = kind.filter(|kind| kind.classes().len() != blocks.len()) {
        let message = format!(
            "has {} cuts ({CUT_BLOCK}…), and a {kind:?} model has {}: {}",
            blocks.len(),
            kind.classes().len(),
            kind.classes().join(", ")
        );
        notes.problem(&block.path, message);
    }
    let mut cuts = Vec::with_capacity(blocks.len());
    for (class, block) in blocks.iter().enumerate() {
        cuts.extend(cut(block, notes));
        let expected = VARIABLES.get(class).copied().unwrap_or_default();
        match block.get("var") {
            Some((_, Json::Text(found))) if found == expected => {}
            Some((_, Json::Text(found))) => {
                let message = format!(
                    "is \"{found}\" where the cut on {expected} is: O2 does not read it, the \
                     place counts"
                );
                notes.warn(&block.path_of("var"), &message);
            }
            Some((_, other)) => {
                let message = format!("is {}, and nothing reads it", other.kind());
                notes.warn(&block.path_of("var"), &message);
            }
            None => {}
        }
        block.rest(&["cut", "exclude", "var"], None, notes);
    }
    cuts
}

fn cut(block: &Block<'_>, notes: &mut Notes) -> Option<BdtCut> {
    let path = block.path_of("cut");
    let exclude = match block.get("exclude") {
        None => Some(false),
        Some((_, Json::Bool(exclude))) => Some(*exclude),
        Some((_, other)) => {
            let message = format!("expected true or false, found {}", other.kind());
            notes.problem(&block.path_of("exclude"), message);
            None
        }
    };
    let Some((at, found)) = block.get("cut") else {
        notes.problem(&path, "is missing");
        return None;
    };
    let value = match found {
        Json::Number(number) => number.as_f64(),
        Json::Text(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite()),
        _ => None,
    };
    match (found, value) {
        (Json::Text(text), Some(_)) => {
            let message = format!("is the string \"{text}\", which is taken for the number");
            notes.warn(&path, &message);
        }
        (_, Some(_)) => {}
        (other, None) => {
            notes.problem(&path, format!("expected a number, found {}", other.kind()));
        }
    }
    let mut positions = block.at.clone();
    positions.push(at);
    Some(BdtCut {
        value: value?,
        exclude: exclude?,
        at: positions,
    })
}

/// What is wrong, or may surprise, of bins beside one another.
fn check_bins(bins: &[(BdtBin, String)], notes: &mut Notes) {
    if let Some((_, path)) = bins.get(MOST_BINS) {
        notes.problem(
            path,
            format!("is one of {} bins, at most {MOST_BINS}", bins.len()),
        );
        return;
    }
    for (number, (bin, path)) in bins.iter().enumerate() {
        let mut earlier = bins.iter().take(number);
        if let Some((_, other)) = earlier.find(|(other, _)| bin.overlaps(other)) {
            notes.problem(
                path,
                format!("overlaps {other}: a candidate would be in both"),
            );
        }
    }
    let directions =
        |bin: &BdtBin| -> Vec<bool> { bin.cuts.iter().map(|cut| cut.exclude).collect() };
    let Some((first, of_first)) = bins.first() else {
        return;
    };
    for (bin, path) in bins.iter().skip(1) {
        if directions(bin) != directions(first) && bin.cuts.len() == first.cuts.len() {
            let message = format!(
                "its exclude differs from that of {of_first}: each bin's own is followed here, O2 \
                 follows that of the first bin"
            );
            notes.warn(path, &message);
        }
    }
}
