//! What libpq looks at in a server's certificate: its names, its signature and its time. Reads
//! DER (X.690) as far as RFC 5280 needs it; bytes that do not fit are no certificate.

use std::net::IpAddr;

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// A certificate taken apart; every part is a piece of its bytes.
#[derive(Clone, Debug)]
pub(super) struct Certificate<'a> {
    whole: &'a [u8],
    /// Whether it is of the old kind that has no extensions.
    pub(super) is_version_1: bool,
    /// What is signed, tag and length included.
    pub(super) signed: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// Seconds since 1970 between which it holds.
    pub(super) validity: (i64, i64),
    /// The key with its algorithm, tag and length included.
    pub(super) key_info: &'a [u8],
    /// The identifier of the key's algorithm without tag and length.
    pub(super) key_algorithm: &'a [u8],
    pub(super) key: &'a [u8],
    /// The identifier of the signature's algorithm without tag and length.
    pub(super) signature_algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    common_name: Option<&'a [u8]>,
    names: Vec<Name<'a>>,
}

/// A subject alternative name that libpq looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name<'a> {
    Dns(&'a [u8]),
    Address(&'a [u8]),
}

const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4];
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];

/// A piece of DER: what was not read yet.
#[derive(Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value: its tag, its content, and all its bytes.
    fn value(&mut self) -> Option<(u8, Der<'a>, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            // Four bytes of length are enough for anything that is sent.
            let count = usize::from(*first & 0x7f);
            let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let all = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        Some((*tag, Der(content), all))
    }

    /// The content of the next value, which must have a tag.
    fn expect(&mut self, tag: u8) -> Option<Der<'a>> {
        self.value().filter(|(own, ..)| *own == tag).map(|(_, content, _)| content)
    }

    /// The bytes of the next value, which must have a tag.
    fn all(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.value().filter(|(own, ..)| *own == tag).map(|(.., all)| all)
    }

    /// The content of the next value, if it has a tag.
    fn optional(&mut self, tag: u8) -> Option<Der<'a>> {
        (self.0.first() == Some(&tag)).then(|| self.expect(tag)).flatten()
    }

    /// The bytes of a string of bits that are whole bytes.
    fn bits(&mut self) -> Option<&'a [u8]> {
        self.expect(BIT_STRING)?.0.strip_prefix(&[0])
    }
}

impl<'a> Certificate<'a> {
    /// Takes a certificate apart.
    pub(super) fn read(whole: &'a [u8]) -> Option<Self> {
        let mut outer = Der(whole).expect(SEQUENCE)?;
        let signed = outer.all(SEQUENCE)?;
        let signature_algorithm = outer.expect(SEQUENCE)?.0;
        let signature = outer.bits()?;
        let mut inner = Der(signed).expect(SEQUENCE)?;
        let is_version_1 = inner.optional(0xa0).is_none();
        inner.expect(0x02)?;
        inner.expect(SEQUENCE)?;
        let issuer = inner.all(SEQUENCE)?;
        let mut validity = inner.expect(SEQUENCE)?;
        let validity = (time(&mut validity)?, time(&mut validity)?);
        let subject = inner.all(SEQUENCE)?;
        let key_info = inner.all(SEQUENCE)?;
        let mut key_parts = Der(key_info).expect(SEQUENCE)?;
        let (key_algorithm, key) = (key_parts.expect(SEQUENCE)?.0, key_parts.bits()?);
        inner.optional(0x81);
        inner.optional(0x82);
        let mut names = Vec::new();
        if let Some(mut extensions) = inner.optional(0xa3).and_then(|mut list| list.expect(SEQUENCE)) {
            while let Some(mut extension) = extensions.expect(SEQUENCE) {
                if extension.expect(OBJECT_IDENTIFIER)?.0 == ALTERNATIVE_NAMES {
                    extension.optional(0x01);
                    let mut list = extension.expect(0x04)?.expect(SEQUENCE)?;
                    while let Some((tag, content, _)) = list.value() {
                        match tag {
                            0x82 => names.push(Name::Dns(content.0)),
                            0x87 => names.push(Name::Address(content.0)),
                            _ => {}
                        }
                    }
                }
            }
        }
        Some(Self {
            whole,
            is_version_1,
            signed,
            issuer,
            subject,
            validity,
            key_info,
            key_algorithm,
            key,
            signature_algorithm,
            signature,
            common_name: common_name(subject),
            names,
        })
    }

