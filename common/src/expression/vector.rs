//! Vectors as columns: each component is computed when first asked for, and once.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::elementary;
use super::error::EvaluateError;
use super::row_index::Index;
use super::{kinematics, momentum_columns};

/// A component of a momentum; GeV and radians.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    Pt,
    Eta,
    Phi,
    Mass,
    Rapidity,
    Px,
    Py,
    Pz,
    Energy,
    /// η − y.
    Delta,
}

use Component::{Delta, Energy, Eta, Mass, Phi, Pt, Px, Py, Pz, Rapidity};

impl Component {
    const COUNT: usize = 10;

    /// Which of pt, eta, phi and mass it is computed from.
    pub(super) fn parts(self) -> &'static [Self] {
        match self {
            Pt => &[Pt],
            Eta => &[Eta],
            Phi => &[Phi],
            Mass => &[Mass],
            Px | Py => &[Pt, Phi],
            Pz => &[Pt, Eta],
            Energy | Rapidity | Delta => &[Pt, Eta, Mass],
        }
    }

    /// Which components of its terms that of a sum is computed from.
    pub(super) fn parts_of_sum(self) -> &'static [Self] {
        match self {
            Pt | Phi => &[Px, Py],
            Eta | Delta => &[Px, Py, Pz],
            Mass | Rapidity => &[Px, Py, Pz, Mass],
            Px => &[Px],
            Py => &[Py],
            Pz => &[Pz],
            Energy => &[Energy],
        }
    }

    /// Its place among pt, eta, phi and mass.
    pub(super) fn place(self) -> Option<usize> {
        match self {
            Pt => Some(0),
            Eta => Some(1),
            Phi => Some(2),
            Mass => Some(3),
            _ => None,
        }
    }
}

/// Values of one component, shared.
pub(super) type Values = Rc<Vec<f64>>;

/// A column of vectors.
pub(super) struct Vectors {
    source: Source,
    known: RefCell<[Option<Values>; Component::COUNT]>,
}

pub(super) enum Source {
    /// Given by pt, eta, phi and mass, as far as they are wanted; see [`Vectors::give`].
    Polar,
    /// Some of others, in another order.
    Slot(Rc<Vectors>, Arc<Index>),
    Sum(Rc<Vectors>, Rc<Vectors>),
}

impl Vectors {
    pub(super) fn new(source: Source) -> Rc<Self> {
        Rc::new(Self {
            source,
            known: RefCell::default(),
        })
    }

    /// Whether `component` is known already.
    pub(super) fn knows(&self, component: Component) -> bool {
        self.known.borrow()[component as usize].is_some()
    }

    /// Gives the values of `component`.
    pub(super) fn give(&self, component: Component, values: Values) {
        self.known.borrow_mut()[component as usize] = Some(values);
    }

    /// The values of `component`; an error if what it is computed from was not given.
    pub(super) fn component(&self, component: Component) -> Result<Values, EvaluateError> {
        let at = component as usize;
        if let Some(values) = &self.known.borrow()[at] {
            return Ok(Rc::clone(values));
        }
        let values = match &self.source {
            Source::Polar => Rc::new(self.of_polar(component)?),
            Source::Slot(of, index) => index.gather(&of.component(component)?),
            Source::Sum(a, b) => Rc::new(self.of_sum(a, b, component)?),
        };
        self.known.borrow_mut()[at] = Some(Rc::clone(&values));
        Ok(values)
    }

    fn of_polar(&self, component: Component) -> Result<Vec<f64>, EvaluateError> {
        Ok(match component {
            Pt | Eta | Phi | Mass => return Err(EvaluateError::Missing(format!("{component:?}"))),
            Px | Py => {
                let (pt, phi) = (self.component(Pt)?, self.component(Phi)?);
                let [px, py] = elementary::transverse(&pt, &phi);
                if component == Px {
                    self.give(Py, Rc::new(py));
                    px
                } else {
                    self.give(Px, Rc::new(px));
                    py
                }
            }
            Pz => momentum_columns::pz(&self.component(Pt)?, &self.component(Eta)?),
            Energy => {
                let (pt, pz) = (self.component(Pt)?, self.component(Pz)?);
                momentum_columns::energy(&pt, &pz, &self.component(Mass)?)
            }
            Rapidity => {
                momentum_columns::difference(&self.component(Eta)?, &self.component(Delta)?)
            }
            Delta => {
                let (pt, pz) = (self.component(Pt)?, self.component(Pz)?);
                let (eta, mass) = (self.component(Eta)?, self.component(Mass)?);
                momentum_columns::eta_minus_rapidity(&pt, &pz, &eta, &mass)
            }
        })
    }

