//! Any bytes as a hive: what was deleted in it.
#![no_main]

use std::convert::Infallible;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tlshive::error::Error;
use tlshive::limits::Limits;
use tlshive::registry::hive::{DeletedValue, Hive, Owner, VisitDeleted};

struct Count(usize);

impl VisitDeleted for Count {
    type Error = Infallible;

    fn owner(&mut self, owner: &Owner<'_>) -> Result<(), Infallible> {
        self.0 += match owner {
            Owner::Key { path } => path.len(),
            Owner::Deleted(key) | Owner::Unplaced(key) => key.path.len(),
            Owner::Nobody => 0,
        };
        Ok(())
    }

    fn value(&mut self, value: &DeletedValue<'_>) -> Result<(), Infallible> {
        self.0 += value.data.map_or(0, <[u8]>::len);
        Ok(())
    }

    fn damage(&mut self, _: &Error) -> Result<(), Infallible> {
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(hive) = Hive::open(Box::new(data.to_vec()), Arc::from("fuzz"), &Limits::default()) else { return };
    let Ok(()) = hive.deleted(&[], &[], &mut Count(0));
});
