//! What every diagnostic and every lint is called, and what its id stands for.

use std::fmt;

use super::Severity;

/// One table, so that no code is without its texts. A row is: variant, id, severity, what, why, next.
macro_rules! codes {
    ($($area:literal $source:literal { $($variant:ident $id:literal $severity:ident $what:literal $why:literal $next:literal;)* })*) => {
        /// A stable, lower-case identifier such as `reg-value-bad-dword`, for scripts and counts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $what] $variant,)*)*
        }

        impl Code {
            /// All of them, by their areas.
            pub const ALL: &[Self] = &[$($(Self::$variant,)*)*];

            /// The id.
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $id,)*)* }
            }

            /// How much it matters, where the case at hand says nothing else.
            pub const fn severity(self) -> Severity {
                match self { $($(Self::$variant => Severity::$severity,)*)* }
            }

            /// What it is about.
            pub const fn area(self) -> &'static str {
                match self { $($(Self::$variant => $area,)*)* }
            }

            /// What it says.
            pub const fn what(self) -> &'static str {
                match self { $($(Self::$variant => $what,)*)* }
            }

            /// Why that matters.
            pub const fn why(self) -> &'static str {
                match self { $($(Self::$variant => $why,)*)* }
            }

            /// What to do.
            pub const fn next(self) -> &'static str {
                match self { $($(Self::$variant => $next,)*)* }
            }

            /// Where it is written that this is so. Empty where it is a matter of the input alone.
            pub const fn source(self) -> &'static str {
                match self { $($(Self::$variant => $source,)*)* }
            }
        }
    };
}

mod table;

pub use table::Code;

impl Code {
    /// The code with this id.
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == id)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, id: &&str) -> bool {
        self.as_str() == *id
    }
}
