//! A campaign that may have mistakes, to look on for those of other kinds.

use super::{Campaign, CampaignErrors, Problem};
use crate::section::{Problems, Section};
use crate::userinfo;

/// What a campaign file says, as far as it is right, and all that is wrong with it in itself.
///
/// Datasets and stages keep their numbers. What is wrong has a value that means nothing, and is left
/// out of its list: one asks [`Draft::is_sound`] before looking further into it, and of stages
/// [`Reading`](super::Reading).
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What it says.
    pub campaign: Campaign,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// Reads the text of a campaign file.
    ///
    /// # Errors
    /// When it is not TOML. One with a password in a URL is not looked at: what is said about it,
    /// and the copy that is kept of it, would repeat the password.
    pub fn read(text: &str) -> Result<Self, CampaignErrors> {
        if let Some(at) = userinfo::find(text) {
            let before = text.get(..at).unwrap_or_default();
            return Err(CampaignErrors(vec![Problem {
                path: format!("line {}", before.matches('\n').count() + 1),
                message: userinfo::ADVICE.to_owned(),
            }]));
        }
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            CampaignErrors(vec![Problem {
                path: String::from("campaign file"),
                message: format!("not valid TOML: {}", shown(&error, text)),
            }])
        })?;
        let problems = Problems::default();
        let campaign = Campaign::read(&mut Section::root(&table, &problems));
        let are_too_many = problems.are_too_many();
        let mut problems = problems.into_inner();
        if are_too_many {
            // What else is wrong is not known: nothing of it is looked further into.
            problems.push(Problem {
                path: String::from("campaign file"),
                message: format!("has {} mistakes or more", problems.len()),
            });
            return Err(CampaignErrors(problems));
        }
        Ok(Self { campaign, problems })
    }

    /// Whether nothing is wrong at a path or below it.
    #[must_use]
    pub fn is_sound(&self, path: &str) -> bool {
        let concerns = |problem: &Problem| {
            let below = problem.path.strip_prefix(path);
            below.is_some_and(|below| below.is_empty() || below.starts_with(['.', '[']))
        };
        !self.problems.iter().any(concerns)
    }
}

impl Campaign {
    /// Reads a campaign from the text of its file.
    pub fn parse(text: &str) -> Result<Self, CampaignErrors> {
        let Draft { campaign, problems } = Draft::read(text)?;
        match problems.is_empty() {
            true => Ok(campaign),
            false => Err(CampaignErrors(problems)),
        }
    }
}

/// Bytes of a line that is shown with the mistake in it.
const LONGEST_LINE: usize = 500;

/// What is wrong with a text, with the line that it is in unless that is long.
fn shown(error: &toml::de::Error, text: &str) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next());
    match line.map_or(0, str::len) > LONGEST_LINE {
        true => {
            let number = before.matches('\n').count() + 1;
            format!("line {number}, byte {}: {}", at - start, error.message())
        }
        false => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Draft;

    #[test]
    fn what_is_right_is_known_beside_what_is_wrong() {
        let text = "name = \"c\"\noutput = \"out\"\n[certification]\nmask = \"m.json\"\n\
                    runs = \"x\"\n[[dataset]]\nname = \"a\"\nkind = \"dtaa\"\nfiles = [\"a\"]\n\
                    [[dataset]]\nname = \"b\"\nkind = \"mc\"\nfiles = [\"b\"]\n\
                    [[stage]]\nname = \"s/t\"\nfrom = \"a\"\n\
                    [[stage]]\nname = \"t\"\nfrom = \"b\"\nkeep = [\"x\"]\n\
                    [[stage.metric]]\nhistogram = { column = \"y\", bins = 3, range = [0.0, 1.0] }\n";
        let draft = Draft::read(text).unwrap();
        let paths: Vec<&str> = draft.problems.iter().map(|one| one.path.as_str()).collect();
        let expected = [
            "certification.runs",
            "dataset[0].kind",
            "stage[0].name",
            "stage[1].metric[0]",
        ];
        assert_eq!(paths, expected);
        assert!(!draft.is_sound("dataset[0].kind") && !draft.is_sound("dataset[0]"));
        assert!(draft.is_sound("dataset[0].files") && draft.is_sound("dataset[1]"));
        let certification = draft.campaign.certification.unwrap();
        assert_eq!(certification.mask.as_deref(), Some("m.json"));
        assert_eq!(draft.campaign.datasets[1].name, "b");
        assert!(Draft::read("name =").is_err());
    }
}
