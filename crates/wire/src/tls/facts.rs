//! What a handshake has agreed on, in the words that Node has for it.

use rustls::server::UnbufferedServerConnection;
use rustls::{HandshakeKind, ProtocolVersion, SupportedCipherSuite};

use super::context::Context;

/// What a handshake has agreed on.
#[derive(Debug, Default)]
pub struct Facts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: &'static str,
    /// The name of the cipher suite that IANA gives it.
    pub cipher: String,
    /// The protocol agreed on by ALPN (RFC 7301); empty if there is none.
    pub application_protocol: Vec<u8>,
    /// Whether an earlier session was resumed.
    pub is_resumed: bool,
    /// The client's certificates, its own first, in DER.
    pub certificates: Vec<Vec<u8>>,
    /// Why these are not trusted, by OpenSSL's name; empty if they are, or if nobody asked for them.
    pub distrust: &'static str,
}

impl Facts {
    pub(super) fn of(connection: &UnbufferedServerConnection, context: &Context) -> Self {
        let certificates = connection.peer_certificates().unwrap_or_default();
        let distrust = context
            .authorities
            .as_ref()
            .and_then(|authorities| authorities.distrust(certificates));
        Self {
            protocol: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "TLSv1.2",
            },
            cipher: connection
                .negotiated_cipher_suite()
                .map(name_of)
                .unwrap_or_default(),
            application_protocol: connection.alpn_protocol().unwrap_or_default().to_vec(),
            is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            certificates: certificates.iter().map(|one| one.to_vec()).collect(),
            distrust: distrust.unwrap_or_default(),
        }
    }
}

fn name_of(suite: SupportedCipherSuite) -> String {
    let name = format!("{:?}", suite.suite());
    // That of TLS 1.3 is told apart by a number of its own here.
    name.replacen("TLS13_", "TLS_", 1)
}
