//! The functions that every expression may call, and what C++, ROOT and TMath call them.

use super::cast::written_for;
use super::value::Constant;
use super::vector::Component;

/// What a function name stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Builtin {
    Math(Math),
    Reduce(Reduction),
    Number(Numbering),
    /// Members of a list by the numbers in another one.
    Take,
    Component(Component),
    /// Of two vectors, or of eta, phi, eta, phi.
    DeltaR,
    /// The first less the second.
    DeltaPhi,
    /// ROOT's order of arguments: eta, eta, phi, phi.
    RootDeltaR,
    /// ROOT's sign: the second less the first.
    RootDeltaPhi,
    Vector,
    /// `Where(c, a, b)` is `c ? a : b`.
    Choose,
    Constant(Constant),
}

/// Functions of numbers, element by element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Math {
    Abs,
    Fabs,
    Sqrt,
    Exp,
    Log,
    Log10,
    Log2,
    Log1p,
    Expm1,
    Cbrt,
    Pow,
    Fmod,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Atan2,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Hypot,
    Floor,
    Ceil,
    Round,
    Trunc,
    IsNan,
    IsInf,
    IsFinite,
    Min,
    Max,
    /// As an `int`, without what follows the point.
    Int,
    /// In single precision.
    Single,
    /// In double precision.
    Double,
}

/// From one value per member to one per event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduction {
    Sum,
    Mean,
    /// Members for which a condition holds; of numbers, all.
    Count,
    /// All members, as C++'s `size_t`.
    Size,
    Any,
    All,
    Max,
    Min,
}

/// From values per member to a whole number per member of the same entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Numbering {
    /// Groups of values that are no further than the distance from one another's next.
    Cluster(f64),
    /// The same of one value, numbered by it.
    TimeGroup(f64),
    /// How many members have a lower value, or the same one and come before.
    Rank,
}

impl Math {
    /// How many arguments it takes.
    pub(super) fn arity(self) -> usize {
        match self {
            Self::Pow | Self::Fmod | Self::Atan2 | Self::Hypot | Self::Min | Self::Max => 2,
            _ => 1,
        }
    }
}

/// Names of the standard library.
const STD: [(&str, Math); 35] = [
    ("abs", Math::Abs),
    ("fabs", Math::Fabs),
    ("sqrt", Math::Sqrt),
    ("exp", Math::Exp),
    ("log", Math::Log),
    ("log10", Math::Log10),
    ("log2", Math::Log2),
    ("log1p", Math::Log1p),
    ("expm1", Math::Expm1),
    ("cbrt", Math::Cbrt),
    ("pow", Math::Pow),
    ("fmod", Math::Fmod),
    ("sin", Math::Sin),
    ("cos", Math::Cos),
    ("tan", Math::Tan),
    ("asin", Math::Asin),
    ("acos", Math::Acos),
    ("atan", Math::Atan),
    ("atan2", Math::Atan2),
    ("sinh", Math::Sinh),
    ("cosh", Math::Cosh),
    ("tanh", Math::Tanh),
    ("asinh", Math::Asinh),
    ("acosh", Math::Acosh),
    ("atanh", Math::Atanh),
    ("hypot", Math::Hypot),
    ("floor", Math::Floor),
    ("ceil", Math::Ceil),
    ("round", Math::Round),
    ("trunc", Math::Trunc),
    ("isnan", Math::IsNan),
    ("isinf", Math::IsInf),
    ("isfinite", Math::IsFinite),
    ("min", Math::Min),
    ("max", Math::Max),
];

const TMATH: [(&str, Math); 27] = [
    ("Abs", Math::Abs),
    ("Sqrt", Math::Sqrt),
    ("Exp", Math::Exp),
    ("Log", Math::Log),
    ("Log10", Math::Log10),
    ("Log2", Math::Log2),
    ("Power", Math::Pow),
    ("Sin", Math::Sin),
    ("Cos", Math::Cos),
    ("Tan", Math::Tan),
    ("ASin", Math::Asin),
    ("ACos", Math::Acos),
    ("ATan", Math::Atan),
    ("ATan2", Math::Atan2),
    ("SinH", Math::Sinh),
    ("CosH", Math::Cosh),
    ("TanH", Math::Tanh),
    ("ASinH", Math::Asinh),
    ("ACosH", Math::Acosh),
    ("ATanH", Math::Atanh),
    ("Hypot", Math::Hypot),
    ("Floor", Math::Floor),
    ("Ceil", Math::Ceil),
    ("IsNaN", Math::IsNan),
    ("Finite", Math::IsFinite),
    ("Min", Math::Min),
    ("Max", Math::Max),
];

const TMATH_CONSTANTS: [(&str, f64); 7] = [
    ("Pi", std::f64::consts::PI),
    ("TwoPi", std::f64::consts::TAU),
    ("PiOver2", std::f64::consts::FRAC_PI_2),
    ("PiOver4", std::f64::consts::FRAC_PI_4),
    ("E", std::f64::consts::E),
    ("Sqrt2", std::f64::consts::SQRT_2),
    ("Ln10", std::f64::consts::LN_10),
];

