//! The effective states that rules can ask for, by name. `audit` answers each of them: a name that it does not know would
//! stay unknown for ever, so it is refused.

/// The protocols of Schannel that are judged, from the oldest to the newest.
pub const PROTOCOLS: [&str; 8] =
    ["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "DTLS 1.0", "DTLS 1.2"];

/// What has an effective state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A protocol, one of [`PROTOCOLS`], on one side.
    Schannel(&'static str, Side),
    /// The four values of a protocol, as they stand.
    Values(&'static str),
    /// The two sides of a protocol, held against each other.
    Sides(&'static str),
    /// All protocols of one side together.
    Protocols(Side),
    /// .NET Framework programs.
    DotNet(Runtime, Bits),
    /// The protocols, old ones included, that are left to .NET Framework programs that name none.
    DotNetProtocols(Runtime, Bits),
    /// The installed .NET Framework, held against one of [`DOTNET_VERSIONS`].
    DotNetRelease(&'static str),
    /// Callers of WinHTTP that name no protocol.
    WinHttp(Bits),
    /// A list of cipher suites.
    CipherSuites(Suites),
    /// The installed version of Entra Connect, by one of its properties.
    EntraConnect(Connect),
    /// The agents of Microsoft Entra, held against the versions that Microsoft asks for.
    EntraAgents,
    /// The elliptic curves that services of Microsoft ask for: NIST P-256 or P-384.
    Curves,
    /// A way to exchange keys.
    KeyExchange(Exchange),
    /// The smallest key that a side takes, held against a number of bits.
    KeySize(Exchange, Side, u32),
}

/// The versions of .NET Framework 4 that have a number of their own, from the oldest to the newest.
pub const DOTNET_VERSIONS: [&str; 11] =
    ["4.5", "4.5.1", "4.5.2", "4.6", "4.6.1", "4.6.2", "4.7", "4.7.1", "4.7.2", "4.8", "4.8.1"];

/// A way to exchange keys, as Schannel has keys for it below `KeyExchangeAlgorithms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Diffie-Hellman.
    DiffieHellman,
    /// Diffie-Hellman over elliptic curves.
    Ecdh,
    /// RSA.
    Pkcs,
}

impl Exchange {
    /// All of them.
    pub const ALL: [Exchange; 3] = [Exchange::DiffieHellman, Exchange::Ecdh, Exchange::Pkcs];

    /// The name of its key.
    pub fn key(self) -> &'static str {
        match self {
            Exchange::DiffieHellman => "Diffie-Hellman",
            Exchange::Ecdh => "ECDH",
            Exchange::Pkcs => "PKCS",
        }
    }

    /// The value with the smallest key that a side takes, where Windows has one.
    pub fn smallest(self, side: Side) -> Option<&'static str> {
        match (self, side) {
            (Exchange::DiffieHellman | Exchange::Pkcs, Side::Client) => Some("ClientMinKeyBitLength"),
            (Exchange::DiffieHellman, Side::Server) => Some("ServerMinKeyBitLength"),
            (Exchange::Pkcs, Side::Server) | (Exchange::Ecdh, _) => None,
        }
    }
}

/// A side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that connects.
    Client,
    /// The one that is connected to.
    Server,
}

/// A generation of the .NET Framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// 2.0 to 3.5.
    V2,
    /// 4 and later.
    V4,
    /// Of those, programs built for 4.6 and later.
    V46,
}

/// What is asked of Entra Connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connect {
    /// Whether its version still does its work.
    Version,
    /// Whether its version is supported.
    Support,
    /// Whether the .NET Framework is as new as it needs.
    DotNet,
    /// Whether settings for single programs leave TLS 1.2 to its own.
    Programs,
}

/// Programs of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// 64-bit programs.
    Bits64,
    /// 32-bit programs.
    Bits32,
}

/// Cipher suites that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suites {
    /// Those of TLS 1.2.
    Tls12,
    /// Those that Microsoft Entra ID accepts.
    EntraId,
    /// Those that Azure DevOps accepts.
    AzureDevOps,
}

/// States of a protocol: offered or accepted; only to programs that name it; never; not part of this Windows.
const PROTOCOL: &[&str] = &["on", "soft-off", "off", "not-supported"];

/// How the four values of a protocol stand to each other: on or off by the book on both sides; a side that is on and off at
/// once; sides that differ; some of the four not set, or none; one of the wrong type.
const VALUES: &[&str] = &["enabled", "disabled", "half-disabled", "different", "incomplete", "not-set", "odd"];

/// States of two sides.
const SIDES: &[&str] = &["alike", "different"];

/// States of a set of protocols: one of them can be used, or none.
const LEFT: &[&str] = &["left", "none"];

/// The same for programs of several kinds, of which some may have one.
const LEFT_TO_KINDS: &[&str] = &["left", "partly", "none"];

/// States of what is at least so new.
const RELEASE: &[&str] = &["at-least", "older"];

