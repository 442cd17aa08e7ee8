//! The test vectors of RFC 4231 and RFC 2202, through the whole check.

use super::*;

fn judge(hash: &str, key: &[u8], data: &[u8], mac: &str) -> Result<Verified, Denied> {
    let checks = format!(
        r#"hmac: {{ hash: {hash}, secrets: [s], key: {{ encoding: hex }}, text: "{{body}}",
             signature: {{ from: header.x-sig, encoding: hex }} }}"#
    );
    Post::new(&[("x-sig", mac)], data).verify(&checks, &[("s", &hex::encode(key))])
}

#[test]
fn vectors_pass_and_their_neighbours_do_not() {
    let counting: Vec<u8> = (1..=25).collect();
    let long = b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.";
    let cases: [(&str, &[u8], &[u8], &str); 9] = [
        // RFC 4231 §4.2, §4.3, §4.4, §4.5, §4.8
        (
            "sha256",
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            "sha512",
            &[0x0b; 20],
            b"Hi There",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        ),
        (
            "sha256",
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            "sha256",
            &[0xaa; 20],
            &[0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            "sha256",
            &counting,
            &[0xcd; 50],
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        (
            "sha256",
            &[0xaa; 131],
            long,
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
        (
            "sha512",
            &[0xaa; 131],
            long,
            "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
        ),
        // RFC 2202 §3
        ("sha1", &[0x0b; 20], b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
        (
            "sha1",
            b"Jefe",
            b"what do ya want for nothing?",
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        ),
    ];
    for (hash, key, data, mac) in cases {
        assert!(judge(hash, key, data, mac).is_ok(), "{hash} {mac}");
        assert!(judge(hash, key, data, &mac[..mac.len() - 2]).is_err(), "{hash} {mac}");
        assert!(judge(hash, &key[1..], data, mac).is_err(), "{hash} {mac}");
    }
    // RFC 4231 §4.6 cuts the signature to 128 bits: no vendor does, and half a
    // signature is none.
    let cut = "a3b6167473100ee06e0c796c2955552b";
    assert!(judge("sha256", &[0x0c; 20], b"Test With Truncation", cut).is_err());
}
