//! Holds a campaign against its input files, before any job runs: trees, branches, types.

use std::collections::BTreeMap;

use lumimill_worker::input::{open_tree, schema_of};

use crate::campaign_file::CampaignFile;
use crate::discover::discover;

/// Compiles every stage against every file that it reads; files of one schema count once.
/// Every problem is returned, with the first file that has it and how many more do.
#[must_use]
pub fn check_files(file: &CampaignFile) -> Vec<String> {
    let mut found = Found::default();
    for (number, dataset) in file.campaign.datasets.iter().enumerate() {
        let (inputs, problems) = discover(number, dataset, &file.base);
        problems
            .iter()
            .for_each(|problem| found.add("", problem.to_string()));
        for input in &inputs {
            let url = &input.identity.url;
            for stage in &file.stages {
                if !stage.stage().datasets.contains(&dataset.name) {
                    continue;
                }
                let tree = stage.stage().tree.as_ref().unwrap_or(&dataset.tree);
                match open_tree(&file.base, url, tree) {
                    Err(failure) => found.add("", failure.to_string()),
                    Ok((_, tree)) => {
                        if let Err(problems) = stage.compile(&schema_of(&tree)) {
                            problems
                                .iter()
                                .for_each(|problem| found.add(url, problem.to_string()));
                        }
                    }
                }
            }
        }
    }
    found.messages()
}

/// Problems in the order in which they were met, each with the files that have it.
#[derive(Debug, Default)]
struct Found {
    order: Vec<String>,
    files: BTreeMap<String, Vec<String>>,
}

impl Found {
    fn add(&mut self, file: &str, problem: String) {
        if !self.files.contains_key(&problem) {
            self.order.push(problem.clone());
        }
        self.files.entry(problem).or_default().push(file.to_owned());
    }

    fn messages(self) -> Vec<String> {
        let with_files = |problem: String| match self.files.get(&problem).map(Vec::as_slice) {
            Some([file]) if !file.is_empty() => format!("{problem}\n(in {file})"),
            Some([file, more @ ..]) if !file.is_empty() => {
                format!("{problem}\n(in {file} and {} more)", more.len())
            }
            _ => problem,
        };
        self.order.into_iter().map(with_files).collect()
    }
}
