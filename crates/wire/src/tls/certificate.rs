//! What a certificate says of itself, as far as rustls asks nobody: RFC 5280, in DER.

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

// Bits of the first byte of a key usage (section 4.2.1.3).
const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_AGREEMENT: u8 = 0x08;
const CERTIFICATE_SIGN: u8 = 0x04;

/// What is read of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Certificate<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// When it is valid, in seconds since 1970, both included.
    pub(super) validity: (u64, u64),
    has_version: bool,
    is_authority: Option<bool>,
    key_usage: Option<u8>,
}

impl<'a> Certificate<'a> {
    /// Reads it; `None` if that cannot be done.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut all = Reader(Reader(der).take(SEQUENCE)?);
        let mut fields = Reader(all.take(SEQUENCE)?);
        let has_version = fields.take_if(VERSION).is_some();
        fields.take(INTEGER)?;
        fields.take(SEQUENCE)?;
        let issuer = fields.take(SEQUENCE)?;
        let mut validity = Reader(fields.take(SEQUENCE)?);
        let validity = (validity.time()?, validity.time()?);
        let subject = fields.take(SEQUENCE)?;
        fields.take(SEQUENCE)?;
        fields.take_if(ISSUER_ID);
        fields.take_if(SUBJECT_ID);
        let mut certificate = Self {
            issuer,
            subject,
            validity,
            has_version,
            is_authority: None,
            key_usage: None,
        };
        if let Some(extensions) = fields.take_if(EXTENSIONS) {
            certificate.read_extensions(Reader(extensions).take(SEQUENCE)?)?;
        }
        Some(certificate)
    }

    fn read_extensions(&mut self, extensions: &[u8]) -> Option<()> {
        let mut extensions = Reader(extensions);
        while !extensions.0.is_empty() {
            let mut extension = Reader(extensions.take(SEQUENCE)?);
            let id = extension.take(OBJECT_ID)?;
            extension.take_if(BOOLEAN);
            let mut value = Reader(extension.take(OCTET_STRING)?);
            if id == BASIC_CONSTRAINTS {
                let flag = Reader(value.take(SEQUENCE)?).take_if(BOOLEAN);
                self.is_authority = Some(flag.is_some_and(|flag| flag != [0]));
            } else if id == KEY_USAGE {
                // The first byte says how many bits of the last are unused.
                let bits = value.take(BIT_STRING)?;
                self.key_usage = Some(bits.get(1).copied().unwrap_or(0));
            }
        }
        Some(())
    }

    /// Whether it is its own issuer, by its names.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether it may issue others. Those that have no word for that may if they are roots of version 1, or
    /// have a key for it, as for OpenSSL.
    pub(super) fn may_issue(&self) -> bool {
        let may_sign = self.key_usage.map(|usage| usage & CERTIFICATE_SIGN != 0);
        may_sign != Some(false)
            && self.is_authority.unwrap_or_else(|| {
                may_sign == Some(true) || !self.has_version && self.is_self_issued()
            })
    }

    /// Whether its key is for what a client does with it.
    pub(super) fn is_of_client(&self) -> bool {
        let wanted = DIGITAL_SIGNATURE | KEY_AGREEMENT;
        self.key_usage.is_none_or(|usage| usage & wanted != 0)
    }
}

/// What is left of a list of DER's: of each a tag, its length and what it holds.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_first()?;
        if *first != tag {
            return None;
        }
        let (len, rest) = rest.split_first()?;
        let (len, rest) = if *len < 0x80 {
            (usize::from(*len), rest)
        } else {
            let (bytes, rest) = rest.split_at_checked(usize::from(len & 0x7f))?;
            if bytes.len() > 4 {
                return None;
            }
            let len = bytes
                .iter()
                .fold(0, |len, byte| len << 8 | usize::from(*byte));
            (len, rest)
        };
        let (value, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(value)
    }

    fn take_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) {
            self.take(tag)
        } else {
            None
        }
    }

    /// A moment, in seconds since 1970; 0 if it was before.
    fn time(&mut self) -> Option<u64> {
        let (century, text) = match self.take_if(UTC_TIME) {
            // Section 4.1.2.5.1.
            Some(text) => (if text.first()? < &b'5' { 2000 } else { 1900 }, text),
            None => (0, self.take(GENERALIZED_TIME)?),
        };
        let digits = text.strip_suffix(b"Z")?;
        let (year, rest) = digits.split_at_checked(digits.len().checked_sub(10)?)?;
        let mut parts = rest.chunks(2).map(number);
        let mut part = || parts.next().flatten();
        let (month, day) = (part()?, part()?);
        let (hour, minute, second) = (part()?, part()?, part()?);
        let days = days_since_1970(century + number(year)?, month, day);
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
        Some(u64::try_from(seconds).unwrap_or(0))
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    str::from_utf8(digits).ok()?.parse().ok()
}

/// In the Gregorian calendar; years begin in March here, so that a leap day is the last of one.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let months = (month + 9) % 12;
    let days = (153 * months + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(tag: u8, text: &str) -> Option<u64> {
        let der = [&[tag, text.len() as u8], text.as_bytes()].concat();
        Reader(&der).time()
    }

    #[test]
    fn moments_are_seconds_since_1970() {
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "700102030405Z", Some(97_445)),
            (UTC_TIME, "000229120000Z", Some(951_825_600)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (UTC_TIME, "500101000000Z", Some(0)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "21000301000000Z", Some(4_107_542_400)),
            (UTC_TIME, "700101000000", None),
            (UTC_TIME, "0101Z", None),
            (UTC_TIME, "", None),
            (UTC_TIME, "7001010000xxZ", None),
        ] {
            assert_eq!(time(tag, text), seconds, "{text}");
        }
    }

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
}
