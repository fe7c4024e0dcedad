//! `lumimill fetch`: brings the report and the tables of a campaign from its store to a folder.

use std::path::{Path, PathBuf};

use clap::Args;
use lumimill_common::count::counted;
use lumimill_common::store::{LocalStore, Place};

use super::advice::advice;
use super::block_on::block_on;
use super::say::{say, say_some};
use super::target::{planned, target};
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::fetch::{Fetch, Fetched};
use crate::output::Output;
use crate::progress::bar;
use crate::report_sums::StoredReport;
use crate::stored::{NewerVersion, Unusable};

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
        let report = StoredReport::look(store.as_ref()).await?;
        let (plan, lack) = match args.report_only {
            true => (None, None),
            false => match planned(&args.campaign, &place, &output, &campaign).await {
                Ok(planned) => (Some(planned), None),
                // The report can be brought without it.
                Err(error) if report.is_begun() && is_about_plan(&error) => (None, Some(error)),
                Err(error) => return Err(error),
            },
        };
        if !report.is_begun() && plan.is_none() {
            let message = format!("no report is in {place} yet");
            return Err(Mistakes::new(args.campaign.display(), vec![message]).into());
        }
        let folder = args.output.join(campaign.name.as_str());
        check_elsewhere(&folder, &place)?;
        let copy = LocalStore::create(&folder)?;
        let shards = plan.as_ref().map_or(0, |planned| planned.plan.shards.len());
        let bar = bar("fetching", report.keys().count() + shards, "objects");
        let told = || bar.inc(1);
        let mut fetching = Fetch::new(&output, &copy, &told);
        let fetched = fetching.bring(&report, plan.as_ref()).await;
        bar.finish_and_clear();
        copy.close();
        let fetched = fetched?;
        if let Some(lack) = &lack {
            say(format_args!("{lack:#}"));
        }
        for loss in plan.iter().flat_map(|planned| planned.plan.losses()) {
            say(format_args!("accepted: {loss}"));
        }
        print(&fetched, args, &folder);
        Ok(match fetched.is_whole() && lack.is_none() {
            true => Exit::Done,
            false => Exit::FailedShards,
        })
    })
}

/// Whether it is about a plan that is not there, or that cannot be used.
fn is_about_plan(error: &anyhow::Error) -> bool {
    error.is::<Unusable>() || error.is::<Mistakes>() || error.is::<NewerVersion>()
}

/// Says what was brought, what was not, and what to type about it.
fn print(fetched: &Fetched, args: &FetchArgs, folder: &Path) {
    let campaign = args.campaign.display();
    let copy = folder.display();
    let mut lines: Vec<String> = fetched.missing.iter().map(ToString::to_string).collect();
    lines.extend(fetched.strays.iter().map(|key| {
        format!("{key} in {copy} is of an earlier plan, and readers would see it: remove it")
    }));
    let missing = lines.len();
    let all = format!("lumimill verify {campaign} --json lists all");
    say_some(lines, &all);
    say(format_args!(
        "{} of the report and {} are in {copy}",
        counted(fetched.reports, "file"),
        counted(fetched.tables, "table")
    ));
    if missing == 0 {
        return;
    }
    say(format_args!(
        "not whole: {}; fetch again once it is",
        match missing {
            1 => String::from("1 thing is missing"),
            count => format!("{count} things are missing"),
        }
    ));
    for line in advice(&fetched.missing, &args.campaign) {
        say(format_args!("{line}"));
    }
}

/// That a copy is not made upon what is copied.
fn check_elsewhere(folder: &Path, place: &Place) -> Result<(), Mistakes> {
    let Place::Folder(output) = place else {
        return Ok(());
    };
    let real = |path: &Path| path.canonicalize().ok();
    match real(folder).is_some_and(|folder| Some(folder) == real(output)) {
        false => Ok(()),
        true => {
            let message = format!(
                "{} is what is to be fetched: name another folder with --output",
                folder.display()
            );
            Err(Mistakes::new("output", vec![message]))
        }
    }
}
