//! `from`: what a stage reads, files of data sets or the rows of an earlier stage.

use toml::Value;

use super::dataset::Dataset;
use super::name::StageName;
use crate::section::Section;

/// What the campaign has that a stage may read.
pub(in crate::campaign) struct Sources<'a> {
    datasets: &'a [Dataset],
    stages: Vec<Named>,
}

/// A stage, by what it is called and what it says that it reads.
struct Named {
    name: Option<String>,
    from: Option<String>,
}

/// What a stage reads.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub(super) datasets: Vec<String>,
    pub(super) stage: Option<StageName>,
}

impl<'a> Sources<'a> {
    pub(super) fn of(datasets: &'a [Dataset], stages: &mut [Section<'_>]) -> Self {
        let text = |section: &mut Section<'_>, key: &str| {
            let value = section.value(key).and_then(Value::as_str);
            value.map(str::to_owned)
        };
        let named = |section: &mut Section<'_>| Named {
            name: text(section, "name"),
            from: text(section, "from"),
        };
        Self {
            datasets,
            stages: stages.iter_mut().map(named).collect(),
        }
    }

    /// What a stage says that it reads: all data sets, unless it says anything.
    pub(super) fn read(&self, section: &mut Section<'_>) -> Reads {
        let of_datasets = |datasets: Vec<String>| Reads {
            datasets,
            stage: None,
        };
        let names = match section.value("from") {
            None => return of_datasets(self.dataset_names().map(str::to_owned).collect()),
            Some(Value::Array(_)) => section.texts("from").unwrap_or_default(),
            Some(_) => {
                let Some(name) = section.text("from") else {
                    return Reads::default();
                };
                return self.one(section, name);
            }
        };
        for name in names.iter().filter(|name| !self.has_dataset(name)) {
            let message = match self.place_of(name) {
                Some(_) => format!("\"{name}\" is a stage, which is read alone: from = \"{name}\""),
                None => self.unknown(name, "is not a dataset", section.number()),
            };
            section.problem("from", message);
        }
        of_datasets(names)
    }

    /// Whether a stage has this name.
    pub(super) fn is_stage(&self, name: &str) -> bool {
        self.place_of(name).is_some()
    }

    /// An earlier stage, by its name; none where what is wrong is told where it is given.
    pub(super) fn earlier(&self, name: &str, here: usize) -> Result<Option<StageName>, String> {
        match self.place_of(name) {
            Some(place) if place < here => Ok(name.parse().ok()),
            Some(place) if place == here => Err(format!("\"{name}\" is this stage")),
            Some(place) => Err(self.later(name, place, here)),
            None => {
                let stages = self.stages.iter().take(here);
                let mut known = stages.filter_map(|stage| stage.name.as_deref());
                let what = format!("\"{name}\" is not an earlier stage");
                Err(match crate::suggest::nearest(name, known.by_ref()) {
                    Some(near) => format!("{what}; did you mean {near}?"),
                    None => what,
                })
            }
        }
    }

    fn one(&self, section: &Section<'_>, name: String) -> Reads {
        let here = section.number();
        let place = self.place_of(&name);
        let message = match (self.has_dataset(&name), place) {
            (true, Some(place)) if place < here => {
                format!("\"{name}\" is a dataset and an earlier stage: rename one of them")
            }
            (false, Some(place)) if place < here => {
                // What is wrong with its name is told where it is given.
                let stage = name.parse().ok();
                return Reads {
                    datasets: Vec::new(),
                    stage,
                };
            }
            (false, Some(place)) if place == here => {
                format!("\"{name}\" is this stage: a stage reads a dataset or an earlier stage")
            }
            (false, Some(place)) => self.later(&name, place, here),
            (false, None) => self.unknown(&name, "is neither a dataset nor an earlier stage", here),
            (true, _) => {
                return Reads {
                    datasets: vec![name],
                    stage: None,
                };
            }
        };
        section.problem("from", message);
        Reads {
            datasets: vec![name],
            stage: None,
        }
    }

    /// Why a stage cannot read a later one.
    fn later(&self, name: &str, place: usize, here: usize) -> String {
        let mut circle = vec![name];
        let mut at = place;
        while let Some(from) = self.stages.get(at).and_then(|stage| stage.from.as_deref()) {
            match self.place_of(from) {
                Some(next) if next == here => {
                    let reads = circle.join("\", which reads \"");
                    let own = self
                        .stages
                        .get(here)
                        .and_then(|stage| stage.name.as_deref());
                    let own = own.unwrap_or("this one");
                    return format!(
                        "a circle: this stage reads \"{reads}\", which reads \"{own}\""
                    );
                }
                Some(next) if circle.len() <= self.stages.len() => at = next,
                _ => break,
            }
            circle.push(from);
        }
        format!("\"{name}\" is a later stage: write it before this one")
    }

    fn unknown(&self, name: &str, what: &str, here: usize) -> String {
        let stages = self.stages.iter().take(here);
        let stages = stages.filter_map(|stage| stage.name.as_deref());
        let known: Vec<&str> = self.dataset_names().chain(stages).collect();
        match crate::suggest::nearest(name, known.iter().copied()) {
            Some(near) => format!("\"{name}\" {what}; did you mean {near}?"),
            None => format!("\"{name}\" {what}; there are {}", known.join(", ")),
        }
    }

    fn dataset_names(&self) -> impl Iterator<Item = &str> {
        self.datasets.iter().map(|dataset| dataset.name.as_str())
    }

    fn has_dataset(&self, name: &str) -> bool {
        self.dataset_names().any(|known| known == name)
    }

    fn place_of(&self, name: &str) -> Option<usize> {
        let is_it = |stage: &Named| stage.name.as_deref() == Some(name);
        self.stages.iter().position(is_it)
    }
}

