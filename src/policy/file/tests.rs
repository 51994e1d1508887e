use super::*;

const HEAD: &str = "id='x'\nversion='1'\ndate='2026-01-01'\ntitle='t'\nsource='s'\n";

/// Every rule starts at line 6, its id stands in line 7.
fn with_rule(lines: &str) -> String {
    format!("{HEAD}[[rule]]\nid='r'\ntitle='t'\nwhy='w'\nsource='s'\n{lines}\n")
}

fn about_value(key: &str, kind: &str, more: &str) -> String {
    with_rule(&format!("key='{key}'\nvalue='v'\ntype='{kind}'\nenable=1\n{more}"))
}

const KEY: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\X";

#[test]
fn both_kinds_of_rules_are_read() {
    let policy = parse(&about_value(KEY, "REG_DWORD", "accept=[2]\nabsent='pass'\nonly={min_build=20348}")).unwrap();
    let rule = &policy.rules[0];
    let setting = rule.setting().unwrap();
    assert_eq!((setting.expect.accept.clone(), setting.absent_passes), (Accept::Numbers(vec![2]), true));
    assert_eq!((rule.only.min_build, setting.disabled.clone(), rule.required), (Some(20348), None, true));

    let text = with_rule("effective='schannel/TLS 1.3/client'\nexpect=['on','not-supported']\nfix='f'\nrequired=false");
    let policy = parse(&text).unwrap();
    let Check::State(effect) = &policy.rules[0].check else { panic!("no state") };
    assert_eq!(effect.expect, [State::On, State::NotSupported]);
    assert!(!policy.rules[0].required && policy.rules[0].setting().is_none());
}

/// Each mistake, what is said of it, and the line and column that are named.
#[test]
fn what_is_wrong_is_named_with_its_place() {
    let good = about_value(KEY, "REG_DWORD", "");
    assert!(parse(&good).is_ok());
    let again = good.split_once("[[").map(|(_, rest)| format!("{good}[[{rest}")).unwrap();
    let state = |lines: &str| with_rule(&format!("fix='f'\n{lines}"));
    let cases = [
        (about_value("HKLM\\X", "REG_DWORD", ""), "HKEY_LOCAL_MACHINE", (11, 5)),
        (about_value(KEY, "REG_SZ", ""), "REG_DWORD", (13, 6)),
        (about_value(KEY, "DWORD", ""), "no registry value type", (13, 6)),
        (about_value(KEY, "REG_DWORD", "colour='red'"), "unknown field `colour`", (15, 1)),
        (about_value(KEY, "REG_DWORD", "accept='some'"), "expected \"non-zero\" or a list of numbers", (15, 8)),
        (about_value(KEY, "REG_DWORD", "absent='maybe'"), "unknown variant `maybe`", (15, 8)),
        (about_value(KEY, "REG_DWORD", "only={builds=1}"), "unknown field `builds`", (15, 7)),
        (about_value(KEY, "REG_DWORD", "only={min_build=2,max_build=1}"), "2 is later than 1", (7, 4)),
        (about_value(KEY, "REG_DWORD", "only={entra_connect={min='2.x'}}"), "is no version", (15, 26)),
        (about_value(KEY, "REG_DWORD", "effective='winhttp/64-bit'"), "either about a value", (7, 4)),
        (about_value(KEY, "REG_DWORD", "fix='f'"), "expect and fix are for", (7, 4)),
        (again, "two rules", (17, 4)),
        (with_rule("key='HKEY_LOCAL_MACHINE\\X'"), "missing field `value`", (7, 4)),
        (with_rule(""), "it needs key and value, or effective", (7, 4)),
        (state("effective='schannel/TLS1.2/client'\nexpect=['on']"), "no effective state is called", (12, 11)),
        (state("effective='schannel/TLS 1.2/client'\nexpect=['yes']"), "found \"yes\"", (13, 8)),
        (state("effective='schannel/TLS 1.2/client'\nexpect=[]"), "found none", (13, 8)),
        (state("effective='schannel/TLS 1.2/client'"), "missing field `expect`", (7, 4)),
        (state("effective='winhttp/64-bit'\nexpect=['on']\nenable=1"), "rules about a value", (7, 4)),
        (good.replace("why='w'", "why=' '"), "must not be empty", (9, 5)),
        (good.replace("why='w'\n", ""), "missing field `why`", (6, 1)),
        (good.replace("id='x'", "id='X Y'"), "is no id", (1, 4)),
        (good.replace("2026-01-01", "2026-13-01"), "2026-13-01", (3, 6)),
        (format!("{HEAD}rule=[]\n"), "at least one rule", (6, 6)),
    ];
    for (text, named, (line, column)) in cases {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains(named), "{named}: {error}");
        let place = format!("line {line}, column {column}");
        assert!(error.contains(&place), "{named}: not {place}: {error}");
    }
}
