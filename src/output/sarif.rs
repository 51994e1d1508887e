//! SARIF 2.1.0: rules with their texts, and a result for each that fails or cannot be told.

use std::io::{self, Write};

use serde_json::ser::PrettyFormatter;
use serde_json::{Value as Json, json};

use super::estate::Estate;
use super::json::print;
use crate::digest::sha256_hex;
use crate::saved::record::{Finding, Host, Input, Outcome, Policy, Rule};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Rule of what was not judged.
const NOT_JUDGED: &str = "not-judged";

/// Writes the log: one run of all that was judged. Of saved runs that were put together, it has the arguments of the first.
pub(super) fn write(estate: &Estate, out: &mut dyn Write) -> io::Result<()> {
    let policies: Vec<&Policy> = estate.first().iter().flat_map(|run| &run.policies).collect();
    let each = policies.iter().flat_map(|policy| policy.rules.iter().map(|rule| (policy.id.as_str(), rule)));
    let mut rules: Vec<Json> = each.map(|(policy, of)| rule(policy, of)).collect();
    rules.push(json!({
        "id": NOT_JUDGED,
        "shortDescription": { "text": "Everything that was given is judged" },
        "fullDescription": { "text": "A machine in an input that was not read is neither compliant nor not." },
        "defaultConfiguration": { "level": "error" },
    }));
    // Several policies may have rules of one id: what tells them apart is their place.
    let at = |policy: Option<&str>, id: &str| {
        let is =
            |rule: &Json, pointer: &str, wanted: Option<&str>| rule.pointer(pointer).and_then(Json::as_str) == wanted;
        rules.iter().position(|rule| is(rule, "/id", Some(id)) && is(rule, "/properties/policy", policy))
    };
    let mut results: Vec<Json> = Vec::new();
    for host in &estate.hosts {
        let told = host.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Fail | Outcome::Unknown));
        results.extend(told.map(|finding| result(host, finding, at(Some(&finding.policy), &finding.rule))));
    }
    results.extend(estate.unjudged.iter().map(|input| unjudged(input, at(None, NOT_JUDGED))));
    let run = estate.first();
    let version = run.map_or(env!("CARGO_PKG_VERSION"), |run| run.tool.version.as_str());
    let mut invocation = json!({
        "executionSuccessful": estate.counts.missing == 0 && estate.troubles.is_empty(),
        "toolExecutionNotifications": estate.troubles.iter().map(|trouble| json!({
            "level": "error",
            "message": { "text": trouble },
        })).collect::<Vec<_>>(),
    });
    if let (Some(run), Some(members)) = (run, invocation.as_object_mut()) {
        members.insert("arguments".to_owned(), json!(run.tool.arguments));
        members.insert("startTimeUtc".to_owned(), json!(run.started));
        if let Some(ended) = estate.ends.first().and_then(|end| end.as_ref()?.ended.as_deref()) {
            members.insert("endTimeUtc".to_owned(), json!(ended));
        }
        members.insert("workingDirectory".to_owned(), json!({ "uri": format!("file://{}", uri(&run.folder)) }));
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "tlshive", "version": version, "semanticVersion": version, "rules": rules } },
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "properties": {
                "whatIf": estate.what_if(),
                "policies": policies.iter().map(|policy| json!({
                    "id": policy.id, "version": policy.version, "sha256": policy.sha256,
                })).collect::<Vec<_>>(),
            },
            "results": results,
        }],
    });
    print(&log, PrettyFormatter::new(), out)
}

fn rule(policy: &str, rule: &Rule) -> Json {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.why },
        "help": { "text": format!("{}\nSource: {}", rule.fix, rule.source) },
        "defaultConfiguration": { "level": if rule.required { "error" } else { "warning" } },
        "properties": { "policy": policy },
    })
}

fn result(host: &Host, finding: &Finding, index: Option<usize>) -> Json {
    let (kind, level) = match (finding.outcome, finding.required) {
        (Outcome::Fail, true) => ("fail", "error"),
        (Outcome::Fail, false) => ("fail", "warning"),
        // The format wants this level where it is open what a result says.
        _ => ("open", "none"),
    };
    let (file, region) = place(host, finding);
    let print = [
        finding.policy.as_str(),
        finding.rule.as_str(),
        finding.key.as_deref().or(finding.subject.as_deref()).unwrap_or_default(),
        finding.value.as_deref().unwrap_or_default(),
        &host.name,
        host.machine.machine_guid.as_deref().unwrap_or_default(),
        host.control_set.as_deref().unwrap_or_default(),
    ];
    let mut location = json!({ "physicalLocation": { "artifactLocation": { "uri": uri(file) } } });
    if let (Some(region), Some(physical)) =
        (region, location.pointer_mut("/physicalLocation").and_then(Json::as_object_mut))
    {
        physical.insert("region".to_owned(), region);
    }
    let name = finding.key.as_ref().map(|key| match &finding.value {
        Some(value) => format!("{key}\\{value}"),
        None => key.clone(),
    });
    if let (Some(name), Some(members)) = (name, location.as_object_mut()) {
        members.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": name, "kind": "member" }]));
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "kind": kind,
        "level": level,
        "message": { "text": format!("{}: {}: {}", host.name, finding.title, finding.why) },
        "locations": [location],
        "partialFingerprints": { "tlshive/v1": sha256_hex(print.join("\0").as_bytes()) },
        "properties": { "policy": finding.policy, "machine": host.name, "id": host.id, "source": host.unit },
    });
    if let Some(members) = result.as_object_mut() {
        if let Some(index) = index {
            members.insert("ruleIndex".to_owned(), json!(index));
        }
        if let Some(waived) = &finding.waived {
            let suppression = json!([{ "kind": "external", "status": "accepted", "justification": waived.reason }]);
            members.insert("suppressions".to_owned(), suppression);
        }
    }
    result
}

/// The file that a finding is in, and where: a line of a text, or a byte of a file that is no text. Places inside images and
/// archives are places in what is in there, so that the file has no such byte.
fn place<'a>(host: &'a Host, finding: &'a Finding) -> (&'a str, Option<Json>) {
    let Some(place) = &finding.place else { return (&host.unit, None) };
    let file = place.artifact.split(crate::place::INTO).next().unwrap_or_default();
    let region = match (place.within.is_empty(), place.offset, place.line) {
        (true, Some(offset), _) => Some(json!({ "byteOffset": offset })),
        (true, None, Some(line)) => Some(json!({ "startLine": line })),
        _ => None,
    };
    (file, region)
}

fn unjudged(input: &Input, index: Option<usize>) -> Json {
    let parts = [input.kind.as_deref(), input.why.as_deref(), input.next.as_deref()];
    let why = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let file = input.path.split(crate::place::INTO).next().unwrap_or_default();
    json!({
        "ruleId": NOT_JUDGED,
        "ruleIndex": index,
        "kind": if input.incomplete { "fail" } else { "open" },
        "level": if input.incomplete { "error" } else { "none" },
        "message": { "text": format!("{}: not judged: {why}", input.path) },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(file) } } }],
        "partialFingerprints": { "tlshive/v1": sha256_hex(format!("{NOT_JUDGED}\0{}", input.path).as_bytes()) },
    })
}

/// A path as a relative reference or the path of a `file:` URI (RFC 3986). A backslash is a separator on Windows alone.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("a b/ä#1:2"), "a%20b/%C3%A4%231%3A2");
    }
}
