//! `units`: what columns are measured in that a stage keeps as they are.

use std::collections::BTreeMap;

use super::column::Column;
use super::stage::Stage;
use crate::section::Section;
use crate::suggest::nearest;

/// Reads `units = { M_D0 = "GeV" }`.
pub(super) fn read_units(
    section: &mut Section<'_>,
    columns: &[Column],
) -> BTreeMap<String, String> {
    let Some(mut table) = section.section("units") else {
        return BTreeMap::new();
    };
    let mut units = BTreeMap::new();
    for name in table.keys() {
        let Some(unit) = table.text(&name) else {
            continue;
        };
        let mut said = columns.iter().filter(|column| column.name == name);
        if said.any(|column| column.unit.is_some()) {
            let message = format!("the column says its unit itself: columns.{name}.unit");
            table.problem(&name, message);
        }
        units.insert(name, unit);
    }
    table.finish();
    units
}

impl Stage {
    /// Units of what it does not have: the key below the stage, and what is wrong.
    pub(super) fn wrong_units(&self, names: &[&str]) -> Vec<(Option<String>, String)> {
        let is_known = |name: &str| names.contains(&name) || self.reading.unread.contains(name);
        let unknown = self.units.keys().filter(|name| !is_known(name));
        let told = unknown.map(|name| {
            let hint = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => String::from("a unit is said where a column is kept or computed first"),
            };
            let message = format!("\"{name}\" is not an output column of this stage; {hint}");
            (Some(format!("units.{name}")), message)
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::campaign::Campaign;

    const TEXT: &str = r#"
name = "c"
output = "out"
[[dataset]]
name = "d"
kind = "mc"
files = ["a.root"]
tree = "t"
[[stage]]
name = "s"
keep = ["M_D0", "p as momentum"]
units = { M_D0 = "GeV", momentum = "GeV/c" }
[stage.columns]
t = { value = "2.0 * M_D0", unit = "GeV" }
"#;

    #[test]
    fn units_are_of_columns_that_are_there_and_are_part_of_the_stage() {
        let stage = |text: &str| Campaign::parse(text).unwrap().stages.remove(0);
        let with = stage(TEXT);
        assert_eq!(with.units["momentum"], "GeV/c");
        let told = |from: &str, to: &str| {
            let errors = Campaign::parse(&TEXT.replace(from, to)).unwrap_err();
            errors.to_string()
        };
        for (from, to, expected) in [
            (
                "M_D0 = \"GeV\"",
                "MD0 = \"GeV\"",
                "stage[0].units.MD0: \"MD0\" is not an output column of this stage; did you mean M_D0?",
            ),
            (
                "M_D0 = \"GeV\"",
                "t = \"GeV\"",
                "stage[0].units.t: the column says its unit itself: columns.t.unit",
            ),
            (
                "M_D0 = \"GeV\"",
                "M_D0 = 1",
                "stage[0].units.M_D0: expected a string",
            ),
        ] {
            let told = told(from, to);
            assert!(told.contains(expected), "{told}");
        }
    }
}
