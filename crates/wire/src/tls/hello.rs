//! What a client says before anything else, looked at without answering it.

use rustls::server::Acceptor;
use rustls::{AlertDescription, CertificateError, ContentType, Error};

/// The types of records that alerts and handshakes are in (RFC 8446, section 5.1).
pub(super) const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// An alert that ends a session, and which: unexpected_message (RFC 8446, section 6).
const FATAL: u8 = 2;
const UNEXPECTED_MESSAGE: u8 = 10;

/// What the first bytes of a connection are.
#[derive(Debug)]
pub(super) enum Hello {
    /// A part of a hello.
    Partial,
    /// A whole one, and whom it wants to speak to (RFC 6066, section 3).
    Whole(Option<String>),
    /// None, with what is to be answered.
    Refused(Error, Vec<u8>),
}

impl Hello {
    /// Looks at all that has come.
    pub(super) fn of(mut bytes: &[u8]) -> Self {
        if let [HANDSHAKE, _, _, high, low, rest @ ..] = bytes
            && rest.len() < usize::from(u16::from_be_bytes([*high, *low]))
        {
            // Parsed once, when it is whole, in however many pieces it comes.
            return Self::Partial;
        }
        if let Some((error, answer)) = alert_before_hello(bytes) {
            return Self::Refused(error, answer.to_vec());
        }
        let mut acceptor = Acceptor::default();
        loop {
            // From memory nothing fails; it takes some bytes at a time.
            let len = acceptor.read_tls(&mut bytes).unwrap_or(0);
            match acceptor.accept() {
                Ok(Some(accepted)) => {
                    let name = accepted.client_hello().server_name().map(str::to_owned);
                    return Self::Whole(name);
                }
                Ok(None) if len == 0 => return Self::Partial,
                Ok(None) => {}
                Err((error, mut alert)) => {
                    let mut answer = Vec::new();
                    // To memory nothing fails.
                    let _ = alert.write_all(&mut answer);
                    return Self::Refused(error, answer);
                }
            }
        }
    }
}

/// Who begins with an alert says no hello any more: rustls waits for one behind a warning, OpenSSL
/// refuses each.
///
/// Returns what is wrong, and the answer, if `first`, all that has come, begins with a whole one.
pub(super) fn alert_before_hello(first: &[u8]) -> Option<(Error, [u8; 7])> {
    let [ALERT, 3, minor, high, low, rest @ ..] = first else {
        return None;
    };
    if rest.len() < usize::from(u16::from_be_bytes([*high, *low])) {
        return None;
    }
    let error = Error::InappropriateMessage {
        expect_types: vec![ContentType::Handshake],
        got_type: ContentType::Alert,
    };
    Some((error, [ALERT, 3, *minor, 0, 2, FATAL, UNEXPECTED_MESSAGE]))
}

/// Node's code for an error of a session, and what it says. `first` are the first bytes that came.
pub(super) fn describe(error: &Error, first: &[u8]) -> (String, String) {
    let code = match error {
        Error::AlertReceived(alert) => format!("ERR_SSL_{}", alert_name(*alert)),
        Error::InvalidMessage(_) if is_http(first) => "ERR_SSL_HTTP_REQUEST".to_owned(),
        Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => {
            "ERR_SSL_WRONG_VERSION_NUMBER".to_owned()
        }
        Error::InvalidMessage(_) => "ERR_SSL_BAD_LENGTH".to_owned(),
        Error::PeerIncompatible(why) => match why {
            rustls::PeerIncompatible::NoCipherSuitesInCommon => "ERR_SSL_NO_SHARED_CIPHER",
            rustls::PeerIncompatible::NoKxGroupsInCommon => "ERR_SSL_NO_SHARED_GROUP",
            rustls::PeerIncompatible::NoSignatureSchemesInCommon => {
                "ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS"
            }
            _ => "ERR_SSL_UNSUPPORTED_PROTOCOL",
        }
        .to_owned(),
        Error::NoCertificatesPresented => "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE".to_owned(),
        Error::InvalidCertificate(_) => "ERR_SSL_CERTIFICATE_VERIFY_FAILED".to_owned(),
        Error::DecryptError => "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC".to_owned(),
        Error::NoApplicationProtocol => "ERR_SSL_NO_APPLICATION_PROTOCOL".to_owned(),
        Error::PeerSentOversizedRecord => "ERR_SSL_DATA_LENGTH_TOO_LONG".to_owned(),
        _ => "ERR_SSL_UNEXPECTED_MESSAGE".to_owned(),
    };
    let text = match error {
        _ if code == "ERR_SSL_HTTP_REQUEST" => "plain HTTP came where TLS is spoken".to_owned(),
        Error::InvalidCertificate(why) => certificate_text(why),
        error => error.to_string(),
    };
    (code, text)
}

