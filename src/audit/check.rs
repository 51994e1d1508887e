//! One rule against one host.

use super::report::{Finding, Outcome};
use crate::error::Error;
use crate::host::{Host, InputKind, lacks_wow64_node};
use crate::policy::{Match, Rule};
use crate::registry::path::KeyPath;
use crate::registry::value::{Value, ValueType};
use crate::registry::{Found, KeyInfo, Lookup};

pub(super) fn check(rule: &Rule, host: &Host) -> Finding {
    if rule.only_64_bit && host.windows.architecture.has_wow64() == Some(false) {
        let why = format!("{} Windows has no 32-bit view of the registry", host.windows.architecture);
        return Finding::new(rule, Outcome::NotApplicable, why);
    }
    match host.registry.get(&rule.key, &rule.value) {
        Lookup::Found(found) => judge(rule, found),
        Lookup::KeyAbsent | Lookup::ValueAbsent(_)
            if rule.only_64_bit
                && host.windows.architecture.has_wow64().is_none()
                && lacks_wow64_node(&host.registry) =>
        {
            let why = "there is no WOW6432Node, and no input says whether Windows is 32-bit".to_owned();
            let fix = Some("add the machine's SYSTEM hive, which names the processor architecture".to_owned());
            Finding { fix, ..Finding::new(rule, Outcome::Unknown, why) }
        }
        Lookup::KeyAbsent => absent(rule, None),
        Lookup::ValueAbsent(key) => absent(rule, Some(key)),
        Lookup::NotCovered => not_covered(rule, host),
        Lookup::Unreadable(Error::Ambiguous { what }, place) => Finding {
            fix: Some("give the inputs of one machine, and a control set that it has (--control-set)".to_owned()),
            place: Some(place),
            ..Finding::new(rule, Outcome::Unknown, format!("it cannot be told: {what}"))
        },
        Lookup::Unreadable(error @ Error::Stale { .. }, place) => Finding {
            fix: Some("give the hive's transaction logs too (.LOG1 and .LOG2 beside it, or with --log)".to_owned()),
            place: Some(place),
            ..Finding::new(rule, Outcome::Unknown, format!("it cannot be told: {error}"))
        },
        Lookup::Unreadable(error, place) => Finding {
            fix: Some("find an undamaged copy of this input".to_owned()),
            place: Some(place),
            ..Finding::new(rule, Outcome::Unknown, format!("it cannot be read: {error}"))
        },
    }
}

fn judge(rule: &Rule, found: Found) -> Finding {
    let wanted = &rule.expect.value;
    let (outcome, why) = match rule.expect.check(&found.value) {
        Match::Exact => (Outcome::Pass, format!("it is {}", number(wanted))),
        Match::Equivalent => {
            let text = "it is on: to Windows any number but 0 is";
            (Outcome::Pass, format!("{text} ({}; the canonical value is {})", number(&found.value), number(wanted)))
        }
        Match::WrongData => (Outcome::Fail, format!("it is {}, not {}", number(&found.value), number(wanted))),
        Match::WrongType => (Outcome::Fail, wrong_type(&found.value, wanted)),
    };
    Finding {
        fix: (outcome == Outcome::Fail).then(|| fix(rule)),
        last_write: found.key.last_write,
        place: Some(found.place),
        found: Some(found.value),
        ..Finding::new(rule, outcome, why)
    }
}

fn wrong_type(found: &Value, wanted: &Value) -> String {
    let bytes = |n: usize| if n == 1 { "1 byte".to_owned() } else { format!("{n} bytes") };
    if found.kind == wanted.kind {
        let (has, needs) = (bytes(found.data.len()), bytes(wanted.data.len()));
        return format!(
            "its type is {}, but it has {has} instead of {needs}: Windows does not read it as a number",
            found.kind
        );
    }
    format!("its type is {}, not {}: Windows does not read it as a number", found.kind, wanted.kind)
}

