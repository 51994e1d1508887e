//! The policies that are built in, by id, so that one is found without reading the others.

use crate::packed::{Data, data};

/// All, in the order in which they are listed; the first is used unless another is asked for.
pub(super) static ALL: &[(&str, Data)] = &[
    ("entra-connect-tls12", data!("src/policy/builtin", "entra-connect-tls12.toml")),
    ("entra-connect-effective", data!("src/policy/builtin", "entra-connect-effective.toml")),
    ("tls12-only", data!("src/policy/builtin", "tls12-only.toml")),
    ("disa-stig-iis10", data!("src/policy/builtin", "disa-stig-iis10.toml")),
    ("disa-stig-iis10-v2r10", data!("src/policy/builtin", "disa-stig-iis10-v2r10.toml")),
    ("disa-stig-dotnet4", data!("src/policy/builtin", "disa-stig-dotnet4.toml")),
    ("nist-sp-800-52r2", data!("src/policy/builtin", "nist-sp-800-52r2.toml")),
    ("bsi-tr-02102-2", data!("src/policy/builtin", "bsi-tr-02102-2.toml")),
    ("mozilla-intermediate", data!("src/policy/builtin", "mozilla-intermediate.toml")),
    ("exchange", data!("src/policy/builtin", "exchange.toml")),
    ("azure-devops", data!("src/policy/builtin", "azure-devops.toml")),
    ("entra-agents", data!("src/policy/builtin", "entra-agents.toml")),
    ("configuration-manager", data!("src/policy/builtin", "configuration-manager.toml")),
    ("azure-backup", data!("src/policy/builtin", "azure-backup.toml")),
    ("adfs-wap", data!("src/policy/builtin", "adfs-wap.toml")),
];
