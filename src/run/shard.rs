//! Shards: a run cut into parts that know nothing of one another.

use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

use crate::digest::sha256_hex;

/// One of several parts of a run. Which part a folder, an image or an archive belongs to rests on its path alone, as it was
/// named, so that every program that is given the same inputs cuts them alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// The part with this number, from 0, of so many; none where there is no such part.
    pub fn new(index: u64, count: u64) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    /// Its number, from 0.
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many parts there are.
    pub fn count(self) -> u64 {
        self.count
    }

    /// Whether what lies at `path` belongs to this part.
    pub(super) fn has(self, path: &Path) -> bool {
        let mut name = Vec::new();
        for part in path.components().filter(|part| *part != Component::CurDir) {
            name.extend(part.as_os_str().as_encoded_bytes());
            name.push(b'/');
        }
        // 60 bits of the digest: a file is in one part of N with the same chance, whatever it is called.
        let digest = sha256_hex(&name);
        let number = digest.get(..15).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.is_some_and(|number| number % self.count == self.index)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Why a text names no shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoShard;

impl fmt::Display for NoShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected I/N, with I from 0 to N-1, such as 0/4")
    }
}

impl std::error::Error for NoShard {}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (index, count) = text.split_once('/').ok_or(NoShard)?;
        let number = |text: &str| text.parse().map_err(|_| NoShard);
        Self::new(number(index)?, number(count)?).ok_or(NoShard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_in_one_part_and_always_in_the_same() {
        for count in [1, 2, 4, 7] {
            let shards: Vec<Shard> = (0..count).map(|index| Shard::new(index, count).unwrap()).collect();
            let mut sizes = vec![0; shards.len()];
            for number in 0..1000 {
                let path = format!("hosts/h{number}");
                let has: Vec<bool> = shards.iter().map(|shard| shard.has(Path::new(&path))).collect();
                assert_eq!(has.iter().filter(|has| **has).count(), 1, "{path} of {count}");
                sizes[has.iter().position(|has| *has).unwrap()] += 1;
            }
            assert!(sizes.iter().all(|size| size * count > 700), "{sizes:?}");
        }
        // What a later version must not change: parts of one run may be done by several.
        let of_seven = |path: &str| (0..7).find(|index| Shard::new(*index, 7).unwrap().has(Path::new(path))).unwrap();
        assert_eq!(["a", "a/b", "hosts/DC01", "/mnt/x.vhdx"].map(of_seven), [5, 1, 2, 5]);
        assert_eq!(of_seven("./a//b/"), of_seven("a/b"));
    }

    #[test]
    fn a_shard_is_two_numbers() {
        assert_eq!("3/4".parse::<Shard>().unwrap().to_string(), "3/4");
        for wrong in ["", "1", "4/4", "0/0", "-1/2", "1/2/3", "a/b", "1 / 2"] {
            assert_eq!(wrong.parse::<Shard>(), Err(NoShard), "{wrong}");
        }
    }
}
