//! Numbers as text: what is accepted, and the one form that is given back.

use std::fmt;
use std::str::FromStr;

use super::{DIGITS_MAX, Number, NumberError};

impl FromStr for Number {
    type Err = NumberError;

    /// `[+-] digits [. digits] [e [+-] digits]`, with a digit on one side of the point at least. Zeros at either end do
    /// not count as digits; a text may have any number of them.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let bytes = text.as_bytes();
        let (negative, mut rest) = match bytes.split_first() {
            Some((b'-', rest)) => (true, rest),
            Some((b'+', rest)) => (false, rest),
            _ => (false, bytes),
        };
        let (mut coefficient, mut digits, mut zeros, mut fraction) = (0u128, 0u64, 0u64, 0i64);
        let (mut seen_digit, mut seen_point) = (false, false);
        while let Some((&byte, after)) = rest.split_first() {
            match byte {
                b'0'..=b'9' => {
                    seen_digit = true;
                    fraction += i64::from(seen_point);
                    if byte == b'0' {
                        // Held back: zeros count only if another digit follows.
                        zeros += u64::from(coefficient != 0);
                    } else {
                        digits += zeros + 1;
                        if digits > u64::from(DIGITS_MAX) {
                            return Err(NumberError::TooManyDigits);
                        }
                        // `zeros` is below 38 here, and so the product below 10^38.
                        coefficient = coefficient * 10u128.pow(zeros as u32 + 1) + u128::from(byte - b'0');
                        zeros = 0;
                    }
                }
                b'.' if !seen_point => seen_point = true,
                b'e' | b'E' => break,
                _ => return Err(NumberError::NotANumber),
            }
            rest = after;
        }
        if !seen_digit {
            return Err(NumberError::NotANumber);
        }
        let power = match rest.split_first() {
            Some((_, power)) => read_power(power)?,
            None => 0,
        };
        Number::new(negative, coefficient, power.saturating_sub(fraction).saturating_add(zeros as i64))
    }
}

/// Saturates far outside of what any number may have.
fn read_power(text: &[u8]) -> Result<i64, NumberError> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return Err(NumberError::NotANumber);
    }
    let mut power = 0i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(NumberError::NotANumber);
        }
        // A text is shorter than 2^40 bytes, so no run of zeros can bring a power of this size back into range.
        power = (power * 10 + i64::from(byte - b'0')).min(1 << 50);
    }
    Ok(if negative { -power } else { power })
}

impl Number {
    /// Appends the canonical text: plain decimals, no power of ten, no superfluous zero. At most 169 bytes.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        if self.coefficient == 0 {
            out.push(b'0');
            return;
        }
        if self.negative {
            out.push(b'-');
        }
        let mut digits = [0u8; 40];
        let digits = write_digits(self.coefficient, &mut digits);
        let exponent = i32::from(self.exponent);
        let zeros = |out: &mut Vec<u8>, n: i32| out.extend(std::iter::repeat_n(b'0', n.max(0) as usize));
        if exponent >= 0 {
            out.extend_from_slice(digits);
            zeros(out, exponent);
        } else {
            let whole = digits.len() as i32 + exponent;
            if whole > 0 {
                let (before, after) = digits.split_at(whole as usize);
                out.extend_from_slice(before);
                out.push(b'.');
                out.extend_from_slice(after);
            } else {
                out.extend_from_slice(b"0.");
                zeros(out, -whole);
                out.extend_from_slice(digits);
            }
        }
    }
}

/// Decimal digits of a coefficient, in the end of `buffer`. Divides by 10^19 first: 128-bit division is slow.
fn write_digits(coefficient: u128, buffer: &mut [u8; 40]) -> &[u8] {
    const SPLIT: u128 = 10u128.pow(19);
    let mut at = buffer.len();
    let mut put = |mut part: u64, least: usize| {
        let end = at - least;
        while part != 0 || at > end {
            at -= 1;
            if let Some(place) = buffer.get_mut(at) {
                *place = b'0' + (part % 10) as u8;
            }
            part /= 10;
        }
    };
    let (high, low) = ((coefficient / SPLIT) as u64, (coefficient % SPLIT) as u64);
    put(low, if high == 0 { 1 } else { 19 });
    if high != 0 {
        put(high, 1);
    }
    buffer.get(at..).unwrap_or_default()
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(40);
        self.write_text(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}
