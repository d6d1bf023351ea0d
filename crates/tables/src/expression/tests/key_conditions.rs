use super::*;

#[test]
fn key_conditions_are_refused_as_clients_know_it() {
    let cases = [
        ("sk = :n", "Query condition missed key schema element: pk"),
        ("pk = :s AND elsewhere = :n", "Query condition missed key schema element: sk"),
        ("pk > :s", "Query key condition not supported"),
        ("begins_with(pk, :s)", "Query key condition not supported"),
        ("pk = :s OR sk = :n", "Invalid operator used in KeyConditionExpression: OR"),
        ("pk = :s AND sk IN (:n)", "Invalid operator used in KeyConditionExpression: IN"),
        ("pk = :s AND NOT sk = :n", "Invalid operator used in KeyConditionExpression: NOT"),
        ("pk = :s AND sk <> :n", "Invalid operator used in KeyConditionExpression: <>"),
        (
            "pk = :s AND attribute_exists(sk)",
            "Invalid operator used in KeyConditionExpression: attribute_exists",
        ),
        ("pk = :s AND size(sk) = :n", "Invalid operator used in KeyConditionExpression: size"),
        ("pk = :s AND sk.x = :n", "KeyConditionExpressions cannot have conditions on nested attributes"),
        (
            "pk = sk",
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
        ),
        (":s = :s", "Invalid condition in KeyConditionExpression: No key attribute specified"),
        ("pk = :s AND pk = :t", "KeyConditionExpressions must only contain one condition per key"),
        ("pk = :s AND sk > :n AND sk < :m", "Conditions can be of length 1 or 2 only"),
        (
            "pk = :n",
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "pk = :s AND sk = :s",
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            "pk = :e",
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
        ),
        ("pk = ", "Invalid KeyConditionExpression: Syntax error; token: \"<EOF>\", near: \"=\""),
        ("", "Invalid KeyConditionExpression: The expression can not be empty;"),
    ];
    for (text, expected) in cases {
        let refusal = KeyCondition::parse(text, &mut values(), &schema(Some(KeyKind::N))).expect_err(text);
        assert_eq!(refusal.message(), expected, "{text}");
    }
}

/// Every way to select, against what it says of the values themselves.
fn check_range(
    kind: KeyKind,
    wire: fn(i32) -> Json,
    value: i32,
    low: i32,
    high: i32,
) -> Result<(), TestCaseError> {
    let schema = schema(Some(kind));
    let stored = item(&json!({"pk": {"S": "p"}, "sk": wire(value)}));
    let key = schema.of_item(stored.view()).unwrap();
    let cases: [(&str, bool); 8] = [
        ("pk = :p", true),
        ("pk = :p AND sk = :l", value == low),
        ("sk < :l AND pk = :p", value < low),
        ("(pk = :p) AND (sk <= :l)", value <= low),
        ("pk = :p AND sk > :l", value > low),
        ("pk = :p AND sk >= :l", value >= low),
        ("pk = :p AND :l <= sk", value >= low),
        ("pk = :p AND sk BETWEEN :l AND :h", low <= value && value <= high),
    ];
    for (text, expected) in cases {
        let mut given = json!({":p": {"S": "p"}, ":l": wire(low), ":h": wire(high)});
        given.as_object_mut().unwrap().retain(|name, _| text.contains(name.as_str()));
        let mut given = parameters(json!({}), given);
        let condition = KeyCondition::parse(text, &mut given, &schema).unwrap();
        prop_assert_eq!(&condition.partition, &key.partition);
        prop_assert_eq!(
            condition.sort.contains(&key.sort),
            expected,
            "{} of {} {} {}",
            text,
            value,
            low,
            high
        );
        let by_filter = Condition::parse(text, Role::Filter, &mut given)
            .unwrap()
            .holds(item(&json!({"pk": {"S": "p"}, "sk": wire(value)})).view());
        prop_assert_eq!(by_filter, expected);
    }
    Ok(())
}

proptest! {
    #[test]
    fn ranges_of_numbers_are_what_comparisons_say(value in -20i32..20, low in -20i32..20, span in 0i32..10) {
        check_range(KeyKind::N, |n| json!({"N": n.to_string()}), value, low, low + span)?;
        check_range(KeyKind::N, |n| json!({"N": format!("{}", f64::from(n) / 8.0)}), value, low, low + span)?;
    }

    #[test]
    fn ranges_of_strings_are_what_comparisons_say(value in 0i32..27, low in 0i32..27, span in 0i32..10) {
        // Strings in the order of the numbers, of which some are others' beginnings, and with zero bytes.
        let wire = |n: i32| {
            let text: String = [n / 9, n / 3 % 3, n % 3].iter().map(|d| ["", "\0", "a"][*d as usize]).collect();
            json!({"S": format!("k{text}")})
        };
        prop_assume!(low + span < 27);
        let rank = |n: i32| wire(n)["S"].as_str().unwrap().to_owned();
        let (low, high) = if rank(low) <= rank(low + span) { (low, low + span) } else { (low + span, low) };
        let schema = schema(Some(KeyKind::S));
        let stored = item(&json!({"pk": {"S": "p"}, "sk": wire(value)}));
        let key = schema.of_item(stored.view()).unwrap();
        let (v, l, h) = (rank(value), rank(low), rank(high));
        let cases = [
            ("pk = :p AND sk = :l", v == l),
            ("pk = :p AND sk < :l", v < l),
            ("pk = :p AND sk <= :l", v <= l),
            ("pk = :p AND sk > :l", v > l),
            ("pk = :p AND sk >= :l", v >= l),
            ("pk = :p AND begins_with(sk, :l)", v.starts_with(&l)),
            ("pk = :p AND sk BETWEEN :l AND :h", l <= v && v <= h),
        ];
        for (text, expected) in cases {
            let mut given = parameters(json!({}), json!({":p": {"S": "p"}, ":l": wire(low), ":h": wire(high)}));
            let condition = KeyCondition::parse(text, &mut given, &schema).unwrap();
            prop_assert_eq!(condition.sort.contains(&key.sort), expected, "{} of {:?} {:?} {:?}", text, v, l, h);
        }
    }
}
