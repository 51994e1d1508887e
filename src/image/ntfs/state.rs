//! What a volume says of itself: its label, its version, and whether it was left in order.
//!
//! Layout: libyal, "New Technologies File System (NTFS)", sections "The volume name attribute", "The volume information
//! attribute"; Linux-NTFS, "$LogFile".

use super::mft::Mft;
use super::record::{DATA, VOLUME_INFORMATION, VOLUME_NAME, fix_up};
use crate::error::{At, Error};
use crate::fields::Fields;

const LOG_FILE: u64 = 2;
const VOLUME: u64 = 3;
/// A label has at most 32 characters; some more do no harm.
const LABEL: usize = 256;
/// Flag of `$VOLUME_INFORMATION`.
const DIRTY: u16 = 1;
/// No client of the log: nobody has it open.
const NOBODY: u16 = 0xffff;
/// Flag of a restart area.
const CLEAN: u16 = 2;
/// Restart pages of 64 KiB and more have not been seen.
const PAGE: u32 = 64 << 10;

/// Reads the label, and notes what there is to know.
///
/// # Errors
/// When the volume is of a version that is not read.
pub(super) fn read(mft: &Mft) -> Result<Option<String>, Error> {
    let label = match volume(mft) {
        Ok(Said { label, version, flags }) => {
            let (major, minor) = version;
            if major == 0 || major > 3 {
                let at = At::Offset(mft.place(VOLUME));
                return Err(Error::unsupported(at, format!("NTFS version {major}.{minor} (up to 3.1 is read)")));
            }
            if version > (3, 1) {
                mft.volume.note(format!("NTFS version {major}.{minor} is read as if it were 3.1"));
            }
            if flags & DIRTY != 0 {
                mft.volume.note("the volume is marked dirty: Windows would check it".into());
            }
            label
        }
        Err(error) => {
            mft.volume.note(format!("what the volume says of itself cannot be read ({error})"));
            None
        }
    };
    match clean(mft) {
        Ok(true) => {}
        Ok(false) => mft.volume.note(
            "the volume was not unmounted cleanly: its newest metadata may stand in $LogFile, which is not replayed"
                .into(),
        ),
        Err(error) => mft.volume.note(format!(
            "$LogFile cannot be read ({error}): whether the volume's newest metadata stands there is not known"
        )),
    }
    Ok(label)
}

/// What `$Volume` says.
struct Said {
    label: Option<String>,
    version: (u8, u8),
    flags: u16,
}

fn volume(mft: &Mft) -> Result<Said, Error> {
    const WHAT: &str = "$VOLUME_INFORMATION";
    let file = mft.listed(mft.record(VOLUME)?)?;
    let Some(information) = mft.stream(&file, VOLUME_INFORMATION, &[])? else {
        return Err(Error::damaged(At::Offset(file.record.at), WHAT, "one in $Volume", "none"));
    };
    let bytes = information.whole(&mft.volume, LABEL, WHAT)?;
    let f = Fields::new(&bytes, information.at);
    let label = mft.stream(&file, VOLUME_NAME, &[])?.filter(|label| label.size > 0);
    let label = label.map(|label| label.whole(&mft.volume, LABEL, "$VOLUME_NAME")).transpose()?;
    let text = |label: Vec<u8>| {
        let units: Vec<u16> = label.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        String::from_utf16_lossy(&units)
    };
    let version = (f.u8(8, WHAT)?, f.u8(9, WHAT)?);
    Ok(Said { label: label.map(text), version, flags: f.u16(10, WHAT)? })
}

/// Whether nothing is left in the log: by the newer of its two restart pages, the log has no clients or is marked
/// clean.
fn clean(mft: &Mft) -> Result<bool, Error> {
    const WHAT: &str = "restart page of $LogFile";
    let file = mft.listed(mft.record(LOG_FILE)?)?;
    let Some(log) = mft.stream(&file, DATA, &[])? else {
        return Err(Error::damaged(At::Offset(file.record.at), "$LogFile", "data", "none"));
    };
    let mut head = [0u8; 0x20];
    log.table(&mft.volume, 0, &mut head, WHAT)?;
    if head == [0xff; 0x20] {
        return Ok(true); // as it is formatted and as other systems leave it: emptied
    }
    let at = log.place(&mft.volume, 0);
    let f = Fields::new(&head, at);
    let size = f.u32(0x10, WHAT)?;
    if !size.is_power_of_two() || !(512..=PAGE).contains(&size) {
        return Err(Error::damaged(At::Offset(at), WHAT, "a page size up to 64 KiB", size.to_string()));
    }
    let mut newest: Option<(u64, bool)> = None;
    let mut failed = None;
    for offset in [0, u64::from(size)] {
        match restart(mft, &log, offset, size) {
            Ok(found) => newest = newest.max(Some(found)),
            Err(error) => failed = Some(error),
        }
    }
    match (newest, failed) {
        (Some((_, clean)), _) => Ok(clean),
        (None, Some(error)) => Err(error),
        (None, None) => Ok(false),
    }
}

/// The log sequence number of a restart page, and whether the log is in order by it.
fn restart(mft: &Mft, log: &super::stream::Stream, offset: u64, size: u32) -> Result<(u64, bool), Error> {
    const WHAT: &str = "restart page of $LogFile";
    let mut page = vec![0; usize::try_from(size).unwrap_or_default()];
    log.table(&mft.volume, offset, &mut page, WHAT)?;
    let at = log.place(&mft.volume, offset);
    let signature = page.first_chunk::<4>().copied().unwrap_or_default();
    if !matches!(&signature, b"RSTR" | b"CHKD") {
        let found = format!("\"{}\"", signature.escape_ascii());
        return Err(Error::damaged(At::Offset(at), WHAT, "\"RSTR\"", found));
    }
    fix_up(&mut page, at, WHAT)?;
    let area = usize::from(Fields::new(&page, at).u16(0x18, WHAT)?);
    let f = Fields::new(page.get(area..).unwrap_or_default(), at);
    let in_order = f.u16(0xc, WHAT)? == NOBODY || f.u16(0xe, WHAT)? & CLEAN != 0;
    Ok((f.u64(0, WHAT)?, in_order))
}
