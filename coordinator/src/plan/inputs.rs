//! What a campaign reads: each tree of each file, and what was found in it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use lumimill_common::campaign::{Campaign, Dataset, DatasetKind, Grouping, Stage};
use lumimill_worker::input::Location;

use super::certified::Certified;
use super::layouts::Layouts;
use super::scan::{Looked, Scan, Scanner};
use super::stretches::Count;
use crate::discover::{InputFile, Inputs};
use crate::side_by_side::{FAR_AT_ONCE, side_by_side};

/// One tree of one file of one dataset.
pub(super) struct Input<'a> {
    /// Number of the dataset in the campaign.
    pub(super) number: usize,
    pub(super) dataset: &'a Dataset,
    pub(super) file: InputFile,
    pub(super) tree: String,
    /// How its rows become events, where they do; the same for all stages that read it.
    pub(super) grouping: Option<Grouping>,
}

impl Input<'_> {
    /// Whether a stage reads it.
    pub(super) fn is_read_by(&self, stage: &Stage) -> bool {
        stage.datasets.contains(&self.dataset.name) && stage.tree_of(self.dataset) == self.tree
    }
}

/// An input, and what is in it.
pub(super) struct Scanned<'a> {
    pub(super) input: Input<'a>,
    pub(super) scan: Scan,
}

/// A tree, and how its rows become events, where they do.
pub(super) type ReadTree = (String, Option<Grouping>);

/// The numbers of the datasets that stages read, in order, each with the trees that they read of
/// it.
pub(super) fn trees_of(campaign: &Campaign) -> Vec<(usize, Vec<ReadTree>)> {
    let trees = |dataset: &'_ Dataset| -> Vec<ReadTree> {
        let readers = campaign
            .stages
            .iter()
            .filter(|stage| stage.datasets.contains(&dataset.name));
        let mut trees = Vec::new();
        for stage in readers {
            let tree = (stage.tree_of(dataset), stage.grouping.clone());
            if !trees.contains(&tree) {
                trees.push(tree);
            }
        }
        trees
    };
    let datasets = campaign.datasets.iter().enumerate();
    datasets
        .map(|(number, dataset)| (number, trees(dataset)))
        .filter(|(_, trees)| !trees.is_empty())
        .collect()
}

/// The inputs of a dataset of these files, file by file.
pub(super) fn inputs_of<'a>(
    campaign: &'a Campaign,
    number: usize,
    trees: &[ReadTree],
    found: &Inputs,
) -> Vec<Input<'a>> {
    let dataset = &campaign.datasets[number];
    let files = found.files.get(number).map_or(&[][..], Vec::as_slice);
    let mut inputs = Vec::with_capacity(files.len() * trees.len());
    for file in files {
        for (tree, grouping) in trees {
            inputs.push(Input {
                number,
                dataset,
                file: file.clone(),
                tree: tree.clone(),
                grouping: grouping.clone(),
            });
        }
    }
    inputs
}

/// Looks at every input, `slots` at a time, more where some are far away; results in the order of the
/// input.
pub(super) fn look_at_all(
    inputs: &[Input<'_>],
    certified: &Certified,
    target: u64,
    slots: NonZeroUsize,
) -> Vec<Looked> {
    let layouts = Layouts::default();
    // Of files whose events are compared: all data, and each simulation by itself.
    let compared =
        |input: &Input<'_>| (input.dataset.kind == DatasetKind::Mc).then_some(input.number);
    let stretches: BTreeMap<Option<usize>, Count> = inputs
        .iter()
        .map(|input| (compared(input), Count::default()))
        .collect();
    let none = Count::default();
    let is_far = |input: &Input<'_>| matches!(input.file.location, Location::S3(_));
    let at_once = match inputs.iter().any(is_far) {
        true => slots.max(FAR_AT_ONCE),
        false => slots,
    };
    side_by_side(inputs, at_once, |input| {
        let scanner = Scanner {
            location: &input.file.location,
            size: input.file.identity.size,
            tree: &input.tree,
            grouping: input.grouping.as_ref(),
            certified: certified.of_kind(input.dataset.kind),
            target,
            layouts: &layouts,
            stretches: stretches.get(&compared(input)).unwrap_or(&none),
        };
        scanner.look()
    })
}
