//! One rule against one host.

use super::applies::{Applies, applies};
use super::deciding::deciding;
use super::report::{Finding, Outcome};
use super::states::{States, Told};
use crate::error::Error;
use crate::host::{Host, Input, InputKind, lacks_wow64_node};
use crate::policy::{Check, Effect, Match, Rule, Setting};
use crate::registry::overlay::Overlaid;
use crate::registry::{Found, KeyInfo, Lookup};
use crate::windows::state::State;
use crate::windows::value::Value;

pub(super) fn check(rule: &Rule, host: &Host, states: &dyn States) -> Finding {
    match applies(&rule.only, &host.windows, states) {
        Applies::Yes => {}
        Applies::No(why) => return Finding::new(rule, Outcome::NotApplicable, why),
        Applies::Unknown(why, fix) => {
            return Finding { fix: Some(fix.to_owned()), ..Finding::new(rule, Outcome::Unknown, why) };
        }
    }
    let finding = match &rule.check {
        Check::Value(setting) => value(rule, setting, host),
        Check::State(effect) => state(rule, effect, states),
    };
    if finding.outcome == Outcome::Unknown { finding } else { overlaid(finding, host) }
}

/// Says which part an import has in it that is judged before it is done.
fn overlaid(mut finding: Finding, host: &Host) -> Finding {
    let before = host.registry.without_overlay();
    for (key, value) in deciding(&finding.rule) {
        match host.registry.overlaid(&key, &value) {
            Some(Overlaid::Set(place)) => finding.overlay = finding.overlay.or(Some(place)),
            Some(Overlaid::Deleted(place)) => {
                if matches!(before.get(&key, &value), Lookup::KeyAbsent | Lookup::ValueAbsent(_)) {
                    continue;
                }
                finding.why.push_str(&format!("; {place} deletes {value}"));
                finding.overlay = finding.overlay.or(Some(place));
            }
            None => {}
        }
    }
    finding
}

fn state(rule: &Rule, effect: &Effect, states: &dyn States) -> Finding {
    let Told { state, why } = states.state(effect.subject);
    let outcome = match state {
        State::Unknown => Outcome::Unknown,
        _ if effect.expect.contains(&state) => Outcome::Pass,
        _ => Outcome::Fail,
    };
    let why = match outcome {
        Outcome::Fail => format!("it is {state}, not {}: {why}", State::listed(&effect.expect, " or ")),
        _ => why,
    };
    let fix = (outcome == Outcome::Fail).then(|| match state {
        State::NotSupported => "this Windows does not have it: no value turns it on, a newer release does".to_owned(),
        _ => states.advice(effect.subject).unwrap_or_else(|| rule.fix()),
    });
    Finding { state: Some(state), fix, ..Finding::new(rule, outcome, why) }
}

fn value(rule: &Rule, setting: &Setting, host: &Host) -> Finding {
    match host.registry.get(&setting.key, &setting.value) {
        Lookup::Found(found) => judge(rule, setting, found),
        Lookup::KeyAbsent | Lookup::ValueAbsent(_)
            if rule.only.only_64_bit
                && host.windows.architecture.has_wow64().is_none()
                && lacks_wow64_node(&host.registry) =>
        {
            let why = "there is no WOW6432Node, and no input says whether Windows is 32-bit".to_owned();
            let fix = Some("add the machine's SYSTEM hive, which names the processor architecture".to_owned());
            Finding { fix, ..Finding::new(rule, Outcome::Unknown, why) }
        }
        Lookup::KeyAbsent => absent(rule, setting, None),
        Lookup::ValueAbsent(key) => absent(rule, setting, Some(key)),
        Lookup::NotCovered => not_covered(rule, setting, host),
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
        Lookup::Unreadable(error @ Error::Unsupported { .. }, place) => Finding {
            fix: Some("look at the machine itself: this input does not tell".to_owned()),
            place: Some(place),
            ..Finding::new(rule, Outcome::Unknown, format!("it cannot be read: {error}"))
        },
        Lookup::Unreadable(error, place) => Finding {
            fix: Some("find an undamaged copy of this input".to_owned()),
            place: Some(place),
            ..Finding::new(rule, Outcome::Unknown, format!("it cannot be read: {error}"))
        },
    }
}

fn judge(rule: &Rule, setting: &Setting, found: Found) -> Finding {
    let wanted = &setting.expect.value;
    let (outcome, why) = match setting.expect.check(&found.value) {
        Match::Exact => (Outcome::Pass, format!("it is {}", number(wanted))),
        Match::Equivalent => {
            let text = "it is on: to Windows any number but 0 is";
            (Outcome::Pass, format!("{text} ({}; the canonical value is {})", number(&found.value), number(wanted)))
        }
        Match::Accepted => {
            let text = "the policy accepts it as well";
            (Outcome::Pass, format!("it is {}: {text} (it asks for {})", number(&found.value), number(wanted)))
        }
        Match::WrongData => (Outcome::Fail, format!("it is {}, not {}", number(&found.value), number(wanted))),
        Match::WrongType => (Outcome::Fail, wrong_type(&found.value, wanted)),
    };
    Finding {
        fix: (outcome == Outcome::Fail).then(|| rule.fix()),
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
        return format!("its type is {}, but it has {has} instead of {needs}: that does not count as set", found.kind);
    }
    format!("its type is {:#}, not {}: that does not count as set", found.kind, wanted.kind)
}

