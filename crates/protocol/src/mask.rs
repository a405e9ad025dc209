//! Masking (RFC 6455, section 5.3): the payload XOR a repeated 4-byte key.

/// Masks or unmasks `bytes` in place; `key` applies from its first byte.
pub fn apply_mask(bytes: &mut [u8], key: [u8; 4]) {
    let wide = wide(key);
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let word = u64::from_ne_bytes(chunk.try_into().expect("a chunk of 8")) ^ wide;
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Like [`apply_mask`] for bytes that start `offset` bytes into the payload.
pub fn apply_mask_at(bytes: &mut [u8], key: [u8; 4], offset: u64) {
    apply_mask(bytes, rotate(key, offset));
}

const fn wide(key: [u8; 4]) -> u64 {
    let [a, b, c, d] = key;
    u64::from_ne_bytes([a, b, c, d, a, b, c, d])
}

/// The key for bytes that start `offset` bytes into the payload.
pub(crate) const fn rotate([a, b, c, d]: [u8; 4], offset: u64) -> [u8; 4] {
    match offset % 4 {
        0 => [a, b, c, d],
        1 => [b, c, d, a],
        2 => [c, d, a, b],
        _ => [d, a, b, c],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    #[test]
    fn the_rfc_example_unmasks_to_hello() {
        let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        apply_mask(&mut bytes, KEY);
        assert_eq!(&bytes, b"Hello");
    }

    #[test]
    fn every_length_and_offset_agrees_with_the_definition() {
        for len in 0..70 {
            for offset in 0..9 {
                let mut bytes: Vec<u8> = (0..len).collect();
                apply_mask_at(&mut bytes, KEY, offset);
                for (i, byte) in bytes.iter().enumerate() {
                    let key = KEY[((i as u64 + offset) % 4) as usize];
                    assert_eq!(*byte, i as u8 ^ key, "byte {i} of {len} at offset {offset}");
                }
            }
        }
    }
}
