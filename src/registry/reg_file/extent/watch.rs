//! The trees of a file, line by line. What is remembered is one path and, of each key on it, what stands right below: a line
//! that settles the matter frees it.

use super::always::{self, Known};
use super::exact::{Exact, is_empty};
use super::names::{folded, hash, is_below, twice};
use super::{By, Doubt, Extent, Proof, Tree};
use crate::registry::reg_file::hex::End;
use crate::registry::reg_file::interest::Start;
use crate::registry::reg_file::lex::{BACKSLASH, Data, Dialect, Quoted};
use crate::registry::reg_file::roots::{self, Located};
use crate::windows::roots::is;

/// Trees of one file that are told apart. regedit's export of everything has five or six, and people put together a handful
/// of exports.
const TREES: usize = 64;
/// Keys and values that every Windows has, from which on the encoding does not matter.
const ENOUGH: usize = 3;
/// Keys along one path, and units in the name of one (Microsoft, "Registry Element Size Limits").
const DEPTH: usize = 512;
const NAME_UNITS: usize = 255;
/// Units of all paths that are remembered of what is no tree: 2 MiB. Real ones have a few hundred.
const TOP_UNITS: usize = 1 << 20;
/// Units of a tree's first key that are shown.
const SHOWN_UNITS: usize = 1000;

/// A line that opens or deletes a key.
pub(in super::super) struct KeyLine<'a> {
    pub(in super::super) number: u64,
    /// Units on the line.
    pub(in super::super) units: usize,
    pub(in super::super) path: &'a [u16],
    pub(in super::super) delete: bool,
    pub(in super::super) located: &'a Located<'a>,
}

/// What is known of a file so far.
#[derive(Debug)]
pub(in super::super) struct Watch {
    trees: Vec<Branch>,
    /// More trees than are told apart: the line.
    overflow: Option<u64>,
    /// Names that are remembered at a time.
    budget: usize,
    /// Whether the encoding is regedit's.
    encoded: bool,
    /// What is left of [`TOP_UNITS`].
    top_units: usize,
    view_32: Option<u64>,
}

/// One tree, or what turned out not to be one.
#[derive(Debug)]
struct Branch {
    /// The line of the header or the root that starts it.
    start: u64,
    /// The line of the first key.
    line: u64,
    key: String,
    doubt: Option<Doubt>,
    exact: Exact,
    /// Upcased paths below which all its keys lie, joined by backslashes. One, unless there is a doubt.
    tops: Vec<Vec<u16>>,
    /// The upcased path of the last key, and the keys on it from the first one down.
    path: Vec<u16>,
    levels: Vec<Level>,
    /// Hashes of the names of the last key's values.
    values: Vec<u64>,
    keys: u64,
    /// Whether a key has a value.
    valued: bool,
    witnesses: usize,
    left: usize,
}

/// A key on the path.
#[derive(Debug)]
struct Level {
    /// Where its name ends in the path.
    end: usize,
    line: u64,
    known: Option<Known>,
    /// A hive that is mounted: what it is shows in the key below.
    mount: bool,
    /// Which of the keys and values that are always there are listed.
    seen: u32,
    /// Hashes of the names of the keys right below.
    children: Vec<u64>,
    /// How often these go back in the alphabet.
    descents: u8,
}

impl Watch {
    /// At the first header. `encoded` says whether the encoding, and the header itself, are regedit's.
    pub(in super::super) fn new(budget: usize, encoded: bool) -> Self {
        Self {
            trees: vec![Branch::new(1, Exact::behind_header(encoded), budget)],
            overflow: None,
            budget,
            encoded,
            top_units: TOP_UNITS,
            view_32: None,
        }
    }

    fn last(&mut self) -> Option<&mut Branch> {
        self.trees.last_mut()
    }

    /// A header on a line of its own.
    pub(in super::super) fn header(&mut self, line: u64) {
        self.next(line, Exact::behind_header(self.encoded));
    }

    fn next(&mut self, line: u64, exact: Exact) {
        if self.overflow.is_some() {
            return;
        }
        if self.trees.len() >= TREES {
            self.overflow = Some(line);
            return;
        }
        let budget = self.budget;
        if let Some(last) = self.last() {
            last.close(line);
        }
        self.trees.push(Branch::new(line, exact, budget));
    }

