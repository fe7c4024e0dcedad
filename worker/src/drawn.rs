//! Columns of simulation as data have them: drawn from a density, or moved from one to another.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use arrow_schema::{DataType, Field};
use lumimill_common::campaign::StageName;
use lumimill_kde::Density;

use crate::estimated::Estimated;
use crate::score::doubles;

/// The column of what draws of a row are made of; it is written nowhere.
pub(crate) const DRAW: &str = "draw of row";

/// Densities, and the columns that they are asked by and give.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) by: DrawnBy,
    /// What the density is given, in its order.
    pub(crate) given: Vec<String>,
    /// The column that is moved, with a density of simulation.
    pub(crate) value: Option<String>,
    pub(crate) seed: u64,
    /// A column for each density of data.
    pub(crate) columns: Vec<String>,
}

/// The densities that a column is drawn by.
#[derive(Debug)]
pub(crate) enum DrawnBy {
    /// Those of files.
    Files {
        /// By the nominal weights of data, and by others.
        data: Vec<Density>,
        /// Of simulation, whose quantiles become those of data.
        simulation: Option<Density>,
    },
    /// Those that stages of the campaign estimate.
    Stages {
        /// From data.
        data: StageName,
        /// From simulation.
        simulation: Option<StageName>,
    },
}

/// Densities of data, and that of simulation.
type Densities<'a> = (Vec<&'a Density>, Option<&'a Density>);

impl DrawnBy {
    fn densities<'a>(&'a self, estimated: Option<&'a Estimated>) -> Option<Densities<'a>> {
        let (data, simulation) = match self {
            Self::Files { data, simulation } => {
                return Some((data.iter().collect(), simulation.as_ref()));
            }
            Self::Stages { data, simulation } => (data, simulation),
        };
        let of = |stage| estimated.and_then(|estimated| estimated.of(stage));
        let data = of(data)?;
        let other = data.systematic.iter().map(|other| &other.density);
        let simulation = match simulation {
            Some(stage) => Some(&of(stage)?.nominal.density),
            None => None,
        };
        let nominal = std::iter::once(&data.nominal.density);
        Some((nominal.chain(other).collect(), simulation))
    }
}

impl Drawn {
    /// The columns that it adds.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let columns = self.columns.iter();
        columns
            .map(|name| Field::new(name, DataType::Float32, false))
            .collect()
    }

    /// Whether a row is told from others by its event and candidate.
    pub(crate) fn needs_draws(&self) -> bool {
        self.value.is_none()
    }

    /// Their values, one a row; NaN where a density has nothing. `estimated` are the densities of
    /// stages, `seen` the random numbers of the rows of the shard before. With how many rows have one
    /// that was there.
    pub(crate) fn evaluate(
        &self,
        rows: &RecordBatch,
        estimated: Option<&Estimated>,
        seen: &mut HashSet<u64>,
    ) -> Result<(Vec<ArrayRef>, u64), String> {
        let mut shared = 0;
        let (data, simulation) = match self.by.densities(estimated) {
            Some(densities) if densities.0.len() == self.columns.len() => densities,
            // Before there are any, a stage is tried with none.
            _ if rows.num_rows() == 0 => (Vec::new(), None),
            _ => return Err(String::from("it is by densities that are not there")),
        };
        let numbers = |name: &String| {
            let column = rows.column_by_name(name);
            let column = column.ok_or_else(|| format!("there is no column {name}"))?;
            doubles(column).ok_or_else(|| format!("column {name} is no number"))
        };
        let given = self.given.iter().map(numbers);
        let given = given.collect::<Result<Vec<_>, _>>()?;
        let values = self.value.as_ref().map(numbers).transpose()?;
        let draws = match self.needs_draws() {
            true => {
                let column = rows.column_by_name(DRAW);
                let column = column.and_then(|column| column.as_primitive_opt::<UInt64Type>());
                Some(column.ok_or("rows are not told apart by event")?.values())
            }
            false => None,
        };
        let name = self.columns.first().map_or("", String::as_str);
        let mut columns = vec![Vec::with_capacity(rows.num_rows()); self.columns.len()];
        for row in 0..rows.num_rows() {
            let at = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
            let given: Vec<f64> = given.iter().map(at).collect();
            let share = match (simulation, draws) {
                (Some(simulation), _) => simulation
                    .given(&given)
                    .and_then(|given| given.share(values.as_ref().map_or(f64::NAN, at))),
                (None, draws) => {
                    let draw = draws.and_then(|draws| draws.get(row)).copied();
                    let share = uniform(self.seed, name, draw.unwrap_or_default(), &given);
                    shared += u64::from(!seen.insert(share.to_bits()));
                    Some(share)
                }
            };
            for (column, density) in columns.iter_mut().zip(&data) {
                let value = share.and_then(|share| Some(density.given(&given)?.quantile(share)));
                column.push(value.unwrap_or(f64::NAN) as f32);
            }
        }
        let columns = columns.into_iter();
        let columns = columns.map(|column| Arc::new(Float32Array::from(column)) as ArrayRef);
        Ok((columns.collect(), shared))
    }
}

/// A uniform number of (0, 1) for a column of a row: XXH64 of what its event and candidate hash to,
/// what the density is given (rows of one event may have no numbers), and the name of the column.
fn uniform(seed: u64, name: &str, draw: u64, given: &[f64]) -> f64 {
    let mut bytes = draw.to_le_bytes().to_vec();
    given
        .iter()
        .for_each(|value| bytes.extend(value.to_bits().to_le_bytes()));
    bytes.extend(name.as_bytes());
    let hash = twox_hash::XxHash64::oneshot(seed, &bytes);
    ((hash >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// What draws of rows are made of: XXH64, with seed 0, of run (u32), lumi section (u32), event (u64)
/// and candidate (u32), as little-endian bytes. The same row has the same wherever it is read.
pub(crate) fn draw_of((run, lumi, event): (u32, u32, u64), candidate: u32) -> u64 {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&run.to_le_bytes());
    bytes[4..8].copy_from_slice(&lumi.to_le_bytes());
    bytes[8..16].copy_from_slice(&event.to_le_bytes());
    bytes[16..].copy_from_slice(&candidate.to_le_bytes());
    twox_hash::XxHash64::oneshot(0, &bytes)
}

#[cfg(test)]
mod tests;