/// Names of `ROOT::VecOps`, which RDataFrame knows without their namespace.
const VEC_OPS: [(&str, Builtin); 11] = [
    ("Sum", Builtin::Reduce(Reduction::Sum)),
    ("Mean", Builtin::Reduce(Reduction::Mean)),
    ("Any", Builtin::Reduce(Reduction::Any)),
    ("All", Builtin::Reduce(Reduction::All)),
    ("Max", Builtin::Reduce(Reduction::Max)),
    ("Min", Builtin::Reduce(Reduction::Min)),
    ("Where", Builtin::Choose),
    ("Take", Builtin::Take),
    ("DeltaR", Builtin::RootDeltaR),
    ("DeltaPhi", Builtin::RootDeltaPhi),
    ("PtEtaPhiMVector", Builtin::Vector),
];

/// Names of our own.
const OWN: [(&str, Builtin); 25] = [
    (
        "time_group",
        Builtin::Number(Numbering::TimeGroup(f64::NAN)),
    ),
    ("cluster", Builtin::Number(Numbering::Cluster(f64::NAN))),
    ("rank", Builtin::Number(Numbering::Rank)),
    ("sum", Builtin::Reduce(Reduction::Sum)),
    ("mean", Builtin::Reduce(Reduction::Mean)),
    ("count", Builtin::Reduce(Reduction::Count)),
    ("any", Builtin::Reduce(Reduction::Any)),
    ("all", Builtin::Reduce(Reduction::All)),
    ("max", Builtin::Reduce(Reduction::Max)),
    ("min", Builtin::Reduce(Reduction::Min)),
    ("pt", Builtin::Component(Component::Pt)),
    ("eta", Builtin::Component(Component::Eta)),
    ("phi", Builtin::Component(Component::Phi)),
    ("mass", Builtin::Component(Component::Mass)),
    ("rapidity", Builtin::Component(Component::Rapidity)),
    ("px", Builtin::Component(Component::Px)),
    ("py", Builtin::Component(Component::Py)),
    ("pz", Builtin::Component(Component::Pz)),
    ("energy", Builtin::Component(Component::Energy)),
    ("deltaR", Builtin::DeltaR),
    ("deltaPhi", Builtin::DeltaPhi),
    ("vector", Builtin::Vector),
    ("int", Builtin::Math(Math::Int)),
    ("float", Builtin::Math(Math::Single)),
    ("double", Builtin::Math(Math::Double)),
];

/// Functions of ROOT that have no counterpart, and what to write instead.
const ELSEWHERE: [(&str, &str); 8] = [
    (
        "InvariantMass",
        "rows = { pairs = … } and mass(pair), or mass(vector(pt, eta, phi, mass) + vector(…))",
    ),
    (
        "InvariantMasses",
        "rows = { pairs = … } and mass(pair), or mass(vector(pt, eta, phi, mass) + vector(…))",
    ),
    ("Combinations", "rows = { pairs = … }"),
    (
        "Filter",
        "a condition in brackets, as in Jet_pt[Jet_pt > 30]",
    ),
    (
        "Nonzero",
        "a condition in brackets, as in Jet_pt[Jet_pt > 30]",
    ),
    ("DeltaR2", "pow(deltaR(…), 2)"),
    ("Map", "operators, which work member by member"),
    ("Dot", "sum(a * b)"),
];

impl Builtin {
    /// The function called `name`, with or without its namespace.
    pub(super) fn named(name: &str) -> Option<Self> {
        let std = |name: &str| find(&STD, name).map(Self::Math);
        match name.rsplit_once("::") {
            None => find(&OWN, name)
                .or_else(|| std(name))
                .or_else(|| find(&VEC_OPS, name)),
            Some(("std", name)) => std(name),
            Some(("TMath", name)) => find(&TMATH, name).map(Self::Math).or_else(|| {
                let value = find(&TMATH_CONSTANTS, name)?;
                Some(Self::Constant(Constant::Float(value)))
            }),
            Some(("VecOps" | "ROOT::VecOps", "max" | "min")) => None,
            Some(("VecOps" | "ROOT::VecOps", name)) => find(&VEC_OPS, name).or_else(|| std(name)),
            Some(("ROOT::Math", "Pi")) => {
                Some(Self::Constant(Constant::Float(std::f64::consts::PI)))
            }
            Some(("ROOT::Math", "PtEtaPhiMVector")) => Some(Self::Vector),
            Some(("ROOT::Math::VectorUtil", name)) => match name {
                "DeltaR" | "DeltaPhi" => find(&VEC_OPS, name),
                _ => None,
            },
            Some(_) => None,
        }
    }

    /// The names that are suggested.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        let own = OWN.iter().map(|(name, _)| *name);
        let std = STD.iter().map(|(name, _)| *name);
        own.chain(std).chain(VEC_OPS.iter().map(|(name, _)| *name))
    }

    /// What to write instead of a function of ROOT, or of a cast to a type that we do not have.
    pub(super) fn instead_of(name: &str) -> Option<&'static str> {
        let last = name.rsplit_once("::").map_or(name, |(_, name)| name);
        written_for(name).or_else(|| find(&ELSEWHERE, last))
    }
}

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, of)| *of)
}

impl Component {
    /// The component called `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match find(&OWN, name) {
            Some(Builtin::Component(component)) => Some(component),
            _ => None,
        }
    }

    /// The component that a method of ROOT's vectors gives.
    pub(super) fn of_method(name: &str) -> Option<Self> {
        Some(match name {
            "Pt" => Self::Pt,
            "Eta" => Self::Eta,
            "Phi" => Self::Phi,
            "M" => Self::Mass,
            "Rapidity" => Self::Rapidity,
            "Px" => Self::Px,
            "Py" => Self::Py,
            "Pz" => Self::Pz,
            "E" => Self::Energy,
            _ => return None,
        })
    }
}
