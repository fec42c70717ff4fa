//! Masking (RFC 6455 §5.3): exclusive or with a key of four bytes, the same to mask and to unmask.

/// Masks or unmasks `data`, whose first byte meets the first byte of `key`.
///
/// Works on 32 bytes at a time, which the compiler turns into vector instructions.
pub fn apply_mask(data: &mut [u8], key: [u8; 4]) {
    let mut wide = [0; 32];
    wide.as_chunks_mut().0.fill(key);
    let (chunks, rest) = data.as_chunks_mut::<32>();
    for chunk in chunks {
        xor(chunk, &wide);
    }
    xor(rest, &wide);
}

fn xor(data: &mut [u8], key: &[u8]) {
    data.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_definition_at_every_length() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for len in 0..200 {
            let plain: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
            let mut masked = plain.clone();
            apply_mask(&mut masked, key);
            let expected: Vec<u8> = plain.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
            assert_eq!(masked, expected);
        }
    }
}
