//! Numbers as C++ writes them: `7`, `0x1F`, `0b101`, `3u`, `40ul`, `1.5`, `.5e-3`, `1.f`.

use super::error::ExpressionError;
use super::int::{self, Int};
use super::value::Constant;

/// The number that starts at `at`, and its length.
pub(super) fn number(source: &str, at: usize) -> Result<(Constant, usize), ExpressionError> {
    let end = end(source.as_bytes(), at);
    let text = &source[at..end];
    let error = |message: String| ExpressionError::new(message, source, at..end);
    let constant = match integer(text) {
        Some(constant) => constant,
        None => float(text),
    };
    match constant {
        Ok(constant) => Ok((constant, end - at)),
        Err(Wrong::Malformed) => Err(error(format!(
            "malformed number \"{text}\"; a name that begins with a digit stands in backticks"
        ))),
        Err(Wrong::Octal) => Err(error(format!(
            "\"{text}\" would be octal in C++; write it without the leading zero"
        ))),
        Err(Wrong::OutOfRange) if text.parse::<u64>().is_ok() => Err(error(format!(
            "number out of range; an unsigned one ends in u: {text}u"
        ))),
        Err(Wrong::OutOfRange) => Err(error("number out of range".to_owned())),
    }
}

enum Wrong {
    Malformed,
    Octal,
    OutOfRange,
}

/// Where the letters, digits, points and signs of exponents end that begin at `at`.
fn end(bytes: &[u8], at: usize) -> usize {
    let is_hex = bytes[at] == b'0' && matches!(bytes.get(at + 1), Some(b'x' | b'X'));
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        let is_sign = matches!(byte, b'+' | b'-')
            && !is_hex
            && end > at
            && matches!(bytes[end - 1], b'e' | b'E')
            && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || is_sign) {
            break;
        }
        end += 1;
    }
    end
}

/// A whole number; none where the text is that of a float.
fn integer(text: &str) -> Option<Result<Constant, Wrong>> {
    let lower = text.to_ascii_lowercase();
    let (radix, rest) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        _ => (10, lower.as_str()),
    };
    let len = rest
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(rest.len());
    let (digits, suffix) = rest.split_at(len);
    let (unsigned, long) = match suffix {
        "" => (false, false),
        "u" => (true, false),
        "l" | "ll" => (false, true),
        "ul" | "ull" | "lu" | "llu" => (true, true),
        _ if radix != 10 => return Some(Err(Wrong::Malformed)),
        _ => return None,
    };
    if digits.is_empty() {
        return Some(Err(Wrong::Malformed));
    }
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') {
        return Some(Err(Wrong::Octal));
    }
    let Ok(value) = u64::from_str_radix(digits, radix) else {
        return Some(Err(Wrong::OutOfRange));
    };
    let int = match (unsigned, long) {
        (true, false) if u32::try_from(value).is_ok() => Some(Int::U32),
        (true, _) => Some(Int::U64),
        (false, true) if i64::try_from(value).is_ok() => Some(Int::I64),
        (false, true) => (radix != 10).then_some(Int::U64),
        (false, false) => int::of_literal(value, radix == 10),
    };
    Some(int.map_or(Err(Wrong::OutOfRange), |int| {
        Ok(Constant::Int(int, value.cast_signed()))
    }))
}

/// A number with a point or an exponent; with an `f` at the end, in single precision.
fn float(text: &str) -> Result<Constant, Wrong> {
    let (digits, single) = match text.strip_suffix(['f', 'F']) {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let known =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    let is_float = digits.contains(['.', 'e', 'E']) && digits.bytes().all(known);
    if !is_float {
        return Err(Wrong::Malformed);
    }
    let value = match single {
        true => digits.parse::<f32>().map(f64::from),
        false => digits.parse::<f64>(),
    };
    match value {
        Ok(value) if value.is_finite() => Ok(Constant::Float(value)),
        Ok(_) => Err(Wrong::OutOfRange),
        Err(_) => Err(Wrong::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Constant> {
        let (constant, len) = number(text, 0).ok()?;
        (len == text.len()).then_some(constant)
    }

    #[test]
    fn numbers_have_the_types_of_cpp() {
        let int = |int, value| Some(Constant::Int(int, value));
        assert_eq!(read("7"), int(Int::I32, 7));
        assert_eq!(read("2147483647"), int(Int::I32, 2_147_483_647));
        assert_eq!(read("2147483648"), int(Int::I64, 2_147_483_648));
        assert_eq!(read("0x80000000"), int(Int::U32, 2_147_483_648));
        assert_eq!(read("0xFFFFFFFFFFFFFFFF"), int(Int::U64, -1));
        assert_eq!(read("18446744073709551615u"), int(Int::U64, -1));
        assert_eq!(read("18446744073709551615"), None);
        assert_eq!(read("0b101"), int(Int::I32, 5));
        assert_eq!(read("3u"), int(Int::U32, 3));
        assert_eq!(read("3UL"), int(Int::U64, 3));
        assert_eq!(read("3L"), int(Int::I64, 3));
        assert_eq!(read("0"), int(Int::I32, 0));
    }

    #[test]
    fn floats_may_be_single() {
        assert_eq!(read("1."), Some(Constant::Float(1.0)));
        assert_eq!(read(".5"), Some(Constant::Float(0.5)));
        assert_eq!(read("1e-3"), Some(Constant::Float(0.001)));
        assert_eq!(read("0.1f"), Some(Constant::Float(f64::from(0.1_f32))));
        assert_eq!(read("1e3f"), Some(Constant::Float(1000.0)));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "3pt", "1_000", "0x", "0b2", "010", "1e999", "1.2.3", "1f", "0x1.8", "1e", "1e+",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
