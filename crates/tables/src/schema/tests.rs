use super::*;
use crate::Refusal;

fn element(attribute: &str, part: KeyPart) -> KeyElement {
    KeyElement { attribute: attribute.to_owned(), part }
}

fn index(name: &str, partition: &str, sort: Option<&str>) -> DeclaredIndex {
    let mut key = vec![element(partition, KeyPart::Partition)];
    key.extend(sort.map(|sort| element(sort, KeyPart::Sort)));
    DeclaredIndex { name: name.to_owned(), key, projection: IndexProjection::All, throughput: None }
}

fn declaration() -> Declaration {
    Declaration {
        name: "Orders".to_owned(),
        attributes: [("pk", KeyKind::S), ("sk", KeyKind::S), ("day", KeyKind::N)]
            .map(|(name, kind)| (name.to_owned(), kind))
            .to_vec(),
        key: vec![element("pk", KeyPart::Partition), element("sk", KeyPart::Sort)],
        global: vec![index("by-day", "day", Some("pk"))],
        local: vec![index("in-order", "pk", Some("day"))],
        billing: Billing::OnDemand,
    }
}

#[test]
fn a_declaration_becomes_a_schema() {
    let schema = declaration().check().unwrap();
    assert_eq!(schema.key.names().collect::<Vec<_>>(), ["pk", "sk"]);
    let names: Vec<_> = schema.indexes.iter().map(|index| (index.name.as_str(), index.is_global)).collect();
    assert_eq!(names, [("in-order", false), ("by-day", true)]);
    assert_eq!(schema.indexes[1].key.partition.kind, KeyKind::N);
}

#[test]
fn names_have_3_to_255_characters() {
    for (name, fits) in [("abc", true), ("a.b-c_D9", true), ("ab", false), ("a b", false), ("ü-ü", false)] {
        let table = Declaration { name: name.to_owned(), ..declaration() };
        assert_eq!(table.check().is_ok(), fits, "{name}");
    }
    let named = |length| Declaration { name: "n".repeat(length), ..declaration() };
    assert!(named(255).check().is_ok());
    assert_eq!(
        named(256).check().unwrap_err().message(),
        format!(
            "1 validation error detected: Value '{}' at 'tableName' failed to satisfy constraint: \
             Member must have length less than or equal to 255",
            "n".repeat(256)
        )
    );
}

type Change = fn(&mut Declaration);

#[test]
fn what_does_not_hold_together_is_refused() {
    let units = Throughput { read: 1, write: 1 };
    let cases: [(Change, &str); 16] = [
        (|d| d.key.clear(), "A KeySchema has one or two elements"),
        (|d| d.key.reverse(), "The first KeySchemaElement is not a HASH key type"),
        (|d| d.key[1].part = KeyPart::Partition, "The second KeySchemaElement is not a RANGE key type"),
        (
            |d| d.key[1].attribute = "pk".into(),
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (|d| d.attributes.truncate(2), "Some index key attributes are not defined in AttributeDefinitions"),
        (
            |d| d.attributes.push(("extra".into(), KeyKind::B)),
            "Some AttributeDefinitions are not used. AttributeDefinitions: [day, extra, pk, sk], keys used: [day, pk, sk]",
        ),
        (
            |d| d.attributes.push(("pk".into(), KeyKind::S)),
            "Cannot have two attributes with the same name: pk",
        ),
        (|d| d.local[0].key.truncate(1), "Index KeySchema does not have a range key for index: in-order"),
        (
            |d| d.local[0] = index("in-order", "day", Some("pk")),
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: in-order",
        ),
        (|d| d.key.truncate(1), "Table KeySchema does not have a range key"),
        (|d| d.global.push(index("in-order", "day", None)), "Duplicate index name: in-order"),
        (
            |d| d.global = (0..21).map(|n| index(&format!("index-{n}"), "day", None)).collect(),
            "GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ),
        (
            |d| d.local = (0..6).map(|n| index(&format!("index-{n}"), "pk", Some("day"))).collect(),
            "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
        ),
        (
            |d| d.global[0].projection = IndexProjection::Include(Vec::new()),
            "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (
            |d| {
                d.global[0].projection = IndexProjection::Include((0..101).map(|n| format!("a{n}")).collect())
            },
            "Number of NonKeyAttributes exceeds the limit of 100: 101",
        ),
        (
            |d| d.billing = Billing::Provisioned(None),
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
    ];
    for (change, text) in cases {
        let mut declared = declaration();
        change(&mut declared);
        let Err(Refusal::Validation(message)) = declared.check() else { panic!("accepted, but: {text}") };
        let expected = format!("One or more parameter values were invalid: {text}");
        assert!(message.starts_with(&expected), "{message}\nis not\n{expected}");
    }
    let mut provisioned = Declaration { billing: Billing::Provisioned(Some(units)), ..declaration() };
    assert!(provisioned.check().unwrap_err().message().contains("by-day"));
    provisioned.global[0].throughput = Some(units);
    assert!(provisioned.check().is_ok());
    provisioned.billing = Billing::OnDemand;
    assert!(provisioned.check().unwrap_err().message().contains("PAY_PER_REQUEST"));
}
