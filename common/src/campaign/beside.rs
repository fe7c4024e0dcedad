//! `zip` and `join`: tables of earlier stages that stand beside the rows that a stage reads.

use super::join::{Join, MissingRows};
use super::model::Model;
use super::name::StageName;
use super::rows::Rows;
use super::source::Sources;
use super::stage::Stage;
use crate::section::Section;

/// Reads both lists of a stage that reads the rows of `from`.
pub(super) fn read_beside(
    section: &mut Section<'_>,
    sources: &Sources<'_>,
    from: Option<&StageName>,
) -> (Vec<StageName>, Vec<Join>) {
    let mut zip = Vec::new();
    for (index, name) in section.listed("zip") {
        let key = format!("zip[{index}]");
        zip.extend(beside(section, sources, from, &key, &name));
    }
    let policies = [
        ("error", MissingRows::Error),
        ("drop", MissingRows::Drop),
        ("null", MissingRows::Null),
    ];
    let mut joins = Vec::new();
    for mut join in section.sections("join") {
        let name = join.required_text("stage");
        let missing = join.choice("missing", &policies).unwrap_or_default();
        let stage = name.and_then(|name| {
            let key = format!("join[{}].stage", join.number());
            beside(section, sources, from, &key, &name)
        });
        join.finish();
        joins.extend(stage.map(|stage| Join { stage, missing }));
    }
    for (key, is_said) in [("zip", !zip.is_empty()), ("join", !joins.is_empty())] {
        if is_said && from.is_none() {
            section.problem(key, "goes with the rows of a stage: from = \"stage\"");
        }
    }
    (zip, joins)
}

fn beside(
    section: &Section<'_>,
    sources: &Sources<'_>,
    from: Option<&StageName>,
    key: &str,
    name: &str,
) -> Option<StageName> {
    let stage = match sources.earlier(name, section.number()) {
        Ok(stage) => stage?,
        Err(message) => {
            section.problem(key, message);
            return None;
        }
    };
    if from == Some(&stage) {
        let message = format!("\"{name}\" is what the stage reads: its columns are there already");
        section.problem(key, message);
        return None;
    }
    Some(stage)
}

impl Stage {
    /// The stages that stand beside the rows that it reads: first those with the same rows, then
    /// those that are joined.
    pub fn beside(&self) -> impl Iterator<Item = &StageName> {
        self.zip
            .iter()
            .chain(self.joins.iter().map(|join| &join.stage))
    }

    /// Why its rows are not all rows that it reads, one for one.
    fn other_rows(&self) -> Option<&'static str> {
        if self.rows != Rows::Event {
            return Some("makes rows of members");
        }
        if self.condition.is_some() || self.select.is_some() {
            return Some("leaves rows out");
        }
        let drops =
            |model: &Model| model.step_before().is_some() || !model.steps_after().is_empty();
        if self.models.iter().any(drops) {
            return Some("leaves out rows for a model");
        }
        let mut joins = self.joins.iter();
        joins
            .any(|join| join.missing == MissingRows::Drop)
            .then_some("leaves out rows that it cannot join")
    }

    /// What is wrong with the stages beside the one that it reads, all of which are `earlier`: the
    /// key below the stage, and what is wrong.
    pub(super) fn wrong_beside(&self, earlier: &[Self]) -> Vec<(String, String)> {
        let find = |name: &StageName| earlier.iter().find(|stage| stage.name == *name);
        let Some(parent) = self.from.as_ref().and_then(find) else {
            return Vec::new();
        };
        let mut wrong = Vec::new();
        let rows = of_rows(parent, earlier).0;
        for (index, name) in self.zip.iter().enumerate() {
            let Some(stage) = find(name) else { continue };
            let (of, why) = of_rows(stage, earlier);
            if of.name != rows.name {
                let why = match (of.name == stage.name, why) {
                    (true, Some(why)) => format!("it {why}"),
                    (true, None) => String::from("it reads files"),
                    (false, _) => format!("its rows are those of \"{}\"", of.name),
                };
                let parent = &parent.name;
                let message = format!(
                    "\"{name}\" has other rows than \"{parent}\": {why}; join it by its keys"
                );
                wrong.push((format!("zip[{index}]"), message));
            }
        }
        let root = root_of(parent, earlier);
        let candidates = candidates_of(parent, earlier);
        for (index, Join { stage: name, .. }) in self.joins.iter().enumerate() {
            let Some(stage) = find(name) else { continue };
            let of = root_of(stage, earlier);
            if of.name != root.name {
                let message = format!(
                    "\"{name}\" is made of \"{}\", and \"{}\" of \"{}\": only what is made of the same \
                     stage that reads files is joined",
                    of.name, parent.name, root.name
                );
                wrong.push((format!("join[{index}].stage"), message));
                continue;
            }
            let others = candidates_of(stage, earlier);
            let both_count = !candidates.is_empty() && !others.is_empty();
            if both_count && others != candidates {
                let message = format!(
                    "\"{name}\" counts the candidates of an event otherwise than \"{}\", so that their \
                     numbers do not belong together: each counts those of its own rows; make both from \
                     one stage of members or pairs, with select where rows are left out",
                    parent.name
                );
                wrong.push((format!("join[{index}].stage"), message));
            }
        }
        wrong
    }
}

