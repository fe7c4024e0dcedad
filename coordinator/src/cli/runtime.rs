//! `lumimill runtime`: which library of ONNX Runtime is used and why, and `lumimill runtime install`,
//! which gets it.

use clap::{Args, Subcommand};
use lumimill_worker::runtime_library::{INSTALL, PINNED};
use lumimill_worker::score::{embedded_name, runtime_here};
use serde_json::json;

use super::say::{say, tell};
use crate::exit_code::Exit;
use crate::runtime_install::install;

/// What `--help` says of where the library is looked for.
pub(super) const HELP: &str = "It is looked for in this order: LUMIMILL_ONNXRUNTIME (a file, a folder, \
     or none), ORT_DYLIB_PATH, lib/ beside the program, the cache that install fills \
     (XDG_CACHE_HOME, else ~/.cache).\n\nExamples:\n  lumimill runtime\n  lumimill runtime install";

#[derive(Debug, Args)]
pub(super) struct RuntimeArgs {
    #[command(subcommand)]
    command: Option<RuntimeCommand>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum RuntimeCommand {
    /// Get the library from PyPI, by pip, into the user's cache; its SHA-256 is checked.
    #[command(after_help = "Example:\n  lumimill runtime install --python .venv/bin/python")]
    Install(InstallArgs),
}

#[derive(Debug, Args)]
struct InstallArgs {
    /// The Python whose pip gets it.
    #[arg(long, default_value = "python3")]
    python: String,
}

pub(super) fn runtime(args: &RuntimeArgs) -> anyhow::Result<Exit> {
    if let Some(RuntimeCommand::Install(install_args)) = &args.command {
        let path = install(&install_args.python)?;
        say(format_args!("onnxruntime {PINNED}  {}", path.display()));
    }
    // One that is there may still be one that cannot be loaded.
    let found = runtime_here();
    if args.json {
        let library = found.as_ref().ok().and_then(Option::as_ref);
        let json = json!({
            "version": library.map(|library| library.version.to_string()),
            "path": library.map(|library| library.path.display().to_string()),
            "found_by": library.map(|library| library.place.to_string()),
            "error": found.as_ref().err(),
            "pinned": PINNED.to_string(),
            "embedded": embedded_name(),
        });
        say(format_args!("{}", serde_json::to_string_pretty(&json)?));
    }
    match found {
        Ok(found) if args.json => drop(found),
        Ok(Some(library)) => say(format_args!(
            "onnxruntime {} is used  {}, found by {}",
            library.version,
            library.path.display(),
            library.place
        )),
        Ok(None) => {
            let instead = embedded_name().map_or_else(String::new, |name| {
                format!("; models that are no trees are evaluated by {name} meanwhile")
            });
            say(format_args!("no ONNX Runtime is there: {INSTALL}{instead}"));
        }
        Err(error) => {
            tell(format_args!("error: {error}"));
            return Ok(Exit::Usage);
        }
    }
    Ok(Exit::Done)
}
