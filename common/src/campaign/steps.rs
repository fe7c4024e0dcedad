//! The steps of a stage's cut flow, by their names: what every shard counts, in order.

use super::join::{Join, MissingRows};
use super::model::{BdtMode, Model, ModelSource, NanPolicy};
use super::rows::Rows;
use super::stage::Stage;
use crate::metric::{SHARED_DRAWS, Unit};

/// Rows of a stage that a shard of another one reads.
pub(crate) const ROWS_READ: &str = "rows read";
/// Entries of a file that a shard reads.
pub const READ: &str = "events read";
/// Those that are certified.
pub const CERTIFIED: &str = "certified";
/// The events that rows of a file are put together to.
pub(crate) const GROUPED: &str = "events of these rows";
/// Those that are there for the first time, where others do not count.
pub const FIRST: &str = "first of its duplicates";

impl Stage {
    /// The steps of its cut flow, in a campaign that drops duplicates or not: what is left after
    /// each; the last one leaves the rows of the table.
    #[must_use]
    pub fn steps(&self, drops_duplicates: bool) -> Vec<(String, Unit)> {
        if self.is_estimate() {
            return Vec::new();
        }
        let read = self.steps_of_reading(drops_duplicates).into_iter();
        let of_entries = read.chain(self.condition_step());
        let (select, scored_select) = match self.selects_scored() {
            true => (None, self.select_step()),
            false => (self.select_step(), None),
        };
        let before = self.models.iter().filter_map(Model::step_before);
        let after = self.models.iter().flat_map(Model::steps_after);
        let of_rows = self.rows.step().into_iter().chain(select);
        let of_rows = of_rows.chain(before).chain(after).chain(scored_select);
        let of_entries = of_entries.enumerate();
        let of_entries = of_entries.map(|(at, name)| (name, self.unit_of_reading(at)));
        of_entries
            .chain(of_rows.map(|name| (name, Unit::Rows)))
            .chain(self.steps_left_out().map(|name| (name, Unit::Members)))
            .collect()
    }

    /// The steps before its condition: what is read, and what of it counts.
    #[must_use]
    pub fn steps_of_reading(&self, drops_duplicates: bool) -> Vec<String> {
        let read: &[&str] = match (&self.from, drops_duplicates) {
            // What it reads is certified and counted already.
            (Some(_), _) => &[ROWS_READ],
            (None, _) if self.grouping.is_some() => &[ROWS_READ, CERTIFIED, GROUPED],
            (None, true) => &[READ, CERTIFIED, FIRST],
            (None, false) => &[READ, CERTIFIED],
        };
        let drops = |join: &&Join| join.missing == MissingRows::Drop;
        let joined = self.joins.iter().filter(drops).map(Join::step);
        let read = read.iter().map(|step| (*step).to_owned());
        read.chain(joined).collect()
    }

    /// What a step of reading counts, by its place.
    #[must_use]
    pub fn unit_of_reading(&self, place: usize) -> Unit {
        match self.grouping {
            // Rows of the file, before they are events.
            Some(_) if place < 2 => Unit::Members,
            _ => self.entry_unit(),
        }
    }

    /// What it counts before it makes rows: events of files, or rows of a stage.
    #[must_use]
    pub fn entry_unit(&self) -> Unit {
        match self.from {
            Some(_) => Unit::Rows,
            None => Unit::Events,
        }
    }

    /// The steps beside the flow: what models leave out of graphs and of what is written, and draws that are
    /// none of their own.
    pub fn steps_left_out(&self) -> impl Iterator<Item = String> {
        let models = self.models.iter();
        models.flat_map(|model| {
            let graph = model.graph.as_ref();
            let graph = graph.map_or_else(Vec::new, |graph| graph.steps_left_out(&model.name));
            graph.into_iter().chain(model.step_of_draws())
        })
    }

    /// The step of its condition on what it reads.
    #[must_use]
    pub fn condition_step(&self) -> Option<String> {
        let condition = self.condition.as_deref()?;
        Some(format!("where {}", one_line(condition)))
    }

    /// The step of its condition on rows.
    #[must_use]
    pub fn select_step(&self) -> Option<String> {
        let select = self.select.as_deref()?;
        Some(format!("select {}", one_line(select)))
    }

    /// Whether that condition names what rows are given once they are formed: a score, or the fold.
    #[must_use]
    pub fn selects_scored(&self) -> bool {
        let Some(select) = &self.select else {
            return false;
        };
        let words = select.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let scores = self.models.iter().flat_map(|model| model.columns());
        let later: Vec<&str> = scores.chain(self.has_folds().then_some("fold")).collect();
        words.into_iter().any(|word| later.contains(&word))
    }
}

impl Model {
    /// The step after which rows are left that it can score.
    #[must_use]
    pub fn step_before(&self) -> Option<String> {
        match self.bdt() {
            Some(_) => Some(format!("bins of {}", self.name)),
            None => self.nan.step(&self.name),
        }
    }

    /// The step that counts draws which are no draws of their own.
    fn step_of_draws(&self) -> Option<String> {
        match &self.source {
            ModelSource::Draw(source) if !source.is_transform => {
                Some(format!("{}{SHARED_DRAWS}", self.name))
            }
            _ => None,
        }
    }

    /// The steps that its scores decide by themselves.
    #[must_use]
    pub fn steps_after(&self) -> Vec<String> {
        if self
            .bdt()
            .is_none_or(|source| source.mode == BdtMode::Score)
        {
            return Vec::new();
        }
        let numbers = (self.nan == NanPolicy::Drop).then(|| format!("scores of {}", self.name));
        let cuts = format!("cuts of {}", self.name);
        numbers.into_iter().chain([cuts]).collect()
    }
}

impl Join {
    /// The step in which rows are left out that it has none for.
    #[must_use]
    pub fn step(&self) -> String {
        format!("rows with {}", self.stage)
    }
}

impl NanPolicy {
    /// The step in which rows are left out that have no numbers for a model.
    #[must_use]
    pub fn step(self, model: &str) -> Option<String> {
        (self == Self::Drop).then(|| format!("numbers for {model}"))
    }
}

impl Rows {
    /// The step in which candidates are formed, where a row is not an event.
    #[must_use]
    pub fn step(&self) -> Option<String> {
        match self {
            Self::Event => None,
            Self::Each { collection, .. } => Some(format!("each {collection}")),
            Self::Pairs { collection, .. } => Some(format!("pairs of {collection}")),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::campaign::Campaign;

    #[test]
    fn rows_without_numbers_are_left_out_between_the_conditions_on_rows_and_on_scores() {
        let steps = |select: &str| {
            let text = format!(
                "name = \"a\"\noutput = \"out\"\n[[dataset]]\nname = \"d\"\nkind = \"mc\"\n\
                 files = [\"a.root\"]\n[[stage]]\nname = \"s\"\nkeep = [\"x\"]\n{select}\n\
                 [[stage.model]]\nname = \"pid\"\nonnx = \"a.onnx\"\ninputs = [\"x\"]\n\
                 nan = \"drop\"\n"
            );
            let campaign = Campaign::parse(&text).unwrap();
            let steps = campaign.stages[0].steps(false).into_iter();
            steps.map(|(name, _)| name).skip(2).collect::<Vec<_>>()
        };
        assert_eq!(steps(""), ["numbers for pid"]);
        let plain = steps("select = \"x > 1\"");
        assert_eq!(plain, ["select x > 1", "numbers for pid"]);
        let scored = steps("select = \"pid > 0.5\"");
        assert_eq!(scored, ["numbers for pid", "select pid > 0.5"]);
    }
}
