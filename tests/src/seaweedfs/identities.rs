//! Who may do what in the storage: the tests everything, coordinator and workers what their
//! policies in `deploy/s3` say.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{ACCESS_KEY, BUCKET, INPUT_BUCKET, SECRET_KEY};

/// The server's list of identities, in JSON.
pub(super) fn identities() -> String {
    let mut identities = vec![json!({
        "name": "tests",
        "actions": ["Admin", "Read", "Write", "List"],
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
    })];
    let roles = ["coordinator", "worker"];
    identities.extend(roles.map(|role| {
        let (access, secret) = keys(role);
        json!({
            "name": role,
            "policyNames": [role],
            "credentials": [{"accessKey": access, "secretKey": secret}],
        })
    }));
    let policies: Vec<Value> = roles
        .iter()
        .map(|role| json!({"name": role, "content": policy(role)}))
        .collect();
    json!({"identities": identities, "policies": policies}).to_string()
}

/// Access key and secret of a role.
pub(super) fn keys(role: &str) -> (String, String) {
    (
        format!("{ACCESS_KEY}-{role}"),
        format!("{SECRET_KEY}-{role}"),
    )
}

/// The policy of a role, for the buckets of the tests.
fn policy(role: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/s3");
    let text = fs::read_to_string(folder.join(format!("{role}-policy.json")));
    text.expect("a policy")
        .replace("lumimill-campaigns", BUCKET)
        .replace("lumimill-input", INPUT_BUCKET)
}
