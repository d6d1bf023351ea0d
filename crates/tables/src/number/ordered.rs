//! Numbers as bytes that sort as the numbers do.
//!
//! ```text
//! zero       02
//! positive   03  magnitude  (pair + 1)…  00
//! negative   01  then the bytes of the positive one after its first, each complemented
//! ```
//!
//! The value is `0.d1d2d3… × 10^(magnitude − 129)` with `d1 ≠ 0`, and a pair is two digits, 0 to 99. The last byte makes
//! the encoding self-delimiting: no number's bytes begin another's, and a key part may follow.

use super::{Number, NumberError};

const NEGATIVE: u8 = 1;
const ZERO: u8 = 2;
const POSITIVE: u8 = 3;
/// Magnitudes are those of `0.d1…`, one more than in scientific notation: −129 to 126, and so all of a byte.
const MAGNITUDE_BIAS: i32 = 129;

/// Sign, magnitude, 19 pairs and the end.
pub const ENCODED_LEN_MAX: usize = 22;

/// A number's ordered bytes, on the stack.
#[derive(Debug, Clone, Copy)]
pub struct Encoded {
    bytes: [u8; ENCODED_LEN_MAX],
    len: u8,
}

impl Encoded {
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Number {
    pub fn encode(&self) -> Encoded {
        let mut bytes = [0u8; ENCODED_LEN_MAX];
        if self.coefficient == 0 {
            bytes[0] = ZERO;
            return Encoded { bytes, len: 1 };
        }
        let digits = self.digits();
        // Pairs are filled up on the right; an odd count is below 38, so ten times it is still in range.
        let padded = if digits.is_multiple_of(2) { self.coefficient } else { self.coefficient * 10 };
        let pairs = digits.div_ceil(2) as usize;
        bytes[0] = POSITIVE;
        bytes[1] = (i32::from(self.exponent) + digits as i32 + MAGNITUDE_BIAS) as u8;
        const SPLIT: u128 = 10u128.pow(18);
        let (mut rest, mut part) = (padded / SPLIT, (padded % SPLIT) as u64);
        for (index, place) in bytes.iter_mut().skip(2).take(pairs).rev().enumerate() {
            if index == 9 {
                part = (rest % SPLIT) as u64;
                rest /= SPLIT;
            } else if index == 18 {
                part = rest as u64;
            }
            *place = (part % 100) as u8 + 1;
            part /= 100;
        }
        let len = pairs + 3;
        if self.negative {
            bytes[0] = NEGATIVE;
            for byte in bytes.iter_mut().take(len).skip(1) {
                *byte = !*byte;
            }
        }
        Encoded { bytes, len: len as u8 }
    }

    /// Reads one number at the beginning of `bytes`; says how many bytes it took.
    ///
    /// # Errors
    /// `NotANumber` for what [`Number::encode`] never wrote.
    pub fn decode(bytes: &[u8]) -> Result<(Number, usize), NumberError> {
        let len = encoded_len(bytes).ok_or(NumberError::NotANumber)?;
        let negative = match bytes.first() {
            Some(&ZERO) => return Ok((Number::ZERO, 1)),
            Some(&sign) => sign == NEGATIVE,
            None => return Err(NumberError::NotANumber),
        };
        let plain = |byte: u8| if negative { !byte } else { byte };
        let magnitude = bytes.get(1).map_or(0, |&byte| i64::from(plain(byte))) - i64::from(MAGNITUDE_BIAS);
        let pairs = bytes.get(2..len - 1).ok_or(NumberError::NotANumber)?;
        let mut coefficient = 0u128;
        for &byte in pairs {
            let pair = plain(byte).wrapping_sub(1);
            if pair > 99 {
                return Err(NumberError::NotANumber);
            }
            // At most 19 pairs: below 10^38.
            coefficient = coefficient * 100 + u128::from(pair);
        }
        let number = Number::new(negative, coefficient, magnitude - 2 * pairs.len() as i64)?;
        // Leading zeros would be a second encoding of the same number.
        if number.encode().as_bytes() != bytes.get(..len).unwrap_or_default() {
            return Err(NumberError::NotANumber);
        }
        Ok((number, len))
    }
}

/// Length of the encoded number at the beginning of `bytes`; `None` if there is none.
pub fn encoded_len(bytes: &[u8]) -> Option<usize> {
    let end = match *bytes.first()? {
        ZERO => return Some(1),
        POSITIVE => 0,
        NEGATIVE => 0xFF,
        _ => return None,
    };
    let pairs = bytes.get(2..)?.iter().take(ENCODED_LEN_MAX - 2).position(|&byte| byte == end)?;
    (pairs > 0).then_some(pairs + 3)
}
