//! Values: type, data, and what they say.

use std::fmt;

/// A registry value type: the 32-bit number as stored, named where Windows has a name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueType(pub u32);

impl ValueType {
    /// `REG_NONE`
    pub const NONE: Self = Self(0);
    /// `REG_SZ`
    pub const SZ: Self = Self(1);
    /// `REG_EXPAND_SZ`
    pub const EXPAND_SZ: Self = Self(2);
    /// `REG_BINARY`
    pub const BINARY: Self = Self(3);
    /// `REG_DWORD`, little-endian
    pub const DWORD: Self = Self(4);
    /// `REG_DWORD_BIG_ENDIAN`
    pub const DWORD_BIG_ENDIAN: Self = Self(5);
    /// `REG_LINK`
    pub const LINK: Self = Self(6);
    /// `REG_MULTI_SZ`
    pub const MULTI_SZ: Self = Self(7);
    /// `REG_QWORD`, little-endian
    pub const QWORD: Self = Self(11);
}

const NAMES: [&str; 12] = [
    "REG_NONE",
    "REG_SZ",
    "REG_EXPAND_SZ",
    "REG_BINARY",
    "REG_DWORD",
    "REG_DWORD_BIG_ENDIAN",
    "REG_LINK",
    "REG_MULTI_SZ",
    "REG_RESOURCE_LIST",
    "REG_FULL_RESOURCE_DESCRIPTOR",
    "REG_RESOURCE_REQUIREMENTS_LIST",
    "REG_QWORD",
];

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match usize::try_from(self.0).ok().and_then(|n| NAMES.get(n)) {
            Some(name) => f.write_str(name),
            // Behind the word.
            None if f.alternate() => write!(f, "0x{:x}", self.0),
            None => write!(f, "type 0x{:x}", self.0),
        }
    }
}

impl std::str::FromStr for ValueType {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let found = NAMES.iter().position(|name| *name == s).and_then(|n| u32::try_from(n).ok());
        found
            .map(Self)
            .ok_or_else(|| format!("\"{s}\" is no registry value type (expected one of {})", NAMES.join(", ")))
    }
}

/// A value's type and data, exactly as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The stored type.
    pub kind: ValueType,
    /// The stored bytes.
    pub data: Vec<u8>,
}

impl Value {
    /// A `REG_DWORD`.
    pub fn dword(n: u32) -> Self {
        Self { kind: ValueType::DWORD, data: n.to_le_bytes().to_vec() }
    }

    /// A `REG_SZ` with its terminator.
    pub fn sz(text: &str) -> Self {
        let data = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        Self { kind: ValueType::SZ, data }
    }

    /// The number, if this is a `REG_DWORD` of exactly four bytes. Any other type or length is not a DWORD: .NET and
    /// Schannel do not read a `REG_SZ` "1" as 1, so neither does this.
    pub fn as_dword(&self) -> Option<u32> {
        let bytes = <[u8; 4]>::try_from(self.data.as_slice()).ok()?;
        (self.kind == ValueType::DWORD).then(|| u32::from_le_bytes(bytes))
    }

    /// The text of a `REG_SZ`, `REG_EXPAND_SZ` or `REG_LINK`, up to the first NUL; unpaired surrogates are replaced.
    pub fn as_text(&self) -> Option<String> {
        matches!(self.kind, ValueType::SZ | ValueType::EXPAND_SZ | ValueType::LINK).then(|| {
            let units: Vec<u16> = self.units().take_while(|&u| u != 0).collect();
            String::from_utf16_lossy(&units)
        })
    }

    /// Whether something stands behind the NUL that ends the text.
    pub fn goes_on_behind_its_end(&self) -> bool {
        self.units().skip_while(|&unit| unit != 0).nth(1).is_some()
    }

    /// All of the data as text, NULs included, as the kernel reads where a link leads; unpaired surrogates are replaced.
    pub(crate) fn as_link(&self) -> String {
        String::from_utf16_lossy(&self.units().collect::<Vec<u16>>())
    }

    /// The strings of a `REG_MULTI_SZ`, up to the first empty one.
    pub fn as_texts(&self) -> Option<Vec<String>> {
        (self.kind == ValueType::MULTI_SZ).then(|| {
            let units: Vec<u16> = self.units().collect();
            units.split(|&u| u == 0).take_while(|s| !s.is_empty()).map(String::from_utf16_lossy).collect()
        })
    }

    /// The data as UTF-16LE code units; an odd last byte is left out.
    fn units(&self) -> impl Iterator<Item = u16> + '_ {
        self.data.chunks_exact(2).map(|pair| pair.iter().rev().fold(0u16, |n, &b| (n << 8) | u16::from(b)))
    }

    /// The raw bytes as lower-case hex, without separators.
    pub fn hex(&self) -> String {
        self.data.iter().flat_map(|&byte| hex_pair(byte)).map(char::from).collect()
    }
}

/// The two lower-case hexadecimal digits of a byte. Without branches, so that many bytes are turned in one step.
#[inline]
pub(crate) fn hex_pair(byte: u8) -> [u8; 2] {
    let digit = |n: u8| n.wrapping_add(b'0').wrapping_add(u8::from(n > 9).wrapping_mul(b'a' - b'9' - 1));
    [digit(byte >> 4), digit(byte & 0xf)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_four_byte_reg_dword_is_a_dword() {
        assert_eq!(Value::dword(0xffff_ffff).as_dword(), Some(0xffff_ffff));
        assert_eq!(Value { kind: ValueType::DWORD, data: vec![1] }.as_dword(), None);
        assert_eq!(Value { kind: ValueType::DWORD, data: vec![1, 0, 0, 0, 0] }.as_dword(), None);
        assert_eq!(Value { kind: ValueType::QWORD, data: vec![1, 0, 0, 0] }.as_dword(), None);
        assert_eq!(Value::sz("1").as_dword(), None);
    }

    #[test]
    fn text_ends_at_the_first_nul() {
        let mut v = Value::sz("Eastern");
        v.data.extend([b'x', 0]);
        assert_eq!(v.as_text().as_deref(), Some("Eastern"));
        assert_eq!(Value { kind: ValueType::SZ, data: vec![0x41] }.as_text().as_deref(), Some(""));
    }

    #[test]
    fn multi_sz_splits() {
        let mut data = Value::sz("a").data;
        data.extend(Value::sz("b").data);
        data.extend([0, 0]);
        assert_eq!(Value { kind: ValueType::MULTI_SZ, data }.as_texts(), Some(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn types_round_trip_through_their_names() {
        for n in 0..12 {
            assert_eq!(ValueType(n).to_string().parse::<ValueType>(), Ok(ValueType(n)));
        }
        assert_eq!(ValueType(0xffff).to_string(), "type 0xffff");
    }
}