    /// Whether the certificate is for a host, by libpq's rules; its words if it is not.
    pub(super) fn check_name(&self, host: &str) -> Result<(), String> {
        let address: Option<IpAddr> = host.parse().ok();
        let mut seen = Vec::new();
        let mut looks_at_common_name = true;
        for name in &self.names {
            match (name, address) {
                (Name::Dns(pattern), _) => {
                    looks_at_common_name &= address.is_some();
                    if matches_host(pattern, host)? {
                        return Ok(());
                    }
                    seen.push(String::from_utf8_lossy(pattern).into_owned());
                }
                (Name::Address(bytes), _) => {
                    looks_at_common_name &= address.is_none();
                    let own = address_of(bytes);
                    if own.is_some() && own == address {
                        return Ok(());
                    }
                    seen.extend(own.map(|own| own.to_string()));
                }
            }
        }
        if let Some(name) = self.common_name.filter(|_| looks_at_common_name) {
            if matches_host(name, host)? {
                return Ok(());
            }
            seen.push(String::from_utf8_lossy(name).into_owned());
        }
        match seen.as_slice() {
            [] => Err("could not get server's host name from server certificate".to_owned()),
            [name] => Err(format!("server certificate for \"{name}\" does not match host name \"{host}\"")),
            [name, others @ ..] => Err(format!(
                "server certificate for \"{name}\" (and {} other name{}) does not match host name \"{host}\"",
                others.len(),
                if others.len() == 1 { "" } else { "s" }
            )),
        }
    }

    /// The hash that binds a password exchange to this certificate (RFC 5929,
    /// `tls-server-end-point`): by the hash of its signature, by SHA-256 where that is older.
    pub(super) fn end_point(&self) -> Option<Vec<u8>> {
        let mut algorithm = Der(self.signature_algorithm);
        let identifier = algorithm.expect(OBJECT_IDENTIFIER)?.0;
        let bits = if let Some(rsa) = identifier.strip_prefix(RSA) {
            match rsa {
                [4 | 5 | 11] => 256,
                [12] => 384,
                [13] => 512,
                [14] => 224,
                [10] => {
                    let mut parameters = algorithm.expect(SEQUENCE)?;
                    match parameters.optional(0xa0) {
                        None => 256,
                        Some(mut hash) => {
                            let identifier = hash.expect(SEQUENCE)?.expect(OBJECT_IDENTIFIER)?.0;
                            match identifier.strip_prefix(SHA2)? {
                                [1] => 256,
                                [2] => 384,
                                [3] => 512,
                                [4] => 224,
                                _ => return None,
                            }
                        }
                    }
                }
                _ => return None,
            }
        } else {
            match identifier.strip_prefix(ECDSA)? {
                [1] | [3, 2] => 256,
                [3, 1] => 224,
                [3, 3] => 384,
                [3, 4] => 512,
                _ => return None,
            }
        };
        Some(match bits {
            224 => Sha224::digest(self.whole).to_vec(),
            384 => Sha384::digest(self.whole).to_vec(),
            512 => Sha512::digest(self.whole).to_vec(),
            _ => Sha256::digest(self.whole).to_vec(),
        })
    }
}

/// The first common name of a subject.
fn common_name(subject: &[u8]) -> Option<&[u8]> {
    let mut parts = Der(subject).expect(SEQUENCE)?;
    while let Some(mut part) = parts.expect(SET) {
        while let Some(mut attribute) = part.expect(SEQUENCE) {
            if attribute.expect(OBJECT_IDENTIFIER)?.0 == COMMON_NAME {
                return attribute.value().map(|(_, content, _)| content.0);
            }
        }
    }
    None
}

