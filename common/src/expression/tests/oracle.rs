//! Random expressions on random events, all at once, against one event at a time.

use proptest::prelude::*;

use super::*;

/// An event: a number of its own, and members with two numbers each.
#[derive(Debug, Clone)]
struct Event {
    met: f32,
    jets: Vec<(f32, f32)>,
}

/// A number per event, or per member where it is inside a reduction.
#[derive(Debug, Clone)]
enum Number {
    Constant(i8),
    Met,
    Pt,
    Eta,
    Binary(&'static str, Box<Number>, Box<Number>),
    Abs(Box<Number>),
    Choose(Box<Truth>, Box<Number>, Box<Number>),
    Sum(Box<Number>),
    Max(Box<Number>),
    Count(Box<Truth>),
}

#[derive(Debug, Clone)]
enum Truth {
    Compare(&'static str, Box<Number>, Box<Number>),
    Join(&'static str, Box<Truth>, Box<Truth>),
    Not(Box<Truth>),
}

fn binary(number: BoxedStrategy<Number>) -> BoxedStrategy<Number> {
    let operator = prop::sample::select(vec!["+", "-", "*", "/", "%", "min", "max"]);
    (operator, number.clone(), number)
        .prop_map(|(operator, a, b)| Number::Binary(operator, Box::new(a), Box::new(b)))
        .boxed()
}

fn truth(number: BoxedStrategy<Number>) -> BoxedStrategy<Truth> {
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let compare = (operator, number.clone(), number).prop_map(|(operator, a, b)| {
        // Something of the event, without which it would be no condition.
        let a = Number::Binary("+", Box::new(Number::Met), Box::new(a));
        Truth::Compare(operator, Box::new(a), Box::new(b))
    });
    compare
        .prop_recursive(2, 4, 2, |inner| {
            let join = prop::sample::select(vec!["&&", "||"]);
            prop_oneof![
                inner.clone().prop_map(|of| Truth::Not(Box::new(of))),
                (join, inner.clone(), inner).prop_map(|(join, a, b)| Truth::Join(
                    join,
                    Box::new(a),
                    Box::new(b)
                )),
            ]
        })
        .boxed()
}

/// `leaf` and what operators make of it.
fn grown(leaf: BoxedStrategy<Number>, depth: u32) -> BoxedStrategy<Number> {
    leaf.prop_recursive(depth, 12, 3, |inner| {
        let inner = inner.boxed();
        prop_oneof![
            binary(inner.clone()),
            inner.clone().prop_map(|of| Number::Abs(Box::new(of))),
            (truth(inner.clone()), inner.clone(), inner).prop_map(|(c, a, b)| Number::Choose(
                Box::new(c),
                Box::new(a),
                Box::new(b)
            )),
        ]
    })
    .boxed()
}

fn number() -> BoxedStrategy<Number> {
    let simple = prop_oneof![(-3_i8..4).prop_map(Number::Constant), Just(Number::Met)].boxed();
    let member = prop_oneof![Just(Number::Pt), Just(Number::Eta)].boxed();
    let mixed = grown(prop_oneof![member.clone(), simple.clone()].boxed(), 2);
    // Adding a member makes it a list, whatever else is in it.
    let list = (member, mixed)
        .prop_map(|(a, b)| Number::Binary("+", Box::new(a), Box::new(b)))
        .boxed();
    let reduced = prop_oneof![
        list.clone().prop_map(|of| Number::Sum(Box::new(of))),
        list.clone().prop_map(|of| Number::Max(Box::new(of))),
        truth(list).prop_map(|of| Number::Count(Box::new(of))),
    ];
    grown(prop_oneof![simple, reduced].boxed(), 3)
}

impl Number {
    fn text(&self) -> String {
        match self {
            Self::Constant(value) => format!("({value}.0)"),
            Self::Met => "MET_pt".to_owned(),
            Self::Pt => "Jet_pt".to_owned(),
            Self::Eta => "Jet_eta".to_owned(),
            Self::Binary(name @ ("min" | "max"), a, b) => {
                format!("{name}({}, {})", a.text(), b.text())
            }
            Self::Binary(operator, a, b) => format!("({} {operator} {})", a.text(), b.text()),
            Self::Abs(of) => format!("abs({})", of.text()),
            Self::Choose(c, a, b) => format!("({} ? {} : {})", c.text(), a.text(), b.text()),
            Self::Sum(of) => format!("sum({})", of.text()),
            Self::Max(of) => format!("max({})", of.text()),
            // A float, because the remainder of ints by zero is 0, not NaN.
            Self::Count(of) => format!("(count({}) + 0.0)", of.text()),
        }
    }

    fn value(&self, event: &Event, jet: (f32, f32)) -> f64 {
        let of = |number: &Self| number.value(event, jet);
        let jets = || event.jets.iter();
        match self {
            Self::Constant(value) => f64::from(*value),
            Self::Met => f64::from(event.met),
            Self::Pt => f64::from(jet.0),
            Self::Eta => f64::from(jet.1),
            Self::Binary(operator, a, b) => match (*operator, of(a), of(b)) {
                ("+", a, b) => a + b,
                ("-", a, b) => a - b,
                ("*", a, b) => a * b,
                ("/", a, b) => a / b,
                ("%", a, b) => a % b,
                (_, a, b) if a.is_nan() || b.is_nan() => f64::NAN,
                ("min", a, b) => {
                    if b < a {
                        b
                    } else {
                        a
                    }
                }
                (_, a, b) => {
                    if b > a {
                        b
                    } else {
                        a
                    }
                }
            },
            Self::Abs(a) => of(a).abs(),
            Self::Choose(c, a, b) => {
                if c.value(event, jet) {
                    of(a)
                } else {
                    of(b)
                }
            }
            Self::Sum(a) => jets()
                .map(|jet| a.value(event, *jet))
                .fold(0.0, |sum, x| sum + x),
            Self::Max(a) => {
                let values: Vec<f64> = jets().map(|jet| a.value(event, *jet)).collect();
                if values.is_empty() || values.iter().any(|value| value.is_nan()) {
                    return f64::NAN;
                }
                values.into_iter().fold(f64::NEG_INFINITY, f64::max)
            }
            Self::Count(c) => jets().filter(|jet| c.value(event, **jet)).count() as f64,
        }
    }
}

impl Truth {
    fn text(&self) -> String {
        match self {
            Self::Compare(operator, a, b) => format!("({} {operator} {})", a.text(), b.text()),
            Self::Join(operator, a, b) => format!("({} {operator} {})", a.text(), b.text()),
            Self::Not(of) => format!("!{}", of.text()),
        }
    }

    #[expect(clippy::float_cmp, reason = "the == of the language is exact")]
    fn value(&self, event: &Event, jet: (f32, f32)) -> bool {
        match self {
            Self::Compare(operator, a, b) => {
                match (*operator, a.value(event, jet), b.value(event, jet)) {
                    ("<", a, b) => a < b,
                    ("<=", a, b) => a <= b,
                    (">", a, b) => a > b,
                    (">=", a, b) => a >= b,
                    ("==", a, b) => a == b,
                    (_, a, b) => a != b,
                }
            }
            Self::Join("&&", a, b) => a.value(event, jet) && b.value(event, jet),
            Self::Join(_, a, b) => a.value(event, jet) || b.value(event, jet),
            Self::Not(of) => !of.value(event, jet),
        }
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let value = || prop_oneof![4 => (-4_i8..5).prop_map(f32::from), 1 => -9.0_f32..9.0, 1 => Just(f32::NAN)];
    let jets = prop::collection::vec((value(), value()), 0..4);
    prop::collection::vec(
        (value(), jets).prop_map(|(met, jets)| Event { met, jets }),
        1..9,
    )
}

fn to_batch(events: &[Event]) -> RecordBatch {
    let list = |of: fn(&(f32, f32)) -> f32| -> ArrayRef {
        let lists = events
            .iter()
            .map(|event| Some(event.jets.iter().map(|jet| Some(of(jet)))));
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))
    };
    let met: ArrayRef = Arc::new(Float32Array::from_iter_values(
        events.iter().map(|event| event.met),
    ));
    let columns = [
        ("MET_pt", met),
        ("Jet_pt", list(|jet| jet.0)),
        ("Jet_eta", list(|jet| jet.1)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

proptest! {
    #[test]
    fn all_at_once_is_one_by_one(number in number(), events in events()) {
        let batch = to_batch(&events);
        let scope = Scope::events(&batch.schema(), &Functions::default());
        let text = number.text();
        let parsed = Expression::parse(&text).unwrap();
        let checked = parsed.check(&scope, None);
        let checked = checked.unwrap_or_else(|error| panic!("{error}"));
        let inputs = Inputs::events(&batch);
        let found = checked.evaluate(&inputs).unwrap().into_floats().into_vec(events.len());
        for (event, found) in events.iter().zip(found) {
            let expected = number.value(event, (0.0, 0.0));
            // Zeros may differ in sign: min and max of 0 and −0 are either.
            let same = (found + 0.0).to_bits() == (expected + 0.0).to_bits()
                || (found.is_nan() && expected.is_nan());
            prop_assert!(same, "{text} of {event:?}: {found} != {expected}");
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "[a-z0-9_ ().,+*/%<>=!&|?:`µ-]{0,60}") {
        let scope = scope();
        if let Err(error) = Expression::parse(&text).and_then(|e| e.check(&scope.pairs("Muon"), None)) {
            prop_assert!(error.to_string().contains('^'));
        }
    }
}
