//! Recorded luminosity a lumi section, as `brilcalc lumi --byls` writes it.
//!
//! The CSV has comment lines (`#`), of which one names the columns:
//! `#run:fill,ls,time,beamstatus,E(GeV),delivered(/pb),recorded(/pb),avgpu,source`. Columns
//! are found by name and the unit is read from it. The table knows nothing of files; it is
//! summed over a [`LumiMask`].

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::event_id::{LumiSection, Run};
use crate::lumi_mask::LumiMask;

#[cfg(test)]
mod tests;

/// Luminosity of lumi sections, in inverse picobarns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LuminosityTable {
    rows: BTreeMap<(Run, LumiSection), Luminosity>,
}

/// Luminosity of a lumi section or of many, in inverse picobarns.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Luminosity {
    /// What the collider delivered.
    pub delivered: f64,
    /// What the experiment recorded.
    pub recorded: f64,
}

/// Luminosity of the lumi sections of a mask.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct IntegratedLuminosity {
    /// Summed over those that the table has, in ascending order of run and lumi section.
    pub total: Luminosity,
    /// Lumi sections of the mask that the table has.
    pub found: u64,
    /// Lumi sections of the mask that it lacks: their luminosity is not in the sum.
    pub absent: u64,
}

/// Why a text is not a luminosity table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LuminosityError {
    /// No line names the columns.
    #[error(
        "{name}: no header line `#run:fill,ls,…,delivered(/pb),recorded(/pb),…`: expected the \
         CSV of brilcalc lumi --byls"
    )]
    NoHeader {
        /// The table's name, usually its file.
        name: String,
    },
    /// A unit that is not of integrated luminosity.
    #[error("{name}: column {column:?}: unit {unit:?} is not known: expected /ub, /nb, /pb or /fb")]
    Unit {
        /// The table's name.
        name: String,
        /// The column.
        column: &'static str,
        /// What stands in its brackets.
        unit: String,
    },
    /// A line that is not a row.
    #[error("{name}, line {line}: {what}")]
    Row {
        /// The table's name.
        name: String,
        /// The line, from 1.
        line: usize,
        /// What was expected and what was found.
        what: String,
    },
}

impl LuminosityTable {
    /// Reads the CSV of `brilcalc lumi --byls`. `name` (its path) is what errors call it.
    ///
    /// # Errors
    /// Text without the header, with an unknown unit, or with a row that cannot be read, is
    /// negative, or repeats a lumi section.
    pub fn parse(name: &str, text: &str) -> Result<Self, LuminosityError> {
        let mut columns = None;
        let mut rows = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let wrong = |what: String| LuminosityError::Row {
                name: name.to_owned(),
                line: at + 1,
                what,
            };
            if let Some(comment) = line.strip_prefix('#') {
                if comment.starts_with("run:fill") {
                    columns = Some(Columns::find(name, comment)?);
                }
                continue;
            }
            if line.trim().is_empty() {
                continue;
            }
            let columns = columns.as_ref().ok_or_else(|| LuminosityError::NoHeader {
                name: name.to_owned(),
            })?;
            let (id, luminosity) = columns.row(line).map_err(wrong)?;
            if rows.insert(id, luminosity).is_some() {
                let (run, lumi) = id;
                return Err(wrong(format!(
                    "run {run}, lumi section {lumi} is there twice"
                )));
            }
        }
        match columns {
            Some(_) => Ok(Self { rows }),
            None => Err(LuminosityError::NoHeader {
                name: name.to_owned(),
            }),
        }
    }

    /// Luminosity of a lumi section; none when the table does not have it.
    #[must_use]
    pub fn of(&self, run: Run, lumi: LumiSection) -> Option<Luminosity> {
        self.rows.get(&(run, lumi)).copied()
    }

    /// Luminosity of the lumi sections of a mask.
    #[must_use]
    pub fn integrate(&self, mask: &LumiMask) -> IntegratedLuminosity {
        let mut total = Luminosity::default();
        let mut found = 0;
        for (&(run, lumi), luminosity) in &self.rows {
            if mask.contains(run, lumi) {
                total.delivered += luminosity.delivered;
                total.recorded += luminosity.recorded;
                found += 1;
            }
        }
        IntegratedLuminosity {
            total,
            found,
            absent: mask.len().saturating_sub(found),
        }
    }

    /// How many lumi sections it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Which columns hold what, and what turns them into inverse picobarns.
struct Columns {
    run: usize,
    lumi: usize,
    delivered: (usize, f64),
    recorded: (usize, f64),
}

impl Columns {
    fn find(name: &str, header: &str) -> Result<Self, LuminosityError> {
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let no_header = || LuminosityError::NoHeader {
            name: name.to_owned(),
        };
        let at = |wanted: &str| names.iter().position(|column| *column == wanted);
        let luminosity = |column: &'static str| {
            let mut with_units = names.iter().enumerate();
            let (at, unit) = with_units
                .find_map(|(at, found)| {
                    let unit = found.strip_prefix(column)?.strip_prefix('(')?;
                    Some((at, unit.strip_suffix(')')?))
                })
                .ok_or_else(no_header)?;
            let to_inverse_picobarns = match unit {
                "/ub" => 1e-6,
                "/nb" => 1e-3,
                "/pb" => 1.0,
                "/fb" => 1e3,
                _ => {
                    return Err(LuminosityError::Unit {
                        name: name.to_owned(),
                        column,
                        unit: unit.to_owned(),
                    });
                }
            };
            Ok((at, to_inverse_picobarns))
        };
        Ok(Self {
            run: at("run:fill").ok_or_else(no_header)?,
            lumi: at("ls").ok_or_else(no_header)?,
            delivered: luminosity("delivered")?,
            recorded: luminosity("recorded")?,
        })
    }

    fn row(&self, line: &str) -> Result<((Run, LumiSection), Luminosity), String> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |at: usize| {
            let missing = || {
                format!(
                    "expected at least {} fields, found {}",
                    at + 1,
                    fields.len()
                )
            };
            fields.get(at).copied().ok_or_else(missing)
        };
        // "297050:5839" is run and fill; "12:12" the lumi section and its state of recording,
        // which is 0 when nothing was recorded.
        let first = |at: usize, what: &str| {
            let text = field(at)?;
            let number = text.split_once(':').map_or(text, |(number, _)| number);
            let parsed: Result<u32, _> = number.parse();
            parsed.map_err(|_| format!("expected {what}, found {text:?}"))
        };
        let value = |(at, scale): (usize, f64)| {
            let text = field(at)?;
            let number: Option<f64> = text.parse().ok();
            number
                .filter(|number| number.is_finite() && *number >= 0.0)
                .map(|number| number * scale)
                .ok_or_else(|| format!("expected a luminosity, found {text:?}"))
        };
        let run = Run::new(first(self.run, "run:fill")?);
        let lumi = LumiSection::new(first(self.lumi, "a lumi section")?);
        let luminosity = Luminosity {
            delivered: value(self.delivered)?,
            recorded: value(self.recorded)?,
        };
        Ok(((run, lumi), luminosity))
    }
}