/// States of a version of Entra Connect.
const VERSION: &[&str] = &["in-service", "stopped", "recalled"];

/// States of support.
const SUPPORT: &[&str] = &["supported", "ended"];

/// States of what is at least so large.
const SIZE: &[&str] = &["at-least", "smaller"];

/// States of programs of several kinds: all reach TLS 1.2, some do, none does.
const KINDS: &[&str] = &["on", "partly", "off"];

/// States of what is one: programs that reach TLS 1.2 or do not, a list with a usable suite or with none.
const ONE: &[&str] = &["on", "off"];

/// What rules can ask for, for people: names, and what the states mean.
pub const DESCRIBED: [(&str, &str); 14] = [
    (
        "`schannel/TLS 1.2/client` (SSL 2.0 to TLS 1.3, DTLS; `server`)",
        "`on`, `soft-off` (only for programs that name it), `off`, `not-supported`; TLS 1.2 and 1.3 are `on` only with a \
         cipher suite of their own",
    ),
    (
        "`schannel/TLS 1.2/values`",
        "the four values as they stand, on both sides: `enabled` (Enabled on, DisabledByDefault off), `disabled` (the \
         contrary), `half-disabled` (both on, or both off), `different` (the sides have other values), `incomplete` (some are \
         not set), `not-set`, `odd` (a wrong type)",
    ),
    ("`schannel/TLS 1.2/sides`", "`alike` (client and server do the same in effect), `different`"),
    ("`protocols/client` (`server`)", "`left` (a protocol of SSL or TLS can be used, if only by name), `none`"),
    (
        "`dotnet/v4/64-bit` (`v4.6`: those built for 4.6 or later; `32-bit`)",
        "do programs reach TLS 1.2: `on`, `partly` (by what they were built for), `off`",
    ),
    ("`dotnet/v2/64-bit` (`32-bit`), `winhttp/64-bit` (`32-bit`)", "do programs reach TLS 1.2: `on`, `off`"),
    (
        "`dotnet-protocols/v4/64-bit` (`v2`; `32-bit`)",
        "do programs that name no protocol have one at all, an old one included: `left`, `partly` (v4: by what they were \
         built for), `none`",
    ),
    ("`dotnet-release/4.7` (4.5 to 4.8.1)", "is this .NET Framework installed or a later one: `at-least`, `older`"),
    (
        "`cipher-suites/tls-1.2`, `cipher-suites/entra-id`, `cipher-suites/azure-devops`",
        "`on` (a usable one is left), `off`; for Azure DevOps with the curve that it needs",
    ),
    (
        "`curves/nist`, `key-exchange/ECDH` (`Diffie-Hellman`, `PKCS`)",
        "is NIST P-256 or P-384 left, is the key exchange on: `on`, `off`",
    ),
    (
        "`key-size/Diffie-Hellman/server/2048` (`client`; `PKCS/client`; any number of bits)",
        "is the smallest key that is taken so large: `at-least`, `smaller`",
    ),
    (
        "`entra-connect/version`, `entra-connect/support`",
        "does the installed version synchronise: `in-service`, `stopped`, `recalled`; is it supported, as of the day of the \
         table: `supported`, `ended`",
    ),
    (
        "`entra-connect/dotnet`, `entra-agents/versions`",
        "is the .NET Framework, are the agents as new as is asked for: `at-least`, `older`",
    ),
    (
        "`entra-connect/programs`",
        "do settings that are made for single programs leave TLS 1.2 to those of Entra Connect: `on`, `off`",
    ),
];

