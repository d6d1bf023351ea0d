//! Sums and differences, exact or refused.

use std::ops::Neg;

use super::{Number, NumberError};

impl Number {
    /// # Errors
    /// `TooManyDigits`, `Overflow` or `Underflow` if the exact sum is no number of ours; nothing is ever rounded.
    pub fn checked_add(self, other: Number) -> Result<Number, NumberError> {
        if self.coefficient == 0 {
            return Ok(other);
        }
        if other.coefficient == 0 {
            return Ok(self);
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let shift = u32::from(high.exponent.abs_diff(low.exponent));
        // What does not fit 128 bits has more than 38 digits after any addition or subtraction: the shifted number is
        // above 3.4 × 10^38 and ends in 0, the other is below 10^38 and does not.
        let scaled = 10u128
            .checked_pow(shift)
            .and_then(|power| high.coefficient.checked_mul(power))
            .ok_or(NumberError::TooManyDigits)?;
        let exponent = i64::from(low.exponent);
        if high.negative == low.negative {
            let sum = scaled.checked_add(low.coefficient).ok_or(NumberError::TooManyDigits)?;
            Number::new(high.negative, sum, exponent)
        } else if scaled >= low.coefficient {
            Number::new(high.negative, scaled - low.coefficient, exponent)
        } else {
            Number::new(low.negative, low.coefficient - scaled, exponent)
        }
    }

    /// # Errors
    /// As [`Number::checked_add`].
    pub fn checked_sub(self, other: Number) -> Result<Number, NumberError> {
        self.checked_add(-other)
    }
}

impl Neg for Number {
    type Output = Number;

    fn neg(self) -> Number {
        Number { negative: !self.negative && self.coefficient != 0, ..self }
    }
}
