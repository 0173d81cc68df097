//! Text to tokens and back, with the vocabulary of the model file.
//!
//! # Design
//!
//! Byte-level byte-pair encoding as llama.cpp's pre-tokenizer "smollm" does it: digits stand alone, then
//! GPT-2's split. Control tokens are found in the template's text only; text on both sides of a boundary
//! between template and content is encoded together, as the model saw it in training.

use std::collections::HashMap;

use appliance_core::inference::InferenceError;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::{PreTokenizerWrapper, Tokenizer};

use super::template::Part;
use crate::gguf::Metadata;

/// `LLAMA_TOKEN_TYPE_CONTROL`.
const CONTROL: i64 = 3;
/// Names of tokens that end a turn, besides the one that the file names.
const ENDS: [&str; 2] = ["<|im_end|>", "<|endoftext|>"];

/// A vocabulary.
pub(super) struct ChatTokenizer {
    tokenizer: Tokenizer,
    /// What each token stands for; control tokens for nothing.
    bytes: Vec<Box<[u8]>>,
    /// Longest first.
    controls: Vec<(String, u32)>,
    ends: Vec<u32>,
}

impl ChatTokenizer {
    /// Reads the vocabulary. The error is why it cannot be used.
    pub(super) fn read(metadata: &Metadata) -> Result<Self, String> {
        let say = |error: crate::gguf::GgufError| error.to_string();
        for (key, expected) in [("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.pre", "smollm")] {
            let found = metadata.text(key).map_err(say)?;
            if found != expected {
                return Err(format!("its {key} is `{found}`; only `{expected}` can be used"));
            }
        }
        let tokens = metadata.texts("tokenizer.ggml.tokens").map_err(say)?;
        let kinds = metadata.numbers("tokenizer.ggml.token_type").map_err(say)?;
        let merges = metadata.texts("tokenizer.ggml.merges").map_err(say)?;
        if tokens.len() != kinds.len() {
            return Err("its lists of tokens and of their types differ in length".into());
        }
        let is_control = |id: usize| kinds[id] == CONTROL;
        let alphabet = alphabet();
        let bytes = tokens
            .iter()
            .enumerate()
            .map(|(id, token)| if is_control(id) { Box::default() } else { plain(token, &alphabet) });
        let bytes = bytes.collect();
        let named = tokens.iter().enumerate().filter(|(id, _)| is_control(*id));
        let mut controls: Vec<_> = named.map(|(id, token)| ((*token).to_owned(), id as u32)).collect();
        controls.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let mut ends = vec![metadata.u32("tokenizer.ggml.eos_token_id").map_err(say)?];
        ends.extend(controls.iter().filter(|(name, _)| ENDS.contains(&name.as_str())).map(|(_, id)| *id));
        Ok(Self { tokenizer: byte_pairs(&tokens, &merges)?, bytes, controls, ends })
    }

    /// Number of tokens.
    pub(super) fn vocabulary(&self) -> usize {
        self.bytes.len()
    }

    /// Whether this token ends the model's turn.
    pub(super) fn ends_turn(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    /// What a token stands for.
    pub(super) fn bytes(&self, token: u32) -> &[u8] {
        self.bytes.get(token as usize).map_or(&[], |bytes| bytes)
    }

    /// The tokens of a prompt.
    pub(super) fn encode(&self, parts: &[Part]) -> Result<Vec<u32>, InferenceError> {
        let mut tokens = Vec::new();
        let mut text = String::new();
        for part in parts {
            let mut form = match part {
                Part::Content(content) => {
                    text.push_str(content);
                    continue;
                }
                Part::Form(form) => form.as_str(),
            };
            while let Some((before, token, after)) = self.first_control(form) {
                text.push_str(before);
                self.encode_text(&std::mem::take(&mut text), &mut tokens)?;
                tokens.push(token);
                form = after;
            }
            text.push_str(form);
        }
        self.encode_text(&text, &mut tokens)?;
        Ok(tokens)
    }

    /// The first control token in a text, with what is before and after it.
    fn first_control<'a>(&self, text: &'a str) -> Option<(&'a str, u32, &'a str)> {
        let found = self.controls.iter().filter_map(|(name, id)| Some((text.find(name)?, name, id)));
        // Of two at the same place, the longer one, which is earlier in the list.
        let (at, name, id) = found.min_by_key(|(at, _, _)| *at)?;
        Some((&text[..at], *id, &text[at + name.len()..]))
    }

    fn encode_text(&self, text: &str, tokens: &mut Vec<u32>) -> Result<(), InferenceError> {
        let encoding =
            self.tokenizer.encode_fast(text, false).map_err(|source| InferenceError::Compute { source })?;
        tokens.extend_from_slice(encoding.get_ids());
        Ok(())
    }
}

fn byte_pairs(tokens: &[&str], merges: &[&str]) -> Result<Tokenizer, String> {
    let vocabulary: HashMap<_, _> =
        tokens.iter().enumerate().map(|(id, token)| ((*token).to_owned(), id as u32)).collect();
    let pair = |merge: &&str| {
        let (first, second) = merge.split_once(' ')?;
        Some((first.to_owned(), second.to_owned()))
    };
    let merges = merges.iter().map(pair).collect::<Option<Vec<_>>>().ok_or("its merges are no pairs")?;
    let model = BPE::builder()
        .vocab_and_merges(vocabulary.into_iter().collect::<tokenizers::models::bpe::Vocab>(), merges)
        .build()
        .map_err(|error| format!("its vocabulary does not fit together: {error}"))?;
    let mut tokenizer = Tokenizer::new(model);
    let steps = vec![
        PreTokenizerWrapper::Digits(Digits::new(true)),
        PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, false, true)),
    ];
    tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
    Ok(tokenizer)
}

/// The bytes of a token that is written in GPT-2's alphabet.
fn plain(token: &str, alphabet: &HashMap<char, u8>) -> Box<[u8]> {
    let mut bytes = Vec::new();
    for letter in token.chars() {
        match alphabet.get(&letter) {
            Some(byte) => bytes.push(*byte),
            None => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes.into()
}

/// GPT-2's names for bytes: printable ones stand for themselves, the others follow from U+0100.
fn alphabet() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let others = ('\u{100}'..).zip((0..=255).filter(|byte| !printable(*byte)));
    (0..=255).filter(|byte| printable(*byte)).map(|byte| (char::from(byte), byte)).chain(others).collect()
}
