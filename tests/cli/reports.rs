//! Reports about all machines: each format, from a run and from a saved one, and what they must not do.

use std::fs;

use serde_json::Value as Json;
use tlshive::output::reports::ReportFormat;

use crate::common::{finish, program, run, scratch};
use crate::snapshot::assert_run;

/// Each report by its name.
fn report_names() -> [&'static str; ReportFormat::FILES.len()] {
    ReportFormat::FILES.map(ReportFormat::name)
}

const MIXED: [&str; 5] = [
    "fixtures/hosts/wrong-type",
    "fixtures/hosts/damaged-target",
    "fixtures/hosts/x86",
    "fixtures/reg/deletions.reg",
    "fixtures/hosts/disabled",
];

/// What a command prints.
fn rendered(args: &[&str]) -> String {
    let out = run(args).out();
    assert!(!out.is_empty(), "{args:?}");
    out
}

#[test]
fn a_saved_run_is_rendered_as_the_run_itself() {
    let (_keep, folder) = scratch();
    let saved = folder.join("run.jsonl").display().to_string();
    let live = run(&[&["audit", "--format", "jsonl", "-o", &saved, "no-such-file"], &MIXED[..]].concat());
    assert_eq!(live.status, 2);
    for format in report_names() {
        let live = rendered(&[&["audit", "--format", format, "no-such-file"], &MIXED[..]].concat());
        let later = rendered(&["report", "--format", format, &saved]);
        // The arguments stand in the report, and are others.
        let own = format!("--format {format} no-such-file");
        let jsonl = format!("--format jsonl -o {saved} no-such-file");
        let later = later.replace(&jsonl, &own);
        if format == "sarif" {
            let plain = |text: &str| -> Json {
                let mut log: Json = serde_json::from_str(text).unwrap();
                log["runs"][0]["invocations"][0]["arguments"] = Json::Null;
                log
            };
            assert_eq!(plain(&live), plain(&later));
        } else {
            assert_eq!(live, later, "{format}");
        }
    }
    // Details are what an audit has to give alone.
    let text = rendered(&[&["audit", "no-such-file"], &MIXED[..]].concat());
    let plain = text.replace("--details, or ", "").replace(" (--details shows all)", "");
    assert_eq!(plain, rendered(&["report", &saved]));
}

#[test]
fn csv_has_a_row_for_each_machine() {
    assert_run("csv", &[&["audit", "--format", "csv", "--bom"], &MIXED[..]].concat());
}

#[test]
fn junit_has_a_test_for_each_rule() {
    assert_run("junit", &["audit", "--format", "junit", "fixtures/hosts/wrong-type", "fixtures/hosts/damaged-target"]);
}

#[test]
fn markdown_is_for_a_ticket() {
    assert_run("markdown", &[&["audit", "--format", "markdown"], &MIXED[..]].concat());
}

#[test]
fn sarif_has_rules_fingerprints_and_places() {
    let log: Json = serde_json::from_str(&rendered(&[&["audit", "--format", "sarif"], &MIXED[..]].concat())).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(rules.len() == 10 && results.len() > 8, "{}", results.len());
    let mut prints = std::collections::BTreeSet::new();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(prints.insert(result["partialFingerprints"]["tlshive/v1"].to_string()), "{result}");
        // The format has no level where it is open what a result says.
        assert_eq!(result["kind"] == "open", result["level"] == "none", "{result}");
    }
    let region = |uri: &str, member: &str| {
        results.iter().any(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            place["artifactLocation"]["uri"].as_str().unwrap().ends_with(uri) && place["region"][member].is_u64()
        })
    };
    assert!(region("disabled/SYSTEM", "byteOffset"));
}

/// Whether a line of SARIF is an argument.
fn is_argument(line: &str) -> bool {
    let line = line.trim().trim_end_matches(',');
    ["\"--", "\"audit", "\"fixtures/hosts/disabled\""].iter().any(|start| line.starts_with(start))
        || report_names().iter().any(|format| line == format!("\"{format}\""))
}

