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
    /// .NET Framework programs.
    DotNet(Runtime, Bits),
    /// Callers of WinHTTP that name no protocol.
    WinHttp(Bits),
    /// A list of cipher suites.
    CipherSuites(Suites),
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
}

/// States of a protocol: offered or accepted; only to programs that name it; never; not part of this Windows.
const PROTOCOL: &[&str] = &["on", "soft-off", "off", "not-supported"];

/// States of programs of several kinds: all reach TLS 1.2, some do, none does.
const KINDS: &[&str] = &["on", "partly", "off"];

/// States of what is one: programs that reach TLS 1.2 or do not, a list with a usable suite or with none.
const ONE: &[&str] = &["on", "off"];

impl Subject {
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
                    "client" => Subject::Schannel(protocol, Side::Client),
                    "server" => Subject::Schannel(protocol, Side::Server),
                    _ => return None,
                }
            }
            ["dotnet", "v2", view] => Subject::DotNet(Runtime::V2, bits(view)?),
            ["dotnet", "v4", view] => Subject::DotNet(Runtime::V4, bits(view)?),
            ["winhttp", view] => Subject::WinHttp(bits(view)?),
            ["cipher-suites", "tls-1.2"] => Subject::CipherSuites(Suites::Tls12),
            ["cipher-suites", "entra-id"] => Subject::CipherSuites(Suites::EntraId),
            _ => return None,
        })
    }

    /// The states that it can have, where it has one.
    pub fn states(self) -> &'static [&'static str] {
        match self {
            Subject::Schannel(..) => PROTOCOL,
            Subject::DotNet(Runtime::V4, _) => KINDS,
            Subject::DotNet(Runtime::V2, _) | Subject::WinHttp(_) | Subject::CipherSuites(_) => ONE,
        }
    }
}

/// The states that a subject can have.
pub(crate) fn states(subject: &str) -> Result<&'static [&'static str], String> {
    Subject::parse(subject).map(Subject::states).ok_or_else(|| {
        format!(
            "no effective state is called \"{subject}\"; expected schannel/PROTOCOL/client or …/server with one of {}, \
             dotnet/v4/64-bit (or v2, 32-bit), winhttp/64-bit (or 32-bit), cipher-suites/tls-1.2 or \
             cipher-suites/entra-id",
            PROTOCOLS.join(", ")
        )
    })
}
