//! The policies that are built in, by id, so that one is found without reading the others.

/// All, in the order in which they are listed; the first is used unless another is asked for.
pub(super) const ALL: [(&str, &str); 14] = [
    ("entra-connect-tls12", include_str!("builtin/entra-connect-tls12.toml")),
    ("entra-connect-effective", include_str!("builtin/entra-connect-effective.toml")),
    ("tls12-only", include_str!("builtin/tls12-only.toml")),
    ("disa-stig-iis10", include_str!("builtin/disa-stig-iis10.toml")),
    ("disa-stig-iis10-v2r10", include_str!("builtin/disa-stig-iis10-v2r10.toml")),
    ("disa-stig-dotnet4", include_str!("builtin/disa-stig-dotnet4.toml")),
    ("nist-sp-800-52r2", include_str!("builtin/nist-sp-800-52r2.toml")),
    ("bsi-tr-02102-2", include_str!("builtin/bsi-tr-02102-2.toml")),
    ("exchange", include_str!("builtin/exchange.toml")),
    ("azure-devops", include_str!("builtin/azure-devops.toml")),
    ("entra-agents", include_str!("builtin/entra-agents.toml")),
    ("configuration-manager", include_str!("builtin/configuration-manager.toml")),
    ("azure-backup", include_str!("builtin/azure-backup.toml")),
    ("adfs-wap", include_str!("builtin/adfs-wap.toml")),
];