#[test]
fn several_reports_are_written_in_one_run_and_nothing_is_overwritten() {
    let (_keep, folder) = scratch();
    let file = |format: &str| folder.join(format).display().to_string();
    let reports: Vec<String> =
        report_names().iter().map(|format| format!("--report={format}={}", file(format))).collect();
    let mut args: Vec<&str> = vec!["audit", "--quiet", "fixtures/hosts/disabled"];
    args.extend(reports.iter().map(String::as_str));
    let first = run(&args);
    assert_eq!((first.status, first.out(), first.err()), (1, String::new(), String::new()));
    for format in report_names() {
        let alone = rendered(&["audit", "--format", format, "fixtures/hosts/disabled"]);
        let beside = fs::read_to_string(file(format)).unwrap();
        // The arguments stand in the page in a line, and in SARIF in a line each.
        let plain = |text: &str| -> Vec<String> {
            let own = |line: &&str| !line.contains("tlshive audit ") && (format != "sarif" || !is_argument(line));
            text.lines().filter(own).map(str::to_owned).collect()
        };
        assert_eq!(plain(&beside), plain(&alone), "{format}");
    }
    let again = run(&args);
    assert!(again.status == 2 && again.err().contains("File exists"), "{}", again.err());
    let evidence = folder.join("SYSTEM");
    fs::copy("fixtures/hosts/disabled/SYSTEM", &evidence).unwrap();
    let over = format!("--report=csv={}", evidence.display());
    let refused = run(&["audit", "--force", &over, folder.to_str().unwrap()]);
    assert!(refused.status == 2 && refused.err().contains("not overwritten"), "{}", refused.err());
    let twice = run(&["audit", "--report=csv=x.csv", "--report=html=x.csv", "fixtures/hosts/disabled"]);
    assert!(twice.status == 2 && twice.err().contains("two reports of one name"), "{}", twice.err());
}

/// The run itself can lie beside a report, in both forms, and as the text that it prints otherwise.
#[test]
fn a_run_is_saved_beside_a_report() {
    let (_keep, folder) = scratch();
    let file = |name: &str| folder.join(name).display().to_string();
    let beside = |formats: &[&str]| -> Vec<String> {
        formats.iter().map(|format| format!("--report={format}={}", file(format))).collect()
    };
    let reports = beside(&["jsonl", "json", "text"]);
    let args: Vec<&str> = ["audit", "--format", "csv"].into_iter().chain(MIXED).collect();
    let all = run(&[args.clone(), reports.iter().map(String::as_str).collect()].concat());
    assert!(all.out() == rendered(&args));
    let read = |name: &str| fs::read_to_string(file(name)).unwrap();
    // But for the arguments, which stand in the first record.
    for (format, after) in [("jsonl", "\n{\"record\":\"input\""), ("json", "\n  \"hosts\": [")] {
        let alone = rendered(&[&["audit", "--format", format], &MIXED[..]].concat());
        let rest = |text: &str| text.split_once(after).unwrap().1.to_owned();
        assert!(rest(&read(format)) == rest(&alone), "{format}");
    }
    assert!(read("text") == rendered(&["report", &file("jsonl")]));
    // What is put together is saved as one document, and not as a stream.
    let merged = file("merged");
    let put = run(&["report", &file("jsonl"), "--report", &format!("json={merged}")]);
    assert_eq!(put.status, all.status);
    assert!(read("merged") == rendered(&["report", &file("jsonl"), "--format", "json"]));
    let refused = run(&["report", &file("jsonl"), "--report", &format!("jsonl={}", file("no"))]);
    assert!(refused.status == 2 && refused.err().contains("jsonl is what audit writes"), "{}", refused.err());
    // What is left out of a stream is left out of no report.
    let some = [&args[..], &["--only", "failing", "--force"], &[&*reports[0]]].concat();
    assert!(run(&some).out() == all.out());
    assert!(read("jsonl").lines().count() < 9, "{}", read("jsonl"));
}

#[test]
fn the_page_is_complete_loads_nothing_and_names_act_on_nothing() {
    let (_keep, folder) = scratch();
    let name = "<img src=x onerror=alert(1)>";
    let key = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control";
    let reg = format!(
        "Windows Registry Editor Version 5.00\n\n[{key}\\ComputerName\\ComputerName]\n\"ComputerName\"=\"{name}\"\n\n\
         [{key}\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client]\n\"Enabled\"=dword:00000000\n"
    );
    fs::write(folder.join("evil.reg"), reg).unwrap();
    let page = rendered(&["audit", "--format", "html", folder.to_str().unwrap(), "fixtures/hosts"]);
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && !page.contains("<img"));
    for outside in ["http://", "https://", " src=", "@import", " style=", "onclick="] {
        let named = page.replace("onerror", "").replace("img src=x", "");
        assert!(!named.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.contains("Content-Security-Policy") && page.contains("default-src 'none'"));
    for part in
        ["id=\"answer\"", "id=\"kinds\"", "id=\"notjudged\"", "id=\"machines\"", "id=\"rules\"", "id=\"provenance\""]
    {
        assert!(page.contains(part), "{part}");
    }
    let document = run(&["audit", "--format", "json", folder.to_str().unwrap(), "fixtures/hosts"]).json();
    let hosts = document["end"]["summary"]["hosts"].as_u64().unwrap();
    assert_eq!(page.matches("<tbody class=\"").count() as u64, hosts);
}

