use proptest::prelude::*;

use super::*;

fn number(text: &str) -> Number {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn texts_are_read_and_given_back_in_one_form() {
    let nines = "9".repeat(38);
    let cases = [
        ("0", "0"),
        ("-0", "0"),
        ("0.000", "0"),
        ("0e400", "0"),
        ("1", "1"),
        ("+1", "1"),
        ("-1", "-1"),
        ("001.500", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1.5e-3", "0.0015"),
        ("-12.34", "-12.34"),
        ("100", "100"),
        ("18446744073709551616", "18446744073709551616"),
        (&nines, &nines),
        (
            "0.00000000000000000000000000000000000000000000000001",
            "0.00000000000000000000000000000000000000000000000001",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(number(text).to_string(), expected, "{text}");
    }
    assert_eq!(number("9.9999999999999999999999999999999999999E+125").to_string().len(), 126);
    assert_eq!(number("1E-130").to_string().len(), 132);
}

#[test]
fn what_is_no_number_of_ours_is_refused_by_its_reason() {
    use NumberError::*;
    let cases = [
        ("", NotANumber),
        ("-", NotANumber),
        (".", NotANumber),
        ("e5", NotANumber),
        ("1e", NotANumber),
        ("1e+", NotANumber),
        ("1.2.3", NotANumber),
        ("abc", NotANumber),
        (" 1", NotANumber),
        ("1 ", NotANumber),
        ("0x10", NotANumber),
        ("NaN", NotANumber),
        ("Infinity", NotANumber),
        ("123456789012345678901234567890123456789", TooManyDigits),
        ("1.00000000000000000000000000000000000001", TooManyDigits),
        ("1e126", Overflow),
        ("-1e126", Overflow),
        ("10e125", Overflow),
        ("1e99999999999999999999", Overflow),
        ("1e-131", Underflow),
        ("-0.1e-130", Underflow),
        ("1e-99999999999999999999", Underflow),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse::<Number>(), Err(expected), "{text}");
    }
}

#[test]
fn sums_are_exact_or_refused() {
    let most = "9.9999999999999999999999999999999999999E+125";
    let cases = [
        ("1", "2", Ok("3")),
        ("0.1", "0.2", Ok("0.3")),
        ("1", "-1", Ok("0")),
        ("-5", "3", Ok("-2")),
        ("100000000000000000000000000000000000000", "-1", Ok("99999999999999999999999999999999999999")),
        ("9007199254740993", "1", Ok("9007199254740994")),
        ("1e100", "1", Err(NumberError::TooManyDigits)),
        (
            "99999999999999999999999999999999999999",
            "99999999999999999999999999999999999999",
            Err(NumberError::TooManyDigits),
        ),
        (
            "50000000000000000000000000000000000000",
            "50000000000000000000000000000000000000",
            Ok("100000000000000000000000000000000000000"),
        ),
        (most, "1e125", Err(NumberError::Overflow)),
        ("1.1e-130", "-1e-130", Err(NumberError::Underflow)),
        ("0", most, Ok(most)),
    ];
    for (left, right, expected) in cases {
        assert_eq!(number(left).checked_add(number(right)), expected.map(number), "{left} + {right}");
        assert_eq!(number(right).checked_add(number(left)), expected.map(number), "{right} + {left}");
    }
    assert_eq!(number("3").checked_sub(number("0.5")), Ok(number("2.5")));
}

#[test]
fn the_ends_of_the_range_sort_and_read_back() {
    let sorted = [
        "-9.9999999999999999999999999999999999999E+125",
        "-1e125",
        "-10",
        "-9.99",
        "-1.01",
        "-1",
        "-0.5",
        "-1e-130",
        "0",
        "1e-130",
        "0.1",
        "0.11",
        "1",
        "1.01",
        "9",
        "10",
        "11",
        "99",
        "100",
        "1e125",
        "9.9999999999999999999999999999999999999E+125",
    ]
    .map(number);
    for pair in sorted.windows(2) {
        assert!(pair[0] < pair[1], "{} < {}", pair[0], pair[1]);
        assert_eq!(Number::decode(pair[0].encode().as_bytes()).map(|read| read.0), Ok(pair[0]));
    }
}

fn any_number() -> impl Strategy<Value = Number> {
    (any::<bool>(), 0u128..10u128.pow(38), -130i64..=125, 0u32..38).prop_filter_map(
        "in range",
        |(negative, coefficient, magnitude, drop)| {
            let coefficient = coefficient / 10u128.pow(drop);
            let digits = i64::from(coefficient.checked_ilog10()? + 1);
            Number::new(negative, coefficient, magnitude + 1 - digits).ok()
        },
    )
}

/// Compares as decimals do by hand: signs, then digits aligned at the point.
fn naive_cmp(a: &Number, b: &Number) -> std::cmp::Ordering {
    let key = |n: &Number| {
        let text = n.to_string();
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest.to_owned()),
            None => (false, text),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        (negative, format!("{whole:0>140}.{fraction:0<180}"))
    };
    match (key(a), key(b)) {
        ((false, a), (false, b)) => a.cmp(&b),
        ((true, a), (true, b)) => b.cmp(&a),
        ((true, _), (false, _)) => std::cmp::Ordering::Less,
        ((false, _), (true, _)) => std::cmp::Ordering::Greater,
    }
}

proptest! {
    #[test]
    fn text_and_bytes_read_back(n in any_number()) {
        prop_assert_eq!(n.to_string().parse::<Number>(), Ok(n));
        let encoded = n.encode();
        prop_assert_eq!(Number::decode(encoded.as_bytes()), Ok((n, encoded.as_bytes().len())));
        let mut followed = encoded.as_bytes().to_vec();
        followed.extend_from_slice(&[7, 0, 0xFF]);
        prop_assert_eq!(Number::decode(&followed), Ok((n, encoded.as_bytes().len())));
    }

    #[test]
    fn bytes_sort_as_the_numbers_do(a in any_number(), b in any_number()) {
        prop_assert_eq!(a.cmp(&b), naive_cmp(&a, &b));
    }

    #[test]
    fn near_numbers_sort_too(a in 0u64..1000, b in 0u64..1000, scale in 0i64..4) {
        let make = |n: u64, negative| Number::new(negative, u128::from(n), -scale).unwrap();
        prop_assert_eq!(make(a, false).cmp(&make(b, false)), a.cmp(&b));
        prop_assert_eq!(make(a, true).cmp(&make(b, true)), b.cmp(&a));
    }

    #[test]
    fn addition_can_be_undone(a in any_number(), b in any_number()) {
        if let Ok(sum) = a.checked_add(b) {
            prop_assert_eq!(sum.checked_sub(b), Ok(a));
            prop_assert_eq!(b.checked_add(a), Ok(sum));
        }
    }

    #[test]
    fn sums_of_integers_are_the_integers_sums(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
        let sum = number(&a.to_string()).checked_add(number(&b.to_string()));
        prop_assert_eq!(sum, Ok(number(&(a + b).to_string())));
    }

    #[test]
    fn any_bytes_are_a_number_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
        if let Ok((n, len)) = Number::decode(&bytes) {
            let encoded = n.encode();
            prop_assert_eq!(encoded.as_bytes(), &bytes[..len]);
        }
    }

    #[test]
    fn any_text_is_a_number_or_refused(text in "[-+0-9.eE]{0,60}") {
        if let Ok(n) = text.parse::<Number>() {
            prop_assert_eq!(n.to_string().parse::<Number>(), Ok(n));
        }
    }
}
