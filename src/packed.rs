//! Tables and policies as they are built in: packed by `build.rs`, so that a run parses no text of them.
//!
//! A file is packed as it is written, whatever it is about: what its fields mean is up to the types that it is read into, the same
//! that read its text. So a table that somebody gives in the place of one that is built in passes the same checks.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, Error};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_spanned::de::{SpannedDeserializer, is_spanned};

/// A file of data that is built in.
pub(crate) struct Data {
    /// Its text.
    pub(crate) text: &'static str,
    /// SHA-256 of that, in hex.
    pub(crate) sha256: &'static str,
    /// What it holds.
    pub(crate) packed: &'static [u8],
}

/// The file of this name in this folder, from that of `Cargo.toml`, which `build.rs` knows.
macro_rules! data {
    ($folder:literal, $name:literal) => {
        $crate::packed::Data {
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $folder, "/", $name)),
            sha256: include_str!(concat!(env!("OUT_DIR"), "/", $name, ".sha256")),
            packed: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".packed")),
        }
    };
}
pub(crate) use data;

impl Data {
    /// What it holds.
    ///
    /// # Errors
    /// When that is not what the type asks for.
    pub(crate) fn read<T: Deserialize<'static>>(&self) -> Result<T, Error> {
        T::deserialize(&mut Packed(self.packed))
    }
}

/// How many entries a list or a map has; none for anything else.
pub(crate) struct Entries(pub(crate) Option<usize>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Count)
    }
}

struct Count;

impl<'de> Visitor<'de> for Count {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_unit<E>(self) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Entries, E> {
        Ok(Entries(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Entries(Some(count)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut count = 0;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Entries(Some(count)))
    }
}

/// What is left to read.
struct Packed(&'static [u8]);

impl Packed {
    fn byte(&mut self) -> Result<u8, Error> {
        let (&byte, rest) = self.0.split_first().ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64, Error> {
        let mut number = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Error::custom("a number that is too long"))
    }

    fn bytes(&mut self) -> Result<&'static [u8], Error> {
        let len = usize::try_from(self.number()?).map_err(Error::custom)?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<&'static str, Error> {
        std::str::from_utf8(self.bytes()?).map_err(Error::custom)
    }

    fn entries(&mut self) -> Result<Rest, Error> {
        let count = usize::try_from(self.number()?).map_err(Error::custom)?;
        Ok(Rest { count, packed: Packed(self.bytes()?) })
    }
}

fn cut_off() -> Error {
    Error::custom("the data is cut off")
}

impl Deserializer<'static> for &mut Packed {
    type Error = Error;

    fn deserialize_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.byte()? {
            b'n' => visitor.visit_bool(false),
            b'y' => visitor.visit_bool(true),
            b'u' => visitor.visit_u64(self.number()?),
            b's' => visitor.visit_borrowed_str(self.text()?),
            b'l' => visitor.visit_seq(self.entries()?),
            b'm' => visitor.visit_map(self.entries()?),
            other => Err(Error::custom(format_args!("{other:#x} says nothing"))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        let kind = self.byte()?;
        if matches!(kind, b'u' | b'l' | b'm') {
            self.number()?;
        }
        if matches!(kind, b's' | b'l' | b'm') {
            self.bytes()?;
        }
        visitor.visit_unit()
    }

    /// What is there is there: what a map has not is not asked for.
    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.byte()? {
            b's' => visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(self.text()?)),
            _ => Err(Error::custom("expected text")),
        }
    }

    /// A value that is to come with its place in the text gets none: there is no text.
    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if is_spanned(name) {
            visitor.visit_map(SpannedDeserializer::new(self, 0..0))
        } else {
            self.deserialize_any(visitor)
        }
    }

    forward_to_deserialize_any! {
        <V: Visitor<'static>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

impl IntoDeserializer<'static, Error> for &mut Packed {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Entries of a list or a map that are left.
struct Rest {
    count: usize,
    packed: Packed,
}

impl Rest {
    fn next(&mut self) -> bool {
        let more = self.count.checked_sub(1);
        self.count = more.unwrap_or_default();
        more.is_some()
    }
}

impl SeqAccess<'static> for Rest {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.next() { seed.deserialize(&mut self.packed).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count)
    }
}

impl MapAccess<'static> for Rest {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'static>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !self.next() {
            return Ok(None);
        }
        seed.deserialize(BorrowedStrDeserializer::new(self.packed.text()?)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'static>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut self.packed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read<T: Deserialize<'static>>(packed: &'static [u8]) -> Result<T, String> {
        T::deserialize(&mut Packed(packed)).map_err(|error| error.to_string())
    }

    #[test]
    fn each_kind_of_value_is_read() {
        assert_eq!(read(b"y"), Ok(true));
        assert_eq!(read(b"u\xac\x02"), Ok(300u32));
        assert_eq!(read(b"s\x02ab"), Ok("ab"));
        assert_eq!(read(b"l\x02\x02yn"), Ok(vec![true, false]));
        assert_eq!(read(b"m\x01\x04\x01au\x07"), Ok(BTreeMap::from([("a", 7u8)])));
    }

    #[test]
    fn what_is_cut_off_or_strange_is_an_error() {
        for packed in [
            &b""[..],
            b"u",
            b"u\x80",
            b"s\x03ab",
            b"l\x02\x01y",
            b"x",
            b"u\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert!(read::<serde_json::Value>(packed).is_err(), "{packed:?}");
        }
    }
}
