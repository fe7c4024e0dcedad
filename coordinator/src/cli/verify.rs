//! `lumimill verify`: every marker's object exists, with its rows and checksum.

use std::path::PathBuf;

use clap::Args;

use super::block_on;
use super::say::say;
use super::target::{as_planned, target};
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::output::Output;
use crate::verify::{Verified, verify as verify_output};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The campaign file, the folder (or s3:// address) of its output, or its name at the site of
    /// LUMIMILL_STORE.
    campaign: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let verified = block_on(async {
        let (campaign, place) = target(&args.campaign).await?;
        let output = Output::open(&place)?;
        let Some(plan) = output.plan().await? else {
            let message = format!("nothing was planned in {place}");
            return Err(Mistakes::new(args.campaign.display(), vec![message]).into());
        };
        let campaign = as_planned(&args.campaign, &output, campaign).await?;
        verify_output(&output, &campaign, &plan).await
    })?;
    match args.json {
        true => say(format_args!("{}", serde_json::to_string_pretty(&verified)?)),
        false => print(&verified),
    }
    Ok(if verified.problems.is_empty() {
        Exit::Done
    } else {
        Exit::FailedShards
    })
}

fn print(verified: &Verified) {
    for problem in &verified.problems {
        say(format_args!("{problem}"));
    }
    say(format_args!(
        "{} objects, {} rows: {}",
        verified.objects,
        verified.rows,
        match verified.problems.len() {
            0 => String::from("all as their markers say"),
            found => format!("{found} problems"),
        }
    ));
}
