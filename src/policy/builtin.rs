//! The policies that are built in.

/// The one that is used unless another is asked for.
pub(super) const DEFAULT: &str = include_str!("builtin/entra-connect-tls12.toml");

/// All, in the order in which they are listed.
pub(super) const ALL: [&str; 6] = [
    DEFAULT,
    include_str!("builtin/entra-connect-effective.toml"),
    include_str!("builtin/tls12-only.toml"),
    include_str!("builtin/disa-stig-iis10.toml"),
    include_str!("builtin/nist-sp-800-52r2.toml"),
    include_str!("builtin/bsi-tr-02102-2.toml"),
];
