//! Files of Group Policy that lie on a machine.

use serde::Serialize;

use super::{PlaceV2, ValueV2, place, rfc3339, value};
use crate::host::{MachinePolicy, PolicyPlace, Would, WouldBe};

#[derive(Serialize)]
pub(super) struct PolicyV2<'a> {
    name: &'a str,
    size: Option<u64>,
    modified: Option<String>,
    sha256: Option<&'a str>,
    what: &'static str,
    unread: Option<String>,
    would: Vec<WouldV2<'a>>,
}

#[derive(Serialize)]
struct WouldV2<'a> {
    change: &'static str,
    key: String,
    value: Option<String>,
    data: Option<ValueV2>,
    why: Option<&'a str>,
    place: PlaceV2<'a>,
}

pub(super) fn policy(policy: &MachinePolicy) -> PolicyV2<'_> {
    let input = &policy.input;
    PolicyV2 {
        name: &input.name,
        size: input.size,
        modified: input.modified.and_then(rfc3339),
        sha256: input.sha256.as_ref().and_then(|digest| digest.as_deref().ok()),
        what: match policy.place {
            PolicyPlace::Local => "local",
            PolicyPlace::Fetched => "fetched",
            PolicyPlace::History => "history",
            PolicyPlace::Applied => "applied",
            PolicyPlace::Users => "users",
            PolicyPlace::Domain => "domain",
            PolicyPlace::Other => "other",
        },
        unread: policy.unread.as_ref().map(ToString::to_string),
        would: policy.would.iter().map(would).collect(),
    }
}

fn would(would: &Would) -> WouldV2<'_> {
    let (change, name, data, why) = match &would.what {
        WouldBe::Set(name, data) => ("set", Some(name), Some(value(data)), None),
        WouldBe::Deleted(name) => ("delete", Some(name), None, None),
        WouldBe::KeyDeleted => ("delete_key", None, None, None),
        WouldBe::Perhaps(why) => ("unknown", None, None, Some(why.as_str())),
    };
    let (key, value) = (would.key.to_string(), name.map(ToString::to_string));
    WouldV2 { change, key, value, data, why, place: place(&would.place) }
}
