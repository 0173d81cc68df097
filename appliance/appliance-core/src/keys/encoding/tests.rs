use proptest::prelude::*;

use super::*;

fn number(hex: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    hex::decode_to_slice(format!("{hex:0>64}"), &mut bytes).unwrap();
    bytes
}

#[test]
fn low_s_is_the_smaller_of_the_two() {
    let low = |s: [u8; 32]| {
        let mut signature = [[7; 32], s].concat();
        low_s(&mut signature);
        assert_eq!(signature[..32], [7; 32]);
        <[u8; 32]>::try_from(&signature[32..]).unwrap()
    };
    let half = SECP256K1_HALF_ORDER;
    assert_eq!(low(half), half);
    // n − (half + 1) = half, as n is odd.
    let mut above = half;
    above[31] += 1;
    assert_eq!(low(above), half);
    let mut greatest = SECP256K1_ORDER;
    greatest[31] -= 1;
    assert_eq!(low(greatest), number("1"));
    assert_eq!(low(number("1")), number("1"));
}

#[test]
fn der_is_minimal_and_unsigned() {
    let raw = [number("80"), number("7f00")].concat();
    assert_eq!(hex::encode(ecdsa_raw_to_der(&raw)), "3008020200800202".to_owned() + "7f00");
    assert_eq!(hex::encode(unsigned_integer(&[0, 0])), "020100");
    assert_eq!(hex::encode(&element(4, &[0; 200])[..3]), "0481c8");
    assert_eq!(hex::encode(&element(4, &[0; 300])[..4]), "0482012c");
}

#[test]
fn der_that_is_not_the_one_form_is_refused() {
    for der in [
        "",
        "30",
        "3000",
        "3006020101020101ff", // bytes behind it
        "30060201010201",     // cut
        "3007020200010201ff", // a zero too many
        "3006020181020101",   // negative
        "30050200020101",     // empty integer
        "308106020101020101", // long form of a short length
        "3006030101020101",   // not an integer
        "3026022101000000000000000000000000000000000000000000000000000000000000000000020101", // 33 bytes
    ] {
        assert_eq!(ecdsa_der_to_raw(&hex::decode(der).unwrap()), None, "{der}");
    }
}

#[test]
fn pem_has_lines_of_64_characters() {
    let text = pem("TEST", &[0xff; 50]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        (lines[0], lines[1].len(), lines[2].len(), lines[3]),
        ("-----BEGIN TEST-----", 64, 4, "-----END TEST-----")
    );
    assert!(text.ends_with("-----\n"));
}

proptest! {
    #[test]
    fn raw_survives_der(raw in prop::collection::vec(any::<u8>(), 64), zeros in 0_usize..32) {
        let mut raw = raw;
        raw[..zeros].fill(0);
        let der = ecdsa_raw_to_der(&raw);
        prop_assert!(der.len() <= 72);
        prop_assert_eq!(ecdsa_der_to_raw(&der).map(Vec::from), Some(raw));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(der in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Some(raw) = ecdsa_der_to_raw(&der) {
            prop_assert_eq!(ecdsa_raw_to_der(&raw), der);
        }
    }
}