#[cfg(test)]
mod tests {
    use crate::campaign::Campaign;

    /// What is wrong with `from` of stages of these names and this `from`.
    fn wrong(stages: &[(&str, &str)]) -> Vec<String> {
        let head = "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"data\"\nkind = \"mc\"\n\
                    files = [\"a\"]\n";
        let stages = stages
            .iter()
            .map(|(name, from)| format!("[[stage]]\nname = \"{name}\"\nfrom = {from}\n"));
        let text = format!("{head}{}", stages.collect::<String>());
        match Campaign::parse(&text) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.0.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_stage_reads_data_sets_or_an_earlier_stage() {
        let chain = [
            ("a", "\"data\""),
            ("b", "\"a\""),
            ("c", "\"b\""),
            ("d", "[\"data\"]"),
        ];
        assert!(wrong(&chain).is_empty());
        let text = "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"data\"\nkind = \"mc\"\n\
                    files = [\"a\"]\n[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\nfrom = \"a\"\n";
        let campaign = Campaign::parse(text).unwrap();
        let [first, second] = campaign.stages.as_slice() else {
            panic!()
        };
        assert_eq!((first.datasets.len(), first.from.as_ref()), (1, None));
        assert_eq!(
            (second.datasets.len(), second.from.as_ref()),
            (0, Some(&first.name))
        );
    }

    #[test]
    fn what_no_stage_can_read_is_told_apart() {
        let cases = [
            (
                vec![("dimuon", "\"data\""), ("b", "\"dimuno\"")],
                "stage[1].from: \"dimuno\" is neither a dataset nor an earlier stage; did you mean \
                 dimuon?",
            ),
            (
                vec![("dimuon", "\"data\""), ("b", "\"xyzzy\"")],
                "stage[1].from: \"xyzzy\" is neither a dataset nor an earlier stage; there are data, \
                 dimuon",
            ),
            (
                vec![("a", "\"later\""), ("later", "\"data\"")],
                "stage[0].from: \"later\" is a later stage: write it before this one",
            ),
            (
                vec![("a", "\"c\""), ("b", "\"a\""), ("c", "\"b\"")],
                "stage[0].from: a circle: this stage reads \"c\", which reads \"b\", which reads \"a\"",
            ),
            (
                vec![("a", "\"a\"")],
                "stage[0].from: \"a\" is this stage: a stage reads a dataset or an earlier stage",
            ),
            (
                vec![("data", "\"data\""), ("b", "\"data\"")],
                "stage[1].from: \"data\" is a dataset and an earlier stage: rename one of them",
            ),
            (
                vec![("a", "\"data\""), ("b", "[\"a\"]")],
                "stage[1].from: \"a\" is a stage, which is read alone: from = \"a\"",
            ),
        ];
        for (stages, expected) in cases {
            assert_eq!(wrong(&stages), [expected]);
        }
        // A circle that does not come back to where it is entered.
        let stages = [("a", "\"b\""), ("b", "\"c\""), ("c", "\"b\"")];
        assert_eq!(wrong(&stages).len(), 2, "{:?}", wrong(&stages));
    }
}
