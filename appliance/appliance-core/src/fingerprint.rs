//! A certificate's fingerprint in two forms that people can compare: hexadecimal pairs, as browsers show it,
//! and six words. The console, the web page and the command line show the same.

use aws_lc_rs::digest;

/// The SHA-256 of a certificate in DER, 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, certificate).as_ref());
        Self(bytes)
    }

    /// `AB:CD:…`, 32 pairs, as browsers show it.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// Six words of the BIP 39 English list, 11 bits each, from the fingerprint's first 66 bits.
    /// Making a certificate with the same words takes about 2^66 tries.
    pub fn words(&self) -> [&'static str; 6] {
        let list = bip39::Language::English.word_list();
        let bit = |bit: usize| usize::from(self.0[bit / 8] >> (7 - bit % 8) & 1);
        std::array::from_fn(|word| {
            list[(word * 11..word * 11 + 11).fold(0, |index, at| index << 1 | bit(at))]
        })
    }
}

/// A text that is not a fingerprint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the 32 pairs of hexadecimal digits of a SHA-256")]
pub struct ParseFingerprintError;

impl std::str::FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    /// 64 hexadecimal digits, colons between them allowed, `SHA-256` before them too.
    fn from_str(text: &str) -> Result<Self, ParseFingerprintError> {
        let text = text.trim().trim_start_matches("SHA-256").trim();
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.replace([':', ' '], ""), &mut bytes).map_err(|_| ParseFingerprintError)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_console() {
        assert_eq!(Fingerprint([0; 32]).words(), ["abandon"; 6]);
        let mut bytes = [0; 32];
        bytes[..9].fill(0xff);
        assert_eq!(Fingerprint(bytes).words(), ["zoo"; 6]);
        let mut bytes = [0; 32];
        bytes[1] = 0b0010_0000;
        assert_eq!(Fingerprint(bytes).words()[..2], ["ability", "abandon"]);
    }

    #[test]
    fn a_fingerprint_is_read_back_as_it_is_shown() {
        let shown = Fingerprint::of(b"");
        assert!(shown.hex().starts_with("E3:B0:C4:42:98:FC"), "the SHA-256 of nothing");
        assert_eq!(format!("SHA-256 {}", shown.hex()).parse(), Ok(shown.clone()));
        assert_eq!(shown.hex().to_lowercase().replace(':', "").parse(), Ok(shown));
        assert!("AB:CD".parse::<Fingerprint>().is_err());
    }
}
