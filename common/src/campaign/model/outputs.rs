//! `outputs`: which columns of the table are made of which outputs of a model.

use serde::Serialize;

use crate::section::Section;

/// A column made of a model's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelOutput {
    /// Name of the column.
    pub column: String,
    /// The model's name of the output.
    pub output: String,
    /// Which of the values that it has for each row; `None` where it has one.
    pub element: Option<usize>,
    /// Which of the values of that, where each has several, as a component has quantiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
}

impl ModelOutput {
    pub(super) fn read_all(section: &mut Section<'_>) -> Vec<Self> {
        let Some(mut table) = section.section("outputs") else {
            return Vec::new();
        };
        let names = table.keys();
        if names.is_empty() {
            table
                .problem_here("is empty: name at least one column, such as { score = \"output\" }");
        }
        let mut outputs = Vec::with_capacity(names.len());
        for column in names {
            let Some(text) = table.text(&column) else {
                continue;
            };
            match parsed(&text) {
                Ok((output, element, part)) => outputs.push(Self {
                    column,
                    output: output.to_owned(),
                    element,
                    part,
                }),
                Err(message) => table.problem(&column, message),
            }
        }
        outputs
    }
}

/// `output`, `output[k]` or `output[k,l]`.
fn parsed(text: &str) -> Result<(&str, Option<usize>, Option<usize>), String> {
    let expected =
        || format!("expected \"output\" or \"output[k]\" with k from 0, found \"{text}\"");
    let Some(inside) = text.strip_suffix(']') else {
        return match text.trim().is_empty() {
            true => Err(expected()),
            false => Ok((text, None, None)),
        };
    };
    let (output, index) = inside.rsplit_once('[').ok_or_else(expected)?;
    if output.is_empty() {
        return Err(expected());
    }
    let number = |text: &str| text.trim().parse().map_err(|_| expected());
    match index.split_once(',') {
        Some((element, part)) => Ok((output, Some(number(element)?), Some(number(part)?))),
        None => Ok((output, Some(number(index)?), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn outputs_are_names_with_an_index_or_without() {
        assert_eq!(
            parsed("probabilities[3]"),
            Ok(("probabilities", Some(3), None))
        );
        assert_eq!(parsed("a[0][1]"), Ok(("a[0]", Some(1), None)));
        assert_eq!(parsed("score"), Ok(("score", None, None)));
        assert_eq!(parsed("stop[0, 1]"), Ok(("stop", Some(0), Some(1))));
        for wrong in [
            "",
            " ",
            "[1]",
            "p[-1]",
            "p[x]",
            "p]",
            "stop[0,1,2]",
            "a[,1]",
        ] {
            let told = parsed(wrong).unwrap_err();
            assert!(told.contains(wrong), "{told}");
        }
    }
}
