//! Reading the statement of a TPM: `TPMS_ATTEST` (TPM 2.0 part 2, section 10.12.12).

const TPM_GENERATED: u32 = 0xff54_4347;
const ST_ATTEST_CERTIFY: u16 = 0x8017;
const ST_ATTEST_QUOTE: u16 = 0x8018;
const ALG_SHA256: u16 = 0x000b;

/// A statement, as far as the checks look into it.
pub(crate) struct Statement {
    pub(crate) nonce: Vec<u8>,
    pub(crate) about: About,
}

/// What it is about.
pub(crate) enum About {
    /// Registers of the SHA-256 bank and the digest over their values.
    Quote { pcrs: Vec<u8>, digest: Vec<u8> },
    /// A key, by its name.
    Certify { name: Vec<u8> },
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let len = self.u16()?;
        self.take(len.into())
    }
}

/// The statement; `None` when it is not one, or has bytes too many.
pub(crate) fn parse(statement: &[u8]) -> Option<Statement> {
    let mut reader = Reader(statement);
    if reader.u32()? != TPM_GENERATED {
        return None;
    }
    let kind = reader.u16()?;
    let _signer = reader.sized()?;
    let nonce = reader.sized()?.to_vec();
    let _clock_and_firmware = reader.take(17 + 8)?;
    let about = match kind {
        ST_ATTEST_QUOTE => quote(&mut reader)?,
        ST_ATTEST_CERTIFY => {
            let name = reader.sized()?.to_vec();
            let _qualified_name = reader.sized()?;
            About::Certify { name }
        }
        _ => return None,
    };
    reader.0.is_empty().then_some(Statement { nonce, about })
}

fn quote(reader: &mut Reader<'_>) -> Option<About> {
    let mut pcrs = Vec::new();
    for _ in 0..reader.u32()? {
        if reader.u16()? != ALG_SHA256 {
            return None;
        }
        let len = reader.take(1)?[0];
        for (byte, bits) in reader.take(len.into())?.iter().enumerate() {
            let set = (0..8_u8).filter(|bit| bits & (1 << bit) != 0);
            pcrs.extend(set.map(|bit| byte as u8 * 8 + bit));
        }
    }
    Some(About::Quote { pcrs, digest: reader.sized()?.to_vec() })
}
