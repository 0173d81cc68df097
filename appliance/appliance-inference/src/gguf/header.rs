//! The part of a GGUF file before the tensors' data.

use std::io::{ErrorKind, Read};

use super::metadata::{Metadata, Value};
use super::{Encoding, GgufError, TensorEntry};

const MAGIC: [u8; 4] = *b"GGUF";
/// More than any known model has; more is damage.
const MOST_KEYS: u64 = 4096;
const MOST_TENSORS: u64 = 65_536;
/// Vocabularies have some 50 to 300 thousand entries.
const MOST_ENTRIES: u64 = 1 << 20;
/// ggml's GGML_MAX_DIMS.
const MOST_DIMENSIONS: u32 = 4;

/// What a header says.
pub(super) struct Header {
    pub(super) metadata: Metadata,
    pub(super) tensors: Vec<TensorEntry>,
    /// Where the first tensor's data starts, bytes from the start of the file.
    pub(super) data_start: u64,
}

/// Reads the header of a file that is `length` bytes long.
pub(super) fn read(input: &mut impl Read, length: u64) -> Result<Header, GgufError> {
    let mut cursor = Cursor { input, left: length, length };
    let magic = cursor.array::<4>("the magic number").map_err(|error| match error {
        GgufError::Truncated(_) => GgufError::Magic,
        other => other,
    })?;
    if magic != MAGIC {
        return Err(GgufError::Magic);
    }
    let version = cursor.u32("the version")?;
    if !(2..=3).contains(&version) {
        return Err(GgufError::Version(version));
    }
    let tensors = cursor.count("the number of tensors", MOST_TENSORS)?;
    let keys = cursor.count("the number of metadata keys", MOST_KEYS)?;
    let mut metadata = Metadata::default();
    for _ in 0..keys {
        let key = cursor.string("a metadata key")?;
        let kind = cursor.u32(&key)?;
        let value = cursor.value(kind, &key)?;
        metadata.insert(key, value);
    }
    let tensors = (0..tensors).map(|_| cursor.tensor()).collect::<Result<Vec<_>, _>>()?;
    let alignment = u64::from(metadata.optional_u32("general.alignment").unwrap_or(32));
    if !alignment.is_power_of_two() {
        return Err(GgufError::Damaged(format!("an alignment of {alignment} bytes")));
    }
    let data_start = (length - cursor.left).next_multiple_of(alignment);
    Ok(Header { metadata, tensors, data_start })
}

struct Cursor<'a, R> {
    input: &'a mut R,
    left: u64,
    length: u64,
}

impl<R: Read> Cursor<'_, R> {
    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], GgufError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8], what: &str) -> Result<(), GgufError> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| truncated(what))?;
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => truncated(what),
            _ => GgufError::Read(error),
        })
    }

    fn u32(&mut self, what: &str) -> Result<u32, GgufError> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &str) -> Result<u64, GgufError> {
        self.array(what).map(u64::from_le_bytes)
    }

    fn count(&mut self, what: &str, most: u64) -> Result<u64, GgufError> {
        match self.u64(what)? {
            count if count <= most => Ok(count),
            count => Err(GgufError::Damaged(format!("{what} is {count}, more than {most}"))),
        }
    }

    fn string(&mut self, what: &str) -> Result<String, GgufError> {
        let length = self.u64(what)?;
        if length > self.left {
            return Err(truncated(what));
        }
        // The file is at least this long, so the allocation is bounded by it.
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes, what)?;
        String::from_utf8(bytes).map_err(|_| GgufError::Damaged(format!("{what} is not UTF-8")))
    }

    fn value(&mut self, kind: u32, key: &str) -> Result<Value, GgufError> {
        Ok(match kind {
            0 => Value::Unsigned(self.array::<1>(key)?[0].into()),
            1 => Value::Signed(i8::from_le_bytes(self.array(key)?).into()),
            2 => Value::Unsigned(u16::from_le_bytes(self.array(key)?).into()),
            3 => Value::Signed(i16::from_le_bytes(self.array(key)?).into()),
            4 => Value::Unsigned(self.u32(key)?.into()),
            5 => Value::Signed(i32::from_le_bytes(self.array(key)?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array(key)?).into()),
            7 => Value::Bool(self.array::<1>(key)?[0] != 0),
            8 => Value::Text(self.string(key)?),
            9 => self.list(key)?,
            10 => Value::Unsigned(self.u64(key)?),
            11 => Value::Signed(i64::from_le_bytes(self.array(key)?)),
            12 => Value::Float(f64::from_le_bytes(self.array(key)?)),
            kind => return Err(GgufError::Damaged(format!("`{key}` has the unknown type {kind}"))),
        })
    }

    fn list(&mut self, key: &str) -> Result<Value, GgufError> {
        const LIST: u32 = 9;
        let kind = self.u32(key)?;
        if kind == LIST {
            return Err(GgufError::Damaged(format!("`{key}` is a list of lists")));
        }
        let count = self.count(key, MOST_ENTRIES)?;
        // Every entry takes a byte at least.
        if count > self.left {
            return Err(truncated(key));
        }
        (0..count).map(|_| self.value(kind, key)).collect::<Result<_, _>>().map(Value::List)
    }

    fn tensor(&mut self) -> Result<TensorEntry, GgufError> {
        let name = self.string("a tensor's name")?;
        let dimensions = self.u32(&name)?;
        if dimensions > MOST_DIMENSIONS {
            return Err(GgufError::Damaged(format!("tensor `{name}` has {dimensions} dimensions")));
        }
        let dims = (0..dimensions).map(|_| self.u64(&name)).collect::<Result<_, _>>()?;
        let encoding = Encoding::from_code(self.u32(&name)?);
        let offset = self.u64(&name)?;
        if offset > self.length {
            return Err(truncated(&name));
        }
        Ok(TensorEntry { name, dims, encoding, offset })
    }
}

fn truncated(what: &str) -> GgufError {
    GgufError::Truncated(what.to_owned())
}
