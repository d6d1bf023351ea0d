use super::*;

#[test]
fn conditions_hold_or_not() {
    let cases = [
        ("#s = :s", true),
        ("#s <> :s", false),
        ("#s = :n", false),
        ("#s <> :n", true),
        ("absent = :n", false),
        ("absent <> :n", true),
        ("absent < :n", false),
        ("NOT absent < :n", true),
        ("n < :m", true),
        ("n <= :n", true),
        ("n > :n", false),
        (":m > n", true),
        ("n < :s", false),
        ("#d = :n", true),
        ("m.x.y = :m", true),
        ("m.x.z = :m", false),
        ("l[0] = :n", true),
        ("l[1] = :s and l[0]=:n", true),
        ("l[2] = :n", false),
        ("n BETWEEN :n AND :m", true),
        ("n between :one and :n", true),
        ("m.x.y BETWEEN :one AND :n", false),
        ("n IN (:one, :m, :n)", true),
        ("n IN (:one)", false),
        ("attribute_exists(n)", true),
        ("attribute_exists(m.x.y)", true),
        ("attribute_exists(absent)", false),
        ("attribute_not_exists(absent)", true),
        ("attribute_not_exists (n)", false),
        ("attribute_type(n, :S)", false),
        ("attribute_type(#s, :S)", true),
        ("attribute_type(ss, :SS)", true),
        ("begins_with(#s, :t)", true),
        ("begins_with(#s, :e)", true),
        ("begins_with(b, :bb)", true),
        ("begins_with(n, :t)", false),
        ("contains(#s, :t)", true),
        ("contains(ss, :t)", false),
        ("contains(ns, :n)", true),
        ("contains(ns, :m)", false),
        ("contains(l, :s)", true),
        ("contains(b, :bb)", true),
        ("contains(#s, :n)", false),
        ("size(#s) = :n", false),
        ("size(#s) < :n", true),
        ("size(ss) BETWEEN :one AND :n", true),
        ("size(n) = :one", false),
        ("size(absent) > :one", false),
        (":one < size(l)", true),
        ("(size(l)) < size(#s)", true),
        ("flag = :true", true),
        ("nothing = :null", true),
        ("n = :n AND absent = :n OR #s = :s", true),
        ("#s = :s OR n = :n AND absent = :n", true),
        ("(#s = :s OR n = :n) AND absent = :n", false),
        ("NOT n = :m AND NOT absent = :n", true),
        ("NOT (n = :n OR absent = :n)", false),
        ("NOT NOT n = :n", true),
    ];
    let stored = item(&subject());
    for (text, expected) in cases {
        let condition = Condition::parse(text, Role::Condition, &mut values())
            .unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        assert_eq!(condition.holds(stored.view()), expected, "{text}");
    }
}

#[test]
fn a_filter_leaves_keys_alone() {
    let filter = |text| Condition::parse(text, Role::Filter, &mut values()).unwrap();
    let refusal = filter("a = :n OR NOT contains(pk, :s)").refuse_keys(&["pk", "sk"]).unwrap_err();
    assert_eq!(
        refusal.message(),
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: pk"
    );
    assert_eq!(filter("a.pk = :n AND size(b) IN (:n, c)").refuse_keys(&["pk", "sk"]), Ok(()));
}

#[test]
fn of_no_item_nothing_is_there() {
    for (text, expected) in
        [("attribute_not_exists(pk)", true), ("attribute_exists(pk)", false), ("pk = :s", false)]
    {
        let condition = Condition::parse(text, Role::Condition, &mut values()).unwrap();
        assert_eq!(condition.holds(ItemRef::EMPTY), expected, "{text}");
    }
}