fn absent(rule: &Rule, key: Option<KeyInfo>) -> Finding {
    let why = match key {
        Some(_) => "it is not set",
        None => "it is not set: its key does not exist",
    };
    Finding {
        fix: Some(fix(rule)),
        last_write: key.as_ref().and_then(|key| key.last_write),
        place: key.map(|key| key.place),
        ..Finding::new(rule, Outcome::Fail, why.to_owned())
    }
}

fn not_covered(rule: &Rule, host: &Host) -> Finding {
    let hive = rule.key.names().get(1).map(ToString::to_string).unwrap_or_default();
    let is_reg = host.inputs.iter().any(|input| matches!(input.kind, InputKind::RegFile(_)));
    let (why, fix) = if is_reg {
        let why = "the .reg file speaks neither of this key nor of one above it".to_owned();
        (why, format!("export this key, or add the machine's {hive} hive, and give both with --join"))
    } else {
        let why = format!("no {hive} hive of this machine was given");
        (why, format!("add the machine's {hive} hive; if it lies in another folder, join the two with --join"))
    };
    Finding { fix: Some(fix), ..Finding::new(rule, Outcome::Unknown, why) }
}

/// A `REG_DWORD` as people write it; anything else by its bytes.
fn number(value: &Value) -> String {
    match value.as_dword() {
        Some(n) if n < 10 => n.to_string(),
        Some(n) => format!("0x{n:X}"),
        None => format!("{} {}", value.kind, value.hex()),
    }
}

/// A command that sets the value, whatever it was before. `/reg:64` keeps a 32-bit shell from writing to the other view.
fn fix(rule: &Rule) -> String {
    let key = rule.key.below(&KeyPath::parse("HKEY_LOCAL_MACHINE")).unwrap_or_default();
    let key = KeyPath(key.to_vec());
    let wanted = &rule.expect.value;
    debug_assert_eq!(wanted.kind, ValueType::DWORD);
    let data = wanted.as_dword().unwrap_or_default();
    format!("reg add \"HKLM\\{key}\" /v {} /t {} /d {data} /f /reg:64", rule.value, wanted.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::At;
    use crate::place::Place;
    use crate::policy::Policy;

    fn rule(id: &str) -> Rule {
        Policy::default_policy().unwrap().rules.into_iter().find(|rule| rule.id == id).unwrap()
    }

    fn judged(id: &str, value: Value) -> Finding {
        let place = Place { artifact: "SYSTEM".into(), at: At::Offset(0x1020) };
        let key = KeyInfo { last_write: None, place: place.clone() };
        judge(&rule(id), Found { value, place, key })
    }

    #[test]
    fn a_wrong_type_names_the_type_found_and_wanted() {
        let f = judged("tls12-client-enabled", Value::sz("1"));
        assert_eq!(f.outcome, Outcome::Fail);
        assert!(f.why.contains("REG_SZ") && f.why.contains("REG_DWORD"), "{}", f.why);
        let f = judged("tls12-client-enabled", Value { kind: ValueType::DWORD, data: vec![1] });
        assert!(f.why.contains("1 byte instead of 4 bytes"), "{}", f.why);
    }

    #[test]
    fn any_non_zero_enabled_passes_with_a_note() {
        let f = judged("tls12-server-enabled", Value::dword(0xffff_ffff));
        assert_eq!(f.outcome, Outcome::Pass);
        assert!(f.why.contains("0xFFFFFFFF") && f.why.contains("canonical"), "{}", f.why);
        assert_eq!(judged("dotnet-strong-crypto", Value::dword(2)).outcome, Outcome::Fail);
        assert_eq!(judged("tls12-server-disabled-by-default", Value::dword(2)).outcome, Outcome::Fail);
    }

    #[test]
    fn the_fix_is_one_line_that_sets_the_value() {
        let f = absent(&rule("tls12-client-disabled-by-default"), None);
        let want = r#"reg add "HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client" /v DisabledByDefault /t REG_DWORD /d 0 /f /reg:64"#;
        assert_eq!(f.fix.as_deref(), Some(want));
    }
}
