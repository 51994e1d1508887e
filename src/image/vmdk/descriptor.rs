//! The descriptor: the text that says which files a disk consists of. VMware, "Virtual Disk Format 5.0", section "The
//! Descriptor File".

use encoding_rs::{Encoding, UTF_8};

use crate::error::{At, Error};
use crate::limits::Limits;
use crate::number::wide;

const SIGNATURE: &str = "# disk descriptorfile";

/// The content identifier that no parent has.
pub(super) const NO_PARENT: u32 = 0xffff_ffff;

/// What a descriptor says.
#[derive(Debug)]
pub(super) struct Descriptor {
    /// Changes with the content of the disk.
    pub(super) cid: Option<u32>,
    /// The CID that the parent had when this disk was laid over it.
    pub(super) parent: Option<Parent>,
    /// `monolithicSparse` and the like.
    pub(super) create_type: String,
    pub(super) extents: Vec<Extent>,
}

/// The disk below, as this one calls it.
#[derive(Debug)]
pub(super) struct Parent {
    pub(super) cid: u32,
    pub(super) name: String,
}

/// One piece of the disk; they follow each other.
#[derive(Debug)]
pub(super) struct Extent {
    pub(super) readable: bool,
    pub(super) sectors: u64,
    pub(super) kind: Kind,
    /// Empty where the kind needs no file.
    pub(super) name: String,
    /// The sector of the file at which a flat extent starts.
    pub(super) offset: u64,
    /// The line of the descriptor.
    pub(super) line: u64,
}

/// How an extent keeps its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flat,
    Sparse,
    /// Sparse as on ESX hosts.
    Cowd,
    Zero,
}

/// Whether a file that starts with `head` is a descriptor: its first lines are comments, and one of them says so.
pub(super) fn is_descriptor(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.find(|line| !line.is_empty() && (!line.starts_with('#') || is_signature(line))).is_some_and(is_signature)
}

fn is_signature(line: &str) -> bool {
    line.get(..SIGNATURE.len()).is_some_and(|start| start.eq_ignore_ascii_case(SIGNATURE))
}

impl Descriptor {
    /// Reads a descriptor. It ends at the first zero byte: embedded ones are padded.
    pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let text = decode(bytes.split(|&byte| byte == 0).next().unwrap_or_default())?;
        let mut found = Lines::default();
        for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1u64..) {
            found.line(line.trim(), number, limits)?;
        }
        found.finish()
    }
}

