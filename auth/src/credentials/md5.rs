//! MD5 (RFC 1321), which HTTP Digest still asks for.
//!
//! It protects nothing any more, and the cryptography of this project has it
//! only inside TLS; so it is here, for this one header, and for nothing else.

/// The digest of `message`, in lower-case hexadecimal.
pub(super) fn hex(message: &[u8]) -> String {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    let bits = u64::try_from(message.len()).unwrap_or(u64::MAX).wrapping_mul(8);
    padded.extend_from_slice(&bits.to_le_bytes());
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded.chunks_exact(64) {
        let words: Vec<u32> = block
            .chunks_exact(4)
            .map(|word| word.iter().rev().fold(0, |all, byte| (all << 8) | u32::from(*byte)))
            .collect();
        state = rounds(state, &words);
    }
    hex::encode(state.into_iter().flat_map(u32::to_le_bytes).collect::<Vec<_>>())
}

fn rounds(state: [u32; 4], words: &[u32]) -> [u32; 4] {
    let [mut a, mut b, mut c, mut d] = state;
    for step in 0..64_u32 {
        let (mixed, word, turns) = match step / 16 {
            0 => ((b & c) | (!b & d), step, [7, 12, 17, 22]),
            1 => ((d & b) | (!d & c), 5 * step + 1, [5, 9, 14, 20]),
            2 => (b ^ c ^ d, 3 * step + 5, [4, 11, 16, 23]),
            _ => (c ^ (b | !d), 7 * step, [6, 10, 15, 21]),
        };
        let word = words.get((word % 16) as usize).copied().unwrap_or_default();
        let turn = turns.get((step % 4) as usize).copied().unwrap_or_default();
        let sum = a.wrapping_add(mixed).wrapping_add(sine(step)).wrapping_add(word);
        (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(turn)));
    }
    let [w, x, y, z] = state;
    [w.wrapping_add(a), x.wrapping_add(b), y.wrapping_add(c), z.wrapping_add(d)]
}

/// The RFC's table: the first 32 bits of the sine of 1, 2, 3, …
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
fn sine(step: u32) -> u32 {
    (f64::from(step + 1).sin().abs() * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_rfcs_own_test_suite() {
        for (message, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "d174ab98d277d9f5a5611c2c9f419d9f",
            ),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(super::hex(message.as_bytes()), digest, "{message}");
        }
    }
}
