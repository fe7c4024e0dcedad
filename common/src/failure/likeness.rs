//! What messages about different shards, events and files have in common.

/// Digits that are at least a hash when they are hexadecimal.
const HASH: usize = 12;
/// Ends of names of files without a folder.
const FILES: [&str; 6] = [".root", ".parquet", ".onnx", ".json", ".toml", ".txt"];
/// What stands for a number, and for a path.
const NUMBER: &str = "#";
const PATH: &str = "<file>";
/// What numbers are joined by: `1.5`, `1,000`, `1e-3`.
const JOINTS: [&str; 5] = ["#.#", "#,#", "#e-#", "#e+#", "#e#"];

/// A text without what differs from one shard to the next: a sign for every number, with its sign,
/// fraction and exponent, for every hash and for every path; what is counted in the singular.
pub(super) fn likeness(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let is_counted = words.last().is_some_and(|before| before == NUMBER);
        let word = alike(word);
        words.push(match word.strip_suffix('s') {
            Some(one) if is_counted => one.to_owned(),
            _ => word,
        });
    }
    words.join(" ")
}

/// The same of a name, such as that of a file, in which there may be spaces.
pub(super) fn name_likeness(name: &str) -> String {
    match is_path(name) {
        true => PATH.to_owned(),
        false => likeness(name),
    }
}

/// A word, without the signs around it.
fn alike(word: &str) -> String {
    let is_around = |c: char| !c.is_alphanumeric() && !matches!(c, '-' | '+' | '/' | '~' | '_');
    let core = word.trim_matches(is_around);
    if core.is_empty() {
        return word.to_owned();
    }
    let before = word.len() - word.trim_start_matches(is_around).len();
    let (before, after) = (&word[..before], &word[before + core.len()..]);
    let core = match is_path(core) {
        true => PATH.to_owned(),
        false => without_numbers(core),
    };
    format!("{before}{core}{after}")
}

fn is_path(word: &str) -> bool {
    let has_folder = word.contains('/') && word.contains(char::is_alphabetic);
    has_folder || FILES.iter().any(|end| word.ends_with(end))
}

fn without_numbers(word: &str) -> String {
    let unsigned = word.trim_start_matches(['-', '+']);
    if ["nan", "inf", "infinity"].contains(&unsigned.to_ascii_lowercase().as_str()) {
        return NUMBER.to_owned();
    }
    let mut normal = without_digits(word);
    loop {
        let before = normal.len();
        for joint in JOINTS {
            normal = normal.replace(joint, NUMBER);
        }
        if normal.len() == before {
            break;
        }
    }
    match normal.trim_start_matches(['-', '+']) {
        NUMBER => NUMBER.to_owned(),
        _ => normal,
    }
}

/// A sign in place of every run of digits, hexadecimal ones when there are many.
fn without_digits(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, left) = rest.split_at(length);
        rest = left;
        if word.len() >= HASH && word.chars().all(|c| c.is_ascii_hexdigit()) {
            normal.push_str(NUMBER);
            continue;
        }
        let mut digits = false;
        for c in word.chars() {
            if !c.is_ascii_digit() {
                normal.push(c);
            } else if !digits {
                normal.push_str(NUMBER);
            }
            digits = c.is_ascii_digit();
        }
    }
    normal
}
