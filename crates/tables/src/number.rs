//! Numbers: 38 significant decimal digits, exact, between 1E-130 and 9.99…E+125 and their negatives, and zero.
//!
//! Ranges: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-data-types-numbers>

mod arithmetic;
mod ordered;
mod text;

pub use ordered::{ENCODED_LEN_MAX, Encoded, encoded_len};

use crate::Refusal;

/// Significant digits of a number, at most.
pub const DIGITS_MAX: u32 = 38;
/// The power of ten of the first digit: 9.99…E+125 at most, 1E-130 at least.
pub const MAGNITUDE_MAX: i32 = 125;
pub const MAGNITUDE_MIN: i32 = -130;

/// `coefficient × 10^exponent`, negated if `negative`.
///
/// Invariant: the coefficient has at most 38 digits and does not end in 0; zero is `0 × 10^0`, never negative. So two
/// numbers are equal if and only if their fields are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    exponent: i16,
    coefficient: u128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("The parameter cannot be converted to a numeric value")]
    NotANumber,
    #[error("Attempting to store more than 38 significant digits in a Number")]
    TooManyDigits,
    #[error("Number overflow. Attempting to store a number with magnitude larger than supported range")]
    Overflow,
    #[error("Number underflow. Attempting to store a number with magnitude smaller than supported range")]
    Underflow,
}

impl From<NumberError> for Refusal {
    fn from(error: NumberError) -> Self {
        Refusal::validation(error.to_string())
    }
}

impl Number {
    pub const ZERO: Number = Number { negative: false, exponent: 0, coefficient: 0 };

    /// # Errors
    /// `TooManyDigits`, `Overflow` or `Underflow` for what is out of range.
    fn new(negative: bool, mut coefficient: u128, mut exponent: i64) -> Result<Self, NumberError> {
        if coefficient == 0 {
            return Ok(Self::ZERO);
        }
        while coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent += 1;
        }
        let digits = coefficient.ilog10() + 1;
        let magnitude = exponent.saturating_add(i64::from(digits) - 1);
        if magnitude > i64::from(MAGNITUDE_MAX) {
            return Err(NumberError::Overflow);
        }
        if magnitude < i64::from(MAGNITUDE_MIN) {
            return Err(NumberError::Underflow);
        }
        // After the magnitude: a sum that is both is an overflow.
        if digits > DIGITS_MAX {
            return Err(NumberError::TooManyDigits);
        }
        let exponent = i16::try_from(exponent).map_err(|_| NumberError::Overflow)?;
        Ok(Number { negative, exponent, coefficient })
    }

    /// Significant digits; 0 for zero.
    pub fn digits(&self) -> u32 {
        if self.coefficient == 0 { 0 } else { self.coefficient.ilog10() + 1 }
    }

    /// Without its fraction; `None` where it is negative or has no place in 64 bits.
    pub(crate) fn whole(&self) -> Option<u64> {
        if self.negative {
            return None;
        }
        let power = 10u128.checked_pow(self.exponent.unsigned_abs().into());
        let whole = match (power, self.exponent < 0) {
            (Some(power), true) => self.coefficient / power,
            (None, true) => 0,
            (Some(power), false) => self.coefficient.checked_mul(power)?,
            (None, false) => return None,
        };
        u64::try_from(whole).ok()
    }

    /// What it adds to an item's size: a byte for two digits, one more, and one for a sign.
    ///
    /// The documentation calls this approximate:
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    pub fn size(&self) -> u32 {
        self.digits().div_ceil(2) + 1 + u32::from(self.negative)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.encode().as_bytes().cmp(other.encode().as_bytes())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        // At most 20 digits and no fraction: always in range.
        Number::new(false, u128::from(value), 0).unwrap_or(Number::ZERO)
    }
}

#[cfg(test)]
mod tests;
