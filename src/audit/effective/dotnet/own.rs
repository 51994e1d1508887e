//! The programs of Entra Connect: whether settings that are made for them alone leave TLS 1.2 to them.
//!
//! Source: the .NET Framework 4.8 reference source, `ServicePointManager.Configuration.cs`. `SystemDefaultTlsVersions` of a
//! program can only turn the choice of Windows off for it. `SecurityProtocol` counts where strong cryptography or the choice of
//! Windows is on: names as .NET has them, capitals included, or one number; anything else is ignored, and a number with other
//! bits leaves SSL 3.0 and TLS 1.0.

use super::overrides::{Override, SECURITY_PROTOCOL};
use super::{Answer, FIRST_WITH_TLS13, Offer, Settings, Target, View, left, reaches};
use crate::audit::effective::Availability;
use crate::windows::value::ValueType;

/// Names and bits of `SecurityProtocolType`.
const NAMES: [(&str, u32); 6] =
    [("SystemDefault", 0), ("Ssl3", 0x30), ("Tls", 0xC0), ("Tls11", 0x300), ("Tls12", TLS12), ("Tls13", TLS13)];
const TLS12: u32 = 0xC00;
const TLS13: u32 = 0x3000;

/// What a text pins a program to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pinned {
    /// To these protocols; to none means what Windows chooses.
    Bits(u32),
    /// .NET ignores the text.
    Ignored,
    /// It cannot be told.
    Unknown,
}

/// Whether TLS 1.2 is left, and why; none where no setting is made for a program of Entra Connect.
pub(super) fn judge(
    overrides: &[Override],
    settings: &Settings<'_>,
    client: Availability,
    release: Option<u32>,
) -> Option<(Answer, String)> {
    // They are 64-bit programs, and programs of .NET 4.
    let own = |o: &&Override| o.entra_connect && o.runtime == super::V4 && o.view != View::Bits32;
    let mut programs: Vec<&str> = overrides.iter().filter(own).map(|o| o.program.as_str()).collect();
    programs.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    let of = |program: &str| {
        let mine: Vec<&Override> =
            overrides.iter().filter(own).filter(|o| o.program.eq_ignore_ascii_case(program)).collect();
        let said: Vec<String> = mine.iter().map(|o| format!("{} = {}", o.setting, o.data)).collect();
        let answer = answer(&mine, settings, client, release);
        let what = match answer {
            Answer::Yes => "TLS 1.2 is left to it",
            Answer::No => "TLS 1.2 is not left to it",
            Answer::Unknown => "whether TLS 1.2 is left to it is not known",
        };
        (answer, format!("{program} has {} of its own: {what}", said.join(", ")))
    };
    let all: Vec<(Answer, String)> = programs.into_iter().map(of).collect();
    let worst = [Answer::No, Answer::Unknown, Answer::Yes];
    worst.into_iter().find_map(|answer| all.iter().find(|(own, _)| *own == answer).cloned())
}

fn answer(mine: &[&Override], settings: &Settings<'_>, client: Availability, release: Option<u32>) -> Answer {
    let pinned = mine.iter().find(|o| o.setting == SECURITY_PROTOCOL).map_or(Pinned::Ignored, |o| pinned(o, release));
    let keeps = mine.iter().find(|o| o.setting != SECURITY_PROTOCOL).map_or(vec![true], |o| keeps(o));
    // What they were built for is not known, but for 4.6 at least.
    let bases = [Target::From46, Target::From47].into_iter().flat_map(|target| settings.meanings(target));
    let mut answers = bases.flat_map(|(system, strong)| keeps.iter().map(move |keeps| (system && *keeps, strong))).map(
        |(system, strong)| match pinned {
            Pinned::Bits(0) if system || strong => reaches(Offer::Os, client),
            Pinned::Bits(bits) if system || strong => by_name(bits, client),
            Pinned::Unknown if system || strong => Answer::Unknown,
            _ => reaches(left::offer(system, strong), client),
        },
    );
    let first = answers.next().unwrap_or(Answer::Unknown);
    if answers.all(|answer| answer == first) { first } else { Answer::Unknown }
}

/// Protocols that are named, against what Schannel gives to those that name TLS 1.2.
fn by_name(bits: u32, client: Availability) -> Answer {
    match (bits & TLS12 != 0, bits & TLS13 != 0) {
        (true, _) => reaches(Offer::Tls10To12, client),
        // Endpoints of Entra ID are getting TLS 1.3.
        (false, true) => Answer::Unknown,
        (false, false) => Answer::No,
    }
}

/// Whether a program keeps the choice of Windows.
fn keeps(setting: &Override) -> Vec<bool> {
    match setting.value.as_dword() {
        Some(n) => vec![n == 1],
        None if setting.value.kind == ValueType::DWORD => vec![true, false],
        None => vec![true],
    }
}

fn pinned(setting: &Override, release: Option<u32>) -> Pinned {
    if setting.value.kind != ValueType::SZ {
        return Pinned::Ignored;
    }
    let Some(text) = setting.value.as_text() else { return Pinned::Unknown };
    let text = text.trim();
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') {
        let Ok(number) = text.parse::<i32>() else { return Pinned::Ignored };
        let bits = number.cast_unsigned();
        let known = NAMES.iter().fold(0, |all, (_, bits)| all | bits);
        // .NET refuses other bits, and takes SSL 3.0 and TLS 1.0 instead.
        return Pinned::Bits(if bits & !known == 0 { bits } else { 0xF0 });
    }
    let mut bits = 0;
    for name in text.split(',').map(str::trim) {
        match NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, TLS13)) if release.is_none() => return Pinned::Unknown,
            Some((_, TLS13)) if release.is_some_and(|release| release < FIRST_WITH_TLS13) => return Pinned::Ignored,
            Some((_, bit)) => bits |= bit,
            None => return Pinned::Ignored,
        }
    }
    Pinned::Bits(bits)
}
