//! `lumimill fetch`: brings the report and the tables of a campaign from its store to a folder.

use std::path::PathBuf;

use clap::Args;
use lumimill_common::store::{Key, LocalStore};

use super::block_on;
use super::say::{say, say_some};
use super::target::{as_planned, target};
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::fetch::Fetch;
use crate::output::Output;
use crate::progress::bar;

/// The file of a report that is written last.
const INDEX: &str = "report/index.html";

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
        let report = output.store().list(&"report".parse()?).await?;
        let report: Vec<Key> = report.into_iter().map(|object| object.key).collect();
        let plan = match args.report_only {
            true => None,
            false => output.plan().await?,
        };
        if report.is_empty() && plan.is_none() {
            let message = format!("neither a report nor a table is in {place} yet");
            return Err(Mistakes::new(args.campaign.display(), vec![message]).into());
        }
        let folder = args.output.join(campaign.name.as_str());
        let copy = LocalStore::create(&folder)?;
        let planned = plan.as_ref().map_or(0, |plan| plan.shards.len());
        let bar = bar("fetching", report.len() + planned, "objects");
        let told = || bar.inc(1);
        let planned = as_planned(&args.campaign, &output, campaign).await?;
        let fetching = Fetch::new(&output, &planned, &copy, &told);
        let fetched = fetching.bring(&report, plan.as_ref()).await;
        bar.finish_and_clear();
        copy.close();
        let mut fetched = fetched?;
        if !report.iter().any(|key| key.as_str() == INDEX) {
            let missing = format!("{INDEX} is not there: the campaign is not at its end");
            fetched.missing.insert(0, missing);
        }
        let missing = fetched.missing.len();
        say_some(fetched.missing, "lumimill verify --json lists all");
        say(format_args!(
            "{} files of the report and {} tables are in {}",
            fetched.reports,
            fetched.tables,
            folder.display()
        ));
        if missing == 0 {
            return Ok(Exit::Done);
        }
        say(format_args!(
            "not whole: {missing} things are missing; make them again with lumimill verify --mend, \
             and fetch again"
        ));
        Ok(Exit::FailedShards)
    })
}
