//! The effective states that rules can ask for, by name. `audit` answers each of them: a name that it does not know would
//! stay unknown for ever, so it is refused.

use std::fmt;

use super::state::State;

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
    /// The list of cipher suites, held against those of Mozilla's intermediate configuration.
    MozillaSuites,
    /// The installed version of Entra Connect, by one of its properties.
    EntraConnect(Connect),
    /// The agents of Microsoft Entra, held against the versions that Microsoft asks for.
    EntraAgents,
    /// The elliptic curves that services of Microsoft ask for: NIST P-256 or P-384.
    Curves,
    /// The list of elliptic curves, held against those of Mozilla's intermediate configuration.
    MozillaCurves,
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

    fn parse(text: &str) -> Option<Self> {
        Exchange::ALL.into_iter().find(|exchange| exchange.key() == text)
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

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Client => "client",
            Side::Server => "server",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Side::Client, Side::Server].into_iter().find(|known| known.name() == text)
    }
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

impl Runtime {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Runtime::V2 => "v2",
            Runtime::V4 => "v4",
            Runtime::V46 => "v4.6",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Runtime::V2, Runtime::V4, Runtime::V46].into_iter().find(|known| known.name() == text)
    }
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

impl Connect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Connect::Version => "version",
            Connect::Support => "support",
            Connect::DotNet => "dotnet",
            Connect::Programs => "programs",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Connect::Version, Connect::Support, Connect::DotNet, Connect::Programs]
            .into_iter()
            .find(|known| known.name() == text)
    }
}

/// Programs of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// 64-bit programs.
    Bits64,
    /// 32-bit programs.
    Bits32,
}

impl Bits {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Bits::Bits64 => "64-bit",
            Bits::Bits32 => "32-bit",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Bits::Bits64, Bits::Bits32].into_iter().find(|known| known.name() == text)
    }
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

impl Suites {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Suites::Tls12 => "tls-1.2",
            Suites::EntraId => "entra-id",
            Suites::AzureDevOps => "azure-devops",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Suites::Tls12, Suites::EntraId, Suites::AzureDevOps].into_iter().find(|known| known.name() == text)
    }
}

/// States of a protocol: offered or accepted; only to programs that name it; never; not part of this Windows.
const PROTOCOL: &[State] = &[State::On, State::SoftOff, State::Off, State::NotSupported];

/// How the four values of a protocol stand to each other: on or off by the book on both sides; a side that is on and off at
/// once; sides that differ; some of the four not set, or none; one of the wrong type.
const VALUES: &[State] = &[
    State::Enabled,
    State::Disabled,
    State::HalfDisabled,
    State::Different,
    State::Incomplete,
    State::NotSet,
    State::Odd,
];

/// States of two sides.
const SIDES: &[State] = &[State::Alike, State::Different];

/// States of a set of protocols: one of them can be used, or none.
const LEFT: &[State] = &[State::Left, State::NoneLeft];

/// The same for programs of several kinds, of which some may have one.
const LEFT_TO_KINDS: &[State] = &[State::Left, State::Partly, State::NoneLeft];

/// States of what is at least so new.
const RELEASE: &[State] = &[State::AtLeast, State::Older];

/// States of a version of Entra Connect.
const VERSION: &[State] = &[State::InService, State::Stopped, State::Recalled];

/// States of support.
const SUPPORT: &[State] = &[State::Supported, State::Ended];

/// States of what is at least so large.
const SIZE: &[State] = &[State::AtLeast, State::Smaller];

/// States of a list that is held against a set.
const SET: &[State] = &[State::Only, State::Others];

/// States of programs of several kinds: all reach TLS 1.2, some do, none does.
const KINDS: &[State] = &[State::On, State::Partly, State::Off];

/// States of what is one: programs that reach TLS 1.2 or do not, a list with a usable suite or with none.
const ONE: &[State] = &[State::On, State::Off];

/// What rules can ask for, for people: names, and what the states mean.
pub const DESCRIBED: [(&str, &str); 15] = [
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
    (
        "`cipher-suites/mozilla-intermediate`, `curves/mozilla-intermediate`",
        "are no suites, no curves left but those of Mozilla's intermediate configuration: `only` (all or some of them), \
         `others`",
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
            Subject::MozillaSuites | Subject::MozillaCurves => 14,
        };
        DESCRIBED.get(row).map_or("", |(_, meaning)| meaning)
    }

    /// The subject of this name.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        Some(match *parts.as_slice() {
            ["schannel", protocol, side] => {
                let protocol = PROTOCOLS.into_iter().find(|known| *known == protocol)?;
                match side {
                    "values" => Subject::Values(protocol),
                    "sides" => Subject::Sides(protocol),
                    side => Subject::Schannel(protocol, Side::parse(side)?),
                }
            }
            ["protocols", side] => Subject::Protocols(Side::parse(side)?),
            ["dotnet", runtime, bits] => Subject::DotNet(Runtime::parse(runtime)?, Bits::parse(bits)?),
            ["dotnet-protocols", runtime, bits] => match Runtime::parse(runtime)? {
                Runtime::V46 => return None,
                runtime => Subject::DotNetProtocols(runtime, Bits::parse(bits)?),
            },
            ["dotnet-release", version] => {
                Subject::DotNetRelease(DOTNET_VERSIONS.into_iter().find(|known| *known == version)?)
            }
            ["winhttp", bits] => Subject::WinHttp(Bits::parse(bits)?),
            ["cipher-suites", "mozilla-intermediate"] => Subject::MozillaSuites,
            ["cipher-suites", suites] => Subject::CipherSuites(Suites::parse(suites)?),
            ["curves", "nist"] => Subject::Curves,
            ["curves", "mozilla-intermediate"] => Subject::MozillaCurves,
            ["entra-connect", property] => Subject::EntraConnect(Connect::parse(property)?),
            ["entra-agents", "versions"] => Subject::EntraAgents,
            ["key-exchange", exchange] => Subject::KeyExchange(Exchange::parse(exchange)?),
            ["key-size", exchange, side, bits] => {
                let (exchange, side) = (Exchange::parse(exchange)?, Side::parse(side)?);
                exchange.smallest(side)?;
                Subject::KeySize(exchange, side, size(bits)?)
            }
            _ => return None,
        })
    }

    /// The states that it can have, where it has one.
    pub fn states(self) -> &'static [State] {
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
            Subject::MozillaSuites | Subject::MozillaCurves => SET,
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

