//! The end of a text report: images, what was left out, what was not judged, the sums.

use std::io::{self, Write};

use super::super::escape::escape;
use super::super::past::Past;
use crate::host::{ImageSeen, VolumeSeen};
use crate::run::{End, Fate, InputRecord};

/// What the end of the report says of an input.
#[derive(Debug)]
pub(in crate::output) struct Closing {
    images: Vec<String>,
    /// Where copies from earlier days are, and how many.
    past: Option<(String, u64)>,
    /// What was not judged, and whether a machine may have gone unjudged for it.
    unjudged: Option<(String, bool)>,
}

/// Of all inputs.
#[derive(Debug, Default)]
pub(in crate::output) struct Closings {
    images: Vec<String>,
    past: Past,
    unjudged: Vec<String>,
    others: Vec<String>,
    other_count: usize,
}

/// Files that are named which nobody takes for a machine's; JSON has them all.
const OTHERS: usize = 10;

/// What the end of the report says of an input.
pub(in crate::output) fn closing(record: &InputRecord) -> Closing {
    let entry = &record.entry;
    let past = (entry.fate == Fate::Past).then(|| (entry.name.to_string(), entry.files));
    let unjudged = entry.is_unjudged().then(|| {
        let reason = entry.reason.as_ref();
        let why = reason.map_or("", |reason| reason.why.as_str());
        let next = reason.and_then(|reason| reason.next).unwrap_or_default();
        (unjudged(&entry.name, &entry.kind, why, next), entry.counts)
    });
    Closing { images: record.images.iter().map(image_line).collect(), past, unjudged }
}

/// A file that was not judged: what it is, why, and what to do.
fn unjudged(path: &str, kind: &str, why: &str, next: &str) -> String {
    let kind = if why.starts_with(kind) { "" } else { kind };
    let told: Vec<&str> = [path, kind, why].into_iter().filter(|part| !part.is_empty()).collect();
    let next = if next.is_empty() { String::new() } else { format!("; {next}") };
    format!("{}{next}", told.join(": "))
}

impl Closings {
    pub(in crate::output) fn add(&mut self, closing: Closing) {
        self.images.extend(closing.images);
        if let Some((place, files)) = closing.past {
            self.past.add(place, files);
        }
        if let Some((line, counts)) = closing.unjudged {
            self.add_line(line, counts);
        }
    }

    /// What was not judged.
    fn add_line(&mut self, line: String, counts: bool) {
        if counts {
            self.unjudged.push(line);
            return;
        }
        self.other_count += 1;
        if self.others.len() < OTHERS {
            self.others.push(line);
        }
    }

    pub(in crate::output) fn write(&self, end: &End, policy: &str, out: &mut dyn Write) -> io::Result<()> {
        for image in &self.images {
            writeln!(out, "{}", escape(image))?;
        }
        if let Some(line) = self.past.line() {
            writeln!(out, "{}; --include-backups reads them", escape(&line))?;
        }
        let count = self.unjudged.len() + self.other_count;
        if count > 0 {
            writeln!(out, "Not judged ({count}):")?;
        }
        for line in self.unjudged.iter().chain(&self.others) {
            writeln!(out, "  {}", escape(line))?;
        }
        let more = self.other_count - self.others.len();
        if more > 0 {
            writeln!(out, "  and {more} more that cannot be told (--format json names them)")?;
        }
        writeln!(out, "{}", summary(end, policy))
    }
}

fn summary(end: &End, policy: &str) -> String {
    let counts = &end.counts;
    let mut line = format!(
        "{} {}: {} compliant, {} not compliant, {} unknown · policy {}",
        counts.hosts,
        if counts.hosts == 1 { "host" } else { "hosts" },
        counts.compliant,
        counts.not_compliant,
        counts.unknown,
        escape(policy),
    );
    for (count, what) in [
        (counts.waived, "waived"),
        (counts.disagreements, "values read differently by the second reader"),
        (counts.unreadable, "unreadable"),
        (counts.missing, "not there"),
    ] {
        if count > 0 {
            line.push_str(&format!(" · {count} {what}"));
        }
    }
    line
}

/// What was seen of a disk image: `dc01.vhdx: VHDX, dynamic; GPT 1 FAT32, GPT 3 NTFS "System" with Windows`.
fn image_line(image: &ImageSeen) -> String {
    let volume = |volume: &VolumeSeen| {
        let mut text = format!("{} {}", volume.name, volume.content);
        if !volume.installations.is_empty() {
            text.push_str(&format!(" with {}", volume.installations.join(", ")));
        }
        if volume.not_read.is_some() {
            text.push_str(" (not read)");
        }
        text
    };
    let volumes: Vec<String> = image.volumes.iter().map(volume).collect();
    let volumes = if volumes.is_empty() { "no volumes".to_owned() } else { volumes.join(" · ") };
    format!("{}: {}: {volumes}", image.name, image.format)
}
