//! Reads GGUF model files (versions 2 and 3, little-endian), and trusts nothing in them.
//!
//! # Design
//!
//! - [`GgufFile::open`] reads the header: typed metadata and a table of tensors. Each length is checked
//!   against what is left of the file before anything is allocated for it.
//! - Tensor data is read on demand, tensor by tensor, so the file is never in memory twice.
//!
//! Source: `docs/gguf.md` of the ggml repository.

mod header;
mod metadata;
mod tensor;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

pub(crate) use metadata::Metadata;
pub(crate) use tensor::{Encoding, TensorEntry};

/// Why a GGUF file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GgufError {
    #[error("the file cannot be read: {0}")]
    Read(std::io::Error),
    #[error("it is not a GGUF file")]
    Magic,
    #[error("it is GGUF version {0}; versions 2 and 3 can be read")]
    Version(u32),
    #[error("it ends in the middle of {0}: the file is incomplete or damaged")]
    Truncated(String),
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("`{key}` is missing, or is not {expected}")]
    Metadata { key: String, expected: &'static str },
    #[error("tensor `{name}` {problem}")]
    Tensor { name: String, problem: String },
}

/// An open model file.
pub(crate) struct GgufFile {
    file: File,
    /// What it says of the model.
    pub(crate) metadata: Metadata,
    tensors: Vec<TensorEntry>,
    data_start: u64,
}

impl GgufFile {
    /// Opens the file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, GgufError> {
        let file = File::open(path).map_err(GgufError::Read)?;
        let length = file.metadata().map_err(GgufError::Read)?.len();
        let header = header::read(&mut BufReader::new(&file), length)?;
        for tensor in &header.tensors {
            tensor.check(header.data_start, length)?;
        }
        Ok(Self { file, metadata: header.metadata, tensors: header.tensors, data_start: header.data_start })
    }

    /// All tensors.
    pub(crate) fn tensors(&self) -> &[TensorEntry] {
        &self.tensors
    }

    /// The tensor of this name, which must have these dimensions (fastest first).
    pub(crate) fn tensor(&self, name: &str, dims: &[usize]) -> Result<&TensorEntry, GgufError> {
        let problem = |problem: String| GgufError::Tensor { name: name.to_owned(), problem };
        let found = self.tensors.iter().find(|tensor| tensor.name == name);
        let tensor = found.ok_or_else(|| problem("is missing".into()))?;
        if !tensor.dims.iter().copied().eq(dims.iter().map(|dim| *dim as u64)) {
            return Err(problem(format!("has dimensions {:?} instead of {dims:?}", tensor.dims)));
        }
        Ok(tensor)
    }

    /// A tensor's bytes, as they are encoded.
    pub(crate) fn bytes(&self, tensor: &TensorEntry) -> Result<Vec<u8>, GgufError> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.data_start + tensor.offset)).map_err(GgufError::Read)?;
        let mut bytes = vec![0; tensor.bytes()? as usize];
        file.read_exact(&mut bytes).map_err(GgufError::Read)?;
        Ok(bytes)
    }

    /// A tensor of plain numbers.
    pub(crate) fn floats(&self, name: &str, length: usize) -> Result<Vec<f32>, GgufError> {
        let tensor = self.tensor(name, &[length])?;
        if tensor.encoding != Encoding::F32 {
            let problem = format!("is stored as {}, not F32", tensor.encoding);
            return Err(GgufError::Tensor { name: name.to_owned(), problem });
        }
        let bytes = self.bytes(tensor)?;
        Ok(bytes.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }
}
