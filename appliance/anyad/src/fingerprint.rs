//! A certificate's fingerprint in two forms that people can compare: hexadecimal pairs, as browsers
//! show it, and six words.

use aws_lc_rs::digest;

/// The SHA-256 of a DER certificate.
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    pub(crate) fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, certificate).as_ref());
        Self(bytes)
    }

    /// `AB:CD:…`, 32 pairs.
    pub(crate) fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// Six words of the BIP 39 English list, 11 bits each, from the fingerprint's first 66 bits.
    /// Making a certificate with the same words takes about 2^66 tries.
    pub(crate) fn words(&self) -> Vec<&'static str> {
        let list = bip39::Language::English.word_list();
        (0..6).map(|position| list[self.bits(position * 11, 11)]).collect()
    }

    /// `count` bits from bit `start`, the most significant first.
    fn bits(&self, start: usize, count: usize) -> usize {
        (start..start + count).fold(0, |value, bit| {
            let set = self.0[bit / 8] >> (7 - bit % 8) & 1;
            value << 1 | usize::from(set)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_eleven_bits_each_from_the_front() {
        let mut bytes = [0; 32];
        assert_eq!(Fingerprint(bytes).words(), ["abandon"; 6]);
        bytes[..9].fill(0xff);
        assert_eq!(Fingerprint(bytes).words(), ["zoo"; 6]);
        // 00000000001 = the second word, then zeros.
        let mut bytes = [0; 32];
        bytes[1] = 0b0010_0000;
        assert_eq!(Fingerprint(bytes).words()[..2], ["ability", "abandon"]);
    }

    #[test]
    fn hex_is_what_browsers_show() {
        let hex = Fingerprint::of(b"").hex();
        assert!(hex.starts_with("E3:B0:C4:42:98:FC") && hex.len() == 95, "{hex}");
    }
}