impl Subject {
    /// What its states mean, as [`DESCRIBED`] has it.
    pub fn meaning(self) -> &'static str {
        let row = match self {
            Subject::Schannel(..) => 0,
            Subject::Values(_) => 1,
            Subject::Sides(_) => 2,
            Subject::Protocols(_) => 3,
            Subject::DotNet(Runtime::V4 | Runtime::V46, _) => 4,
            Subject::DotNet(Runtime::V2, _) | Subject::WinHttp(_) => 5,
            Subject::DotNetProtocols(..) => 6,
            Subject::DotNetRelease(_) => 7,
            Subject::CipherSuites(_) => 8,
            Subject::Curves | Subject::KeyExchange(_) => 9,
            Subject::KeySize(..) => 10usize,
            Subject::EntraConnect(Connect::Version | Connect::Support) => 11,
            Subject::EntraConnect(Connect::DotNet) | Subject::EntraAgents => 12,
            Subject::EntraConnect(Connect::Programs) => 13,
        };
        DESCRIBED.get(row).map_or("", |(_, meaning)| meaning)
    }

    /// The subject of this name.
    pub fn parse(text: &str) -> Option<Self> {
        let bits = |text| match text {
            "64-bit" => Some(Bits::Bits64),
            "32-bit" => Some(Bits::Bits32),
            _ => None,
        };
        let parts: Vec<&str> = text.split('/').collect();
        Some(match *parts.as_slice() {
            ["schannel", protocol, side] => {
                let protocol = PROTOCOLS.into_iter().find(|known| *known == protocol)?;
                match side {
                    "values" => Subject::Values(protocol),
                    "sides" => Subject::Sides(protocol),
                    side => Subject::Schannel(protocol, self::side(side)?),
                }
            }
            ["protocols", side] => Subject::Protocols(self::side(side)?),
            ["dotnet", "v2", view] => Subject::DotNet(Runtime::V2, bits(view)?),
            ["dotnet", "v4", view] => Subject::DotNet(Runtime::V4, bits(view)?),
            ["dotnet", "v4.6", view] => Subject::DotNet(Runtime::V46, bits(view)?),
            ["dotnet-protocols", "v2", view] => Subject::DotNetProtocols(Runtime::V2, bits(view)?),
            ["dotnet-protocols", "v4", view] => Subject::DotNetProtocols(Runtime::V4, bits(view)?),
            ["dotnet-release", version] => {
                Subject::DotNetRelease(DOTNET_VERSIONS.into_iter().find(|known| *known == version)?)
            }
            ["winhttp", view] => Subject::WinHttp(bits(view)?),
            ["cipher-suites", "tls-1.2"] => Subject::CipherSuites(Suites::Tls12),
            ["cipher-suites", "entra-id"] => Subject::CipherSuites(Suites::EntraId),
            ["cipher-suites", "azure-devops"] => Subject::CipherSuites(Suites::AzureDevOps),
            ["curves", "nist"] => Subject::Curves,
            ["entra-connect", "version"] => Subject::EntraConnect(Connect::Version),
            ["entra-connect", "support"] => Subject::EntraConnect(Connect::Support),
            ["entra-connect", "dotnet"] => Subject::EntraConnect(Connect::DotNet),
            ["entra-connect", "programs"] => Subject::EntraConnect(Connect::Programs),
            ["entra-agents", "versions"] => Subject::EntraAgents,
            ["key-exchange", name] => Subject::KeyExchange(exchange(name)?),
            ["key-size", name, side, bits] => {
                let (exchange, side) = (exchange(name)?, self::side(side)?);
                exchange.smallest(side)?;
                Subject::KeySize(exchange, side, size(bits)?)
            }
            _ => return None,
        })
    }

    /// The states that it can have, where it has one.
    pub fn states(self) -> &'static [&'static str] {
        match self {
            Subject::Schannel(..) => PROTOCOL,
            Subject::Values(_) => VALUES,
            Subject::Sides(_) => SIDES,
            Subject::Protocols(_) | Subject::DotNetProtocols(Runtime::V2, _) => LEFT,
            Subject::DotNetProtocols(Runtime::V4 | Runtime::V46, _) => LEFT_TO_KINDS,
            Subject::DotNetRelease(_) | Subject::EntraConnect(Connect::DotNet) | Subject::EntraAgents => RELEASE,
            Subject::EntraConnect(Connect::Version) => VERSION,
            Subject::EntraConnect(Connect::Support) => SUPPORT,
            Subject::KeySize(..) => SIZE,
            Subject::DotNet(Runtime::V4 | Runtime::V46, _) => KINDS,
            Subject::DotNet(Runtime::V2, _)
            | Subject::WinHttp(_)
            | Subject::CipherSuites(_)
            | Subject::Curves
            | Subject::EntraConnect(Connect::Programs)
            | Subject::KeyExchange(_) => ONE,
        }
    }
}

fn side(text: &str) -> Option<Side> {
    match text {
        "client" => Some(Side::Client),
        "server" => Some(Side::Server),
        _ => None,
    }
}

fn exchange(text: &str) -> Option<Exchange> {
    Exchange::ALL.into_iter().find(|exchange| exchange.key() == text)
}

/// A number of bits, written as people write one.
fn size(text: &str) -> Option<u32> {
    let digits = text.chars().all(|c| c.is_ascii_digit()) && !text.starts_with('0') && text.len() <= 5;
    text.parse().ok().filter(|_| digits)
}

/// The states that a subject can have.
pub(crate) fn states(subject: &str) -> Result<&'static [&'static str], String> {
    Subject::parse(subject).map(Subject::states).ok_or_else(|| {
        format!(
            "no effective state is called \"{subject}\"; expected schannel/PROTOCOL/client (or server, sides, values) with \
             one of {}, protocols/client (or server), dotnet/v4/64-bit (or v4.6) or dotnet-protocols/v4/64-bit (or v2, 32-bit), \
             dotnet-release/4.7 (or another version), winhttp/64-bit (or 32-bit), cipher-suites/tls-1.2 (or entra-id, \
             azure-devops), curves/nist, key-exchange/ECDH (or Diffie-Hellman, PKCS), \
             key-size/Diffie-Hellman/server/2048, entra-connect/version (or support, dotnet, programs) or \
             entra-agents/versions",
            PROTOCOLS.join(", ")
        )
    })
}