/// The stage whose rows those of a stage are, one for one; and why it is not one further up.
fn of_rows<'a>(stage: &'a Stage, earlier: &'a [Stage]) -> (&'a Stage, Option<&'static str>) {
    let mut stage = stage;
    loop {
        let parent = stage.from.as_ref();
        let parent = parent.and_then(|name| earlier.iter().find(|stage| stage.name == *name));
        match (parent, stage.other_rows()) {
            (Some(parent), None) => stage = parent,
            (None, _) => return (stage, None),
            (_, why) => return (stage, why),
        }
    }
}

/// Of what rows its candidates are the numbers, those of the stages further up behind it; of nothing
/// where a row is an event.
fn candidates_of<'a>(stage: &'a Stage, earlier: &'a [Stage]) -> Vec<&'a Rows> {
    let find = |name: &StageName| earlier.iter().find(|stage| stage.name == *name);
    let line = std::iter::successors(Some(stage), |stage| stage.from.as_ref().and_then(find));
    let rows = line.map(|stage| &stage.rows);
    rows.filter(|rows| **rows != Rows::Event).collect()
}

fn root_of<'a>(stage: &'a Stage, earlier: &'a [Stage]) -> &'a Stage {
    let mut stage = stage;
    while let Some(parent) = stage
        .from
        .as_ref()
        .and_then(|name| earlier.iter().find(|stage| stage.name == *name))
    {
        stage = parent;
    }
    stage
}

#[cfg(test)]
mod tests {
    use crate::campaign::Campaign;

    const STAGES: &str = "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"data\"\nkind = \"mc\"\n\
                          files = [\"a\"]\n\
                          [[stage]]\nname = \"pairs\"\n\
                          [[stage]]\nname = \"quality\"\nfrom = \"pairs\"\n\
                          [[stage]]\nname = \"best\"\nfrom = \"pairs\"\nselect = \"m > 2\"\n\
                          [[stage]]\nname = \"more\"\nfrom = \"quality\"\n\
                          [[stage]]\nname = \"others\"\n";

