//! Where things stand in a sound hive, found without the reader that is under test.

use std::ops::Range;

pub(crate) struct HiveMap<'a>(pub(crate) &'a [u8]);

impl HiveMap<'_> {
    /// Where the node of the key at this path, counted from the root, stands in the file.
    pub(crate) fn key_node<S: AsRef<str>>(&self, path: &[S]) -> Option<usize> {
        path.iter().try_fold(self.u32(36), |key, name| self.child(key, name.as_ref())).map(data)
    }

    /// What says what a value is: the key's count and list of values, the list's entries, the record's and the data's cells.
    pub(crate) fn value_bytes(&self, path: &[String], value: &str) -> Vec<Range<usize>> {
        let Some(node) = self.key_node(path) else { return Vec::new() };
        let (count, list) = (self.u32(node + 36), data(self.u32(node + 40)));
        let counted = node + 36..node + 44;
        let mut ranges = Vec::from([counted]);
        if count == 0 {
            return ranges;
        }
        ranges.push(list..list + 4 * count as usize);
        for i in 0..count as usize {
            let offset = self.u32(list + 4 * i);
            let record = data(offset);
            let name_len = usize::from(self.u16(record + 2));
            if self.0[record + 20..record + 20 + name_len] != *value.as_bytes() {
                continue;
            }
            ranges.push(self.cell(offset));
            if self.u32(record + 4) >> 31 == 0 {
                ranges.push(self.cell(self.u32(record + 8)));
            }
        }
        ranges
    }

    fn child(&self, key: u32, name: &str) -> Option<u32> {
        let node = data(key);
        if self.u32(node + 20) == 0 {
            return None;
        }
        self.entries(self.u32(node + 28)).into_iter().find(|child| {
            let node = data(*child);
            let len = usize::from(self.u16(node + 72));
            self.0[node..node + 2] == *b"nk" && self.0[node + 76..node + 76 + len].eq_ignore_ascii_case(name.as_bytes())
        })
    }

    fn entries(&self, list: u32) -> Vec<u32> {
        let list = data(list);
        let each = |width: usize| (0..usize::from(self.u16(list + 2))).map(move |i| self.u32(list + 4 + width * i));
        match &self.0[list..list + 2] {
            b"ri" => each(4).flat_map(|list| self.entries(list)).collect(),
            b"li" => each(4).collect(),
            _ => each(8).collect(),
        }
    }

    fn cell(&self, offset: u32) -> Range<usize> {
        let start = data(offset) - 4;
        start..start + self.u32(start).wrapping_neg() as usize
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.0[at..at + 2].try_into().unwrap())
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap())
    }
}

/// Where the data of the cell at this offset stands in the file.
fn data(offset: u32) -> usize {
    4096 + offset as usize + 4
}

/// Writes the checksum of the base block anew.
pub(crate) fn seal(bytes: &mut [u8]) {
    let words = bytes[..508].chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let sum = match words.fold(0, |sum, word| sum ^ word) {
        0 => 1,
        0xffff_ffff => 0xffff_fffe,
        sum => sum,
    };
    bytes[508..512].copy_from_slice(&sum.to_le_bytes());
}
