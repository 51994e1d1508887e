//! Former values and keys that somebody asks for, found in the free cells of a hive.
//!
//! What is found may be of any day. It is told as what it is, and no verdict knows of it.

use std::convert::Infallible;
use std::sync::Arc;

use super::HiveKind;
use crate::error::Error;
use crate::limits::Limits;
use crate::registry::hive::{DeletedKey, DeletedValue, Owner, VisitDeleted};
use crate::source::Artifact;
use crate::windows::FileTime;
use crate::windows::control_set::{alias, is_control_set};
use crate::windows::path::{KeyPath, Name};
use crate::windows::value::Value;

/// Whose a recovered value was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Whose {
    /// Of a key that is there.
    Key(KeyPath),
    /// Of a deleted key below one that is there: its path, and when it was last written.
    Deleted(KeyPath, Option<FileTime>),
    /// Of a deleted key of which the end of its path is known: that, and when it was last written.
    Unplaced(KeyPath, Option<FileTime>),
    /// Nobody knows.
    Nobody,
}

/// A former value, or a former key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// How the hive is called in reports.
    pub artifact: Arc<str>,
    /// Which hive it is.
    pub hive: HiveKind,
    /// Whose it was; of a key, which.
    pub whose: Whose,
    /// Its name; of a key none.
    pub name: Option<Name>,
    /// Type and data, or why these are gone; of a key none.
    pub value: Option<Result<Value, &'static str>>,
    /// Where the record is, in bytes from the start of the hive.
    pub offset: u64,
}

/// What was found in the free cells of a hive.
#[derive(Debug, Clone, Default)]
pub struct Recoveries {
    /// What was asked for, in the order in which it was found.
    pub found: Vec<Recovered>,
    /// What there is to say of it.
    pub notes: Vec<String>,
}

/// Names that many keys have: a value of such a name without a key is no finding.
const COMMON: [&str; 3] = ["Enabled", "Start", "Functions"];

/// Looks in the free cells of a hive, with its logs applied, for values of these keys and names, and for these keys.
///
/// # Errors
/// When the hive cannot be opened.
pub fn recovered(
    hive: HiveKind,
    artifact: &Artifact,
    wanted: &[(KeyPath, Name)],
    limits: &Limits,
) -> Result<Recoveries, Error> {
    let (open, _) = artifact.open_hive(limits)?;
    let root: Vec<u16> = hive.root().to_string().encode_utf16().collect();
    let mut search = Search {
        hive,
        artifact: &artifact.name,
        wanted,
        most: limits.history_recovered,
        owner: None,
        out: Recoveries::default(),
        common: [0; COMMON.len()],
        more: 0,
        damage: 0,
    };
    match open.deleted(&root, &root, &mut search) {
        Ok(()) => {}
        Err(never) => match never {},
    }
    let Search { mut out, common, more, damage, .. } = search;
    let name = &artifact.name;
    for (common, count) in COMMON.iter().zip(common).filter(|(_, count)| *count > 0) {
        out.notes.push(format!(
            "{name}: deleted values called {common} of which nothing says the key are left out: {count} (tlshive show --deleted lists them)"
        ));
    }
    if more > 0 {
        out.notes.push(format!("{name}: {more} more deleted values of these names are not listed"));
    }
    if damage > 0 {
        out.notes.push(format!("{name}: {damage} places could not be read: what was deleted there is not known"));
    }
    Ok(out)
}

struct Search<'a> {
    hive: HiveKind,
    artifact: &'a Arc<str>,
    wanted: &'a [(KeyPath, Name)],
    most: usize,
    /// Whose the values are that follow; none where that is nothing that is asked for.
    owner: Option<Whose>,
    out: Recoveries,
    /// How many of each of [`COMMON`] were found without a key.
    common: [u64; COMMON.len()],
    more: u64,
    damage: u64,
}