fn address_of(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Whether a name of a certificate is a host; `*.` stands for one label at its start.
fn matches_host(pattern: &[u8], host: &str) -> Result<bool, String> {
    if pattern.contains(&0) {
        return Err("SSL certificate's name contains embedded null".to_owned());
    }
    let host = host.as_bytes();
    if pattern.eq_ignore_ascii_case(host) {
        return Ok(true);
    }
    let Some(tail) = pattern.strip_prefix(b"*").filter(|tail| tail.len() > 1 && tail.starts_with(b".")) else {
        return Ok(false);
    };
    let dot = host.iter().position(|byte| *byte == b'.').unwrap_or(host.len());
    Ok(dot > 0 && host.get(dot..).is_some_and(|rest| rest.eq_ignore_ascii_case(tail)))
}

/// A time in seconds since 1970.
fn time(der: &mut Der<'_>) -> Option<i64> {
    let (tag, content, _) = der.value()?;
    let digits = content.0.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        Some(digits.get(range)?.iter().fold(0, |number, digit| number * 10 + i64::from(*digit - b'0')))
    };
    let (year, at) = match (tag, digits.len()) {
        (0x17, 12) => (number(0..2).map(|year| if year < 50 { 2000 + year } else { 1900 + year })?, 2),
        (0x18, 14) => (number(0..4)?, 4),
        _ => return None,
    };
    let part = |place: usize| number(at + 2 * place..at + 2 * place + 2);
    let (month, day) = (part(0).filter(|month| (1..=12).contains(month))?, part(1)?);
    // Days since 1970 by the calendar of four hundred years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + part(2)?) * 60 + part(3)?) * 60 + part(4)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn times_are_seconds() {
        for (tag, text, seconds) in [
            (0x17, "700101000000Z", 0),
            (0x17, "000229235959Z", 951_868_799),
            (0x18, "20380119031408Z", 2_147_483_648),
            (0x17, "490101000000Z", 2_493_072_000),
        ] {
            let der = [&[tag, u8::try_from(text.len()).unwrap_or_default()], text.as_bytes()].concat();
            assert_eq!(time(&mut Der(&der)), Some(seconds), "{text}");
        }
    }

    #[test]
    fn a_star_is_one_label() {
        let matches = |pattern: &str, host: &str| matches_host(pattern.as_bytes(), host) == Ok(true);
        assert!(matches("db.example.com", "DB.example.com"));
        assert!(matches("*.example.com", "db.example.com"));
        assert!(!matches("*.example.com", "a.db.example.com"));
        assert!(!matches("*.example.com", "example.com"));
        assert!(!matches("*.example.com", ".example.com"));
        assert!(!matches("*", "localhost"));
        assert!(matches_host(b"a\0b", "a").is_err());
    }

    const PEM: &str = "-----BEGIN CERTIFICATE-----\n\
        MIIBuDCCAV6gAwIBAgIUNYkFgpqjaS3U2/Ak1m9S6YKW/LEwCgYIKoZIzj0EAwIw\n\
        EjEQMA4GA1UEAwwHZXhhbXBsZTAgFw0yNjExMjExMDMwMDdaGA8yMTI2MTAyODEw\n\
        MzAwN1owEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n\
        A0IABKmdjme+an5orXZC09MSYQ5dhHTaIUooHW570xGZZ8ZyTvSXXQ5IThoPBOGg\n\
        MY/0NETy52qjwfr6FUZJxUFPAwOjgY8wgYwwHQYDVR0OBBYEFJO+RSvFgVf+edUk\n\
        wSjI+u920t01MB8GA1UdIwQYMBaAFJO+RSvFgVf+edUkwSjI+u920t01MA8GA1Ud\n\
        EwEB/wQFMAMBAf8wOQYDVR0RBDIwMIIJYS5leGFtcGxlggsqLmIuZXhhbXBsZYcE\n\
        CgAAAYcQAAAAAAAAAAAAAAAAAAAAATAKBggqhkjOPQQDAgNIADBFAiAwN4Cy1w2R\n\
        OEWbceuZE/PfkhbI03SHErE9Ptq9bLUFOQIhAMDT46f0zvHK1rAcIFtjR49YOxM7\n\
        3606rmBfGMk5I0Ax\n\
        -----END CERTIFICATE-----";

    /// A certificate for `a.example`, `*.b.example` and two addresses.
    fn der() -> Vec<u8> {
        CertificateDer::from_pem_slice(PEM.as_bytes()).map(|der| der.to_vec()).unwrap_or_default()
    }

    #[test]
    fn a_certificate_is_for_its_names() {
        let der = der();
        let words = |host: &str| Certificate::read(&der).map(|certificate| certificate.check_name(host));
        for host in ["a.example", "A.EXAMPLE", "x.b.example", "10.0.0.1", "::1", "0:0::1"] {
            assert_eq!(words(host), Some(Ok(())), "{host}");
        }
        for host in ["example", "b.example", "x.y.b.example", "10.0.0.2"] {
            let name = "server certificate for \"a.example\" (and 3 other names) does not match host name";
            assert_eq!(words(host), Some(Err(format!("{name} \"{host}\""))));
        }
    }

    #[test]
    fn a_certificate_is_taken_apart() {
        let der = der();
        let certificate = Certificate::read(&der);
        let summary =
            certificate.map(|own| (own.is_version_1, own.issuer == own.subject, own.validity, own.end_point()));
        // `openssl x509 -outform der | sha256sum`
        let hash = Sha256::digest(&der).to_vec();
        assert!(hash.starts_with(&[0xab, 0xed, 0xc5, 0x65]));
        assert_eq!(summary, Some((false, true, (1_795_257_007, 4_948_857_007), Some(hash))));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_survived(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), cut: prop::sample::Index) {
            let mut der = der();
            for (place, value) in changes {
                let place = place.index(der.len());
                der.iter_mut().skip(place).take(1).for_each(|byte| *byte = value);
            }
            der.truncate(if cut.index(4) == 0 { cut.index(der.len()) } else { der.len() });
            if let Some(certificate) = Certificate::read(&der) {
                let _ = (certificate.check_name("a.example"), certificate.end_point());
            }
        }
    }

    #[test]
    fn rubbish_is_no_certificate() {
        for bytes in [&[][..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x80], &[0x30, 3, 0x30, 1, 0]] {
            assert!(Certificate::read(bytes).is_none());
        }
    }
}
