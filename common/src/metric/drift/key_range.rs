//! Which values of a key are those that others are compared with: `"278820-280385"`, `"-3--1,7"`.

use std::fmt;
use std::str::FromStr;

/// Whole numbers as sorted, disjoint, inclusive ranges; never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    ranges: Vec<(i64, i64)>,
}

impl KeyRange {
    pub(super) fn contains(&self, key: i64) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= key);
        let before = after.checked_sub(1).and_then(|at| self.ranges.get(at));
        before.is_some_and(|(_, last)| key <= *last)
    }
}

impl FromStr for KeyRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |found: &str| {
            let found = found.trim();
            let digits = found.strip_prefix('-').unwrap_or(found);
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = found.parse::<i64>().ok().filter(|_| is_number);
            number.ok_or_else(|| {
                format!(
                    "{text:?}: {found:?} is no whole number: expected values such as \"278820\", or \
                     ranges such as \"278820-278900\", separated by commas"
                )
            })
        };
        let mut ranges = Vec::new();
        for part in text.split(',') {
            // A minus in front of a number is its sign.
            let sign = part.len() - part.trim_start().trim_start_matches('-').len();
            let dash = part.get(sign..).and_then(|rest| rest.find('-'));
            let (first, last) = match dash {
                Some(dash) => part.split_at(sign + dash),
                None => (part, ""),
            };
            let first = number(first)?;
            let last = last.strip_prefix('-').map_or(Ok(first), number)?;
            if first > last {
                return Err(format!(
                    "{text:?}: {first}-{last} is inverted: write {last}-{first}"
                ));
            }
            ranges.push((first, last));
        }
        ranges.sort_unstable();
        let mut kept: Vec<(i64, i64)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match kept.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last)
                }
                _ => kept.push((first, last)),
            }
        }
        Ok(Self { ranges: kept })
    }
}

impl fmt::Display for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_of_any_whole_numbers() {
        for (text, told, within, without) in [
            ("0", "0", vec![0], vec![-1, 1]),
            ("-3--1", "-3--1", vec![-3, -1], vec![-4, 0]),
            (
                " 7 , -2-1 ,2",
                "-2-2,7",
                vec![-2, 0, 2, 7],
                vec![-3, 3, 6, 8],
            ),
            (
                "278820-280385,278900",
                "278820-280385",
                vec![280_385],
                vec![0],
            ),
            (
                "-9223372036854775808-9223372036854775807",
                "-9223372036854775808-9223372036854775807",
                vec![i64::MIN, i64::MAX],
                vec![],
            ),
        ] {
            let range: KeyRange = text.parse().unwrap();
            assert_eq!(range.to_string(), told);
            assert!(within.iter().all(|key| range.contains(*key)), "{text}");
            assert!(!without.iter().any(|key| range.contains(*key)), "{text}");
        }
        for wrong in [
            "",
            "1,",
            "a",
            "1-2-3",
            "--1",
            "-",
            "5-1",
            "1.5",
            "+1",
            "9223372036854775808",
        ] {
            assert!(wrong.parse::<KeyRange>().is_err(), "{wrong:?}");
        }
    }
}
