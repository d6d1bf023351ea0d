use super::*;

fn updated(text: &str, old: &Json) -> Result<(Json, Vec<String>), Refusal> {
    let update = Update::parse(text, &mut values())?;
    let stored = item(old);
    let after = update.apply(stored.view())?;
    let size: u32 =
        after.item.view().attributes().map(|(name, value)| name.len() as u32 + value.size()).sum();
    assert_eq!(after.item.view().size(), size, "{text}");
    Ok((shown(after.item.view()), after.changed))
}

#[test]
fn updates_change_what_they_name() {
    let old = json!({
        "pk": {"S": "k"}, "n": {"N": "5"}, "l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]},
        "m": {"M": {"x": {"N": "1"}, "y": {"L": [{"M": {"z": {"S": "z"}}}]}}}, "ss": {"SS": ["w", "x"]},
    });
    // The update, the attribute to look at, what it is afterwards.
    let cases = [
        ("SET n = :m", "n", json!({"N": "7"})),
        ("set n = n + :one", "n", json!({"N": "6"})),
        ("SET n = :one - n", "n", json!({"N": "-4"})),
        ("SET c = if_not_exists(c, :n) + :one", "c", json!({"N": "6"})),
        ("SET c = if_not_exists(n, :m)", "c", json!({"N": "5"})),
        ("SET l = list_append(l, :l)", "l", json!({"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}, {"S": "x"}]})),
        ("SET h = list_append(if_not_exists(h, :el), :l)", "h", json!({"L": [{"S": "x"}]})),
        ("SET l[1] = :s", "l", json!({"L": [{"N": "0"}, {"S": "text"}, {"N": "2"}]})),
        (
            "SET l[9] = :s, l[5] = :t",
            "l",
            json!({"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}, {"S": "te"}, {"S": "text"}]}),
        ),
        ("REMOVE l[0], l[2]", "l", json!({"L": [{"N": "1"}]})),
        ("REMOVE l[0] SET l[1] = :s, l[3] = :t", "l", json!({"L": [{"S": "text"}, {"N": "2"}, {"S": "te"}]})),
        ("REMOVE l[7]", "l", json!({"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]})),
        (
            "SET m.x = m.x + :one, m.fresh = :s",
            "m",
            json!({"M": {"x": {"N": "2"}, "y": {"L": [{"M": {"z": {"S": "z"}}}]}, "fresh": {"S": "text"}}}),
        ),
        ("SET m.y[0].z = n REMOVE m.x", "m", json!({"M": {"y": {"L": [{"M": {"z": {"N": "5"}}}]}}})),
        ("REMOVE m.y[0].q", "m", json!({"M": {"x": {"N": "1"}, "y": {"L": [{"M": {"z": {"S": "z"}}}]}}})),
        ("REMOVE n, ss", "n", Json::Null),
        ("REMOVE absent", "absent", Json::Null),
        ("ADD n :n", "n", json!({"N": "10"})),
        ("ADD c :n", "c", json!({"N": "5"})),
        (
            "ADD m.hits :one",
            "m",
            json!({"M": {"x": {"N": "1"}, "y": {"L": [{"M": {"z": {"S": "z"}}}]}, "hits": {"N": "1"}}}),
        ),
        ("ADD ss :ss", "ss", json!({"SS": ["w", "x", "y"]})),
        ("ADD fresh :ss", "fresh", json!({"SS": ["x", "y"]})),
        ("DELETE ss :ss", "ss", json!({"SS": ["w"]})),
        ("DELETE absent :ss", "absent", Json::Null),
        // Everything is read from the item as it was.
        ("SET n = :m, c = n", "c", json!({"N": "5"})),
        ("REMOVE n SET c = n", "c", json!({"N": "5"})),
    ];
    for (text, attribute, expected) in cases {
        let (new, changed) = updated(text, &old).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        assert_eq!(new.get(attribute).unwrap_or(&Json::Null), &expected, "{text}");
        for name in ["pk", "n", "l", "m", "ss", "c", "h", "fresh", "absent"] {
            assert_eq!(changed.contains(&name.to_owned()), new.get(name) != old.get(name), "{text}: {name}");
        }
    }
    let (new, _) = updated("DELETE ss :ss", &json!({"pk": {"S": "k"}, "ss": {"SS": ["x", "y"]}})).unwrap();
    assert_eq!(new, json!({"pk": {"S": "k"}}));
}

#[test]
fn updates_are_refused_as_clients_know_it() {
    let operand = "Incorrect operand type for operator or function; operator";
    let cases = [
        ("", "The expression can not be empty;".to_owned()),
        ("INVALID SYNTAX HERE", "Syntax error; token: \"INVALID\", near: \"INVALID SYNTAX\"".to_owned()),
        ("ADD hits : incr", "Syntax error; token: \":\", near: \"hits : incr\"".to_owned()),
        ("SET n", "Syntax error; token: \"<EOF>\", near: \"n\"".to_owned()),
        ("SET n = :n +", "Syntax error; token: \"<EOF>\", near: \"+\"".to_owned()),
        ("SET n = :n + :n + :n", "Syntax error; token: \"+\", near: \":n + :n\"".to_owned()),
        ("SET n = :n, ", "Syntax error; token: \"<EOF>\", near: \",\"".to_owned()),
        ("SET status = :n", "Attribute name is a reserved keyword; reserved keyword: status".to_owned()),
        ("SET a = :x", "An expression attribute value used in expression is not defined; attribute value: :x".to_owned()),
        ("SET a = :n SET b = :n", "The \"SET\" section can only be used once in an update expression;".to_owned()),
        ("SET a = nope(:n)", "Invalid function name; function: nope".to_owned()),
        ("SET a = size(b)", "The function is not allowed in an update expression; function: size".to_owned()),
        ("SET a = b + :s", format!("{operand} or function: +, operand type: S")),
        ("SET a = list_append(b, :map)", format!("{operand} or function: list_append, operand type: M")),
        ("ADD a :s", format!("{operand}: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND")),
        ("ADD a :l", format!("{operand}: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND")),
        ("DELETE a :n", format!("{operand}: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND")),
        (
            "SET f = :n, f = :m",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [f], path two: [f]".to_owned(),
        ),
        (
            "SET someExtraThing = :n REMOVE someExtraThing.nested.hello",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [someExtraThing], path two: [someExtraThing, nested, hello]".to_owned(),
        ),
        (
            "SET a = if_not_exists(:n, :n)",
            "Operator or function requires a document path; operator or function: if_not_exists".to_owned(),
        ),
    ];
    for (text, expected) in cases {
        let refusal = Update::parse(text, &mut values()).expect_err(text);
        assert_eq!(refusal, Refusal::Validation(format!("Invalid UpdateExpression: {expected}")), "{text}");
    }
}

#[test]
fn what_an_item_does_not_allow_is_refused() {
    let path = "The document path provided in the update expression is invalid for update";
    let kind = "An operand in the update expression has an incorrect data type";
    let cases = [
        ("SET absent.x = :n", path),
        ("SET n.x = :n", path),
        ("SET m.absent.x = :n", path),
        ("SET m[0] = :n", path),
        ("SET l.x = :n", path),
        ("SET l[5].x = :n", path),
        ("REMOVE absent.x", path),
        ("REMOVE m.absent.x", path),
        ("DELETE absent.x :ss", path),
        ("SET c = absent", "The provided expression refers to an attribute that does not exist in the item"),
        (
            "SET c = absent + :n",
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        ("SET c = #s + :n", kind),
        ("SET c = list_append(n, :l)", kind),
        ("ADD #s :n", kind),
        ("ADD ns :ss", kind),
        ("DELETE ns :ss", kind),
    ];
    for (text, expected) in cases {
        assert_eq!(updated(text, &subject()).map(drop), Err(Refusal::Validation(expected.into())), "{text}");
    }
    let full = json!({"pk": {"S": "k"}, "a": {"S": "x".repeat(409_590)}});
    let text = updated("SET b = :map", &full).unwrap_err();
    assert_eq!(text.message(), "Item size to update has exceeded the maximum allowed size");
    let most = json!({"n": {"N": "9.9999999999999999999999999999999999999E+125"}});
    let mut big = parameters(json!({}), json!({":v": {"N": "1E+125"}}));
    let overflow = Update::parse("SET n = n + :v", &mut big).unwrap().apply(item(&most).view()).unwrap_err();
    assert_eq!(
        overflow.message(),
        "Number overflow. Attempting to store a number with magnitude larger than supported range"
    );
    let keys = Update::parse("SET m.x = :n ADD pk :n", &mut values())
        .unwrap()
        .refuse_keys(&["pk", "sk"])
        .unwrap_err();
    assert_eq!(
        keys.message(),
        "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"
    );
}

#[test]
fn touched_paths_are_what_updated_old_and_new_return() {
    let update = Update::parse("SET m.x.y = :n, l[1] = :n REMOVE n ADD c :one", &mut values()).unwrap();
    let old = item(&subject());
    let new = update.apply(old.view()).unwrap().item;
    assert_eq!(
        shown(update.touched().apply(old.view()).view()),
        json!({"n": {"N": "5"}, "l": {"L": [{"S": "text"}]}, "m": {"M": {"x": {"M": {"y": {"N": "7"}}}}}})
    );
    assert_eq!(
        shown(update.touched().apply(new.view()).view()),
        json!({"l": {"L": [{"N": "5"}]}, "m": {"M": {"x": {"M": {"y": {"N": "5"}}}}}, "c": {"N": "1"}})
    );
}

/// Lists of steps that lead to something in a value.
fn places(value: &Json, so_far: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    found.push(so_far.clone());
    let mut visit = |step: Step, inner: &Json| {
        so_far.push(step);
        places(inner, so_far, found);
        so_far.pop();
    };
    if let Some(list) = value.get("L").and_then(Json::as_array) {
        list.iter().enumerate().for_each(|(index, inner)| visit(Step::Index(index as u32), inner));
    }
    if let Some(map) = value.get("M").and_then(Json::as_object) {
        map.iter().for_each(|(name, inner)| visit(Step::Name(name.as_str().into()), inner));
    }
}

fn text_of(path: &Path) -> String {
    let mut text = format!("#{}", path.attribute());
    for step in path.steps() {
        match step {
            Step::Name(name) => text.push_str(&format!(".#{name}")),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

proptest! {
    #[test]
    fn what_is_set_is_there_and_nothing_else_changes(old in any_item(), new in any_value(), pick in any::<prop::sample::Index>()) {
        let mut found = Vec::new();
        for (name, value) in old.as_object().unwrap() {
            let mut steps = Vec::new();
            places(value, &mut steps, &mut found);
            for steps in found.iter_mut().filter(|steps| !matches!(steps.first(), Some(Step::Name(first)) if first.starts_with('@'))) {
                steps.insert(0, Step::Name(format!("@{name}").into()));
            }
        }
        prop_assume!(!found.is_empty());
        let steps = found[pick.index(found.len())].clone();
        let Some(Step::Name(attribute)) = steps.first().cloned() else { unreachable!() };
        let path = Path::new(attribute.trim_start_matches('@'), steps[1..].to_vec());
        let names: serde_json::Map<String, Json> = std::iter::once(path.attribute().to_owned())
            .chain(path.steps().iter().filter_map(|step| match step { Step::Name(name) => Some(name.to_string()), _ => None }))
            .map(|name| (format!("#{name}"), json!(name)))
            .collect();
        let stored = item(&old);

        let mut given = parameters(Json::Object(names.clone()), json!({":v": new}));
        let update = Update::parse(&format!("SET {} = :v", text_of(&path)), &mut given).unwrap();
        prop_assert_eq!(given.check_used(true), Ok(()));
        let after = update.apply(stored.view()).unwrap();
        let value = decode_value(&new.to_string()).unwrap();
        prop_assert!(crate::value::equal(path.find(after.item.view()).unwrap(), value.view()));
        for (name, value) in stored.view().attributes().filter(|(name, _)| *name != path.attribute()) {
            prop_assert!(crate::value::equal(after.item.view().get(name).unwrap(), value));
        }
        let same = after.item.view().get(path.attribute()).zip(stored.view().get(path.attribute()))
            .is_some_and(|(new, old)| new.as_bytes() == old.as_bytes());
        prop_assert_eq!(after.changed.is_empty(), same);
        // What was decoded from JSON is what the update wrote.
        let again = decode_item(&shown(after.item.view()).to_string()).unwrap();
        prop_assert_eq!(again.view().size(), after.item.view().size());

        let mut given = parameters(Json::Object(names), json!({}));
        let removed = Update::parse(&format!("REMOVE {}", text_of(&path)), &mut given).unwrap().apply(stored.view()).unwrap();
        match path.steps().split_last() {
            None | Some((Step::Name(_), _)) => prop_assert!(path.find(removed.item.view()).is_none()),
            Some((Step::Index(_), before)) => {
                let list = Path::new(path.attribute(), before.to_vec());
                prop_assert_eq!(list.find(removed.item.view()).unwrap().len() + 1, list.find(stored.view()).unwrap().len());
            }
        }
    }
}
