//! Snapshots under `tests/snapshots`: accepted with `INSTA_UPDATE=always cargo test --test cli`, or with cargo-insta.

use crate::common::{Run, root, run};

/// Runs the program and holds everything that it says against the snapshot of this name.
pub(crate) fn assert_run(name: &str, args: &[&str]) -> Run {
    let run = run(args);
    assert_text(name, &shown(args, &run));
    run
}

/// A run as text: the command line, the status, and both streams.
pub(crate) fn shown(args: &[&str], run: &Run) -> String {
    let mut text = format!("$ tlshive {}\nstatus: {}\n", args.join(" "), run.status);
    for (stream, said) in [("stdout", run.out()), ("stderr", run.err())] {
        if !said.is_empty() {
            text.push_str(&format!("--- {stream}\n{}", timeless(&placeless(&versionless(&said)))));
        }
    }
    // Escape sequences of colours would colour the review.
    text.replace('\u{1b}', "<ESC>")
}

pub(crate) fn assert_text(name: &str, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The program's version, wherever it says it, as `[version]`; versions of other things stay.
pub(crate) fn versionless(text: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let told = [
        ("tlshive ", ""),
        ("\"name\":\"tlshive\",\"version\":\"", "\""),
        ("\"name\": \"tlshive\",\n      \"version\": \"", "\""),
    ];
    told.iter().fold(text.to_owned(), |text, (before, after)| {
        text.replace(&format!("{before}{version}{after}"), &format!("{before}[version]{after}"))
    })
}

/// The folder of the checkout as `[folder]`.
fn placeless(text: &str) -> String {
    text.replace(&root().display().to_string(), "[folder]")
}

/// File times, which are those of the checkout, as `[time]`.
fn timeless(text: &str) -> String {
    let mut parts = text.split("\"modified\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let rest = part.trim_start().trim_start_matches('"').split_once('"').map_or("", |(_, rest)| rest);
        format!("{shown}\"modified\": \"[time]\"{rest}")
    })
}
