//! A campaign file with everything it names that does not change from file to file: its models.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumimill_common::campaign::{Campaign, CampaignErrors, Problem, StageName};
use lumimill_common::store::{Place, PlaceError};
use lumimill_worker::prepared_stage::PreparedStage;
use lumimill_worker::stage_model::StageModel;

use crate::plan::ModelHashes;

/// Largest campaign file that is read, in bytes.
const LIMIT: u64 = 4 << 20;

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
}

impl Mistakes {
    /// Mistakes of a campaign file or of its input.
    #[must_use]
    pub fn new(subject: impl fmt::Display, messages: Vec<String>) -> Self {
        Self {
            subject: subject.to_string(),
            messages,
        }
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
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl CampaignFile {
    /// Reads a campaign file and loads its models.
    pub fn load(path: &Path) -> Result<Self, Mistakes> {
        let mistake = |message: String| Mistakes::new(path.display(), vec![message]);
        let text = read(path).map_err(mistake)?;
        let campaign = Campaign::parse(&text).map_err(|CampaignErrors(problems)| {
            Mistakes::new(
                path.display(),
                problems.iter().map(Problem::to_string).collect(),
            )
        })?;
        let base = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let files = |path: &str| std::fs::read(base.join(path)).map_err(|error| error.to_string());
        let mut stages = Vec::with_capacity(campaign.stages.len());
        let mut messages = Vec::new();
        for index in 0..campaign.stages.len() {
            match PreparedStage::load(&campaign, index, &files) {
                Ok(stage) => stages.push(Arc::new(stage)),
                Err(problems) => messages.extend(problems.iter().map(Problem::to_string)),
            }
        }
        match messages.is_empty() {
            true => Ok(Self {
                base,
                text,
                campaign,
                stages,
            }),
            false => Err(Mistakes::new(path.display(), messages)),
        }
    }

    /// SHA-256 of the model files of each stage.
    #[must_use]
    pub fn model_hashes(&self) -> ModelHashes {
        let hashes = |stage: &Arc<PreparedStage>| {
            stage
                .models()
                .iter()
                .flat_map(StageModel::hashes)
                .collect::<Vec<_>>()
        };
        let named = |stage: &Arc<PreparedStage>| -> (StageName, Vec<String>) {
            (stage.stage().name.clone(), hashes(stage))
        };
        self.stages.iter().map(named).collect()
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

fn read(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path)
        .map_err(|error| format!("cannot read the campaign file: {error}"))?;
    if metadata.is_dir() {
        return Err(String::from("is a folder, expected a campaign file (TOML)"));
    }
    if metadata.len() > LIMIT {
        return Err(format!(
            "has {} bytes: a campaign file has at most {LIMIT}",
            metadata.len()
        ));
    }
    std::fs::read_to_string(path).map_err(|error| format!("cannot read the campaign file: {error}"))
}
