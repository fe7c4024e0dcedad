//! `lumimill inspect`: what is in an input file.

use std::path::{Path, PathBuf};

use clap::Args;
use lumimill_common::spelling::spelled_out;
use lumimill_worker::input::Location;

use super::say::say;
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::inspection::{Inspection, TreeInspection};

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The file, ROOT or Parquet: a path, or an s3:// URL.
    file: PathBuf,
    /// Only this tree.
    #[arg(long)]
    tree: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Read every branch and add the CRC-32 of its values.
    #[arg(long)]
    checksums: bool,
}

pub(super) fn inspect(args: &InspectArgs) -> anyhow::Result<Exit> {
    let location = match args.file.to_str() {
        Some(url) => {
            let url = spelled_out(url)
                .map_err(|error| Mistakes::new(args.file.display(), vec![error.to_string()]))?;
            Location::of(Path::new(""), &url)
        }
        None => Location::File(args.file.clone()),
    };
    let inspection = Inspection::of(&location, args.tree.as_deref(), args.checksums)
        .map_err(|error| Mistakes::new(args.file.display(), vec![error.to_string()]))?;
    match args.json {
        true => say(format_args!("{}", serde_json::to_string(&inspection)?)),
        false => print(&inspection),
    }
    let damaged = inspection.trees.iter().any(|tree| {
        tree.error.is_some() || tree.branches.iter().any(|branch| branch.status == "error")
    });
    Ok(if damaged {
        Exit::FailedShards
    } else {
        Exit::Done
    })
}

fn print(inspection: &Inspection) {
    let is_parquet = inspection.trees.iter().any(|tree| tree.kind == "parquet");
    let identity = match is_parquet {
        true => String::from("Parquet"),
        false => format!("UUID {}", inspection.uuid),
    };
    say(format_args!(
        "{}: {} bytes, {identity}",
        inspection.file, inspection.bytes
    ));
    inspection.trees.iter().for_each(print_tree);
    if inspection.trees.is_empty() {
        say(format_args!("\nno tree"));
    }
}

fn print_tree(tree: &TreeInspection) {
    if let Some(error) = &tree.error {
        return say(format_args!("\ntree {}: {error}", tree.name));
    }
    let (kind, branches, clusters) = match tree.kind {
        "rntuple" => ("RNTuple ", "branches", "clusters"),
        "parquet" => ("table", "columns", "row groups"),
        _ => ("tree ", "branches", "clusters"),
    };
    say(format_args!(
        "\n{kind}{}: {} entries, {} {branches}, {} {clusters}{}",
        tree.name,
        tree.entries,
        tree.branches.len(),
        tree.clusters.len().saturating_sub(1),
        cluster_sizes(&tree.clusters)
    ));
    let width = tree
        .branches
        .iter()
        .map(|branch| branch.name.len())
        .max()
        .unwrap_or(0)
        .min(48);
    for branch in &tree.branches {
        let mut line = format!(
            "  {:width$}  {:24} {:>10} B of {:>10} B  {}",
            branch.name.replace('\n', "\\n"),
            branch.type_name,
            branch.compressed_bytes,
            branch.uncompressed_bytes,
            branch.compression
        );
        if let Some(reason) = &branch.reason {
            line.push_str(&format!("  {}: {reason}", branch.status));
        }
        if let Some(crc32) = branch.crc32 {
            line.push_str(&format!(
                "  {} values, crc32 {crc32:08x}",
                branch.count.unwrap_or(0)
            ));
        }
        say(format_args!("{line}"));
    }
}

fn cluster_sizes(clusters: &[u64]) -> String {
    let sizes = clusters
        .windows(2)
        .filter_map(|pair| Some(pair.last()? - pair.first()?));
    match (sizes.clone().min(), sizes.max()) {
        (Some(least), Some(most)) if least == most => format!(" of {least} entries"),
        (Some(least), Some(most)) => format!(" of {least} to {most} entries"),
        _ => String::new(),
    }
}
