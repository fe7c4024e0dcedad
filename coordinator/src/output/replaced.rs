//! Whether the copy of a campaign file that a plan leaves in its output would be written over a
//! file that somebody wrote, found before anything is done.

use std::fs;
use std::path::{Path, PathBuf};

use lumimill_common::control::{PlanKeys, control_key};
use lumimill_common::store::Place;

use crate::campaign_file::Mistakes;

/// What to do about it.
const REMEDY: &str = "move it away, or give the campaign another output or name";
/// What is in an output that was planned, beside that copy and the plan.
const OF_OUTPUT: [&str; 2] = ["_plans", "report/files.json"];

/// Looks whether a plan of the campaign file in folder `base` with this text, written to a place,
/// would replace a file that is not of an output. Of S3-compatible storage nothing is looked at.
///
/// # Errors
/// The file that it would replace.
pub(crate) fn replaces_nothing(place: &Place, base: &Path, text: &str) -> Result<(), Mistakes> {
    let Place::Folder(folder) = place else {
        return Ok(());
    };
    let mistake = |message| Err(Mistakes::new("output", vec![message]));
    if is_same(folder, base) {
        let folder = folder.display();
        return mistake(format!(
            "output: {folder} is the folder that the campaign file is in, and what is made of it \
             is written beside it: {REMEDY}"
        ));
    }
    let keys = PlanKeys::last();
    let copy = folder.join(keys.campaign.as_str());
    let is_planned = [keys.plan.as_str(), control_key().as_str()]
        .into_iter()
        .chain(OF_OUTPUT)
        .any(|name| folder.join(name).exists());
    match is_planned || !copy.is_file() || has_text(&copy, text) {
        true => Ok(()),
        false => {
            let copy = copy.display();
            mistake(format!(
                "output: {copy} is not of this campaign, and would be written over: {REMEDY}"
            ))
        }
    }
}

fn is_same(folder: &Path, base: &Path) -> bool {
    let plain = |path: &Path| -> Option<PathBuf> {
        match path.as_os_str().is_empty() {
            true => fs::canonicalize("."),
            false => fs::canonicalize(path),
        }
        .ok()
    };
    plain(folder).is_some_and(|folder| plain(base) == Some(folder))
}

/// Whether a file has this text; one of another size is not read.
fn has_text(file: &Path, text: &str) -> bool {
    let size = fs::metadata(file).map(|metadata| metadata.len());
    size.is_ok_and(|size| size == text.len() as u64)
        && fs::read(file).is_ok_and(|bytes| bytes == text.as_bytes())
}
