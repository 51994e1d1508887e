//! Dynamic disks: the volumes of a group, put together from the images that are given and those beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes::{Files, start};
use super::disk::{Image, VolumeSeen, Whole};
use super::holder::open_disk;
use super::inside;
use super::opener::Parts;
use super::sniff::{Content, LEN, sniff};
use super::walk::Walk;
use crate::diagnostic::{Code, Severity};
use crate::error::{At, Error};
use crate::files::{self, Is};
use crate::image::{Dynamic, DynamicVolume, Guid, Piece, dynamic, partitions};

/// A disk of a group.
pub(crate) struct Member {
    image: Image,
    disk: Dynamic,
    /// What there is to say of its image.
    notes: Vec<String>,
    /// Which of the images that were looked into it is; none was it if it was found beside another.
    seen: Option<usize>,
}

impl Member {
    pub(super) fn new(image: Image, disk: Dynamic, notes: Vec<String>, seen: Option<usize>) -> Self {
        Self { image, disk, notes, seen }
    }

    /// The same, where the images that were looked into before its own are `before` more.
    pub(super) fn after(mut self, before: usize) -> Self {
        self.seen = self.seen.map(|seen| seen + before);
        self
    }

    fn folder(&self) -> Option<&Path> {
        self.image.path.parent()
    }
}

/// Other disks of a group: by their identity the one that is to be used, or those among which it cannot be told.
type Others<'a> = BTreeMap<Guid, Vec<&'a Member>>;

impl Walk<'_> {
    /// Looks into the volumes of all dynamic disks that were met, each once for the disks that it is made of.
    pub(crate) fn dynamic_volumes(&mut self) {
        let members = std::mem::take(&mut self.dynamic);
        let mut beside: BTreeMap<PathBuf, Vec<Member>> = BTreeMap::new();
        let mut done: BTreeSet<(Guid, BTreeSet<PathBuf>)> = BTreeSet::new();
        for member in &members {
            self.neighbours(member, &members, &mut beside);
            let others = others(member, &members, beside.values().flatten());
            let mut seen = Vec::new();
            for volume in newest(member, &others).volumes.iter().filter(|v| has(v, member.disk.disk)) {
                let used = used(volume, member, &others);
                let paths = used.iter().map(|used| used.image.path.clone()).collect();
                if done.insert((volume.guid, paths)) {
                    seen.push(self.dynamic_volume(member, volume, &used, &others));
                } else {
                    let message = format!("{}: looked into with another disk of its group", volume.name);
                    self.remark_as(Severity::Note, &member.image.name, Code::DynamicVolume, message);
                }
            }
            let Some(image) = member.seen.and_then(|number| self.out.images.get_mut(number)) else { continue };
            image.volumes.extend(seen);
            let image = image.clone();
            self.not_read(&member.image.name, &image);
        }
    }

    /// Looks into a volume, by the disks of it that are at hand.
    fn dynamic_volume(
        &mut self,
        member: &Member,
        volume: &Arc<DynamicVolume>,
        used: &[&Member],
        others: &Others<'_>,
    ) -> VolumeSeen {
        let content = format!("{} dynamic volume", volume.make);
        let several = volume.disks().into_iter().find_map(|(disk, name)| {
            let found = others.get(&disk).filter(|found| found.len() > 1 && disk != member.disk.disk)?;
            let names: Vec<&str> = found.iter().map(|member| &*member.image.name).collect();
            Some(format!("several images are of its disk {name} ({disk}): {}; give one of them", names.join(", ")))
        });
        let disks: Vec<_> = used.iter().map(|used| (Arc::clone(&used.image.disk), Arc::clone(&self.limits))).collect();
        let again = Arc::clone(volume);
        let open = move || {
            let mut pieces = Vec::new();
            for (disk, limits) in &disks {
                let disk = disk.get()?;
                let table = partitions(&disk.bytes, disk.sector, limits)?;
                let found = table.and_then(|table| dynamic(&disk.bytes, disk.sector, &table, limits)).transpose()?;
                pieces.extend(found.map(|found| found.piece(&disk.bytes)));
            }
            again.assemble(&pieces).map(|(bytes, _)| bytes)
        };
        let assembled = pieces(used).and_then(|pieces| volume.assemble(&pieces));
        let (bytes, more) = match (assembled, several) {
            (Ok(assembled), _) => assembled,
            (Err(_), Some(why)) => return VolumeSeen::unread(volume.name.clone(), &content, why),
            (Err(error), None) => return VolumeSeen::unread(volume.name.clone(), &content, error.to_string()),
        };
        let mut notes: Vec<String> = Vec::new();
        for note in used.iter().flat_map(|used| used.notes.iter().chain(&used.disk.notes)).chain(&more) {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        let old = used.iter().filter(|used| used.disk.sequence < newest(member, others).sequence);
        for used in old {
            notes.push(format!(
                "the database of dynamic disks in {} is older than that of another disk",
                used.image.name
            ));
        }
        let place = inside(&member.image.name, &volume.name);
        for note in more {
            self.remark(&place, Code::DynamicVolume, note);
        }
        let mut parts: Vec<(Arc<str>, PathBuf)> = Vec::new();
        let others = used.iter().copied().filter(|used| used.image.path != member.image.path);
        for part in std::iter::once(member).chain(others).flat_map(|used| &used.image.files.parts) {
            if !parts.contains(part) {
                parts.push(part.clone());
            }
        }
        let files = match member.image.archive {
            Some(_) => Arc::clone(&member.image.files),
            None => Files::new(parts),
        };
        let (image, short) = (&member.image, volume.name.clone());
        self.look_into(Whole { image, short, purpose: None, files, notes: &notes }, &bytes, open)
    }

    /// Looks for disks of a group beside a member of it, and in the folders that are allowed, where any is missing.
    fn neighbours(&mut self, member: &Member, members: &[Member], beside: &mut BTreeMap<PathBuf, Vec<Member>>) {
        let wanted: BTreeSet<Guid> = member
            .disk
            .volumes
            .iter()
            .filter(|v| has(v, member.disk.disk))
            .flat_map(|v| v.disks())
            .map(|d| d.0)
            .collect();
        let there = |disk: &Guid| members.iter().any(|other| other.disk.disk == *disk);
        if member.image.archive.is_some() || wanted.iter().all(there) {
            return;
        }
        let own = member.folder().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folders: Vec<PathBuf> =
            std::iter::once(own.to_path_buf()).chain(self.search.allow.iter().cloned()).collect();
        for folder in folders {
            if beside.contains_key(&folder) {
                continue;
            }
            let found = self.members_in(&folder, &member.image.name);
            self.out.containers.extend(found.iter().map(|found| found.image.path.clone()));
            beside.insert(folder, found);
        }
    }

    /// The dynamic disks among the files of a folder that were not met so far.
    fn members_in(&mut self, folder: &Path, name: &Arc<str>) -> Vec<Member> {
        let entries = match files::list(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("{}: not looked at for other disks of its group: {error}", folder.display());
                self.remark(name, Code::DynamicVolume, message);
                return Vec::new();
            }
        };
        let listed = entries.into_iter().filter_map(Result::ok).filter(|entry| matches!(entry.what, Is::File(_)));
        let mut paths: Vec<PathBuf> = listed.map(|entry| folder.join(entry.name)).collect();
        paths.sort();
        if paths.len() > self.limits.ldm_neighbours {
            let most = self.limits.ldm_neighbours;
            let message = format!("only the first {most} files beside it were looked at for other disks of its group");
            self.remark(name, Code::DynamicVolume, message);
            paths.truncate(most);
        }
        let mut found = Vec::new();
        for path in paths {
            match self.member_at(&path) {
                Ok(member) => found.extend(member),
                Err(error) => {
                    let file = path.file_name().unwrap_or_default().to_string_lossy();
                    let message = format!(
                        "{file}, which lies beside it, may be a disk of its group, but cannot be read: {error}"
                    );
                    self.remark(name, Code::DynamicVolume, message);
                }
            }
        }
        found
    }

    fn member_at(&self, path: &Path) -> Result<Option<Member>, Error> {
        let canonical = files::real(path).map_err(|error| Error::io(At::Whole, "file", &error))?;
        if self.images.contains(&canonical) {
            return Ok(None);
        }
        let mut buf = [0u8; LEN];
        let file = files::open(path).map_err(|error| Error::io(At::Whole, "file", &error))?;
        let content = start(&file, &mut buf).map(sniff).map_err(|error| Error::io(At::Whole, "file", &error))?;
        if !matches!(content, Content::Image | Content::Disk) {
            return Ok(None);
        }
        let parts = Arc::new(Parts::default());
        let disk = open_disk(path, self.search.allow, &parts, &self.limits)?;
        let Some(table) = partitions(&disk.bytes, disk.sector, &self.limits)? else { return Ok(None) };
        let Some(found) = dynamic(&disk.bytes, disk.sector, &table, &self.limits) else { return Ok(None) };
        Ok(Some(Member::new(self.image_at(path, &disk, parts.all()), found?, disk.notes.clone(), None)))
    }
}