/// The text by its own `encoding`, which is written in ASCII; UTF-8 where it names none.
fn decode(bytes: &[u8]) -> Result<String, Error> {
    let label = bytes.split(|&byte| byte == b'\n').find_map(|line| {
        let (key, value) = std::str::from_utf8(line.trim_ascii()).ok()?.split_once('=')?;
        key.trim().eq_ignore_ascii_case("encoding").then(|| unquoted(value).to_owned())
    });
    let encoding = match &label {
        Some(label) => Encoding::for_label(label.as_bytes()),
        None => Some(UTF_8),
    };
    // All of them write ASCII alike, so that the name does not matter for a text of ASCII.
    let encoding = encoding.or_else(|| bytes.is_ascii().then_some(UTF_8));
    let name = label.unwrap_or_else(|| "UTF-8".to_owned());
    let Some(encoding) = encoding else {
        let short: String = name.chars().take(40).collect();
        return Err(Error::unsupported(
            At::Whole,
            format!("a descriptor in the encoding \"{short}\", which is not known"),
        ));
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    let found = "bytes that are not";
    Ok(text.ok_or_else(|| Error::damaged(At::Whole, "VMDK descriptor", encoding.name(), found))?.into_owned())
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

#[derive(Default)]
struct Lines {
    cid: Option<u32>,
    parent_cid: Option<u32>,
    hint: Option<String>,
    create_type: Option<String>,
    extents: Vec<Extent>,
}

fn set<T>(slot: &mut Option<T>, value: T, line: u64, what: &'static str) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::damaged(At::Line(line), what, "one", "a second one")),
    }
}

impl Lines {
    fn line(&mut self, line: &str, number: u64, limits: &Limits) -> Result<(), Error> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        let access = ["RW", "RDONLY", "NOACCESS"].iter().any(|known| word.eq_ignore_ascii_case(known));
        if access {
            if self.extents.len() >= limits.vmdk_extents {
                let limit = wide(limits.vmdk_extents);
                return Err(Error::Limit { at: At::Line(number), what: "extents", limit });
            }
            self.extents.push(extent(line, number)?);
            return Ok(());
        }
        let Some((key, value)) = line.split_once('=') else {
            let short: String = line.chars().take(80).collect();
            let expected = "an extent or a key with its value";
            return Err(Error::damaged(At::Line(number), "VMDK descriptor", expected, format!("\"{short}\"")));
        };
        let value = unquoted(value);
        match key.trim().to_ascii_lowercase().as_str() {
            "version" => version(value, number),
            "cid" => set(&mut self.cid, hex(value, number)?, number, "CID"),
            "parentcid" => set(&mut self.parent_cid, hex(value, number)?, number, "parentCID"),
            "parentfilenamehint" => set(&mut self.hint, value.to_owned(), number, "parentFileNameHint"),
            "createtype" => set(&mut self.create_type, value.to_owned(), number, "createType"),
            key if key.starts_with("encryption.") => {
                let what = "the disk is encrypted: remove the encryption with VMware's tools first";
                Err(Error::unsupported(At::Line(number), what))
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Descriptor, Error> {
        let parent = match (self.parent_cid.filter(|&cid| cid != NO_PARENT), self.hint) {
            (Some(cid), Some(name)) if !name.is_empty() => Some(Parent { cid, name }),
            (None, None) => None,
            (Some(_), _) => {
                let what = "the disk has a parent (parentCID), but does not name it (parentFileNameHint)";
                return Err(Error::unsupported(At::Whole, what));
            }
            (None, Some(_)) => {
                let (expected, found) = ("the CID of the parent that is named", "none");
                return Err(Error::damaged(At::Whole, "parentCID", expected, found));
            }
        };
        if self.extents.is_empty() {
            return Err(Error::damaged(At::Whole, "VMDK descriptor", "at least one extent", "none"));
        }
        let create_type = self.create_type.unwrap_or_default();
        Ok(Descriptor { cid: self.cid, parent, create_type, extents: self.extents })
    }
}

fn version(value: &str, line: u64) -> Result<(), Error> {
    match value {
        "1" | "2" | "3" => Ok(()),
        _ => {
            let short: String = value.chars().take(20).collect();
            Err(Error::unsupported(At::Line(line), format!("a descriptor of version \"{short}\"; 1 to 3 are read")))
        }
    }
}

fn hex(value: &str, line: u64) -> Result<u32, Error> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = digits.then(|| u32::from_str_radix(value, 16).ok()).flatten();
    number.ok_or_else(|| {
        let short: String = value.chars().take(20).collect();
        Error::damaged(At::Line(line), "content identifier", "at most 8 hexadecimal digits", format!("\"{short}\""))
    })
}

/// `RW 4192256 SPARSE "test-s001.vmdk"`: access, sectors, kind, and for most kinds a name and an offset.
fn extent(text: &str, line: u64) -> Result<Extent, Error> {
    let bad = |expected: &str| {
        let short: String = text.chars().take(80).collect();
        Error::damaged(At::Line(line), "extent", expected, format!("\"{short}\""))
    };
    // The name may have blanks, the words before it and after it have none.
    let (words, rest) = text.split_once('"').map_or((text, None), |(words, rest)| (words, Some(rest)));
    let mut words = words.split_ascii_whitespace();
    let access = words.next().unwrap_or_default();
    let sectors = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| bad("a number of sectors"))?;
    let kind = words.next().ok_or_else(|| bad("a type"))?;
    let kind = match kind.to_ascii_uppercase().as_str() {
        "FLAT" | "VMFS" => Kind::Flat,
        "SPARSE" => Kind::Sparse,
        "VMFSSPARSE" => Kind::Cowd,
        "ZERO" => Kind::Zero,
        "SESPARSE" => return Err(Error::unsupported(At::Line(line), "an extent of type SESPARSE, which is not read")),
        "VMFSRDM" | "VMFSRAW" => return Err(Error::unsupported(At::Line(line), DEVICE)),
        _ => {
            let short: String = kind.chars().take(20).collect();
            return Err(Error::unsupported(
                At::Line(line),
                format!("an extent of type \"{short}\", which is not known"),
            ));
        }
    };
    if words.next().is_some() {
        return Err(bad("a name in quotes after the type"));
    }
    let mut extent = Extent {
        readable: !access.eq_ignore_ascii_case("NOACCESS"),
        sectors,
        kind,
        name: String::new(),
        offset: 0,
        line,
    };
    let Some(rest) = rest else {
        return if kind == Kind::Zero { Ok(extent) } else { Err(bad("the name of a file")) };
    };
    let (name, rest) = rest.split_once('"').ok_or_else(|| bad("a name that ends with a quote"))?;
    if name.is_empty() {
        return Err(bad("the name of a file"));
    }
    if name.contains("://") || name.starts_with("\\\\.\\") {
        return Err(Error::unsupported(At::Line(line), DEVICE));
    }
    name.clone_into(&mut extent.name);
    if let Some(offset) = rest.split_ascii_whitespace().next() {
        extent.offset = offset.parse().map_err(|_| bad("an offset in sectors after the name"))?;
        if extent.offset != 0 && kind != Kind::Flat {
            return Err(bad("no offset, which flat extents alone have"));
        }
    }
    Ok(extent)
}

/// Why an extent that is no file cannot be read.
pub(super) const DEVICE: &str = "a disk that lies on a device, not in files: an image of the device is wanted";