/// What is wrong with a client's certificate, where rustls has no words for it.
fn certificate_text(error: &CertificateError) -> String {
    // They come from below rustls, as a type that it does not name.
    let known = [
        (
            "UnsupportedCertVersion",
            "of X.509 version 1; make one of version 3",
        ),
        (
            "CaUsedAsEndEntity",
            "that of an authority (CA:TRUE); make one with CA:FALSE",
        ),
    ];
    let name = format!("{error:?}");
    match known.iter().find(|(kind, _)| name.contains(kind)) {
        Some((_, text)) => format!("the client's certificate is {text}"),
        None => Error::InvalidCertificate(error.clone()).to_string(),
    }
}

/// OpenSSL's names for alerts (RFC 8446, section 6.2), those of SSL 3 with its prefix.
fn alert_name(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let name = match alert {
        A::UnexpectedMessage => "SSLV3_ALERT_UNEXPECTED_MESSAGE",
        A::BadRecordMac => "SSLV3_ALERT_BAD_RECORD_MAC",
        A::DecompressionFailure => "SSLV3_ALERT_DECOMPRESSION_FAILURE",
        A::HandshakeFailure => "SSLV3_ALERT_HANDSHAKE_FAILURE",
        A::BadCertificate => "SSLV3_ALERT_BAD_CERTIFICATE",
        A::UnsupportedCertificate => "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        A::CertificateRevoked => "SSLV3_ALERT_CERTIFICATE_REVOKED",
        A::CertificateExpired => "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        A::CertificateUnknown => "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        A::IllegalParameter => "SSLV3_ALERT_ILLEGAL_PARAMETER",
        A::RecordOverflow => "TLSV1_ALERT_RECORD_OVERFLOW",
        A::UnknownCA => "TLSV1_ALERT_UNKNOWN_CA",
        A::AccessDenied => "TLSV1_ALERT_ACCESS_DENIED",
        A::DecodeError => "TLSV1_ALERT_DECODE_ERROR",
        A::DecryptError => "TLSV1_ALERT_DECRYPT_ERROR",
        A::ExportRestriction => "TLSV1_ALERT_EXPORT_RESTRICTION",
        A::ProtocolVersion => "TLSV1_ALERT_PROTOCOL_VERSION",
        A::InsufficientSecurity => "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        A::InternalError => "TLSV1_ALERT_INTERNAL_ERROR",
        A::InappropriateFallback => "TLSV1_ALERT_INAPPROPRIATE_FALLBACK",
        A::UserCanceled => "TLSV1_ALERT_USER_CANCELLED",
        A::NoRenegotiation => "TLSV1_ALERT_NO_RENEGOTIATION",
        A::MissingExtension => "TLSV13_ALERT_MISSING_EXTENSION",
        A::UnsupportedExtension => "TLSV1_UNSUPPORTED_EXTENSION",
        A::CertificateUnobtainable => "TLSV1_CERTIFICATE_UNOBTAINABLE",
        A::UnrecognisedName => "TLSV1_UNRECOGNIZED_NAME",
        A::BadCertificateStatusResponse => "TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE",
        A::BadCertificateHashValue => "TLSV1_BAD_CERTIFICATE_HASH_VALUE",
        A::UnknownPSKIdentity => "TLSV1_ALERT_UNKNOWN_PSK_IDENTITY",
        A::CertificateRequired => "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        A::NoApplicationProtocol => "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        other => return format!("TLSV1_ALERT_{}", u8::from(other)),
    };
    name.to_owned()
}

fn is_http(first: &[u8]) -> bool {
    [
        &b"GET "[..],
        b"POST",
        b"HEAD",
        b"PUT ",
        b"OPTI",
        b"DELE",
        b"PATC",
        b"CONN",
    ]
    .iter()
    .any(|method| first.starts_with(method))
}