    fn wrong(said: &str) -> Vec<String> {
        let text = format!("{STAGES}[[stage]]\nname = \"last\"\n{said}");
        match Campaign::parse(&text) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.0.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_has_the_same_rows_stands_beside_them() {
        assert!(wrong("from = \"pairs\"\nzip = [\"quality\", \"more\"]").is_empty());
        assert!(wrong("from = \"more\"\nzip = [\"pairs\"]").is_empty());
        let join = "from = \"pairs\"\njoin = [{ stage = \"best\", missing = \"null\" }]";
        assert!(wrong(join).is_empty());
        let campaign =
            Campaign::parse(&format!("{STAGES}[[stage]]\nname = \"last\"\n{join}")).unwrap();
        let beside: Vec<_> = campaign.stages.last().unwrap().beside().collect();
        assert_eq!(beside.len(), 1);
    }

    /// Values of another member stood beside a row, as each stage had counted its own.
    #[test]
    fn candidates_that_are_counted_otherwise_are_not_joined() {
        let members = |rows: &str| {
            format!(
                "[[stage]]\nname = \"loose\"\nfrom = \"pairs\"\nrows = {{ each = \"Hit\" }}\n\
                     [[stage]]\nname = \"tight\"\nfrom = \"pairs\"\nrows = {rows}\n\
                     [[stage]]\nname = \"few\"\nfrom = \"loose\"\nselect = \"e > 2\"\n"
            )
        };
        let wrong = |rows: &str, said: &str| {
            let text = format!(
                "{STAGES}{}[[stage]]\nname = \"last\"\n{said}",
                members(rows)
            );
            match Campaign::parse(&text) {
                Ok(_) => Vec::new(),
                Err(errors) => errors.0.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }
        };
        let join = "from = \"loose\"\njoin = [{ stage = \"tight\" }]";
        for other in [
            "{ each = \"Hit\", where = \"e > 2\" }",
            "{ each = \"Jet\" }",
            "{ pairs = \"Hit\" }",
        ] {
            let said = wrong(other, join);
            assert_eq!(said.len(), 1, "{said:?}");
            let expected =
                "stage[8].join[0].stage: \"tight\" counts the candidates of an event otherwise";
            assert!(said[0].starts_with(expected), "{said:?}");
        }
        let same = "{ each = \"Hit\" }";
        assert!(wrong(same, join).is_empty());
        assert!(
            wrong(
                same,
                "from = \"loose\"\njoin = [{ stage = \"few\", missing = \"null\" }]"
            )
            .is_empty()
        );
        // Of one that has none, all rows of the event are met.
        assert!(wrong(same, "from = \"loose\"\njoin = [{ stage = \"quality\" }]").is_empty());
    }

    #[test]
    fn what_has_other_rows_is_told_with_the_reason() {
        for (said, expected) in [
            (
                "from = \"pairs\"\nzip = [\"best\"]",
                "stage[5].zip[0]: \"best\" has other rows than \"pairs\": it leaves rows out; join it \
                 by its keys",
            ),
            (
                "from = \"pairs\"\nzip = [\"others\"]",
                "stage[5].zip[0]: \"others\" has other rows than \"pairs\": it reads files; join it by \
                 its keys",
            ),
            (
                "from = \"best\"\nzip = [\"quality\"]",
                "stage[5].zip[0]: \"quality\" has other rows than \"best\": its rows are those of \
                 \"pairs\"; join it by its keys",
            ),
            (
                "from = \"pairs\"\nzip = [\"qualty\"]",
                "stage[5].zip[0]: \"qualty\" is not an earlier stage; did you mean quality?",
            ),
            (
                "from = \"pairs\"\nzip = [\"pairs\"]",
                "stage[5].zip[0]: \"pairs\" is what the stage reads: its columns are there already",
            ),
            (
                "from = \"pairs\"\njoin = [{ stage = \"others\" }]",
                "stage[5].join[0].stage: \"others\" is made of \"others\", and \"pairs\" of \"pairs\": \
                 only what is made of the same stage that reads files is joined",
            ),
            (
                "from = \"data\"\nzip = [\"quality\"]",
                "stage[5].zip: goes with the rows of a stage: from = \"stage\"",
            ),
        ] {
            assert_eq!(wrong(said), [expected]);
        }
        let unknown =
            wrong("from = \"pairs\"\njoin = [{ stage = \"best\", missing = \"nul\", by = \"x\" }]");
        assert_eq!(unknown.len(), 2, "{unknown:?}");
    }
}
