//! The functions that every expression may call.

use super::vector::Component;

/// What a function name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builtin {
    Math(Math),
    Reduce(Reduction),
    Component(Component),
    DeltaR,
    DeltaPhi,
    Vector,
}

/// Functions of numbers, element by element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Math {
    Abs,
    Sqrt,
    Exp,
    Log,
    Log10,
    Pow,
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
    Hypot,
    Floor,
    Ceil,
    Round,
    IsNan,
    Min,
    Max,
}

/// From one value per member to one per event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduction {
    Sum,
    Count,
    Any,
    All,
    Max,
    Min,
}

impl Math {
    /// How many arguments it takes.
    pub(super) fn arity(self) -> usize {
        match self {
            Self::Pow | Self::Atan2 | Self::Hypot | Self::Min | Self::Max => 2,
            _ => 1,
        }
    }
}

const NAMES: [(&str, Builtin); 39] = [
    ("abs", Builtin::Math(Math::Abs)),
    ("sqrt", Builtin::Math(Math::Sqrt)),
    ("exp", Builtin::Math(Math::Exp)),
    ("log", Builtin::Math(Math::Log)),
    ("log10", Builtin::Math(Math::Log10)),
    ("pow", Builtin::Math(Math::Pow)),
    ("sin", Builtin::Math(Math::Sin)),
    ("cos", Builtin::Math(Math::Cos)),
    ("tan", Builtin::Math(Math::Tan)),
    ("asin", Builtin::Math(Math::Asin)),
    ("acos", Builtin::Math(Math::Acos)),
    ("atan", Builtin::Math(Math::Atan)),
    ("atan2", Builtin::Math(Math::Atan2)),
    ("sinh", Builtin::Math(Math::Sinh)),
    ("cosh", Builtin::Math(Math::Cosh)),
    ("tanh", Builtin::Math(Math::Tanh)),
    ("hypot", Builtin::Math(Math::Hypot)),
    ("floor", Builtin::Math(Math::Floor)),
    ("ceil", Builtin::Math(Math::Ceil)),
    ("round", Builtin::Math(Math::Round)),
    ("isnan", Builtin::Math(Math::IsNan)),
    ("sum", Builtin::Reduce(Reduction::Sum)),
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
];

impl Builtin {
    /// The function called `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, builtin)| *builtin)
    }

    /// The names of all of them.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

impl Component {
    /// The component called `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match Builtin::named(name) {
            Some(Builtin::Component(component)) => Some(component),
            _ => None,
        }
    }
}
