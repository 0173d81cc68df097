//! How signatures and keys are written down: ASN.1 DER, PEM, and `r ‖ s`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Half the order of secp256k1, rounded down: the greatest low S (BIP 62, "Low S values in signatures").
const SECP256K1_HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
    0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// The order of secp256k1 (SEC 2 v2, section 2.4.1).
const SECP256K1_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// Replaces the `s` of a secp256k1 signature `r ‖ s` of 64 bytes by `n − s` where it is above half the
/// order: the same signature in the one form that Bitcoin relays (BIP 62, BIP 146). Another length is
/// left alone.
pub fn low_s(signature: &mut [u8]) {
    let Some(s) = signature.get_mut(32..64) else { return };
    if *s <= SECP256K1_HALF_ORDER[..] {
        return;
    }
    let mut borrow = 0_i16;
    for (digit, order) in s.iter_mut().zip(SECP256K1_ORDER).rev() {
        let difference = i16::from(order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = difference.rem_euclid(256).to_le_bytes()[0];
    }
}

/// An ECDSA signature `r ‖ s` (two halves of equal length, big-endian) as DER `Ecdsa-Sig-Value`
/// (RFC 3279, section 2.2.3).
pub fn ecdsa_raw_to_der(raw: &[u8]) -> Vec<u8> {
    let (r, s) = raw.split_at(raw.len() / 2);
    sequence(&[unsigned_integer(r), unsigned_integer(s)])
}

/// An ECDSA signature on a 256-bit curve from strict DER to `r ‖ s`, 64 bytes. `None` for what is not the
/// one DER encoding of two positive integers of at most 32 bytes.
pub fn ecdsa_der_to_raw(der: &[u8]) -> Option<[u8; 64]> {
    let body = der.strip_prefix(&[0x30])?;
    let (&length, body) = body.split_first()?;
    if usize::from(length) != body.len() || length > 0x7f {
        return None;
    }
    let mut raw = [0; 64];
    let rest = read_integer(body, &mut raw[..32])?;
    read_integer(rest, &mut raw[32..])?.is_empty().then_some(raw)
}

fn read_integer<'a>(bytes: &'a [u8], target: &mut [u8]) -> Option<&'a [u8]> {
    let (&length, bytes) = bytes.strip_prefix(&[0x02])?.split_first()?;
    let (digits, rest) = bytes.split_at_checked(usize::from(length))?;
    let magnitude = match digits {
        [] => return None,
        [0, next, ..] if *next < 0x80 => return None,
        [0, magnitude @ ..] => magnitude,
        [first, ..] if *first >= 0x80 => return None,
        magnitude => magnitude,
    };
    let start = target.len().checked_sub(magnitude.len())?;
    target[start..].copy_from_slice(magnitude);
    Some(rest)
}

/// A DER block as PEM with lines of 64 characters (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// A DER element: tag, length (X.690, section 8.1.3), content.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => der.push(length),
        _ => {
            let length = content.len().to_be_bytes();
            let digits = &length[length.iter().take_while(|byte| **byte == 0).count()..];
            // At most eight length bytes.
            der.push(0x80 | digits.len() as u8);
            der.extend_from_slice(digits);
        }
    }
    der.extend_from_slice(content);
    der
}

/// A DER SEQUENCE.
pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// A DER INTEGER from an unsigned big-endian number.
pub(super) fn unsigned_integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|first| *first >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    element(0x02, &content)
}

/// A DER BIT STRING of whole bytes.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], bytes].concat())
}

#[cfg(test)]
mod tests;
