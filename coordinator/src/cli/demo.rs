//! `lumimill demo`: a small data set and a campaign on it, start to end.

use std::path::PathBuf;

use clap::Args;

use super::SlotsArg;
use super::run::{RunArgs, run};
use super::say::say;
use crate::demo::{DEMO_EVENTS, DEMO_SEED, write_inputs};
use crate::exit_code::Exit;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Folder for input, tables and report.
    #[arg(long, default_value = "lumimill-demo")]
    output: PathBuf,
    /// Events to make.
    #[arg(long, default_value_t = DEMO_EVENTS)]
    events: u64,
    /// Seed of the events.
    #[arg(long, default_value_t = DEMO_SEED)]
    seed: u64,
    /// Write input and campaign file, and leave it at that.
    #[arg(long)]
    inputs_only: bool,
    #[command(flatten)]
    slots: SlotsArg,
}

pub(super) fn demo(args: &DemoArgs) -> anyhow::Result<Exit> {
    eprintln!(
        "making {} NanoAOD-like events in {}",
        args.events,
        args.output.display()
    );
    let inputs = write_inputs(&args.output, args.events, args.seed)?;
    if args.inputs_only {
        say(format_args!(
            "the campaign is {}",
            inputs.campaign.display()
        ));
        return Ok(Exit::Done);
    }
    eprintln!("running {}", inputs.campaign.display());
    let slots = SlotsArg {
        slots: args.slots.slots,
    };
    run(&RunArgs {
        campaign: inputs.campaign,
        slots,
        replace: true,
        quiet: false,
    })
}