/// A number of bits, written as people write one.
fn size(text: &str) -> Option<u32> {
    let digits = text.chars().all(|c| c.is_ascii_digit()) && !text.starts_with('0') && text.len() <= 5;
    text.parse().ok().filter(|_| digits)
}

/// The subject of this name, or why there is none.
pub(crate) fn named(text: &str) -> Result<Subject, String> {
    Subject::parse(text).ok_or_else(|| {
        format!(
            "no effective state is called \"{text}\"; expected schannel/PROTOCOL/client (or server, sides, values) with \
             one of {}, protocols/client (or server), dotnet/v4/64-bit (or v4.6) or dotnet-protocols/v4/64-bit (or v2, 32-bit), \
             dotnet-release/4.7 (or another version), winhttp/64-bit (or 32-bit), cipher-suites/tls-1.2 (or entra-id, \
             azure-devops, mozilla-intermediate), curves/nist (or mozilla-intermediate), key-exchange/ECDH (or Diffie-Hellman, PKCS), \
             key-size/Diffie-Hellman/server/2048, entra-connect/version (or support, dotnet, programs) or \
             entra-agents/versions",
            PROTOCOLS.join(", ")
        )
    })
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Subject::Schannel(protocol, side) => write!(f, "schannel/{protocol}/{}", side.name()),
            Subject::Values(protocol) => write!(f, "schannel/{protocol}/values"),
            Subject::Sides(protocol) => write!(f, "schannel/{protocol}/sides"),
            Subject::Protocols(side) => write!(f, "protocols/{}", side.name()),
            Subject::DotNet(runtime, bits) => write!(f, "dotnet/{}/{}", runtime.name(), bits.name()),
            Subject::DotNetProtocols(runtime, bits) => write!(f, "dotnet-protocols/{}/{}", runtime.name(), bits.name()),
            Subject::DotNetRelease(version) => write!(f, "dotnet-release/{version}"),
            Subject::WinHttp(bits) => write!(f, "winhttp/{}", bits.name()),
            Subject::CipherSuites(suites) => write!(f, "cipher-suites/{}", suites.name()),
            Subject::MozillaSuites => f.write_str("cipher-suites/mozilla-intermediate"),
            Subject::EntraConnect(property) => write!(f, "entra-connect/{}", property.name()),
            Subject::EntraAgents => f.write_str("entra-agents/versions"),
            Subject::Curves => f.write_str("curves/nist"),
            Subject::MozillaCurves => f.write_str("curves/mozilla-intermediate"),
            Subject::KeyExchange(exchange) => write!(f, "key-exchange/{}", exchange.key()),
            Subject::KeySize(exchange, side, bits) => write!(f, "key-size/{}/{}/{bits}", exchange.key(), side.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        for text in [
            "schannel/TLS 1.2/client",
            "schannel/DTLS 1.0/server",
            "schannel/SSL 2.0/values",
            "schannel/TLS 1.3/sides",
            "protocols/server",
            "dotnet/v2/32-bit",
            "dotnet/v4/64-bit",
            "dotnet/v4.6/64-bit",
            "dotnet-protocols/v2/64-bit",
            "dotnet-protocols/v4/32-bit",
            "dotnet-release/4.8.1",
            "winhttp/32-bit",
            "cipher-suites/tls-1.2",
            "cipher-suites/entra-id",
            "cipher-suites/azure-devops",
            "cipher-suites/mozilla-intermediate",
            "curves/nist",
            "curves/mozilla-intermediate",
            "entra-connect/version",
            "entra-connect/support",
            "entra-connect/dotnet",
            "entra-connect/programs",
            "entra-agents/versions",
            "key-exchange/ECDH",
            "key-exchange/PKCS",
            "key-size/Diffie-Hellman/server/2048",
        ] {
            let subject = Subject::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(subject.to_string(), text);
            let words: Vec<&str> = subject.states().iter().map(|state| state.word()).collect();
            assert!(!words.contains(&"unknown") && !words.is_empty(), "{text}: {words:?}");
        }
        for text in ["dotnet-protocols/v4.6/64-bit", "schannel/TLS 1.2/both", "schannel/tls 1.2/client", ""] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }
}
