//! How deep the fields of a file are in one another, and that there are as many as are claimed, before
//! anything walks down them.

use crate::compact::{Compact, LIST, NUMBER, STRUCT};

/// Fields that are deeper in one another are in no file that anybody reads.
const DEEPEST: usize = 200;
/// The field of the footer that has the schema, and that of one of its elements which counts the fields in it.
const SCHEMA: u8 = 2;
const CHILDREN: u8 = 5;

/// Looks over the schema in a footer.
///
/// # Errors
/// In words: what is wrong with it.
pub(super) fn check(footer: &[u8]) -> Result<(), String> {
    let children = children_of(footer).ok_or("its footer has no schema")?;
    let count = children.len() as u64;
    // Of each field that is not over, how many are still to come in it.
    let mut open: Vec<u64> = Vec::new();
    for children in children {
        if children > count {
            return Err(format!(
                "a field claims {children} fields in it, and the schema has {count}"
            ));
        }
        while let Some(left) = open.last_mut() {
            match left.checked_sub(1) {
                Some(less) => {
                    *left = less;
                    break;
                }
                None => drop(open.pop()),
            }
        }
        if children > 0 {
            open.push(children);
        }
        if open.len() > DEEPEST {
            return Err(format!(
                "fields are more than {DEEPEST} deep in one another"
            ));
        }
    }
    Ok(())
}

/// Of each field, in the order of the file, how many are in it.
fn children_of(footer: &[u8]) -> Option<Vec<u64>> {
    let mut bytes = Compact { rest: footer };
    let mut number = 0u8;
    loop {
        let field = bytes.head()??;
        number = number.saturating_add(field.ahead);
        if number == SCHEMA && field.kind == LIST {
            break;
        }
        bytes.skip(field.kind, 0)?;
    }
    let (count, kind) = bytes.list()?;
    let is_there = kind == STRUCT && count <= bytes.rest.len() as u64;
    is_there.then_some(())?;
    let mut found = Vec::new();
    for _ in 0..count {
        let (mut number, mut children) = (0u8, 0);
        while let Some(field) = bytes.head()? {
            number = number.saturating_add(field.ahead);
            match (number, field.kind) {
                (CHILDREN, NUMBER) => children = u64::try_from(bytes.signed()?).ok()?,
                _ => bytes.skip(field.kind, 0)?,
            }
        }
        found.push(children);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::check;

    /// A footer with a schema of fields that have so many in them.
    fn footer(children: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xf0 | 12];
        bytes.push(children.len() as u8 | 0x80);
        bytes.push((children.len() >> 7) as u8);
        for count in children {
            bytes.extend([0x55, count * 2, 0]);
        }
        bytes
    }

    #[test]
    fn schemas_that_are_deep_or_claim_more_than_they_have_are_refused() {
        assert_eq!(check(&footer(&[2, 0, 1, 0])), Ok(()));
        let deep = vec![1; 250];
        assert!(
            check(&footer(&deep))
                .unwrap_err()
                .contains("deep in one another")
        );
        assert!(
            check(&footer(&[60, 0]))
                .unwrap_err()
                .contains("claims 60 fields")
        );
        let wide = [&[63][..], &[0; 63]].concat();
        assert_eq!(check(&footer(&wide)), Ok(()));
        for cut in 0..footer(&wide).len() {
            assert!(check(&footer(&wide)[..cut]).is_err());
        }
    }
}