fn has(volume: &DynamicVolume, disk: Guid) -> bool {
    volume.disks().iter().any(|(own, _)| *own == disk)
}

/// The other disks of a member's group: those in its own folder, or else those elsewhere.
fn others<'a>(member: &Member, members: &'a [Member], beside: impl Iterator<Item = &'a Member>) -> Others<'a> {
    let mut others: Others<'a> = BTreeMap::new();
    let of_group = |other: &&Member| other.disk.group == member.disk.group && other.disk.disk != member.disk.disk;
    for other in members.iter().chain(beside).filter(of_group) {
        others.entry(other.disk.disk).or_default().push(other);
    }
    for found in others.values_mut() {
        let near: Vec<&Member> = found.iter().filter(|other| other.folder() == member.folder()).copied().collect();
        if !near.is_empty() {
            *found = near;
        }
    }
    others
}

/// The disk whose database is the newest, of those that can be used.
fn newest<'a>(member: &'a Member, others: &Others<'a>) -> &'a Dynamic {
    let usable = others.values().filter_map(|found| if let [one] = found.as_slice() { Some(*one) } else { None });
    let knows = usable.filter(|other| other.disk.volumes.iter().any(|volume| has(volume, member.disk.disk)));
    knows
        .map(|other| &other.disk)
        .fold(&member.disk, |best, disk| if disk.sequence > best.sequence { disk } else { best })
}

/// The disks of a volume that are at hand: this one, and of the others those that cannot be mistaken.
fn used<'a>(volume: &DynamicVolume, member: &'a Member, others: &Others<'a>) -> Vec<&'a Member> {
    let disks = volume.disks();
    let used = disks.iter().filter_map(|(disk, _)| match others.get(disk).map(Vec::as_slice) {
        _ if *disk == member.disk.disk => Some(member),
        Some([one]) => Some(*one),
        _ => None,
    });
    used.collect()
}

fn pieces(used: &[&Member]) -> Result<Vec<Piece>, Error> {
    used.iter().map(|used| Ok(used.disk.piece(&used.image.disk.get()?.bytes))).collect()
}
