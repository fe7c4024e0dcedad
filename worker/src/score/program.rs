//! A compiled graph: steps on matrices of some rows.

use std::ops::Range;
use std::sync::Arc;

use super::features::{Features, LANES};
use super::trees::{CHUNK_ROWS, Ensemble, logistic, softmax};

/// Columns beyond which no more than a chunk of rows is taken at a time.
const NARROW: usize = 64;

/// Rows × columns, row-major.
#[derive(Debug, Clone, Default)]
pub(super) struct Matrix {
    pub(super) width: usize,
    pub(super) values: Vec<f32>,
}

/// Steps that fill slot after slot; the last slot is the output.
#[derive(Debug, Default)]
pub(super) struct ScoreProgram {
    pub(super) steps: Vec<Step>,
}

/// What fills one slot, and how wide it is.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) width: usize,
}

/// Slots are told by their number.
#[derive(Debug)]
pub(super) enum Action {
    /// Columns of the features.
    Load(Arc<[usize]>),
    /// An ensemble that reads the features.
    Trees(Ensemble),
    /// An ensemble that reads a slot.
    TreesOf(usize, Ensemble),
    /// Columns of a slot.
    Pick(usize, Vec<usize>),
    /// Slots side by side.
    Concat(Vec<usize>),
    /// One number at a time.
    Map(usize, Unary),
    /// Two numbers at a time; a slot of width 1 serves every column.
    Combine(usize, usize, Binary),
    /// Slots of equal width added up in double precision, and rounded.
    SumDoubles(Vec<usize>),
    /// A number and a constant, one for every column or the same for all.
    CombineConstant(usize, Vec<f32>, Binary, Side),
    /// A row at a time.
    Rows(usize, RowWise),
}

/// On which side the constant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Functions of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Sigmoid,
    Tanh,
    Exp,
    Log,
    Neg,
    Abs,
    Sqrt,
}

/// Functions of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
}

/// Functions of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowWise {
    Softmax,
    /// Divides by the greatest value, the sum of absolute values, or the Euclidean norm.
    NormalizeMax,
    NormalizeL1,
    NormalizeL2,
    Sum,
    Mean,
}

impl Unary {
    fn apply(self, x: f32) -> f32 {
        match self {
            Self::Sigmoid => logistic(x),
            Self::Tanh => x.tanh(),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Neg => -x,
            Self::Abs => x.abs(),
            Self::Sqrt => x.sqrt(),
        }
    }
}

impl Binary {
    fn apply(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
        }
    }
}

impl RowWise {
    /// `out` has the row's width, or 1 for the functions that give one number.
    fn apply(self, row: &[f32], out: &mut [f32]) {
        let norm = match self {
            Self::Softmax => {
                out.copy_from_slice(row);
                return softmax(out);
            }
            Self::Sum | Self::Mean => {
                let sum: f32 = row.iter().sum();
                let value = if self == Self::Mean {
                    sum / row.len() as f32
                } else {
                    sum
                };
                return out.fill(value);
            }
            Self::NormalizeMax => row.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            Self::NormalizeL1 => row.iter().map(|value| value.abs()).sum(),
            Self::NormalizeL2 => row.iter().map(|value| value * value).sum::<f32>().sqrt(),
        };
        for (slot, value) in out.iter_mut().zip(row) {
            // A row of zeros stays as it is.
            *slot = if norm != 0.0 { value / norm } else { *value };
        }
    }
}

impl ScoreProgram {
    /// Width of the output.
    pub(super) fn width(&self) -> usize {
        self.steps.last().map_or(0, |step| step.width)
    }

    /// Rows that every step takes at a time, a number of chunks: as many as is best for its trees, unless
    /// some step puts out many columns.
    fn rows_at_once(&self) -> usize {
        let ensembles = self.steps.iter().filter_map(|step| match &step.action {
            Action::Trees(ensemble) | Action::TreesOf(_, ensemble) => Some(ensemble),
            _ => None,
        });
        let most = ensembles.map(Ensemble::rows_at_once).max();
        let is_narrow = self.steps.iter().all(|step| step.width <= NARROW);
        most.filter(|_| is_narrow).unwrap_or(CHUNK_ROWS)
    }

    /// Runs some chunks after others; `emit` gets the output of each time.
    pub(super) fn run(&self, features: &Features, mut emit: impl FnMut(&Matrix)) {
        let mut slots: Vec<Matrix> = self
            .steps
            .iter()
            .map(|step| Matrix {
                width: step.width,
                values: Vec::new(),
            })
            .collect();
        let at_once = self.rows_at_once();
        for first in (0..features.rows()).step_by(at_once) {
            let rows = first..features.rows().min(first + at_once);
            for (index, step) in self.steps.iter().enumerate() {
                let (done, rest) = slots.split_at_mut(index);
                let Some(slot) = rest.first_mut() else {
                    continue;
                };
                slot.values
                    .resize(rows.len().saturating_mul(step.width), 0.0);
                step.action.run(features, rows.clone(), done, slot);
            }
            if let Some(output) = slots.last() {
                emit(output);
            }
        }
    }
}