#[test]
fn conditions_are_refused_as_clients_know_it() {
    let size = "a".repeat(4097);
    let many_in = format!("n IN ({})", vec![":n"; 101].join(","));
    let many = vec!["a=:n"; 151].join(" OR ");
    let deep = format!("{}a=:n{}", "(".repeat(400), ")".repeat(400));
    let wide = format!("a{}", ".a".repeat(32));
    let cases: [(&str, &str); 42] = [
        ("", "The expression can not be empty;"),
        ("  ", "The expression can not be empty;"),
        (&size, "Expression size has exceeded the maximum allowed size; expression size: 4097"),
        (&many, "The expression contains too many operators; operator count: 301"),
        (&many_in, "The IN operator is provided with too many operands; number of operands: 101"),
        (&deep, "The expression has redundant parentheses;"),
        (&wide, "Syntax error; token: \"<EOF>\", near: \"a\""),
        ("a = : b", "Syntax error; token: \":\", near: \"= : b\""),
        ("a b", "Syntax error; token: \"b\", near: \"a b\""),
        ("INVALID SYNTAX HERE", "Syntax error; token: \"SYNTAX\", near: \"INVALID SYNTAX HERE\""),
        ("a = ", "Syntax error; token: \"<EOF>\", near: \"=\""),
        ("a = :n AND", "Syntax error; token: \"<EOF>\", near: \"AND\""),
        ("= :n", "Syntax error; token: \"=\", near: \"= :n\""),
        ("a = :n)", "Syntax error; token: \")\", near: \":n)\""),
        ("(a = :n", "Syntax error; token: \"<EOF>\", near: \":n\""),
        ("a[x] = :n", "Syntax error; token: \"x\", near: \"[x]\""),
        ("a ! :n", "Syntax error; token: \"!\", near: \"a ! :n\""),
        ("a", "Syntax error; token: \"<EOF>\", near: \"a\""),
        ("a AND b", "Syntax error; token: \"AND\", near: \"a AND b\""),
        ("and = :n", "Syntax error; token: \"and\", near: \"and =\""),
        ("status = :n", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("x.Name = :n", "Attribute name is a reserved keyword; reserved keyword: Name"),
        (
            "#x = :n",
            "An expression attribute name used in the document path is not defined; attribute name: #x",
        ),
        ("a = :x", "An expression attribute value used in expression is not defined; attribute value: :x"),
        // Syntax comes before what is not defined.
        ("#x = :x AND", "Syntax error; token: \"<EOF>\", near: \"AND\""),
        ("((a = :n))", "The expression has redundant parentheses;"),
        ("nope(a)", "Invalid function name; function: nope"),
        ("Size(a) = :n", "Invalid function name; function: Size"),
        (
            "if_not_exists(a, :n)",
            "The function is not allowed in a condition expression; function: if_not_exists",
        ),
        ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
        (
            "attribute_exists(a, b)",
            "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
        ),
        (
            "begins_with(a)",
            "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
        ),
        (
            "attribute_exists(:s)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "attribute_type(a, :Q)",
            "Invalid attribute type name found; type: Q, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "begins_with(a, :n)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "size(:n) = :n",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "size(size(a)) = :n",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "a < :map",
            "Incorrect operand type for operator or function; operator or function: <, operand type: M",
        ),
        (
            "a BETWEEN :m AND :n",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; \
             lower bound operand: AttributeValue: {N:7}, upper bound operand: AttributeValue: {N:5}",
        ),
        (
            "a BETWEEN :n AND :s",
            "The BETWEEN operator requires same data type for lower and upper bounds; \
             lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {S:text}",
        ),
        (
            "contains(#a, a)",
            "The first operand must be distinct from the remaining operands for this operator or function; \
             operator: contains, first operand: [a]",
        ),
        ("a[99999999999] = :n", "List index is not within the allowable range; index: [99999999999]"),
    ];
    for (text, expected) in cases {
        for (role, parameter) in
            [(Role::Condition, "ConditionExpression"), (Role::Filter, "FilterExpression")]
        {
            let refusal = Condition::parse(text, role, &mut values()).expect_err(text);
            assert_eq!(refusal, Refusal::Validation(format!("Invalid {parameter}: {expected}")), "{text}");
        }
    }
    let refusal = Condition::parse(&format!("{wide} = :n"), Role::Filter, &mut values()).unwrap_err();
    assert_eq!(
        refusal.message(),
        "Invalid FilterExpression: The document path has too many nesting elements; nesting levels: 33"
    );
}

#[test]
fn as_many_operators_as_allowed_are_no_trouble() {
    let flat = vec!["a=:n"; 150].join(" OR ");
    assert!(Condition::parse(&flat, Role::Condition, &mut values()).is_ok());
    let mut nested = "a=:n".to_owned();
    while nested.len() < 1_380 {
        nested = format!("(NOT {nested} OR a=:n)");
    }
    let condition = Condition::parse(&nested, Role::Condition, &mut values()).unwrap();
    condition.holds(item(&subject()).view());
    let negations = format!("{}a=:n", "NOT ".repeat(299));
    assert!(
        Condition::parse(&negations, Role::Condition, &mut values()).unwrap().holds(item(&subject()).view())
    );
}

#[test]
fn placeholders_are_checked_and_must_be_used() {
    let from = |names: Option<&str>, values: Option<&str>| Parameters::from_json(names, values).map(drop);
    let refused = |text: &str| Err(Refusal::Validation(text.to_owned()));
    let cases = [
        (from(Some("{}"), None), "ExpressionAttributeNames must not be empty"),
        (from(None, Some("{}")), "ExpressionAttributeValues must not be empty"),
        (
            from(Some(r##"{"a":"b"}"##), None),
            "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\"",
        ),
        (
            from(Some(r##"{"#a-b":"b"}"##), None),
            "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#a-b\"",
        ),
        (
            from(None, Some(r#"{"pid":{"S":""}}"#)),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \"pid\"",
        ),
        (
            from(None, Some(r#"{":p":{"NS":["1","1"]}}"#)),
            "ExpressionAttributeValues contains invalid value: Input collection contains duplicates for key :p",
        ),
    ];
    for (outcome, text) in cases {
        assert_eq!(outcome, refused(text));
    }
    let given = || parameters(json!({"#a": "a", "#b": "b"}), json!({":v": {"N": "1"}, ":w": {"N": "1"}}));
    let mut used = given();
    Condition::parse("#a = :v", Role::Condition, &mut used).unwrap();
    assert_eq!(
        used.check_used(true),
        refused("Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}")
    );
    parse_projection("#b", &mut used).unwrap();
    assert_eq!(
        used.check_used(true),
        refused("Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}")
    );
    Condition::parse("#a = :w", Role::Filter, &mut used).unwrap();
    assert_eq!(used.check_used(true), Ok(()));
    assert_eq!(
        given().check_used(false),
        refused("ExpressionAttributeNames can only be specified when using expressions")
    );
    assert_eq!(Parameters::default().check_used(false), Ok(()));
}