    /// A line with nothing on it, or a comment.
    pub(in super::super) fn empty(&mut self, units: &[u16], line: u64) {
        let Some(last) = self.last().filter(|last| last.doubt.is_none()) else { return };
        if is_empty(units) {
            last.exact.blank(units, line);
        } else {
            last.refute(Doubt::Comment(line));
        }
    }

    /// A line that is lost, or a part of it.
    pub(in super::super) fn skipped(&mut self, line: u64) {
        if let Some(last) = self.last() {
            last.refute(Doubt::Skipped(line));
        }
    }

    pub(in super::super) fn key(&mut self, key: &KeyLine<'_>) {
        let bare = !key.delete && roots::names(key.path).nth(1).is_none() && key.located.mount.is_empty();
        if bare && self.last().is_some_and(|last| last.keys > 0) {
            // regedit's export of everything goes on with the next root.
            self.next(key.number, Exact::behind_empty_line(self.encoded));
        }
        let Self { trees, top_units, .. } = self;
        if let Some(last) = trees.last_mut() {
            last.key(key, top_units);
        }
    }

    /// Whether values are worth a call.
    pub(in super::super) fn wants_values(&self) -> bool {
        self.trees.last().is_some_and(|last| last.doubt.is_none())
    }

    pub(in super::super) fn value(
        &mut self,
        units: &[u16],
        name: &Quoted<'_>,
        data: &Data<'_>,
        dialect: Dialect,
        line: u64,
    ) {
        let Some(last) = self.trees.last_mut() else { return };
        last.value(units, name, data, dialect, line);
        if last.doubt == Some(Doubt::View(line)) {
            self.view_32 = Some(line);
        }
        if last.keys == 0 {
            // It goes to a key of the tree before.
            self.trees.iter_mut().for_each(|tree| tree.refute(Doubt::Skipped(line)));
        }
    }

    /// The first line by which the view of 32-bit programs was exported, or a 32-bit Windows.
    pub(in super::super) fn view_32(&self) -> Option<u64> {
        self.view_32
    }

    /// A line of hex data.
    pub(in super::super) fn data(&mut self, units: &[u16], bytes: usize, end: End, line: u64) {
        if let Some(last) = self.last().filter(|last| last.worth_exactness()) {
            last.exact.data(units, bytes, end, line);
        }
    }

    /// What the file speaks of, now that its last line is read. `regular` says whether its line ends are regedit's.
    pub(in super::super) fn end(mut self, line: u64, regular: bool, stopped: bool) -> Extent {
        let after = line.saturating_add(1);
        if let Some(last) = self.last() {
            last.close(after);
        }
        self.refute_overlaps();
        let mut branches = self.trees.into_iter().filter(|branch| branch.keys > 0).peekable();
        let mut trees = Vec::new();
        while let Some(branch) = branches.next() {
            let end = branches.peek().map_or(u64::MAX, |next| next.start);
            let export = match (self.overflow, stopped) {
                (_, true) => Err(Doubt::Stopped),
                (Some(line), _) => Err(Doubt::TooMany(line)),
                _ => branch.judge(regular),
            };
            trees.push(Tree { line: branch.line, key: branch.key, export, end });
        }
        Extent { trees, by: By::File }
    }

    /// What two trees share was changed between them, or is of two machines.
    fn refute_overlaps(&mut self) {
        let shared = |one: &Branch, other: &Branch| {
            one.tops.iter().any(|a| other.tops.iter().any(|b| is_below(a, b) || is_below(b, a)))
        };
        let found: Vec<(usize, u64)> = (self.trees.iter().enumerate())
            .filter(|(_, one)| one.doubt.is_none())
            .filter_map(|(at, one)| {
                let mut others = self.trees.iter().enumerate().filter(|(other, _)| *other != at);
                others.find(|(_, other)| shared(one, other)).map(|(_, other)| (at, other.line))
            })
            .collect();
        for (at, line) in found {
            if let Some(branch) = self.trees.get_mut(at) {
                branch.refute(Doubt::Overlap(line));
            }
        }
    }
}

