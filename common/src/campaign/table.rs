//! `[[table]]`: efficiencies of stages beside one another, of data over simulation, and how often other
//! particles pass.

use serde::Serialize;

use super::name::StageName;
use super::stage::Stage;
use crate::metric::{EfficiencySpec, MetricSpec};
use crate::section::Section;
use crate::suggest::nearest;

/// A table of efficiencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RatioTable {
    /// The name of its files.
    pub name: StageName,
    /// Efficiencies in data.
    pub data: Sample,
    /// The same in simulation, by which those are divided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mc: Option<Sample>,
}

/// Efficiencies of a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Of the particles that cuts are to select.
    pub particle: Measured,
    /// Of those that cuts are to reject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misid: Option<Measured>,
}

/// An `efficiency` of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// The stage.
    pub stage: StageName,
    /// Which of its metrics.
    pub metric: usize,
}

/// What of a table is where, in the order in which it is written.
type Place<'a> = (String, &'a Measured);

impl RatioTable {
    /// The tables of a campaign with these stages.
    pub(super) fn read_all(root: &mut Section<'_>, stages: &[Stage]) -> Vec<Self> {
        let mut tables: Vec<Self> = Vec::new();
        for mut section in root.sections("table") {
            let name = section.required_text("name");
            let name = name.and_then(|name| section.parsed::<StageName>("name", &name));
            let data = section.required("data", |section, key| Sample::read(section, key, stages));
            let mc = section
                .value("mc")
                .is_some()
                .then(|| Sample::read(&mut section, "mc", stages));
            section.finish();
            let (Some(name), Some(data)) = (name, data) else {
                continue;
            };
            // What is wrong with simulation is told, and so is what is wrong without it.
            let table = Self {
                name,
                data,
                mc: mc.flatten(),
            };
            for (key, message) in table.wrong(stages) {
                section.problem(&key, message);
            }
            if tables.iter().any(|other| other.name == table.name) {
                section.problem("name", format!("\"{}\" is used twice", table.name));
            }
            tables.push(table);
        }
        tables
    }

    /// All efficiencies, each with its key.
    fn places(&self) -> Vec<Place<'_>> {
        let samples = [("data", Some(&self.data)), ("mc", self.mc.as_ref())];
        let mut places = Vec::new();
        for (key, sample) in samples {
            let Some(Sample { particle, misid }) = sample else {
                continue;
            };
            let is_pair = misid.is_some();
            let of = |part: &str| match is_pair {
                true => format!("{key}.{part}"),
                false => key.to_owned(),
            };
            places.push((of("particle"), particle));
            places.extend(misid.as_ref().map(|misid| (of("misid"), misid)));
        }
        places
    }

    /// Efficiencies that cannot stand beside the first one.
    fn wrong(&self, stages: &[Stage]) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        let is_pair = |sample: &Sample| sample.misid.is_some();
        if let Some(mc) = self
            .mc
            .as_ref()
            .filter(|mc| is_pair(mc) != is_pair(&self.data))
        {
            let key = if is_pair(mc) { "data" } else { "mc" };
            let message = "has no `misid`, and the other one has: write both, or none";
            wrong.push((key.to_owned(), message.to_owned()));
        }
        let places = self.places();
        let mut specs = places.iter().filter_map(|(key, measured)| {
            let spec = measured.spec(stages)?;
            Some((key, spec))
        });
        let Some((first, one)) = specs.next() else {
            return wrong;
        };
        for (key, other) in specs {
            let counts = |spec: &EfficiencySpec| (spec.cuts().len(), spec.precuts().len());
            let edges = |spec: &EfficiencySpec| -> Vec<Vec<f64>> {
                spec.axes().iter().map(|axis| axis.edges.clone()).collect()
            };
            let columns = |spec: &EfficiencySpec| -> Vec<String> {
                spec.axes().iter().map(|axis| axis.column.clone()).collect()
            };
            let sorted = |mut columns: Vec<String>| {
                columns.sort();
                columns
            };
            let is_swapped =
                columns(one) != columns(other) && sorted(columns(one)) == sorted(columns(other));
            let message = if is_swapped {
                format!("has the axes of {first} in another order: they are compared one by one")
            } else if counts(one) != counts(other) {
                let say =
                    |(cuts, precuts): (usize, usize)| format!("{cuts} cuts and {precuts} pre-cuts");
                let (other, one) = (say(counts(other)), say(counts(one)));
                format!("has {other}, and {first} has {one}: they are compared one by one")
            } else if edges(one) != edges(other) {
                format!("has axes with other edges than {first}: give them the same, in one order")
            } else {
                continue;
            };
            wrong.push((key.clone(), message));
        }
        wrong
    }
}

