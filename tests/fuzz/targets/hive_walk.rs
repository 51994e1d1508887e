//! Any bytes as a hive, walked over in full.
#![no_main]

use std::convert::Infallible;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tlshive::error::Error;
use tlshive::limits::Limits;
use tlshive::registry::hive::{Enter, Hive, KeyView, Position, ValueView, Visit};

struct Count(usize);

impl Visit for Count {
    type Error = Infallible;

    fn key(&mut self, key: &KeyView<'_>) -> Result<Enter, Infallible> {
        self.0 += key.path.len();
        Ok(Enter { values: true, subkeys: true })
    }

    fn value(&mut self, value: &ValueView<'_>) -> Result<(), Infallible> {
        self.0 += value.data.len();
        Ok(())
    }

    fn damage(&mut self, path: &[u16], _: &Error) -> Result<(), Infallible> {
        self.0 += path.len();
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(hive) = Hive::open(Box::new(data.to_vec()), Arc::from("fuzz"), &Limits::default()) else { return };
    if let Position::Key(start, _) = hive.find(&[]) {
        let Ok(()) = hive.walk(start, &[], &mut Count(0));
    }
});
