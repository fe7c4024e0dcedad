//! `lumimill demo`: a small data set and a campaign on it, start to end.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::run::{RunArgs, run};
use super::say::say;
use super::slots::SlotsArg;
use crate::demo::{
    DEMO_EVENTS, DEMO_SEED, DemoInputs, dielectron, dstar, pid, pioneer, write_inputs,
};
use crate::exit_code::Exit;

/// The demos that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Demo {
    /// A trigger emulator on muon pairs of NanoAOD, with three tree models
    Trigger,
    /// Identification of particles by a model with attention over groups of detectors
    Pid,
    /// Electron pairs in ALICE's tables, selected by models in bins of centrality and pT
    Dielectron,
    /// Mass fits, efficiencies and corrections of particle identification, on D* candidates
    Dstar,
    /// Pion decays in an active target, by a chain of five models of graphs
    Pioneer,
}

impl Demo {
    fn folder(self) -> &'static str {
        match self {
            Self::Trigger => "lumimill-demo",
            Self::Pid => "lumimill-demo-pid",
            Self::Dielectron => "lumimill-demo-dielectron",
            Self::Dstar => "lumimill-demo-dstar",
            Self::Pioneer => "lumimill-demo-pioneer",
        }
    }

    /// What it makes, and how many of them unless told otherwise.
    fn makes(self) -> (&'static str, u64) {
        match self {
            Self::Trigger => ("NanoAOD-like events", DEMO_EVENTS),
            Self::Pid => ("tracks", pid::PID_TRACKS),
            Self::Dielectron => ("pairs", dielectron::PAIRS),
            Self::Dstar => ("candidates of data, and of simulation,", dstar::CANDIDATES),
            Self::Pioneer => ("pion decays", pioneer::PIONEER_EVENTS),
        }
    }

    fn write(self, folder: &Path, events: u64, seed: u64) -> anyhow::Result<DemoInputs> {
        match self {
            Self::Trigger => write_inputs(folder, events, seed),
            Self::Pid => pid::write_inputs(folder, events, seed),
            Self::Dielectron => dielectron::write_inputs(folder, events, seed),
            Self::Dstar => dstar::write_inputs(folder, events, seed),
            Self::Pioneer => pioneer::write_inputs(folder, events, seed),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Which demo.
    #[arg(value_enum, default_value_t = Demo::Trigger)]
    name: Demo,
    /// Say which demos there are.
    #[arg(long)]
    list: bool,
    /// Folder for input, tables and report; lumimill-demo, or lumimill-demo-NAME, unless told.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Events (tracks, pairs, candidates) to make; 60000 unless told, of pioneer 12000.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    events: Option<u64>,
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
    if args.list {
        for demo in Demo::value_variants() {
            let value = demo.to_possible_value();
            let help = value.as_ref().and_then(|value| value.get_help());
            let (name, help) = (
                value.as_ref().map_or("", |value| value.get_name()),
                help.map(ToString::to_string).unwrap_or_default(),
            );
            say(format_args!("{name:<10} {help}"));
        }
        return Ok(Exit::Done);
    }
    let (what, usual) = args.name.makes();
    let events = args.events.unwrap_or(usual);
    let usual = || PathBuf::from(args.name.folder());
    let folder = args.output.clone().unwrap_or_else(usual);
    eprintln!("making {events} {what} in {}", folder.display());
    let inputs = args.name.write(&folder, events, args.seed)?;
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
