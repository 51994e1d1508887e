//! The end of a text report: images, what was left out, what was not judged, the sums.

use std::io::{self, Write};

use super::super::escape::escape;
use super::super::past::Past;
use crate::host::{CopySeen, ImageSeen, VolumeSeen};
use crate::run::{End, Fate, InputRecord};

/// Shadow copies of a volume that are named, the newest ones; JSON has them all.
const COPIES: usize = 8;

/// What the end of the report says of an input.
#[derive(Debug)]
pub(in crate::output) struct Closing {
    images: Vec<String>,
    /// Shadow copies, of each volume.
    shadows: Vec<String>,
    /// Where copies from earlier days are, and how many.
    past: Option<(String, u64)>,
    /// What was not judged, and whether a machine may have gone unjudged for it.
    unjudged: Option<(String, bool)>,
}

/// Of all inputs.
#[derive(Debug, Default)]
pub(in crate::output) struct Closings {
    images: Vec<String>,
    shadows: Vec<String>,
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
    let shadows = record.images.iter().flat_map(shadow_lines).collect();
    Closing { images: record.images.iter().map(image_line).collect(), shadows, past, unjudged }
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
        self.shadows.extend(closing.shadows);
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
        for copies in &self.shadows {
            writeln!(out, "{}", escape(copies))?;
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

/// The shadow copies of each volume of an image: `dc01.vhdx: GPT 3: shadow copies: 1 of 2025-01-10T00:00:00Z`.
fn shadow_lines(image: &ImageSeen) -> impl Iterator<Item = String> + use<'_> {
    let line = |volume: &VolumeSeen| {
        let copies = &volume.shadow_copies;
        let copy = |copy: &CopySeen| {
            let state = match (copy.read, &copy.not_read) {
                (true, _) => " (read)",
                (false, Some(_)) => " (cannot be read)",
                (false, None) => "",
            };
            format!("{} of {}{state}", copy.as_of.copy, copy.as_of.created.rfc3339(0))
        };
        let first: Vec<String> = copies.iter().rev().take(COPIES).map(copy).collect();
        let more = match copies.len().saturating_sub(COPIES) {
            0 => String::new(),
            more => format!(" and {more} older ones"),
        };
        let unread = copies.iter().any(|copy| !copy.read && copy.not_read.is_none());
        let next = if unread { "; --shadow-copies latest, all or a number reads them" } else { "" };
        format!("{}: {}: shadow copies: {}{more}{next}", image.name, volume.name, first.join(", "))
    };
    image.volumes.iter().filter(|volume| !volume.shadow_copies.is_empty()).map(line)
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
