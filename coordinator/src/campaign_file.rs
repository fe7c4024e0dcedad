//! A campaign file with everything it names that does not change from file to file: its models.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumimill_common::campaign::{Campaign, CampaignErrors, Draft, Problem};
use lumimill_common::small_file::SmallFile;
use lumimill_common::store::{Place, PlaceError};
use lumimill_worker::prepared_stage::PreparedStage;

use crate::model_file;

const CAMPAIGN: SmallFile = SmallFile {
    what: "a campaign file (TOML)",
    most: 4 << 20,
};
/// What a campaign file in a folder of its own is called.
const NAME: &str = "campaign.toml";
/// What is in the folder of a campaign's output, beside a copy of its file: any of it, as the rest
/// may be gone.
const OF_OUTPUT: [&str; 5] = [
    "plan.parquet",
    "_control.json",
    "_lock",
    "_plans",
    "report/files.json",
];

/// A campaign, its folder and its stages with their models loaded.
#[derive(Debug)]
pub struct CampaignFile {
    /// The folder that relative paths are relative to.
    pub base: PathBuf,
    /// The text of the file.
    pub text: String,
    /// What it says.
    pub campaign: Campaign,
    /// Its stages, models loaded, in order.
    pub stages: Vec<Arc<PreparedStage>>,
}

/// Everything that is wrong with a campaign, for a person to read.
#[derive(Debug)]
pub struct Mistakes {
    subject: String,
    messages: Vec<String>,
    /// Whether something could not be looked at for these.
    may_hide_more: bool,
}

impl Mistakes {
    /// Mistakes of a campaign file or of its input.
    #[must_use]
    pub fn new(subject: impl fmt::Display, messages: Vec<String>) -> Self {
        Self {
            subject: subject.to_string(),
            messages,
            may_hide_more: false,
        }
    }

    /// The same, for which something could not be looked at.
    #[must_use]
    pub(crate) fn hiding_more(self) -> Self {
        Self {
            may_hide_more: true,
            ..self
        }
    }

    /// What is wrong, one by one.
    #[must_use]
    pub fn messages(&self) -> &[String] {
        &self.messages
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.messages.len() == 1 {
            "mistake"
        } else {
            "mistakes"
        };
        write!(f, "{}: {} {noun}", self.subject, self.messages.len())?;
        for message in &self.messages {
            write!(f, "\n  - {}", message.replace('\n', "\n    "))?;
        }
        match self.may_hide_more {
            true => write!(f, "\nmore may be found once these are mended"),
            false => Ok(()),
        }
    }
}

impl std::error::Error for Mistakes {}

/// A campaign file that may have mistakes.
#[derive(Debug)]
pub struct DraftFile {
    /// The file.
    pub path: PathBuf,
    /// Its folder.
    pub base: PathBuf,
    /// Its text.
    pub text: String,
    /// What it says.
    pub draft: Draft,
    /// Its stages as far as they are right, in order, with the models that load.
    pub stages: Vec<Arc<PreparedStage>>,
    /// What is wrong with it and its models.
    pub wrong: Vec<String>,
}

impl DraftFile {
    /// Reads a campaign file, or that of a folder, and loads its models.
    ///
    /// # Errors
    /// When it cannot be read, or is not TOML.
    pub fn read(path: &Path) -> Result<Self, Mistakes> {
        let path = meant(path)?;
        let text = text_of(&path)?;
        let draft = Draft::read(&text).map_err(|errors| of_campaign(&path, &errors))?;
        let base = folder_of(&path);
        let files = |path: &str| model_file::bytes(&base, path);
        let mut wrong: Vec<String> = draft.problems.iter().map(Problem::to_string).collect();
        let mut stages = Vec::with_capacity(draft.campaign.stages.len());
        for number in 0..draft.campaign.stages.len() {
            let (stage, problems) = PreparedStage::draft(&draft.campaign, number, &files);
            stages.push(Arc::new(stage));
            wrong.extend(problems.iter().map(Problem::to_string));
        }
        Ok(Self {
            path,
            base,
            text,
            draft,
            stages,
            wrong,
        })
    }
}

impl CampaignFile {
    /// Reads a campaign file and loads its models.
    pub fn load(path: &Path) -> Result<Self, Mistakes> {
        let DraftFile {
            path,
            base,
            text,
            draft,
            stages,
            wrong,
        } = DraftFile::read(path)?;
        match wrong.is_empty() {
            true => Ok(Self {
                base,
                text,
                campaign: draft.campaign,
                stages,
            }),
            false => Err(Mistakes::new(path.display(), wrong)),
        }
    }

    /// The bytes of a model file, by the path that the campaign has for it.
    pub fn model(&self, path: &str) -> Result<Vec<u8>, String> {
        model_file::bytes(&self.base, path)
    }

    /// The place of the campaign's output.
    pub fn output(&self) -> Result<Place, Mistakes> {
        place_of(&self.base, &self.campaign)
    }
}

/// The place of a campaign below the `output` that its file, in folder `base`, says.
pub fn place_of(base: &Path, campaign: &Campaign) -> Result<Place, Mistakes> {
    let place = Place::read(base, &campaign.output);
    let place = place.and_then(|output| output.join(campaign.name.as_str()));
    place.map_err(|error| Mistakes::new("output", vec![error.to_string()]))
}

impl From<PlaceError> for Mistakes {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Settings { place, reason } => Self::new(place, vec![reason]),
            error => Self::new("output", vec![error.to_string()]),
        }
    }
}

/// The file that a person means who names a file, or a folder that a campaign file is in.
pub fn meant(path: &Path) -> Result<PathBuf, Mistakes> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let mistake = |message: String| Mistakes::new(path.display(), vec![message]);
    if is_output(path) {
        let message = "is the output of a campaign: name the campaign file that it was made from";
        return Err(mistake(message.to_owned()));
    }
    match path.join(NAME) {
        file if file.is_file() => Ok(file),
        _ => Err(mistake(format!(
            "is a folder without {NAME}: name a campaign file (TOML)"
        ))),
    }
}

/// Whether a campaign's output is in a folder.
#[must_use]
pub fn is_output(folder: &Path) -> bool {
    OF_OUTPUT.iter().any(|name| folder.join(name).exists())
}

/// The folder of a campaign file, which its relative paths are relative to. Nothing, which means
/// the current folder, for a file named without one.
#[must_use]
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// What a campaign file says.
pub fn read(path: &Path) -> Result<Campaign, Mistakes> {
    Campaign::parse(&text_of(path)?).map_err(|errors| of_campaign(path, &errors))
}

fn text_of(path: &Path) -> Result<String, Mistakes> {
    let text = CAMPAIGN.read_text(path);
    text.map_err(|error| Mistakes::new(path.display(), vec![error.to_string()]))
}

fn of_campaign(path: &Path, CampaignErrors(problems): &CampaignErrors) -> Mistakes {
    let messages = problems.iter().map(Problem::to_string).collect();
    Mistakes::new(path.display(), messages).hiding_more()
}