impl Branch {
    fn new(start: u64, exact: Exact, budget: usize) -> Self {
        Self {
            start,
            line: start,
            key: String::new(),
            doubt: None,
            exact,
            tops: Vec::new(),
            path: Vec::new(),
            levels: Vec::new(),
            values: Vec::new(),
            keys: 0,
            valued: false,
            witnesses: 0,
            left: budget,
        }
    }

    /// What comes now cannot make an export of it any more.
    fn refute(&mut self, doubt: Doubt) {
        if self.doubt.is_none() {
            self.doubt = Some(doubt);
            self.levels = Vec::new();
            self.values = Vec::new();
        }
    }

    fn worth_exactness(&self) -> bool {
        self.doubt.is_none() && self.witnesses < ENOUGH && self.exact.holds()
    }

    fn key(&mut self, key: &KeyLine<'_>, top_units: &mut usize) {
        self.keys += 1;
        if self.keys == 1 {
            self.line = key.number;
            self.key = String::from_utf16_lossy(key.path.get(..SHOWN_UNITS).unwrap_or(key.path));
        }
        if key.delete {
            self.refute(Doubt::Deletion(key.number));
        }
        if self.doubt.is_some() {
            return self.top(key, top_units);
        }
        if self.worth_exactness() {
            self.exact.key(key.path, key.units, key.number);
        }
        self.end_values();
        if let Err(doubt) = self.step(key) {
            self.refute(doubt);
            self.top(key, top_units);
        }
    }

    /// Remembers where the keys lie of what is no tree.
    fn top(&mut self, key: &KeyLine<'_>, units: &mut usize) {
        if self.tops.last().is_some_and(Vec::is_empty) {
            return; // above all
        }
        let path = folded(key.path);
        if self.tops.iter().rev().any(|top| is_below(&path, top)) {
            return;
        }
        let left = units.checked_sub(path.len()).filter(|_| self.tops.len() < TREES);
        *units = left.unwrap_or(*units);
        self.tops.push(if left.is_some() { path } else { Vec::new() });
    }

    /// Goes to the key of a tree.
    fn step(&mut self, key: &KeyLine<'_>) -> Result<(), Doubt> {
        let line = key.number;
        if roots::names(key.path).enumerate().any(|(n, name)| n >= DEPTH || name.len() > NAME_UNITS) {
            return Err(Doubt::Skipped(line));
        }
        let mount = key.located.start == Start::Root && !key.located.mount.is_empty();
        let path = folded(key.path);
        let Some(first) = self.levels.first() else {
            self.levels.push(Level::new(path.len(), line, placed(key.located), mount));
            self.tops = vec![path.clone()];
            self.path = path;
            return Ok(());
        };
        let common = self.path.iter().zip(&path).take_while(|(a, b)| a == b).count();
        if common < first.end || path.get(first.end).is_some_and(|&unit| unit != BACKSLASH) {
            return Err(Doubt::Outside(line));
        }
        // The deepest key on the last path that this one is below, or is.
        let ends_there =
            |level: &Level| level.end <= common && path.get(level.end).is_none_or(|&unit| unit == BACKSLASH);
        let above = self.levels.iter().rposition(ends_there).unwrap_or(0);
        let rest = self.levels.get(above).and_then(|level| path.get(level.end..)).unwrap_or_default();
        let Some((_, name)) = rest.split_first() else { return Err(Doubt::Twice(line)) };
        if name.contains(&BACKSLASH) {
            return Err(Doubt::Order(line));
        }
        let kept = above.saturating_add(1);
        let start = path.len().saturating_sub(name.len());
        let before = self.levels.get(kept).and_then(|level| self.path.get(start..level.end));
        let descends = before.is_some_and(|before| before > name);
        self.leave(kept)?;
        let Some(parent) = self.levels.last_mut() else { return Ok(()) };
        self.left = self.left.checked_sub(1).ok_or(Doubt::TooMany(line))?;
        parent.children.push(hash(name));
        if descends {
            parent.descents += 1;
            if parent.descents > 1 {
                self.exact.breaks(line);
            }
        }
        if let Some((known, number)) = parent.known.and_then(|known| Some((known, known.key(name)?))) {
            parent.seen |= 1 << number;
            self.witnesses = self.witnesses.saturating_add(usize::from(known.tells(name)));
        }
        let known = match parent.known {
            Some(known) => known.child(name),
            None if parent.mount => placed(key.located),
            None => None,
        };
        self.levels.push(Level::new(path.len(), line, known, mount));
        self.path = path;
        Ok(())
    }

