//! Random expressions of whole numbers, all at once, against C++'s rules one event at a time.
//!
//! The oracle computes in 128 bits and brings each outcome into the range of its type.

use arrow_array::types::{Int64Type, UInt8Type};
use arrow_array::{Int8Array, Int64Array};
use proptest::prelude::*;

use super::*;
use crate::expression::Int::{I32, I64, U32, U64};

#[derive(Debug, Clone)]
struct Event {
    flag: bool,
    small: i8,
    signed: i32,
    unsigned: u32,
    long: i64,
    huge: u64,
    members: Vec<(u8, i64)>,
}

#[derive(Debug, Clone)]
enum Number {
    Constant(&'static str, Int, i128),
    Column(&'static str),
    /// A column of the member.
    Member(&'static str),
    Unary(&'static str, Box<Number>),
    Binary(&'static str, Box<Number>, Box<Number>),
    Choose(Box<Truth>, Box<Number>, Box<Number>),
    Sum(Box<Number>, Option<Box<Truth>>),
    Size(Option<Box<Truth>>),
    Element(&'static str, Option<Box<Truth>>, Box<Number>),
}

#[derive(Debug, Clone)]
enum Truth {
    Compare(&'static str, Box<Number>, Box<Number>),
    Join(&'static str, Box<Truth>, Box<Truth>),
    Not(Box<Truth>),
}

/// A type and a value in its range; none where C++ has none.
type Value = Option<(Int, i128)>;

fn bring(int: Int, value: i128) -> (Int, i128) {
    let modulus = 1_i128 << int.bits();
    let value = value.rem_euclid(modulus);
    let negative = matches!(int, I32 | I64) && value >= modulus / 2;
    (int, if negative { value - modulus } else { value })
}

fn common(a: Int, b: Int) -> Int {
    let rank = |int| {
        [I32, U32, I64, U64]
            .iter()
            .position(|known| *known == int)
            .unwrap()
    };
    if rank(a) > rank(b) { a } else { b }
}

impl Number {
    fn text(&self) -> String {
        let chosen = |column: &str, filter: &Option<Box<Truth>>| match filter {
            Some(filter) => format!("{column}[{}]", filter.text()),
            None => column.to_owned(),
        };
        match self {
            Self::Constant(text, ..) | Self::Column(text) | Self::Member(text) => {
                (*text).to_owned()
            }
            Self::Unary(operator, of) => format!("{operator}({})", of.text()),
            Self::Binary(operator, a, b) => format!("({} {operator} {})", a.text(), b.text()),
            Self::Choose(c, a, b) => format!("({} ? {} : {})", c.text(), a.text(), b.text()),
            Self::Sum(of, None) => format!("sum({})", of.text()),
            Self::Sum(of, Some(filter)) => format!("sum(({})[{}])", of.text(), filter.text()),
            Self::Size(filter) => format!("{}.size()", chosen("L_long", filter)),
            Self::Element(column, filter, at) => {
                format!("{}[{}]", chosen(column, filter), at.text())
            }
        }
    }

    fn value(&self, event: &Event, member: (u8, i64)) -> Value {
        let passing = |filter: &Option<Box<Truth>>| -> Option<Vec<(u8, i64)>> {
            let mut passing = Vec::new();
            for member in &event.members {
                let holds = match filter {
                    Some(filter) => filter.value(event, *member)?,
                    None => true,
                };
                passing.extend(holds.then_some(*member));
            }
            Some(passing)
        };
        match self {
            Self::Constant(_, int, value) => Some((*int, *value)),
            Self::Column(name) => Some(match *name {
                "flag" => (I32, i128::from(event.flag)),
                "small" => (I32, i128::from(event.small)),
                "signed" => (I32, i128::from(event.signed)),
                "unsigned" => (U32, i128::from(event.unsigned)),
                "long" => (I64, i128::from(event.long)),
                _ => (U64, i128::from(event.huge)),
            }),
            Self::Member(name) => Some(of_member(name, member)),
            Self::Unary(operator, of) => {
                let (int, value) = of.value(event, member)?;
                Some(bring(
                    int,
                    if *operator == "-" { -value } else { -1 - value },
                ))
            }
            Self::Binary(operator, a, b) => {
                binary(operator, a.value(event, member)?, b.value(event, member)?)
            }
            Self::Choose(c, a, b) => {
                let chosen = if c.value(event, member)? { a } else { b };
                let (_, value) = chosen.value(event, member)?;
                Some(bring(common(a.int(), b.int()), value))
            }
            Self::Sum(of, filter) => {
                let mut sum = 0;
                for member in passing(filter)? {
                    sum += of.value(event, member)?.1;
                }
                Some(bring(of.int(), sum))
            }
            Self::Size(filter) => Some((U64, passing(filter)?.len() as i128)),
            Self::Element(name, filter, at) => {
                let members = passing(filter)?;
                let at = usize::try_from(at.value(event, member)?.1).ok()?;
                Some(of_member(name, *members.get(at)?))
            }
        }
    }

    /// Its type, which does not depend on values.
    fn int(&self) -> Int {
        match self {
            Self::Constant(_, int, _) => *int,
            Self::Column("unsigned") => U32,
            Self::Column("long") => I64,
            Self::Column("huge") | Self::Size(_) => U64,
            Self::Column(_) => I32,
            Self::Member(name) | Self::Element(name, ..) => of_member(name, (0, 0)).0,
            Self::Unary(_, of) | Self::Sum(of, _) => of.int(),
            Self::Binary("<<" | ">>", a, _) => a.int(),
            Self::Binary(_, a, b) | Self::Choose(_, a, b) => common(a.int(), b.int()),
        }
    }
}

fn of_member(name: &str, member: (u8, i64)) -> (Int, i128) {
    match name {
        "L_byte" => (I32, i128::from(member.0)),
        _ => (I64, i128::from(member.1)),
    }
}

fn binary(operator: &str, (a_int, a): (Int, i128), (b_int, b): (Int, i128)) -> Value {
    if matches!(operator, "<<" | ">>") {
        let by = u32::try_from(b)
            .ok()
            .filter(|by| i64::from(*by) < a_int.bits())?;
        return Some(bring(
            a_int,
            if operator == "<<" { a << by } else { a >> by },
        ));
    }
    let int = common(a_int, b_int);
    let (a, b) = (bring(int, a).1, bring(int, b).1);
    let value = match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a.wrapping_mul(b),
        "/" => a.checked_div(b)?,
        "%" => a.checked_rem(b)?,
        "&" => a & b,
        "|" => a | b,
        _ => a ^ b,
    };
    Some(bring(int, value))
}

impl Truth {
    fn text(&self) -> String {
        match self {
            Self::Compare(operator, a, b) => format!("({} {operator} {})", a.text(), b.text()),
            Self::Join(operator, a, b) => format!("({} {operator} {})", a.text(), b.text()),
            Self::Not(of) => format!("!{}", of.text()),
        }
    }

    fn value(&self, event: &Event, member: (u8, i64)) -> Option<bool> {
        Some(match self {
            Self::Compare(operator, a, b) => {
                let ((a_int, a), (b_int, b)) = (a.value(event, member)?, b.value(event, member)?);
                let int = common(a_int, b_int);
                let (a, b) = (bring(int, a).1, bring(int, b).1);
                match *operator {
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    ">=" => a >= b,
                    "==" => a == b,
                    _ => a != b,
                }
            }
            Self::Join("&&", a, b) => a.value(event, member)? && b.value(event, member)?,
            Self::Join(_, a, b) => a.value(event, member)? || b.value(event, member)?,
            Self::Not(of) => !of.value(event, member)?,
        })
    }
}

fn constant() -> impl Strategy<Value = Number> {
    prop::sample::select(vec![
        Number::Constant("0", I32, 0),
        Number::Constant("1", I32, 1),
        Number::Constant("2", I32, 2),
        Number::Constant("31", I32, 31),
        Number::Constant("0x80000000", U32, 1 << 31),
        Number::Constant("2147483647", I32, (1 << 31) - 1),
        Number::Constant("3u", U32, 3),
        Number::Constant("5000000000", I64, 5_000_000_000),
        Number::Constant("7ul", U64, 7),
    ])
}

fn column() -> impl Strategy<Value = Number> {
    let names = vec!["flag", "small", "signed", "unsigned", "long", "huge"];
    prop::sample::select(names).prop_map(Number::Column)
}

/// `leaf` and what operators make of it; the right operand is never a constant, of which some are
/// refused.
fn grown(
    leaf: BoxedStrategy<Number>,
    right: BoxedStrategy<Number>,
    depth: u32,
) -> BoxedStrategy<Number> {
    let operator =
        || prop::sample::select(vec!["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"]);
    leaf.prop_recursive(depth, 10, 3, move |inner| {
        let (inner, right) = (inner.boxed(), right.clone());
        prop_oneof![
            4 => (operator(), inner.clone(), right.clone())
                .prop_map(|(operator, a, b)| Number::Binary(operator, Box::new(a), Box::new(b))),
            1 => (prop::sample::select(vec!["-", "~"]), right.clone())
                .prop_map(|(operator, of)| Number::Unary(operator, Box::new(Number::Binary("+", Box::new(of), Box::new(Number::Constant("1", I32, 1)))))),
            1 => (truth(right), inner.clone(), inner)
                .prop_map(|(c, a, b)| Number::Choose(Box::new(c), Box::new(a), Box::new(b))),
        ]
    })
    .boxed()
}

/// Conditions that compare what depends on the event.
fn truth(number: BoxedStrategy<Number>) -> BoxedStrategy<Truth> {
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let compare = (
        operator,
        number.clone(),
        prop_oneof![constant().boxed(), number],
    )
        .prop_map(|(operator, a, b)| Truth::Compare(operator, Box::new(a), Box::new(b)));
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

fn number() -> BoxedStrategy<Number> {
    let simple = prop_oneof![constant().boxed(), column().boxed()].boxed();
    let member = prop::sample::select(vec!["L_byte", "L_long"])
        .prop_map(Number::Member)
        .boxed();
    let of_members = grown(member.clone(), member.clone(), 1);
    let filter = || prop::option::of(truth(member.clone()).prop_map(Box::new));
    let reduced = prop_oneof![
        (of_members, filter()).prop_map(|(of, filter)| Number::Sum(Box::new(of), filter)),
        filter().prop_map(Number::Size),
        (
            prop::sample::select(vec!["L_byte", "L_long"]),
            filter(),
            prop_oneof![
                constant().boxed(),
                // A condition would be no number of a member.
                column().prop_filter("a number", |of| !matches!(of, Number::Column("flag"))),
            ]
        )
            .prop_map(|(column, filter, at)| Number::Element(column, filter, Box::new(at))),
    ];
    let right = prop_oneof![column().boxed(), reduced.clone().boxed()].boxed();
    grown(prop_oneof![simple, reduced].boxed(), right, 3)
}

fn event() -> impl Strategy<Value = Event> {
    let few = || prop_oneof![3 => -2_i64..4, 1 => any::<i64>()];
    let members = prop::collection::vec((any::<u8>(), few()), 0..4);
    (any::<bool>(), few(), few(), few(), few(), few(), members).prop_map(
        |(flag, small, signed, unsigned, long, huge, members)| Event {
            flag,
            small: small as i8,
            signed: signed as i32,
            unsigned: unsigned as u32,
            long,
            huge: huge.cast_unsigned(),
            members,
        },
    )
}

fn to_batch(events: &[Event]) -> RecordBatch {
    let bytes = events
        .iter()
        .map(|e| Some(e.members.iter().map(|member| Some(member.0))));
    let longs = events
        .iter()
        .map(|e| Some(e.members.iter().map(|member| Some(member.1))));
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "flag",
            Arc::new(
                events
                    .iter()
                    .map(|e| Some(e.flag))
                    .collect::<BooleanArray>(),
            ),
        ),
        (
            "small",
            Arc::new(Int8Array::from_iter_values(events.iter().map(|e| e.small))),
        ),
        (
            "signed",
            Arc::new(Int32Array::from_iter_values(
                events.iter().map(|e| e.signed),
            )),
        ),
        (
            "unsigned",
            Arc::new(UInt32Array::from_iter_values(
                events.iter().map(|e| e.unsigned),
            )),
        ),
        (
            "long",
            Arc::new(Int64Array::from_iter_values(events.iter().map(|e| e.long))),
        ),
        (
            "huge",
            Arc::new(UInt64Array::from_iter_values(events.iter().map(|e| e.huge))),
        ),
        (
            "L_byte",
            Arc::new(ListArray::from_iter_primitive::<UInt8Type, _, _>(bytes)),
        ),
        (
            "L_long",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(longs)),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn whole_numbers_are_those_of_cpp(number in number(), events in prop::collection::vec(event(), 1..7)) {
        let batch = to_batch(&events);
        let scope = Scope::events(&batch.schema(), &Functions::default());
        // A condition would be a bool, and no int.
        let number = Number::Binary("+", Box::new(Number::Constant("0", I32, 0)), Box::new(number));
        let text = number.text();
        let parsed = Expression::parse(&text).unwrap();
        let checked = match parsed.check(&scope, None) {
            Ok(checked) => checked,
            // Of constants alone, some are refused: 1 << 0x80000000.
            Err(error) => {
                prop_assert!(error.message().contains("has no meaning in C++") || error.message().contains("by zero"), "{error}");
                return Ok(());
            }
        };
        let inputs = Inputs::events(&batch);
        let expected: Vec<Value> = events.iter().map(|event| number.value(event, (0, 0))).collect();
        let undefined = expected.iter().position(Option::is_none);
        match checked.evaluate(&inputs) {
            Err(error) => prop_assert_eq!(error.entry(), undefined, "{}: {}", text, error),
            Ok(values) => {
                prop_assert_eq!(undefined, None, "{} has a value", text);
                let Values::Int(int, values) = values else {
                    return Err(TestCaseError::fail(format!("{text}: {values:?}")));
                };
                prop_assert_eq!(int, number.int(), "{}", text);
                for ((event, expected), found) in events.iter().zip(expected).zip(values.into_vec(events.len())) {
                    let found = match int {
                        U64 => i128::from(found.cast_unsigned()),
                        _ => i128::from(found),
                    };
                    prop_assert_eq!(Some((int, found)), expected, "{} of {:?}", text, event);
                }
            }
        }
    }
}
