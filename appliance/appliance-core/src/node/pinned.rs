//! Blocks that every node on Bitcoin's chains has at known heights.
//!
//! Source: `src/kernel/chainparams.cpp` of Bitcoin Core 31.99 (in the crate `libbitcoinkernel-sys` 0.4.1):
//! the genesis block, and the blocks whose UTXO set is pinned for assumeutxo, of each chain. Regtest has
//! its genesis block only, its blocks are made at will. Hashes are written as people do, byte-reversed.

use super::Chain;

/// A block that must be at its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedHeader {
    /// Height of the block.
    pub height: u64,
    /// Its hash.
    pub hash: &'static str,
}

const fn pin(height: u64, hash: &'static str) -> PinnedHeader {
    PinnedHeader { height, hash }
}

const MAIN: &[PinnedHeader] = &[
    pin(0, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
    pin(840_000, "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"),
    pin(880_000, "000000000000000000010b17283c3c400507969a9c2afd1dcf2082ec5cca2880"),
    pin(910_000, "0000000000000000000108970acb9522ffd516eae17acddcb1bd16469194a821"),
    pin(935_000, "0000000000000000000147034958af1652b2b91bba607beacc5e72a56f0fb5ee"),
];

const TEST: &[PinnedHeader] = &[
    pin(0, "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
    pin(2_500_000, "0000000000000093bcb68c03a9a168ae252572d348a2eaeba2cdf9231d73206f"),
    pin(4_840_000, "00000000000000f4971a7fb37fbdff89315b69a2e1920c467654a382f0d64786"),
];

const TESTNET4: &[PinnedHeader] = &[
    pin(0, "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"),
    pin(90_000, "0000000002ebe8bcda020e0dd6ccfbdfac531d2f6a81457191b99fc2df2dbe3b"),
    pin(120_000, "000000000bd2317e51b3c5794981c35ba894ce27d3e772d5c39ecd9cbce01dc8"),
];

const SIGNET: &[PinnedHeader] = &[
    pin(0, "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6"),
    pin(160_000, "0000003ca3c99aff040f2563c2ad8f8ec88bd0fd6b8f0895cfaf1ef90353a62c"),
    pin(290_000, "0000000577f2741bb30cd9d39d6d71b023afbeb9764f6260786a97969d5c9ac0"),
];

const REGTEST: &[PinnedHeader] =
    &[pin(0, "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")];

/// The blocks that are pinned on a chain, lowest first.
pub fn pinned_headers(chain: Chain) -> &'static [PinnedHeader] {
    match chain {
        Chain::Main => MAIN,
        Chain::Test => TEST,
        Chain::Testnet4 => TESTNET4,
        Chain::Signet => SIGNET,
        Chain::Regtest => REGTEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_well_formed() {
        for chain in [Chain::Main, Chain::Test, Chain::Testnet4, Chain::Signet, Chain::Regtest] {
            let pins = pinned_headers(chain);
            assert_eq!(pins.first().map(|pin| pin.height), Some(0), "{chain:?} begins at genesis");
            assert!(pins.is_sorted_by(|a, b| a.height < b.height));
            for pin in pins {
                assert!(hex::decode(pin.hash).is_ok_and(|bytes| bytes.len() == 32), "{pin:?}");
            }
        }
    }
}
