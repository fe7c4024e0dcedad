//! How large an object of each kind may be that is read whole, by its key. Larger ones are read
//! by ranges, or not at all.

use super::Key;

/// What an object is, and the most bytes of one that are read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) what: &'static str,
    pub(super) most: u64,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Files by their whole name, or by the folder that they are in.
const KINDS: [(&str, &str, u64); 16] = [
    ("_control.json", "a control record", 64 * KIB),
    ("_tally.json", "how far a campaign came", MIB),
    ("campaign.toml", "a campaign file", 4 * MIB),
    ("plan.parquet", "a plan", 512 * MIB),
    ("_campaigns", "the entry of a campaign", 64 * KIB),
    ("_dead", "a dead letter", MIB),
    ("_done", "a marker", 64 * MIB),
    ("_failed", "a failed record", MIB),
    ("_fit", "a fit", 64 * MIB),
    ("_measure", "a marker", 64 * MIB),
    ("_models", "a model", 256 * MIB),
    ("_packs", "a pack of markers", 80 * MIB),
    ("_probe", "a probe", 64 * KIB),
    ("_retrying", "a failed record", MIB),
    ("_serve", "what a coordinator tells", 16 * MIB),
    ("report", "a file of a report", 256 * MIB),
];

/// Of everything else, such as tables.
const OTHER: Limit = Limit {
    what: "an object that is read whole",
    most: 1024 * MIB,
};

/// The limit of the object of a key.
pub(super) fn limit(key: &Key) -> Limit {
    let segments = || key.as_str().split('/');
    let found = KINDS.iter().find(|(name, _, _)| match name.contains('.') {
        true => key.file_name() == *name,
        false => segments().any(|segment| segment == *name),
    });
    found.map_or(OTHER, |&(_, what, most)| Limit { what, most })
}

impl Limit {
    /// What is said of a larger one.
    pub(super) fn exceeded(self, found: u64) -> String {
        let Self { what, most } = self;
        format!("it has {found} bytes, {what} has at most {most}")
    }
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn an_object_is_known_by_its_key() {
        for (key, what) in [
            ("_control.json", "a control record"),
            ("_plans/0a/campaign.toml", "a campaign file"),
            ("_plans/0a/plan.parquet", "a plan"),
            ("dimuon/_done/0a1b", "a marker"),
            ("dimuon/_measure/0a1b", "a marker"),
            ("_packs/dimuon/0a1b-2c", "a pack of markers"),
            ("dimuon/_failed/0a1b.json", "a failed record"),
            ("_dead/0a1b.json", "a dead letter"),
            ("report/index.html", "a file of a report"),
            ("dimuon/part-0a1b.parquet", "an object that is read whole"),
        ] {
            assert_eq!(limit(&key.parse().unwrap()).what, what, "{key}");
        }
    }
}
