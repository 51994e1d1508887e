//! The effective states that rules can ask for, by name: a misspelt one would stay unknown for ever, so it is refused.

/// States of a protocol: offered or accepted; only to programs that name it; never; not part of this Windows.
const PROTOCOL: &[&str] = &["on", "soft-off", "off", "not-supported"];

/// States of a programming interface: its programs reach TLS 1.2; only some of them do; none does.
const INTERFACE: &[&str] = &["on", "partly", "off"];

/// States of a list of cipher suites: a usable one is left, or none.
const SUITES: &[&str] = &["on", "off"];

const PROTOCOLS: [&str; 9] =
    ["PCT 1.0", "SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "DTLS 1.0", "DTLS 1.2"];

/// The states that a subject can have.
pub(super) fn states(subject: &str) -> Result<&'static [&'static str], String> {
    let parts: Vec<&str> = subject.split('/').collect();
    match parts.as_slice() {
        ["schannel", protocol, "client" | "server"] if PROTOCOLS.contains(protocol) => Ok(PROTOCOL),
        ["dotnet", "v2" | "v4", "64-bit" | "32-bit"] | ["winhttp", "64-bit" | "32-bit"] => Ok(INTERFACE),
        ["cipher-suites", "tls-1.2" | "entra-id"] => Ok(SUITES),
        _ => Err(format!(
            "no effective state is called \"{subject}\"; expected schannel/PROTOCOL/client or …/server with one of {}, \
             dotnet/v4/64-bit (or v2, 32-bit), winhttp/64-bit (or 32-bit), cipher-suites/tls-1.2 or \
             cipher-suites/entra-id",
            PROTOCOLS.join(", ")
        )),
    }
}
