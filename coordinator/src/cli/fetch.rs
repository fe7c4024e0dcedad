//! `lumimill fetch`: brings the report and the tables of a campaign from its store to a folder.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lumimill_common::marker::object_key;
use lumimill_common::store::{Key, LocalStore, Store};

use super::block_on;
use super::say::say;
use super::target::target;
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::output::Output;
use crate::progress::bar;

/// Objects that are on their way at a time.
const AT_ONCE: usize = 8;

#[derive(Debug, Args)]
pub(super) struct FetchArgs {
    /// The campaign file, the folder (or s3:// address) of its output, or its name at the site of
    /// LUMIMILL_STORE.
    campaign: PathBuf,
    /// Folder in which a folder of the campaign's name is made.
    #[arg(long, default_value = ".")]
    output: PathBuf,
    /// Leave the tables where they are.
    #[arg(long)]
    report_only: bool,
}

pub(super) fn fetch(args: &FetchArgs) -> anyhow::Result<Exit> {
    block_on(async {
        let (campaign, place) = target(&args.campaign).await?;
        let output = Output::open(&place)?;
        let store = output.store();
        let report = store.list(&"report".parse()?).await?;
        let reports = report.len();
        let mut keys: Vec<Key> = report.into_iter().map(|object| object.key).collect();
        if !args.report_only {
            keys.extend(tables(&output).await?);
        }
        if keys.is_empty() {
            let message = format!("neither a report nor a table is in {place} yet");
            return Err(Mistakes::new(args.campaign.display(), vec![message]).into());
        }
        let folder = args.output.join(campaign.name.as_str());
        let copy = LocalStore::create(&folder)?;
        let bar = bar("fetching", keys.len(), "objects");
        let fetch = async |key: &Key| {
            let bytes = store.get(key).await?;
            let bytes = bytes.with_context(|| format!("{place}: {key} is gone"))?;
            copy.put(key, bytes).await?;
            bar.inc(1);
            anyhow::Ok(())
        };
        let fetching: Vec<_> = keys.iter().map(fetch).collect();
        let fetching = stream::iter(fetching).buffer_unordered(AT_ONCE);
        fetching.try_collect::<()>().await?;
        bar.finish_and_clear();
        copy.close();
        say(format_args!(
            "{reports} files of the report and {} tables are in {}",
            keys.len().saturating_sub(reports),
            folder.display()
        ));
        Ok(Exit::Done)
    })
}

/// The tables of the shards that are done; what has no marker may not be whole.
async fn tables(output: &Output) -> anyhow::Result<Vec<Key>> {
    let Some(plan) = output.plan().await? else {
        return Ok(Vec::new());
    };
    let done = output.done_of(&plan).await?;
    let done = plan.shards.iter().filter(|shard| done.contains(&shard.id));
    Ok(done
        .map(|shard| object_key(&shard.stage, shard.id))
        .collect())
}