impl Action {
    /// Fills `out`, which has its final size, from the features and the slots before it.
    fn run(&self, features: &Features, rows: Range<usize>, slots: &[Matrix], out: &mut Matrix) {
        let empty = Matrix {
            width: 1,
            values: Vec::new(),
        };
        let slot = |index: usize| slots.get(index).unwrap_or(&empty);
        match self {
            Self::Load(columns) => load(features, rows.start, columns, out),
            Self::Trees(ensemble) => ensemble.run(features, rows, &mut out.values),
            Self::TreesOf(source, ensemble) => {
                let gathered = gathered(slot(*source), rows.len());
                ensemble.run(&gathered, 0..rows.len(), &mut out.values);
            }
            Self::Pick(source, columns) => pick(slot(*source), columns, out),
            Self::Concat(sources) => concat(sources.iter().map(|source| slot(*source)), out),
            Self::Map(source, function) => {
                for (slot, value) in out.values.iter_mut().zip(&slot(*source).values) {
                    *slot = function.apply(*value);
                }
            }
            Self::Combine(left, right, function) => {
                let (left, right) = (slot(*left), slot(*right));
                for (index, value) in out.values.iter_mut().enumerate() {
                    let (row, column) = (index / out.width.max(1), index % out.width.max(1));
                    *value = function.apply(left.at(row, column), right.at(row, column));
                }
            }
            Self::SumDoubles(sources) => {
                let sources: Vec<&Matrix> = sources.iter().map(|source| slot(*source)).collect();
                for (index, value) in out.values.iter_mut().enumerate() {
                    let terms = sources.iter().filter_map(|of| of.values.get(index));
                    *value = terms.map(|term| f64::from(*term)).sum::<f64>() as f32;
                }
            }
            Self::CombineConstant(source, constants, function, side) => {
                let values = slot(*source).values.iter().zip(constants.iter().cycle());
                for (slot, (value, constant)) in out.values.iter_mut().zip(values) {
                    *slot = match side {
                        Side::Left => function.apply(*constant, *value),
                        Side::Right => function.apply(*value, *constant),
                    };
                }
            }
            Self::Rows(source, function) => {
                let rows = slot(*source)
                    .values
                    .chunks_exact(slot(*source).width.max(1));
                for (row, out) in rows.zip(out.values.chunks_exact_mut(out.width.max(1))) {
                    function.apply(row, out);
                }
            }
        }
    }
}

impl Matrix {
    /// One number; a single column serves as every column.
    fn at(&self, row: usize, column: usize) -> f32 {
        let column = if self.width == 1 { 0 } else { column };
        self.values
            .get(row * self.width + column)
            .copied()
            .unwrap_or(f32::NAN)
    }
}

fn pick(source: &Matrix, columns: &[usize], out: &mut Matrix) {
    let rows = source.values.chunks_exact(source.width.max(1));
    for (row, out) in rows.zip(out.values.chunks_exact_mut(columns.len().max(1))) {
        for (slot, column) in out.iter_mut().zip(columns) {
            *slot = row.get(*column).copied().unwrap_or(f32::NAN);
        }
    }
}

fn concat<'a>(sources: impl Iterator<Item = &'a Matrix>, out: &mut Matrix) {
    let mut start = 0;
    for source in sources {
        let width = source.width.max(1);
        let rows = source.values.chunks_exact(width);
        for (row, out) in rows.zip(out.values.chunks_exact_mut(out.width.max(1))) {
            if let Some(part) = out.get_mut(start..start + width) {
                part.copy_from_slice(row);
            }
        }
        start += width;
    }
}

fn load(features: &Features, first: usize, columns: &[usize], out: &mut Matrix) {
    for (row, out) in out
        .values
        .chunks_exact_mut(columns.len().max(1))
        .enumerate()
    {
        let row = first + row;
        let block = features.block(row / LANES);
        for (slot, column) in out.iter_mut().zip(columns) {
            *slot = block
                .get(*column)
                .and_then(|lane| lane.get(row % LANES))
                .copied()
                .unwrap_or(f32::NAN);
        }
    }
}

fn gathered(matrix: &Matrix, rows: usize) -> Features {
    let mut features = Features::zeros(rows, matrix.width);
    for column in 0..matrix.width {
        features.fill(
            column,
            matrix
                .values
                .iter()
                .skip(column)
                .step_by(matrix.width)
                .copied(),
        );
    }
    features
}
