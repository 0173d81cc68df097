//! The keys and values of the tokens read so far.

use super::Config;

/// Tokens that room is made for at a time.
const STEP: usize = 512;
/// Room of at most this many tokens is kept between conversations.
const KEPT: usize = 1024;

/// One layer's keys and values, one buffer a key head, token after token.
pub(super) struct LayerCache {
    pub(super) keys: Vec<Vec<f32>>,
    pub(super) values: Vec<Vec<f32>>,
}

/// All layers. SmolLM2-135M: 46,080 bytes a token.
pub(super) struct Cache {
    layers: Vec<LayerCache>,
    head: usize,
}

impl Cache {
    pub(super) fn new(config: &Config) -> Self {
        let empty = || vec![Vec::new(); config.key_heads];
        let layers = (0..config.layers).map(|_| LayerCache { keys: empty(), values: empty() }).collect();
        Self { layers, head: config.head() }
    }

    /// Tokens that every layer has.
    pub(super) fn length(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.length(self.head))
    }

    pub(super) fn layer(&self, index: usize) -> &LayerCache {
        &self.layers[index]
    }

    /// Appends tokens to a layer; a token's keys lie head after head.
    pub(super) fn append(&mut self, layer: usize, keys: &[f32], values: &[f32]) {
        let LayerCache { keys: all_keys, values: all_values } = &mut self.layers[layer];
        for (buffers, rows) in [(all_keys, keys), (all_values, values)] {
            let heads = buffers.len();
            for (index, buffer) in buffers.iter_mut().enumerate() {
                let needed = buffer.len() + rows.len() / heads;
                if needed > buffer.capacity() {
                    buffer.reserve_exact(needed.next_multiple_of(STEP * self.head) - buffer.len());
                }
                for head in rows.chunks_exact(self.head).skip(index).step_by(heads) {
                    buffer.extend_from_slice(head);
                }
            }
        }
    }

    pub(super) fn clear(&mut self) {
        for layer in &mut self.layers {
            for buffer in layer.keys.iter_mut().chain(&mut layer.values) {
                buffer.clear();
                buffer.shrink_to(KEPT * self.head);
            }
        }
    }
}

impl LayerCache {
    /// Tokens it has.
    pub(super) fn length(&self, head: usize) -> usize {
        self.keys.first().map_or(0, |keys| keys.len() / head)
    }
}
