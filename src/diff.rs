//! Two runs held against each other: which machine is which, and what became of it.

mod compare;
mod identity;
mod side;

pub use compare::{Class, Comparison, Counts, Pair, RuleChange, compare};
pub use identity::{Doubt, Identity};
pub use side::{Finding, Machine, NotRead, Policy, Side};