#[test]
fn the_command_for_a_fix_names_the_policy() {
    let (_keep, folder) = scratch();
    let policy = folder.join("own.toml").display().to_string();
    fs::write(&policy, run(&["policy", "show", "entra-connect-tls12"]).out()).unwrap();
    for way in [&["--policy", &policy][..], &[&format!("--policy={policy}")]] {
        let text = rendered(&[&["audit"], way, &["fixtures/hosts"]].concat());
        assert!(text.contains(&format!("--policy {policy} -o fix-A.reg")), "{text}");
    }
}

#[test]
fn the_status_says_which_failures_count() {
    for (input, fail_on, status) in [
        ("fixtures/hosts/disabled", "required", 1),
        ("fixtures/hosts/disabled", "advisory", 1),
        ("fixtures/hosts/disabled", "never", 0),
        ("fixtures/hosts/system-only", "never", 3),
        ("no-such-file", "never", 2),
    ] {
        assert_eq!(run(&["audit", "--fail-on", fail_on, input]).status, status, "{input} {fail_on}");
    }
    let (_keep, folder) = scratch();
    let policy = folder.join("advice.toml");
    let text = run(&["policy", "show", "entra-connect-tls12"]).out();
    let advisory = text.replace("\n[[rule]]\n", "\n[[rule]]\nrequired = false\n");
    // One rule stays required, so that there is a verdict.
    fs::write(&policy, advisory.replacen("required = false\n", "", 1)).unwrap();
    let policy = policy.display().to_string();
    for (fail_on, status) in [("required", 0), ("advisory", 1)] {
        let run = run(&["audit", "--policy", &policy, "--fail-on", fail_on, "fixtures/hosts/wrong-type"]);
        assert_eq!(run.status, status, "{fail_on}: {}", run.err());
    }
}

