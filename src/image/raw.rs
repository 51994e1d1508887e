//! Raw images, whole or in numbered pieces: `disk.001`, `disk.002`, … as FTK Imager, dc3dd and others write them.

mod joined;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{Disk, Opener};
use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;
use crate::read_at::ReadAt;

pub(super) use joined::Joined;

/// How many pieces behind a missing one are looked for, to tell a gap from the end.
const BEYOND: u32 = 8;

/// The name of a piece: what comes before the number, the number, and its digits.
struct Piece<'a> {
    stem: &'a str,
    number: u32,
    digits: usize,
}

impl<'a> Piece<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (stem, digits) = name.rsplit_once('.')?;
        let numbered = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| numbered && !stem.is_empty())?;
        Some(Self { stem, number, digits: digits.len() })
    }

    fn name(&self, number: u32) -> String {
        let (stem, digits) = (self.stem, self.digits);
        format!("{stem}.{number:0digits$}")
    }
}

/// Opens `file` as the disk itself, together with the pieces that follow it.
pub(super) fn open(file: &Arc<dyn ReadAt>, opener: &dyn Opener, limits: &Limits) -> Result<Disk, Error> {
    let Some(piece) = Piece::parse(opener.file_name()) else {
        return Ok(Disk { bytes: Arc::clone(file), format: "raw".to_owned(), sector: None, notes: Vec::new() });
    };
    // Numbers start from 0 or from 1.
    let before = if piece.number == 1 { opener.open_if_there(&piece.name(0))?.is_some() } else { piece.number > 1 };
    if before {
        let (this, zero, one) = (piece.name(piece.number), piece.name(0), piece.name(1));
        return Err(Error::unsupported(
            At::Whole,
            format!("{this} is a later piece of a split image: name the first one ({zero} or {one}) instead"),
        ));
    }
    let mut joined = Joined::default();
    joined.push(Arc::clone(file), file.len());
    let mut sizes = vec![file.len()];
    let mut number = piece.number.saturating_add(1);
    while let Some(next) = opener.open_if_there(&piece.name(number))? {
        if sizes.len() >= limits.image_pieces {
            let limit = wide(limits.image_pieces);
            return Err(Error::Limit { at: At::Whole, what: "pieces of a split image", limit });
        }
        sizes.push(next.bytes.len());
        joined.push(Arc::clone(&next.bytes), next.bytes.len());
        number += 1;
    }
    for later in (1..=BEYOND).map(|n| number.saturating_add(n)) {
        if opener.open_if_there(&piece.name(later))?.is_some() {
            let (missing, there) = (piece.name(number), piece.name(later));
            return Err(Error::damaged(At::Whole, "split image", missing, format!("{there}, but not that one")));
        }
    }
    if sizes.len() == 1 {
        return Ok(Disk { bytes: Arc::clone(file), format: "raw".to_owned(), sector: None, notes: Vec::new() });
    }
    let format = format!("split raw, {} files", sizes.len());
    let notes = uneven(&piece, &sizes).into_iter().collect();
    Ok(Disk { bytes: Arc::new(joined), format, sector: None, notes })
}

/// The first piece of another size than its fellows: all have one size but the last, which has what is left.
fn uneven(piece: &Piece<'_>, sizes: &[u64]) -> Option<String> {
    let (&first, rest) = sizes.split_first()?;
    let (&last, between) = rest.split_last()?;
    let numbers = || piece.number.saturating_add(1)..;
    let odd = numbers().zip(between).find(|(_, size)| **size != first).map(|(number, &size)| (number, size));
    let odd = odd.or_else(|| numbers().zip(rest).last().map(|(number, _)| (number, last)).filter(|_| last > first));
    let (name, first_name) = (piece.name(odd?.0), piece.name(piece.number));
    let size = odd?.1;
    Some(format!("{name} has {size} bytes, {first_name} {first}: pieces but the last should be of one size"))
}
