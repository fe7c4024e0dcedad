//! The command line: what a person can ask for, and how the answer is given.

mod check;
mod demo;
mod inspect;
mod plan;
mod resubmit;
mod run;
mod say;
mod status;
mod verify;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use lumimill_worker::log::start_log;

/// Collision data into certified, scored, weighted Parquet tables.
#[derive(Debug, Parser)]
#[command(name = "lumimill", version, after_help = Exit::HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do a whole campaign in this process: plan, process, merge, report.
    #[command(after_help = "Example:\n  lumimill run campaign.toml --slots 4")]
    Run(run::RunArgs),
    /// Say what a campaign would do: shards, events, certified lumi sections.
    #[command(after_help = "Example:\n  lumimill plan campaign.toml --json")]
    Plan(plan::PlanArgs),
    /// Validate a campaign, its models and its input files, without doing anything.
    #[command(after_help = "Example:\n  lumimill check campaign.toml")]
    Check(CampaignArg),
    /// Show what is in a ROOT file: trees, branches, types, codecs, clusters.
    #[command(after_help = "Example:\n  lumimill inspect nano.root --tree Events --json")]
    Inspect(inspect::InspectArgs),
    /// Merge what is done and write the report again.
    #[command(
        alias = "reduce",
        after_help = "Example:\n  lumimill report campaign.toml"
    )]
    Report(TargetArg),
    /// Check that every object that should be there is, whole and unchanged.
    #[command(after_help = "Example:\n  lumimill verify campaign.toml")]
    Verify(verify::VerifyArgs),
    /// Show how far a campaign is.
    #[command(after_help = "Example:\n  lumimill status out/doublemuon-2016g --failed")]
    Status(status::StatusArgs),
    /// Do again what failed or is missing.
    #[command(after_help = "Example:\n  lumimill resubmit campaign.toml --failed --dry-run")]
    Resubmit(resubmit::ResubmitArgs),
    /// Make a small NanoAOD data set and run a trigger-emulator campaign on it.
    #[command(after_help = "Example:\n  lumimill demo --output demo")]
    Demo(demo::DemoArgs),
}

#[derive(Debug, Args)]
struct CampaignArg {
    /// The campaign file.
    campaign: PathBuf,
}

#[derive(Debug, Args)]
struct TargetArg {
    /// The campaign file, or the folder (or s3:// address) of its output.
    campaign: PathBuf,
}

#[derive(Debug, Args)]
struct SlotsArg {
    /// Shards that are processed at a time [default: number of cores].
    #[arg(long, value_name = "N")]
    slots: Option<NonZeroUsize>,
}

impl SlotsArg {
    fn get(&self) -> NonZeroUsize {
        self.slots
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN)
    }
}

/// Reads the command line, does what it says, and says how it went.
#[must_use]
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes; nothing can be done if printing fails.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
        }
    };
    start_log("error");
    match dispatch(cli.command) {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error:#}");
            match error.downcast_ref::<Mistakes>() {
                Some(_) => Exit::Usage,
                None => Exit::Trouble,
            }
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Check(args) => check::check(&args.campaign),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Report(args) => run::report_again(&args.campaign),
        Command::Verify(args) => verify::verify(&args),
        Command::Status(args) => status::status(&args),
        Command::Resubmit(args) => resubmit::resubmit(&args),
        Command::Demo(args) => demo::demo(&args),
    }
}

/// Runs async work on a runtime of its own.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(work)
}