/// A path as policies write it: `CurrentControlSet` for any control set.
fn as_in_use(path: &KeyPath) -> KeyPath {
    let mut names = path.0.clone();
    if let Some(set) = names.get_mut(2).filter(|name| is_control_set(name.units())) {
        *set = alias();
    }
    KeyPath(names)
}

fn parse(path: &[u16]) -> KeyPath {
    KeyPath(path.split(|&unit| unit == 0x5c).filter(|name| !name.is_empty()).map(Name::from_units).collect())
}

fn same(one: &[Name], other: &[Name]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.matches(other.units()))
}

impl Search<'_> {
    /// Whether a key is one of those that are asked for.
    fn is_wanted(&self, path: &KeyPath) -> bool {
        let path = as_in_use(path);
        self.wanted.iter().any(|(key, _)| same(&key.0, &path.0))
    }

    /// Whether the end of a path can be that of one of these. One name alone says too little.
    fn may_be_wanted(&self, end: &KeyPath) -> bool {
        let ends = |(key, _): &(KeyPath, Name)| {
            let from = key.0.len().checked_sub(end.0.len());
            from.and_then(|at| key.0.get(at..)).is_some_and(|names| same(names, &end.0))
        };
        end.0.len() > 1 && self.wanted.iter().any(ends)
    }

    fn add(&mut self, whose: Whose, name: Option<Name>, value: Option<Result<Value, &'static str>>, offset: u64) {
        if self.out.found.len() >= self.most {
            self.more += 1;
            return;
        }
        let (artifact, hive) = (Arc::clone(self.artifact), self.hive);
        self.out.found.push(Recovered { artifact, hive, whose, name, value, offset });
    }

    fn deleted_key(&mut self, key: &DeletedKey<'_>, whose: Whose) {
        self.add(whose.clone(), None, None, key.offset);
        self.owner = Some(whose);
    }
}

impl VisitDeleted for Search<'_> {
    type Error = Infallible;

    fn owner(&mut self, owner: &Owner<'_>) -> Result<(), Infallible> {
        self.owner = None;
        match owner {
            Owner::Key { path } => {
                let path = parse(path);
                self.owner = self.is_wanted(&path).then_some(Whose::Key(path));
            }
            Owner::Deleted(key) => {
                let path = parse(key.path);
                if self.is_wanted(&path) {
                    self.deleted_key(key, Whose::Deleted(path, key.last_write.known()));
                }
            }
            Owner::Unplaced(key) => {
                let path = parse(key.path);
                if self.may_be_wanted(&path) {
                    self.deleted_key(key, Whose::Unplaced(path, key.last_write.known()));
                }
            }
            Owner::Nobody => self.owner = Some(Whose::Nobody),
        }
        Ok(())
    }

    fn value(&mut self, value: &DeletedValue<'_>) -> Result<(), Infallible> {
        let Some(whose) = self.owner.clone() else { return Ok(()) };
        let fits = |(key, name): &&(KeyPath, Name)| {
            let of_key = match &whose {
                Whose::Key(path) | Whose::Deleted(path, _) => same(&key.0, &as_in_use(path).0),
                Whose::Unplaced(..) => true,
                Whose::Nobody => key.below(&self.hive.root()).is_some(),
            };
            of_key && name.matches(value.name)
        };
        let Some((_, name)) = self.wanted.iter().find(fits) else { return Ok(()) };
        let mut common = COMMON.iter().zip(&mut self.common);
        let common = common.find(|(common, _)| name.matches(Name::from(**common).units()));
        if let (Whose::Nobody, Some((_, count))) = (&whose, common) {
            *count += 1;
            return Ok(());
        }
        let data = value.data.map(|data| Value { kind: value.kind, data: data.to_vec() });
        self.add(whose, Some(Name::from_units(value.name)), Some(data), value.offset);
        Ok(())
    }

    fn damage(&mut self, _: &Error) -> Result<(), Infallible> {
        self.damage += 1;
        Ok(())
    }
}
