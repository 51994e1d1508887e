use super::*;

#[test]
fn the_default_policy_asks_for_the_eight_values_of_the_document() {
    let policy = Policy::default_policy().unwrap();
    let net = r"SOFTWARE\Microsoft\.NETFramework\v4.0.30319";
    let wow = r"SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319";
    let server = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server";
    let client = r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client";
    let want = [
        (wow, "SystemDefaultTlsVersions", 1, 0),
        (wow, "SchUseStrongCrypto", 1, 0),
        (net, "SystemDefaultTlsVersions", 1, 0),
        (net, "SchUseStrongCrypto", 1, 0),
        (server, "Enabled", 1, 0),
        (server, "DisabledByDefault", 0, 1),
        (client, "Enabled", 1, 0),
        (client, "DisabledByDefault", 0, 1),
    ];
    assert_eq!(policy.id, "entra-connect-tls12");
    assert_eq!(policy.settings().count(), want.len());
    assert_eq!(policy.rules.last().unwrap().id, "entra-connect-version", "and that the version still works");
    for (rule, (key, value, enable, disable)) in policy.rules.iter().zip(want) {
        let setting = rule.setting().unwrap();
        assert_eq!(setting.key.to_string(), format!("HKEY_LOCAL_MACHINE\\{key}"));
        assert_eq!(setting.value.to_string(), value);
        assert_eq!(setting.expect.value, Value::dword(enable));
        assert_eq!(setting.disabled, Some(Value::dword(disable)));
        assert_eq!(setting.expect.accept == Accept::NonZero, value == "Enabled");
        assert!(!setting.absent_passes);
        assert_eq!(rule.only.only_64_bit, key == wow);
        assert!(rule.required);
    }
}

#[test]
fn what_is_packed_is_what_the_text_says() {
    for id in Policy::builtin_ids() {
        let packed = Policy::builtin(id).unwrap().unwrap();
        let parsed = Policy::parse(Policy::builtin_text(id).unwrap()).unwrap();
        assert_eq!(format!("{packed:?}"), format!("{parsed:?}"), "{id}");
    }
}

#[test]
fn expectations_tell_data_from_type() {
    let one = Expectation { value: Value::dword(1), accept: Accept::Nothing };
    let on = Expectation { value: Value::dword(1), accept: Accept::NonZero };
    let some = Expectation { value: Value::dword(0x800), accept: Accept::Numbers(vec![0x2800]) };
    let short = Value { kind: ValueType::DWORD, data: vec![1] };
    let qword = Value { kind: ValueType::QWORD, data: 1u64.to_le_bytes().to_vec() };
    let cases = [
        (&one, Value::dword(1), Match::Exact),
        (&one, Value::dword(0), Match::WrongData),
        (&one, Value::dword(0xffff_ffff), Match::WrongData),
        (&on, Value::dword(0xffff_ffff), Match::Equivalent),
        (&on, Value::dword(0), Match::WrongData),
        (&on, Value::sz("1"), Match::WrongType),
        (&on, short, Match::WrongType),
        (&on, qword, Match::WrongType),
        (&some, Value::dword(0x2800), Match::Accepted),
        (&some, Value::dword(0xa00), Match::WrongData),
    ];
    for (expect, value, want) in cases {
        assert_eq!(expect.check(&value), want, "{value:?}");
    }
}

#[test]
fn the_fix_is_one_line_that_sets_the_value() {
    let policy = Policy::default_policy().unwrap();
    let rule = policy.rules.iter().find(|rule| rule.id == "tls12-client-disabled-by-default").unwrap();
    let want = r#"reg add "HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client" /v DisabledByDefault /t REG_DWORD /d 0 /f /reg:64"#;
    assert_eq!(rule.fix(), want);
}

/// What every rule that is built in owes to its reader: a reason, a source, and a way out in one line.
#[test]
fn every_builtin_policy_loads_and_says_why_and_where_from() {
    let policies = Policy::builtins().unwrap();
    assert!(policies.iter().map(|policy| policy.id.as_str()).eq(Policy::builtin_ids()));
    assert_eq!(policies.first().unwrap().id, Policy::DEFAULT);
    for (i, policy) in policies.iter().enumerate() {
        assert!(policies[..i].iter().all(|other| other.id != policy.id), "{}", policy.id);
        assert!(policy.rules.iter().any(|rule| rule.required), "{} decides nothing", policy.id);
        for rule in &policy.rules {
            let about = format!("{} {}", policy.id, rule.id);
            assert!(rule.why.len() > 80, "{about}: {:?} is no paragraph", rule.why);
            assert!(rule.source.contains(", "), "{about}: document and section, not {:?}", rule.source);
            assert!(!rule.fix().contains('\n') && !rule.title.contains('\n'), "{about}");
            assert!(!rule.title.ends_with('.'), "{about}: a title is no sentence");
        }
    }
}

/// Rules with one id are one rule, wherever they stand: `explain` may answer for any of them.
#[test]
fn an_id_means_the_same_in_every_builtin_policy() {
    let policies = Policy::builtins().unwrap();
    let rules: Vec<&Rule> = policies.iter().flat_map(|policy| &policy.rules).collect();
    for (i, rule) in rules.iter().enumerate() {
        for other in rules[..i].iter().filter(|other| other.id == rule.id) {
            assert_eq!((rule.name(), rule.fix()), (other.name(), other.fix()), "{}", rule.id);
        }
    }
}