fn absent(rule: &Rule, setting: &Setting, key: Option<KeyInfo>) -> Finding {
    let why = match key {
        Some(_) => "it is not set",
        None => "it is not set: its key does not exist",
    };
    let (outcome, why) = if setting.absent_passes {
        (Outcome::Pass, format!("{why}, which the policy accepts as well"))
    } else {
        (Outcome::Fail, why.to_owned())
    };
    Finding {
        fix: (outcome == Outcome::Fail).then(|| rule.fix()),
        last_write: key.as_ref().and_then(|key| key.last_write),
        place: key.map(|key| key.place),
        ..Finding::new(rule, outcome, why)
    }
}

fn not_covered(rule: &Rule, setting: &Setting, host: &Host) -> Finding {
    let hive = setting.key.names().get(1).map(ToString::to_string).unwrap_or_default();
    let is_reg = host.inputs.iter().any(|input| matches!(input.kind, InputKind::RegFile { .. }));
    let is_collected =
        |input: &Input| matches!(&input.kind, InputKind::RegFile { extent, .. } if extent.is_collectors());
    let is_policy = host.inputs.iter().any(|input| matches!(input.kind, InputKind::PolicyFile(_)));
    let (why, fix) = if let Some(doubt) = host.registry.script(&setting.key) {
        let why = format!("the .reg file does not set it, which proves nothing: it is no export ({doubt})");
        let fix = format!(
            "export this key with regedit, or add the machine's {hive} hive, and give both with --join; or say \
             --reg-is export, if the file is an export of this key or of one above it"
        );
        (why, fix)
    } else if host.inputs.iter().any(is_collected) {
        let why = "the collector did not read it".to_owned();
        let fix = format!("collect again with what tlshive generate collector --policy {} writes", rule.policy);
        (why, fix)
    } else if is_reg {
        let why = "the .reg file speaks neither of this key nor of one above it".to_owned();
        (why, format!("export this key, or add the machine's {hive} hive, and give both with --join"))
    } else if is_policy {
        let why = "the policy file says nothing of this value".to_owned();
        (why, format!("audit the machine's {hive} hive, and lay this file over it with --overlay"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::At;
    use crate::place::Place;
    use crate::policy::{Accept, Policy};
    use crate::windows::subject::{Side, Subject};
    use crate::windows::value::ValueType;

    fn rule(id: &str) -> Rule {
        Policy::default_policy().unwrap().rules.into_iter().find(|rule| rule.id == id).unwrap()
    }

    fn judged(id: &str, value: Value) -> Finding {
        let place = Place { artifact: "SYSTEM".into(), at: At::Offset(0x1020) };
        let key = KeyInfo { last_write: None, place: place.clone() };
        let rule = rule(id);
        judge(&rule, rule.setting().unwrap(), Found { value, place, key })
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
    fn what_is_not_set_fails_unless_the_policy_takes_it() {
        let rule = rule("tls12-client-enabled");
        let mut setting = rule.setting().unwrap().clone();
        let f = absent(&rule, &setting, None);
        assert_eq!((f.outcome, f.fix), (Outcome::Fail, Some(rule.fix())));
        setting.absent_passes = true;
        let f = absent(&rule, &setting, None);
        assert_eq!((f.outcome, f.fix), (Outcome::Pass, None));
        assert!(f.why.contains("accepts"), "{}", f.why);
    }

    #[test]
    fn other_numbers_pass_where_the_policy_lists_them() {
        let mut rule = rule("tls12-client-enabled");
        let Check::Value(setting) = &mut rule.check else { panic!("a rule about a value") };
        setting.expect.accept = Accept::Numbers(vec![2]);
        let setting = setting.clone();
        let place = Place { artifact: "SYSTEM".into(), at: At::Offset(0x1020) };
        let found = |n| Found {
            value: Value::dword(n),
            place: place.clone(),
            key: KeyInfo { last_write: None, place: place.clone() },
        };
        assert_eq!(judge(&rule, &setting, found(2)).outcome, Outcome::Pass);
        assert_eq!(judge(&rule, &setting, found(3)).outcome, Outcome::Fail);
    }

    /// Each state, and what becomes of a rule that asks for "on" or "not-supported".
    #[test]
    fn states_are_held_against_those_that_pass() {
        struct Says(State);
        impl States for Says {
            fn state(&self, subject: Subject) -> Told {
                assert_eq!(subject, Subject::Schannel("TLS 1.3", Side::Client));
                Told { state: self.0, why: "because".to_owned() }
            }

            fn entra_connect(&self) -> Option<crate::audit::Installed> {
                None
            }
        }
        let effect = Effect {
            subject: Subject::Schannel("TLS 1.3", Side::Client),
            expect: vec![State::On, State::NotSupported],
            fix: "do it".to_owned(),
        };
        let rule = Rule { check: Check::State(effect.clone()), ..rule("tls12-client-enabled") };
        let cases = [
            (State::On, Outcome::Pass, "because", None),
            (State::NotSupported, Outcome::Pass, "because", None),
            (State::SoftOff, Outcome::Fail, "it is soft-off, not on or not-supported: because", Some("do it")),
            (State::Unknown, Outcome::Unknown, "because", None),
        ];
        for (says, outcome, why, fix) in cases {
            let f = state(&rule, &effect, &Says(says));
            assert_eq!((f.outcome, f.why.as_str(), f.fix.as_deref()), (outcome, why, fix), "{says:?}");
            assert_eq!(f.state, Some(says));
        }
    }
}