impl Sample {
    /// `"stage"`, or `{ particle = "stage", misid = "stage:name" }`.
    fn read(section: &mut Section<'_>, key: &str, stages: &[Stage]) -> Option<Self> {
        if section.value(key).is_some_and(toml::Value::is_str) {
            let text = section.text(key)?;
            return Some(Self {
                particle: found(section, key, &text, stages)?,
                misid: None,
            });
        }
        let mut pair = section.section(key)?;
        let particle = pair.required_text("particle");
        let particle = particle.and_then(|text| found(&pair, "particle", &text, stages));
        let misid = pair.text("misid");
        let has_misid = misid.is_some();
        let misid = misid.and_then(|text| found(&pair, "misid", &text, stages));
        pair.finish();
        (misid.is_some() == has_misid).then_some(())?;
        Some(Self {
            particle: particle?,
            misid,
        })
    }
}

/// The efficiency that a text names: `stage`, the first one of it, or `stage:name`.
fn found(section: &Section<'_>, key: &str, text: &str, stages: &[Stage]) -> Option<Measured> {
    match measured(text, stages) {
        Ok(found) => found,
        Err(message) => {
            section.problem(key, message);
            None
        }
    }
}

/// None where what is wrong is told where it is.
fn measured(text: &str, stages: &[Stage]) -> Result<Option<Measured>, String> {
    let (stage, name) = match text.split_once(':') {
        Some((stage, name)) => (stage, Some(name)),
        None => (text, None),
    };
    let Some(of) = stages.iter().find(|known| known.name.as_str() == stage) else {
        let names = stages.iter().map(|stage| stage.name.as_str());
        let near = nearest(stage, names)
            .map_or_else(String::new, |near| format!("; did you mean {near}?"));
        return Err(format!("\"{stage}\" is not a stage{near}"));
    };
    let efficiencies = of.metrics.iter().enumerate();
    let efficiencies = efficiencies.filter_map(|(number, metric)| match metric {
        MetricSpec::Efficiency(spec) => Some((number, spec.name())),
        _ => None,
    });
    let efficiencies: Vec<(usize, Option<&str>)> = efficiencies.collect();
    let is_meant = |(_, known): &&(usize, Option<&str>)| name.is_none() || *known == name;
    let mut meant = efficiencies.iter().filter(is_meant);
    match (meant.next(), meant.next(), name) {
        (Some(_), Some(_), Some(name)) => Err(format!(
            "stage {stage} has two efficiencies with name = \"{name}\""
        )),
        (Some((metric, _)), ..) => Ok(Some(Measured {
            stage: of.name.clone(),
            metric: *metric,
        })),
        // One that could not be read may be meant.
        (None, ..) if of.reading.metrics_are_unread => Ok(None),
        (None, _, None) => Err(format!("stage {stage} has no metric `efficiency`")),
        (None, _, Some(name)) => {
            let names: Vec<&str> = efficiencies.iter().filter_map(|(_, name)| *name).collect();
            let there = match names.as_slice() {
                [] => String::from("none has a name"),
                names => format!("there are {}", names.join(", ")),
            };
            Err(format!(
                "stage {stage} has no efficiency with name = \"{name}\"; {there}"
            ))
        }
    }
}

