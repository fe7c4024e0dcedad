//! Columns that a pattern is of and that are not kept, as they are not read.

use arrow_schema::Schema;
use lumimill_common::campaign::Stage;
use lumimill_common::unread;
use lumimill_common::wildcard::matches;

/// How many of them are named.
const NAMED: usize = 5;

/// What is to be known of a stage on a file with this schema: what the patterns of its `keep` leave out,
/// with the reasons.
#[must_use]
pub fn left_out(stage: &Stage, schema: &Schema) -> Vec<String> {
    let patterns = stage.keep.iter().filter(|keep| keep.is_pattern());
    let said = |pattern: &str| {
        // A branch within others is there by several names.
        let is_meant =
            |name: &str| matches(pattern, name) && (pattern.contains('/') || !name.contains('/'));
        let mut found: Vec<(&str, &str)> = unread::all(schema)
            .filter(|(name, _)| is_meant(name))
            .collect();
        found.sort_unstable();
        let named = found.iter().take(NAMED);
        let named: Vec<String> = named
            .map(|(name, reason)| format!("\"{name}\" ({reason})"))
            .collect();
        let more = match found.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!found.is_empty()).then(|| {
            format!(
                "\"{pattern}\" keeps no column that is not read: {}{more}",
                named.join(", ")
            )
        })
    };
    patterns.filter_map(|keep| said(&keep.column)).collect()
}

#[cfg(test)]
mod tests {
    use arrow_schema::Schema;
    use lumimill_common::campaign::Campaign;
    use lumimill_common::unread::with_unread;

    use super::left_out;

    #[test]
    fn what_a_pattern_leaves_out_is_named_with_its_reason() {
        let text = "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"d\"\nkind = \"mc\"\nfiles = \
                    [\"a\"]\n[[stage]]\nname = \"a\"\nkeep = [\"x\", \"Hit_*\"]\n";
        let stage = Campaign::parse(text).unwrap().stages.remove(0);
        let unread = [("Hit_v", "variants are not decoded"), ("other", "none")];
        let schema = with_unread(Schema::empty(), unread.into_iter());
        let expected =
            "\"Hit_*\" keeps no column that is not read: \"Hit_v\" (variants are not decoded)";
        assert_eq!(left_out(&stage, &schema), [expected]);
        assert!(left_out(&stage, &Schema::empty()).is_empty());
    }
}