#[test]
fn colours_are_asked_for_by_the_environment_too() {
    let coloured = |set: &[(&str, &str)]| {
        let mut command = program(&["audit", "fixtures/hosts/disabled"]);
        command.envs(set.iter().copied());
        crate::common::finish(command).out().contains('\u{1b}')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "0")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

/// A part that was cut short, and one that is whole: what stands in either counts, and each has its own end.
#[test]
fn parts_are_put_together_in_each_report() {
    let (_keep, folder) = scratch();
    let file = |name: &str| folder.join(name).display().to_string();
    let (first, second) = (file("first.jsonl"), file("second.jsonl"));
    for (saved, input, day) in [(&first, "disabled", "1577836800"), (&second, "compliant", "1609459200")] {
        let args = ["audit", "--format", "jsonl", "-o", saved, &format!("fixtures/hosts/{input}")];
        let mut command = program(&args);
        command.env("SOURCE_DATE_EPOCH", day);
        finish(command);
    }
    let text = fs::read_to_string(&first).unwrap();
    let mut lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.pop().unwrap()["record"], "end");
    let input = lines.iter_mut().find(|line| line["record"] == "input").unwrap();
    let said = serde_json::json!({ "severity": "warning", "code": "cross-check-disagrees", "message": "m" });
    input["diagnostics"].as_array_mut().unwrap().push(said);
    fs::write(&first, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();

    let page = rendered(&["report", "--format", "html", &first, &second]);
    for (started, ended) in [("2020-01-01", "an end that is not on record"), ("2021-01-01", "2021-01-01")] {
        let run = format!("{started}T00:00:00Z to {ended}");
        assert!(page.contains(&run), "{run}");
    }
    let summary = run(&["report", "--format", "json", &first, &second]).document()["end"]["summary"].clone();
    assert_eq!((&summary["disagreements"], &summary["hosts"]), (&1.into(), &2.into()));
    let csv = rendered(&["report", "--format", "csv", &first, &second]);
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let log: Json = serde_json::from_str(&rendered(&["report", "--format", "sarif", &first, &second])).unwrap();
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

/// What decides must stand in a saved run: what is missing there is not taken for a pass or for advice.
#[test]
fn a_record_without_what_decides_is_not_taken() {
    let (_keep, folder) = scratch();
    let saved = folder.join("run.jsonl").display().to_string();
    run(&["audit", "--format", "jsonl", "-o", &saved, "fixtures/hosts/compliant"]);
    let text = fs::read_to_string(&saved).unwrap();
    for (member, said) in [
        ("\"verdict\":\"compliant\",", "missing field `verdict`"),
        ("\"required\":true,", "missing field `required`"),
        ("\"outcome\":\"pass\",", "missing field `outcome`"),
    ] {
        assert!(text.contains(member), "{member}");
        let lines = text.lines().map(|line| match line.contains("\"record\":\"host\"") {
            true => format!("{}\n", line.replacen(member, "", 1)),
            false => format!("{line}\n"),
        });
        fs::write(&saved, lines.collect::<String>()).unwrap();
        let run = run(&["report", &saved]);
        assert_eq!(run.status, 3, "{}", run.out());
        assert!(run.err().contains(said) && run.err().contains("AADC"), "{}", run.err());
    }
}

/// What an import would make of a machine is not what it is: each report says so.
#[test]
fn a_report_of_what_would_be_says_so() {
    let (_keep, folder) = scratch();
    let file = |name: &str| folder.join(name).display().to_string();
    let (fix, saved) = (file("fix.reg"), file("run.jsonl"));
    run(&["generate", "fix", "--for", "fixtures/hosts/wrong-type", "-o", &fix]);
    let args = ["fixtures/hosts/wrong-type", "--overlay", &fix];
    run(&[&["audit", "--format", "jsonl", "-o", &saved], &args[..]].concat());
    for format in report_names().into_iter().chain(["text"]) {
        let live = rendered(&[&["audit", "--format", format], &args[..]].concat());
        let later = rendered(&["report", "--format", format, &saved]);
        for said in [live, later] {
            // A table has a column for it.
            let what_if = if format.starts_with("csv") { "fix.reg\"\r\n" } else { "fix.reg" };
            let first: String =
                if format == "sarif" { said } else { said.lines().take(200).collect::<Vec<_>>().join("\r\n") + "\r\n" };
            assert!(first.contains(what_if), "{format}: {first}");
            assert!(format.starts_with("csv") || format == "text" || first.contains("What if"), "{format}: {first}");
        }
    }
    assert!(rendered(&["report", &saved]).starts_with("What if "));
}

/// A machine that was asked for and is not there is in each report, and in the saved run.
#[test]
fn a_machine_that_is_not_there_has_a_record() {
    let (_keep, folder) = scratch();
    let saved = folder.join("run.jsonl").display().to_string();
    let args = ["fixtures/hosts/compliant", "--host", "AADC*", "--host", "NOPE"];
    let run = |args: &[&str]| crate::common::run(args);
    assert_eq!(run(&[&["audit", "--format", "jsonl", "-o", &saved], &args[..]].concat()).status, 2);
    for format in report_names() {
        let live = run(&[&["audit", "--format", format], &args[..]].concat());
        let later = run(&["report", "--format", format, &saved]);
        for done in [live, later] {
            assert!(done.status == 2 && done.out().contains("no machine is called so"), "{format}: {}", done.out());
        }
    }
    let diff = run(&["diff", &saved, &saved]);
    assert_eq!(diff.status, 0, "{}", diff.out());
}

#[test]
fn two_reports_never_share_a_file() {
    let (_keep, folder) = scratch();
    let csv = folder.join("s.csv").display().to_string();
    fs::write(&csv, "mine").unwrap();
    let other = folder.join(".").join("s.csv").display().to_string();
    let (first, second) = (format!("csv={csv}"), format!("html={other}"));
    for more in [["--report", &first, "--report", &second], ["--report", &first, "-o", &other]] {
        let done = run(&[&["audit", "fixtures/hosts/compliant", "--force"], &more[..]].concat());
        assert!(done.status == 2 && done.err().contains("two reports of one name"), "{}", done.err());
        assert_eq!(fs::read_to_string(&csv).unwrap(), "mine");
    }
}

/// Policies of one name may have other rules.
#[test]
fn runs_of_other_policies_of_the_same_name_are_told_apart() {
    let (_keep, folder) = scratch();
    let file = |name: &str| folder.join(name).display().to_string();
    let policy = fs::read_to_string("src/policy/builtin/entra-connect-tls12.toml").unwrap();
    fs::write(file("a.toml"), &policy).unwrap();
    fs::write(file("b.toml"), policy.rsplit_once("[[rule]]").unwrap().0).unwrap();
    for name in ["a", "b"] {
        let (policy, saved) = (file(&format!("{name}.toml")), file(&format!("{name}.jsonl")));
        run(&["audit", "fixtures/hosts/compliant", "--policy", &policy, "--format", "jsonl", "-o", &saved]);
    }
    let done = run(&["report", &file("a.jsonl"), &file("b.jsonl")]);
    assert!(done.status == 3 && done.err().contains("different policies"), "{}", done.err());
}
