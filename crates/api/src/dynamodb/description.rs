//! A table as DynamoDB describes it.

use super::model;
use tables::{
    Billing, Count, Index, IndexKind, IndexStatus, KeyElement, KeyRole, Projected, TableInfo, Throughput,
};

pub(super) fn described(info: &TableInfo) -> model::TableDescription {
    let record = &info.record;
    let local: Vec<_> =
        of_kind(info, IndexKind::Local).map(|(index, count)| local(info, index, count)).collect();
    let global: Vec<_> =
        of_kind(info, IndexKind::Global).map(|(index, count)| global(info, index, count)).collect();
    let is_updating = record.indexes.iter().any(|index| index.status != IndexStatus::Active);
    let defined = |one: &tables::AttributeDefinition| model::AttributeDefinition {
        attribute_name: one.name.clone(),
        attribute_type: one.kind.kind().wire_name().to_owned(),
    };
    let on_demand = model::BillingModeSummary {
        billing_mode: Some("PAY_PER_REQUEST".to_owned()),
        last_update_to_pay_per_request_date_time: Some(record.created.into()),
    };
    model::TableDescription {
        attribute_definitions: Some(record.attributes.iter().map(defined).collect()),
        table_name: Some(info.id.name.to_string()),
        key_schema: Some(key(&record.key)),
        table_status: Some(if is_updating { "UPDATING" } else { "ACTIVE" }.to_owned()),
        creation_date_time: Some(record.created.into()),
        provisioned_throughput: Some(throughput(match record.billing {
            Billing::PayPerRequest => None,
            Billing::Provisioned(units) => Some(units),
        })),
        table_size_bytes: Some(number(info.count.bytes)),
        item_count: Some(number(info.count.items)),
        table_arn: Some(info.id.arn().to_string()),
        table_id: Some(record.id.clone()),
        billing_mode_summary: (record.billing == Billing::PayPerRequest).then_some(on_demand),
        local_secondary_indexes: (!local.is_empty()).then_some(local),
        global_secondary_indexes: (!global.is_empty()).then_some(global),
        deletion_protection_enabled: Some(record.deletion_protection),
        ..model::TableDescription::default()
    }
}

fn of_kind(info: &TableInfo, kind: IndexKind) -> impl Iterator<Item = (&Index, Count)> {
    info.indexes().filter(move |(index, _)| index.kind == kind)
}

fn local(info: &TableInfo, index: &Index, count: Count) -> model::LocalSecondaryIndexDescription {
    model::LocalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(key(&index.key)),
        projection: Some(projection(&index.projected)),
        index_size_bytes: Some(number(count.bytes)),
        item_count: Some(number(count.items)),
        index_arn: Some(info.id.index_arn(&index.name).to_string()),
    }
}

fn global(info: &TableInfo, index: &Index, count: Count) -> model::GlobalSecondaryIndexDescription {
    let status = match index.status {
        IndexStatus::Creating => "CREATING",
        IndexStatus::Active => "ACTIVE",
        IndexStatus::Deleting => "DELETING",
    };
    model::GlobalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(key(&index.key)),
        projection: Some(projection(&index.projected)),
        index_status: Some(status.to_owned()),
        backfilling: (index.status == IndexStatus::Creating).then_some(true),
        provisioned_throughput: Some(throughput(index.throughput)),
        index_size_bytes: Some(number(count.bytes)),
        item_count: Some(number(count.items)),
        index_arn: Some(info.id.index_arn(&index.name).to_string()),
        ..model::GlobalSecondaryIndexDescription::default()
    }
}

fn key(key: &[KeyElement]) -> Vec<model::KeySchemaElement> {
    let shown = |one: &KeyElement| model::KeySchemaElement {
        attribute_name: one.name.clone(),
        key_type: match one.role {
            KeyRole::Partition => "HASH",
            KeyRole::Sort => "RANGE",
        }
        .to_owned(),
    };
    key.iter().map(shown).collect()
}

fn projection(projected: &Projected) -> model::Projection {
    let (kind, names) = match projected {
        Projected::All => ("ALL", None),
        Projected::KeysOnly => ("KEYS_ONLY", None),
        Projected::Include(names) => ("INCLUDE", Some(names.clone())),
    };
    model::Projection { projection_type: Some(kind.to_owned()), non_key_attributes: names }
}

/// On demand shows as nothing provisioned.
fn throughput(units: Option<Throughput>) -> model::ProvisionedThroughputDescription {
    let units = units.unwrap_or(Throughput { read: 0, write: 0 });
    model::ProvisionedThroughputDescription {
        number_of_decreases_today: Some(0),
        read_capacity_units: Some(number(units.read)),
        write_capacity_units: Some(number(units.write)),
        ..model::ProvisionedThroughputDescription::default()
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