impl Measured {
    fn spec<'a>(&self, stages: &'a [Stage]) -> Option<&'a EfficiencySpec> {
        let mut stages = stages.iter();
        let stage = stages.find(|stage| stage.name == self.stage)?;
        match stage.metrics.get(self.metric)? {
            MetricSpec::Efficiency(spec) => Some(spec),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::campaign::Campaign;

    const STAGES: &str = "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"d\"\nkind = \"mc\"\n\
                          files = [\"a\"]\n[[stage]]\nname = \"data\"\nkeep = [\"p\", \"x\"]\n\
                          [[stage.metric]]\nefficiency = { cuts = [\"x > 1\"], axes = [{ column = \"p\", \
                          edges = [0.0, 1.0] }] }\n[[stage.metric]]\nefficiency = { name = \"pion\", cuts \
                          = [\"x > 2\"], axes = [{ column = \"p\", edges = [0.0, 1.0] }] }\n[[stage]]\n\
                          name = \"mc\"\nkeep = [\"p\", \"x\"]\n[[stage.metric]]\nefficiency = { cuts = \
                          [\"x > 1\"], axes = [{ column = \"p\", edges = [0.0, 2.0] }] }\n[[stage]]\nname \
                          = \"bare\"\n[[stage]]\nname = \"ab\"\nkeep = [\"p\", \"x\"]\n[[stage.metric]]\n\
                          efficiency = { cuts = [\"x > 1\"], axes = [{ column = \"p\", edges = [0.0, 1.0] \
                          }, { column = \"x\", edges = [0.0, 1.0] }] }\n[[stage]]\nname = \"ba\"\nkeep = \
                          [\"p\", \"x\"]\n[[stage.metric]]\nefficiency = { cuts = [\"x > 1\"], axes = [{ \
                          column = \"x\", edges = [0.0, 1.0] }, { column = \"p\", edges = [0.0, 1.0] }] \
                          }\n";

    fn wrong(table: &str) -> Vec<String> {
        match Campaign::parse(&format!("{STAGES}[[table]]\n{table}\n")) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.0.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn an_efficiency_is_the_first_of_its_stage_or_has_a_name() {
        let text = "name = \"t\"\ndata = { particle = \"data\", misid = \"data:pion\" }";
        assert!(wrong(text).is_empty(), "{:?}", wrong(text));
        let campaign = Campaign::parse(&format!("{STAGES}[[table]]\n{text}\n")).unwrap();
        let data = &campaign.tables[0].data;
        assert_eq!(data.particle.metric, 0);
        assert_eq!(data.misid.as_ref().unwrap().metric, 1);
    }

    #[test]
    fn what_cannot_be_compared_is_told_with_its_place() {
        let cases = [
            ("data = \"data\"", "table[0].name: is missing"),
            ("name = \"t\"", "table[0].data: is missing"),
            (
                "name = \"t\"\ndata = \"dta\"",
                "table[0].data: \"dta\" is not a stage; did you mean data?",
            ),
            (
                "name = \"t\"\ndata = \"bare\"",
                "table[0].data: stage bare has no metric `efficiency`",
            ),
            (
                "name = \"t\"\ndata = { particle = \"data\", misid = \"data:kaon\" }",
                "table[0].data.misid: stage data has no efficiency with name = \"kaon\"; there are pion",
            ),
            (
                "name = \"t\"\ndata = \"data\"\nmc = \"mc\"",
                "table[0].mc: has axes with other edges than data: give them the same, in one order",
            ),
            // With equal edges, unlike bins were divided.
            (
                "name = \"t\"\ndata = \"ab\"\nmc = \"ba\"",
                "table[0].mc: has the axes of data in another order: they are compared one by one",
            ),
            (
                "name = \"t\"\ndata = { particle = \"data\", misid = \"data:pion\" }\nmc = \"data\"",
                "table[0].mc: has no `misid`, and the other one has: write both, or none",
            ),
        ];
        for (table, expected) in cases {
            assert_eq!(wrong(table), [expected], "{table}");
        }
    }
}