    fn of_sum(&self, a: &Self, b: &Self, component: Component) -> Result<Vec<f64>, EvaluateError> {
        Ok(match component {
            Px | Py | Pz | Energy => {
                momentum_columns::sum(&a.component(component)?, &b.component(component)?)
            }
            Pt => momentum_columns::pt(&self.component(Px)?, &self.component(Py)?),
            Phi => {
                let (px, py) = (self.component(Px)?, self.component(Py)?);
                zip(&px, &py).map(|(x, y)| y.atan2(x)).collect()
            }
            Eta => momentum_columns::eta(&self.component(Pt)?, &self.component(Pz)?),
            Mass if a.is_polar() && b.is_polar() => pair_masses(a, b)?,
            Mass => cartesian_masses(a, b)?,
            Rapidity => {
                let (pt, pz) = (self.component(Pt)?, self.component(Pz)?);
                momentum_columns::rapidity(&pt, &pz, &self.component(Mass)?)
            }
            Delta => {
                momentum_columns::difference(&self.component(Eta)?, &self.component(Rapidity)?)
            }
        })
    }

    fn is_polar(&self) -> bool {
        match &self.source {
            Source::Polar => true,
            Source::Slot(of, _) => of.is_polar(),
            Source::Sum(..) => false,
        }
    }
}

fn zip<'v>(a: &'v [f64], b: &'v [f64]) -> impl Iterator<Item = (f64, f64)> + 'v {
    a.iter().copied().zip(b.iter().copied())
}

fn pair_masses(a: &Vectors, b: &Vectors) -> Result<Vec<f64>, EvaluateError> {
    let phis = elementary::sines_of_half(&a.component(Phi)?, &b.component(Phi)?);
    let ys = momentum_columns::sinh_of_half(
        &a.component(Eta)?,
        &a.component(Delta)?,
        &b.component(Eta)?,
        &b.component(Delta)?,
    );
    Ok(momentum_columns::pair_mass(
        &a.component(Pt)?,
        &a.component(Mass)?,
        &b.component(Pt)?,
        &b.component(Mass)?,
        &ys,
        &phis,
    ))
}

/// m² = m₁² + m₂² + 2 (E₁E₂ − p₁·p₂), the bracket as (E₁²E₂² − (p₁·p₂)²) / (E₁E₂ + p₁·p₂) where
/// p₁·p₂ > 0, with |p₁|²|p₂|² − (p₁·p₂)² = |p₁ × p₂|².
fn cartesian_masses(a: &Vectors, b: &Vectors) -> Result<Vec<f64>, EvaluateError> {
    let columns = |of: &Vectors| -> Result<[Values; 4], EvaluateError> {
        Ok([
            of.component(Px)?,
            of.component(Py)?,
            of.component(Pz)?,
            of.component(Mass)?,
        ])
    };
    let (a, b) = (columns(a)?, columns(b)?);
    let at = |of: &[Values; 4], i: usize| [of[0][i], of[1][i], of[2][i], of[3][i]];
    let mass = |[x1, y1, z1, m1]: [f64; 4], [x2, y2, z2, m2]: [f64; 4]| {
        let (p1, p2) = (x1 * x1 + y1 * y1 + z1 * z1, x2 * x2 + y2 * y2 + z2 * z2);
        let (s1, s2) = (m1 * m1.abs(), m2 * m2.abs());
        let energies = kinematics::energy(p1, m1) * kinematics::energy(p2, m2);
        let dot = x1 * x2 + y1 * y2 + z1 * z2;
        let bracket = if dot > 0.0 {
            let (cx, cy, cz) = (y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2);
            (s1 * s2 + s1 * p2 + s2 * p1 + cx * cx + cy * cy + cz * cz) / (energies + dot)
        } else {
            energies - dot
        };
        kinematics::signed_sqrt(s1 + s2 + 2.0 * bracket)
    };
    Ok((0..a[0].len())
        .map(|i| mass(at(&a, i), at(&b, i)))
        .collect())
}
