//! Wildcards in the names of inputs. The shells of Windows hand them on as they are; others have put names in their place.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::files;
use crate::glob::matches;

/// The inputs, with what is there in the place of names with `*`, `?` and `**`. What nothing fits stays, and is not found.
pub(super) fn expanded(inputs: Vec<PathBuf>) -> Vec<PathBuf> {
    if !cfg!(windows) {
        return inputs;
    }
    let names = |input: PathBuf| match fitting(&input) {
        found if found.is_empty() => vec![input],
        found => found,
    };
    inputs.into_iter().flat_map(names).collect()
}

/// What is there and fits the pattern, in the order of names.
fn fitting(pattern: &Path) -> Vec<PathBuf> {
    let has_wildcard =
        |part: &Component<'_>| matches!(part, Component::Normal(name) if name.to_string_lossy().contains(['*', '?']));
    if files::is_remote(pattern) || !pattern.components().any(|part| has_wildcard(&part)) {
        return Vec::new();
    }
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        found = match part {
            Component::Normal(name) if name == "**" => found.iter().flat_map(|path| folders(path)).collect(),
            Component::Normal(name) if has_wildcard(&part) => {
                found.iter().flat_map(|path| below(path, &name.to_string_lossy())).collect()
            }
            _ => found.iter().map(|path| path.join(part)).collect(),
        };
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    found
}

/// What lies right below a folder and fits.
fn below(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let listed = fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let mut names: Vec<_> = listed.into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    names.retain(|name| matches(pattern, &name.to_string_lossy()));
    names.sort();
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// A folder and all folders below it. Links are not followed.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_path_buf()];
    let mut next = 0;
    while let Some(folder) = all.get(next).cloned() {
        let is_folder = |path: &PathBuf| path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
        all.extend(below(&folder, "*").into_iter().filter(is_folder));
        next += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_names_and_folders() {
        let keep = tempfile::tempdir().unwrap();
        let root = keep.path();
        fs::create_dir_all(root.join("a/b")).unwrap();
        for name in ["one.reg", "TWO.REG", "a/three.reg", "a/b/four.reg", "a/b/[x].vhdx"] {
            fs::write(root.join(name), "").unwrap();
        }
        for (pattern, want) in [
            ("*.reg", &["TWO.REG", "one.reg"][..]),
            ("o?e.reg", &["one.reg"]),
            ("*/*.reg", &["a/three.reg"]),
            ("**/*.reg", &["TWO.REG", "one.reg", "a/three.reg", "a/b/four.reg"]),
            ("a/**/[x].*", &["a/b/[x].vhdx"]),
            ("*/b", &["a/b"]),
            ("*.none", &[]),
            ("one.reg", &[]),
        ] {
            let found = fitting(&root.join(pattern));
            assert_eq!(found, want.iter().map(|name| root.join(name)).collect::<Vec<_>>(), "{pattern}");
        }
    }
}