    /// Leaves all keys but the first so many on the path.
    fn leave(&mut self, kept: usize) -> Result<(), Doubt> {
        while self.levels.len() > kept {
            let Some(mut level) = self.levels.pop() else { break };
            if let Some(what) = level.known.and_then(|known| known.missing(level.seen)) {
                return Err(Doubt::Missing { line: level.line, what });
            }
            self.left = self.left.saturating_add(level.children.len());
            // In ascending order nothing comes twice.
            if level.descents > 0 && twice(&mut level.children) {
                return Err(Doubt::Twice(level.line));
            }
        }
        Ok(())
    }

    fn value(&mut self, units: &[u16], name: &Quoted<'_>, data: &Data<'_>, dialect: Dialect, line: u64) {
        if matches!(data, Data::Delete) {
            return self.refute(Doubt::Deletion(line));
        }
        if self.worth_exactness() {
            self.exact.value(units, name, data, line);
        }
        self.valued = true;
        let hashed = if name.escaped() { hash(&name.text(dialect)) } else { hash(name.raw()) };
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return self.refute(Doubt::TooMany(line)),
        }
        self.values.push(hashed);
        let Some(level) = self.levels.last_mut() else { return self.refute(Doubt::Skipped(line)) };
        let Some(known) = level.known.filter(|known| known.has_values()) else { return };
        let name = name.text(dialect);
        if let Some(number) = known.value(&name) {
            level.seen |= 1 << number;
            self.witnesses += 1;
            if let Data::Text { text, .. } = data
                && is(&name, "InstallRoot")
                && is_view_32(&self.path, &text.text(dialect))
            {
                self.refute(Doubt::View(line));
            }
        }
    }

    /// The values of the last key are all listed.
    fn end_values(&mut self) {
        self.left = self.left.saturating_add(self.values.len());
        if twice(&mut self.values) {
            let line = self.levels.last().map_or(self.line, |level| level.line);
            self.refute(Doubt::Twice(line));
        }
        self.values.clear();
    }

    /// Nothing more of it comes.
    fn close(&mut self, line: u64) {
        if self.doubt.is_some() {
            return;
        }
        self.end_values();
        if self.doubt.is_none()
            && let Err(doubt) = self.leave(0)
        {
            self.refute(doubt);
        }
        if self.worth_exactness() {
            self.exact.end(line);
        }
    }

    /// Whether it is an export.
    fn judge(&self, regular: bool) -> Result<Proof, Doubt> {
        if let Some(doubt) = &self.doubt {
            return Err(doubt.clone());
        }
        if self.witnesses >= ENOUGH {
            return Ok(Proof::Known(self.witnesses));
        }
        match self.exact.broken() {
            Some(line) => Err(Doubt::Unproven(line)),
            None if !regular => Err(Doubt::Unproven(1)),
            None if self.keys == 1 && self.valued => Err(Doubt::OneKey),
            None => Ok(Proof::Bytes),
        }
    }
}

impl Level {
    fn new(end: usize, line: u64, known: Option<Known>, mount: bool) -> Self {
        Self { end, line, known, mount, seen: 0, children: Vec::new(), descents: 0 }
    }
}

/// Whether this is the folder of 32-bit .NET in a path of 64-bit programs: a 32-bit program sees its own keys there.
fn is_view_32(path: &[u16], root: &[u16]) -> bool {
    const TAIL: &str = r"\Framework\";
    let wow = path.split(|&unit| unit == BACKSLASH).any(|name| is(name, "WOW6432Node"));
    let tail = root.len().checked_sub(TAIL.len()).and_then(|from| root.get(from..));
    !wow && tail.is_some_and(|tail| is(tail, TAIL))
}

/// What the table knows of a key, by its whole path.
fn placed(located: &Located<'_>) -> Option<Known> {
    let mut known = match located.start {
        Start::Root => return None,
        Start::Machine => always::MACHINE,
        Start::System => always::SYSTEM,
        Start::Software => always::SOFTWARE,
    };
    for name in roots::names(located.rest) {
        known = known.child(&folded(name))?;
    }
    Some(known)
}
