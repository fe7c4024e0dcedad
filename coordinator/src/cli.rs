//! The command line: what a person can ask for, and how the answer is given.

mod advice;
mod block_on;
mod broker;
mod check;
mod control;
mod dead;
mod demo;
mod earlier;
mod edits;
mod fetch;
mod fit;
mod inspect;
mod model;
mod plan;
mod resubmit;
mod run;
mod runtime;
mod say;
mod serve;
mod slots;
mod status;
mod submit;
mod target;
mod verified;
mod verify;
mod with_pool;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::orders::Order;
use crate::stored::{NewerVersion, Unusable};
use lumimill_common::store::StoreError;
use lumimill_worker::log::start_log;
use lumimill_worker::program::refuse_credentials;
use say::tell;

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
    Check(check::CheckArgs),
    /// Show what is in a ROOT file: trees, branches, types, codecs, clusters.
    #[command(after_help = "Example:\n  lumimill inspect nano.root --tree Events --json")]
    Inspect(inspect::InspectArgs),
    /// Show what is in a model file: inputs, outputs, operators, and what evaluates it here.
    #[command(after_help = "Example:\n  lumimill model models/pid.onnx --bench")]
    Model(model::ModelArgs),
    /// Say which library of ONNX Runtime is used, or get it.
    #[command(after_help = runtime::HELP)]
    Runtime(runtime::RuntimeArgs),
    /// Merge what is done and write the report again.
    #[command(
        visible_alias = "reduce",
        after_help = "Example:\n  lumimill report campaign.toml"
    )]
    Report(TargetArg),
    /// Bring report and tables from the store to a folder.
    #[command(
        after_help = "Example:\n  lumimill fetch s3://campaigns/prod/doublemuon-2016g --output here"
    )]
    Fetch(fetch::FetchArgs),
    /// Fit a category of a mass fit again, as it is or with another model; nothing is written.
    #[command(
        after_help = "Example:\n  lumimill fit campaign.toml --category p_0 --try 'signal = \
                      \"voigt(mean, width, gamma)\"'\n\nIt is made from the counts of the shards \
                      that are done, and shown beside that of the campaign."
    )]
    Fit(fit::FitArgs),
    /// Check that every object and the report that should be there are, whole and unchanged.
    #[command(after_help = "Example:\n  lumimill verify campaign.toml")]
    Verify(verify::VerifyArgs),
    /// Show how far a campaign is.
    #[command(
        after_help = "Example:\n  lumimill status out/doublemuon-2016g --failed\n\nIt looks at \
                      listings, and reads the markers of up to 2,000 done shards: tables that are \
                      gone or of another size, and markers that cannot be used, are counted. The \
                      bytes of tables are read by `verify` alone."
    )]
    Status(status::StatusArgs),
    /// Do again what failed or is missing.
    #[command(after_help = "Example:\n  lumimill resubmit campaign.toml --failed --dry-run")]
    Resubmit(resubmit::ResubmitArgs),
    /// Publish what is to be done of a campaign to a pool of workers.
    #[command(
        after_help = "Example:\n  lumimill submit campaign.toml --pool cpu\n\nWhat has a marker is \
                      not published; submitting again is safe. Broker and store come from \
                      LUMIMILL_BROKER and LUMIMILL_STORE."
    )]
    Submit(submit::SubmitArgs),
    /// Drive the campaigns of a pool: reports, stages, lost jobs, dead letters.
    #[command(after_help = "Example:\n  lumimill serve")]
    Serve(serve::ServeArgs),
    /// Drop the jobs of a submitted campaign; what is done stays.
    #[command(after_help = "Example:\n  lumimill cancel campaign.toml")]
    Cancel(TargetArg),
    /// Let the jobs of a submitted campaign wait.
    #[command(after_help = "Example:\n  lumimill pause campaign.toml")]
    Pause(TargetArg),
    /// Let a paused campaign go on.
    #[command(after_help = "Example:\n  lumimill resume campaign.toml")]
    Resume(TargetArg),
    /// Look at messages that nobody could do anything about, and send them again.
    #[command(subcommand)]
    Dead(dead::DeadCommand),
    /// Make a small NanoAOD data set and run a trigger-emulator campaign on it.
    #[command(
        after_help = "Examples:\n  lumimill demo --output demo\n  lumimill demo pid\n  lumimill demo dielectron\n  lumimill demo dstar\n  lumimill demo --list"
    )]
    Demo(demo::DemoArgs),
}

#[derive(Debug, Args)]
struct TargetArg {
    /// The campaign file, the folder (or s3:// address) of its output, or its name at the site of
    /// LUMIMILL_STORE.
    campaign: PathBuf,
}

/// What commands log that a person waits for: what goes wrong, and who keeps them waiting.
const ONLY_ERRORS: &str = "error,lumimill::silence=warn";

/// Reads the command line, does what it says, and says how it went.
#[must_use]
pub fn main() -> Exit {
    if let Err(message) = refuse_credentials() {
        tell(format_args!("error: {message}"));
        return Exit::Usage;
    }
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
    start_log(match cli.command {
        Command::Serve(_) => "info",
        _ => ONLY_ERRORS,
    });
    match dispatch(cli.command) {
        Ok(exit) => exit,
        Err(error) => {
            tell(format_args!("error: {error:#}"));
            // A store that refuses does so until somebody changes settings.
            let refused = |error: &StoreError| !error.is_transient();
            let is_refusal = error.downcast_ref::<StoreError>().is_some_and(refused);
            let is_stored = error.is::<NewerVersion>() || error.is::<Unusable>();
            match error.is::<Mistakes>() || is_stored || is_refusal {
                true => Exit::Usage,
                false => Exit::Trouble,
            }
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Check(args) => check::check(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Model(args) => model::model(&args),
        Command::Runtime(args) => runtime::runtime(&args),
        Command::Report(args) => run::report_again(&args.campaign),
        Command::Fetch(args) => fetch::fetch(&args),
        Command::Fit(args) => fit::fit(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Status(args) => status::status(&args),
        Command::Resubmit(args) => resubmit::resubmit(&args),
        Command::Submit(args) => submit::submit(&args),
        Command::Serve(args) => serve::serve(&args),
        Command::Cancel(args) => control::tell(&args.campaign, Order::Cancel),
        Command::Pause(args) => control::tell(&args.campaign, Order::Pause),
        Command::Resume(args) => control::tell(&args.campaign, Order::Resume),
        Command::Dead(command) => dead::dead(&command),
        Command::Demo(args) => demo::demo(&args),
    }
}
