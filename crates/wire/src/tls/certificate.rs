//! What a certificate says of itself that rustls asks nobody for (RFC 5280).

use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

/// What is read of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Certificate<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// When it is valid, in seconds since 1970, both included; 0 if that was before.
    pub(super) validity: (u64, u64),
    is_first_version: bool,
    is_authority: Option<bool>,
    may_sign_certificates: Option<bool>,
    may_sign_or_agree: Option<bool>,
}

impl<'a> Certificate<'a> {
    /// Reads it; `None` if that cannot be done.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let constraints = certificate.basic_constraints().ok()?;
        let usage = certificate.key_usage().ok()?.map(|usage| usage.value);
        let validity = certificate.validity();
        let seconds = |moment: i64| u64::try_from(moment).unwrap_or(0);
        Some(Self {
            issuer: certificate.tbs_certificate.issuer.as_raw(),
            subject: certificate.tbs_certificate.subject.as_raw(),
            validity: (
                seconds(validity.not_before.timestamp()),
                seconds(validity.not_after.timestamp()),
            ),
            is_first_version: certificate.version() == X509Version::V1,
            is_authority: constraints.map(|constraints| constraints.value.ca),
            may_sign_certificates: usage.map(|usage| usage.key_cert_sign()),
            may_sign_or_agree: usage
                .map(|usage| usage.digital_signature() || usage.key_agreement()),
        })
    }

    /// Whether it is its own issuer, by its names.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether it may issue others. Those that have no word for that may if they are roots of version 1, or
    /// have a key for it, as for OpenSSL.
    pub(super) fn may_issue(&self) -> bool {
        self.may_sign_certificates != Some(false)
            && self.is_authority.unwrap_or_else(|| {
                self.may_sign_certificates == Some(true)
                    || self.is_first_version && self.is_self_issued()
            })
    }

    /// Whether its key is for what a client does with it.
    pub(super) fn is_of_client(&self) -> bool {
        self.may_sign_or_agree != Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_or_something_else_is_no_certificate() {
        let names = vec!["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let der = made.cert.der();
        let read = Certificate::read(der).expect("one");
        assert!(read.is_self_issued() && read.is_of_client() && !read.may_issue());
        for len in 0..der.len() {
            assert_eq!(Certificate::read(&der[..len]), None);
        }
        for at in 0..der.len() {
            let mut wrong = der.to_vec();
            wrong[at] ^= 0xff;
            // Whatever it is then.
            let _ = Certificate::read(&wrong);
        }
    }

    #[test]
    fn it_is_valid_between_two_seconds() {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        params.not_before = rcgen::date_time_ymd(1960, 1, 1);
        params.not_after = rcgen::date_time_ymd(2100, 3, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        let read = Certificate::read(made.der()).expect("one");
        assert_eq!(read.validity, (0, 4_107_542_400));
    }
}
