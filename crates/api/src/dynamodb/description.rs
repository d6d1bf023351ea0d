//! A table as DynamoDB describes it.

use super::model;
use clock::Timestamp;
use tables::{
    Billing, Count, Index, IndexKind, IndexStatus, KeyElement, KeyRole, Most, Projected, Scaling, StreamId,
    TableClass, TableInfo, TableRecord, TableStream, Throughput,
};

pub(super) fn described(info: &TableInfo, now: Timestamp) -> model::TableDescription {
    let record = &info.record;
    let local: Vec<_> =
        of_kind(info, IndexKind::Local).map(|(index, count)| local(info, index, count)).collect();
    let global: Vec<_> =
        of_kind(info, IndexKind::Global).map(|(index, count)| global(info, index, count, now)).collect();
    let is_updating = record.indexes.iter().any(|index| index.status != IndexStatus::Active);
    let defined = |one: &tables::AttributeDefinition| model::AttributeDefinition {
        attribute_name: one.name.clone(),
        attribute_type: one.kind.kind().wire_name().to_owned(),
    };
    let on_demand = model::BillingModeSummary {
        billing_mode: Some("PAY_PER_REQUEST".to_owned()),
        last_update_to_pay_per_request_date_time: Some(
            record.per_request_since.unwrap_or(record.created).into(),
        ),
    };
    model::TableDescription {
        attribute_definitions: Some(record.attributes.iter().map(defined).collect()),
        table_name: Some(info.id.name.to_string()),
        key_schema: Some(key(&record.key)),
        table_status: Some(
            match (record.is_creating, is_updating) {
                (true, _) => "CREATING",
                (false, true) => "UPDATING",
                (false, false) => "ACTIVE",
            }
            .to_owned(),
        ),
        restore_summary: record.restored.as_ref().map(|restored| model::RestoreSummary {
            source_backup_arn: restored.backup.clone(),
            source_table_arn: Some(restored.table.clone()),
            restore_date_time: restored.at.into(),
            restore_in_progress: record.is_creating,
        }),
        creation_date_time: Some(record.created.into()),
        provisioned_throughput: Some(throughput(
            match record.billing {
                Billing::PayPerRequest => None,
                Billing::Provisioned(units) => Some(units),
            },
            &record.scaling,
            now,
        )),
        table_size_bytes: Some(number(info.count.bytes)),
        item_count: Some(number(info.count.items)),
        table_arn: Some(info.id.arn().to_string()),
        table_id: Some(record.id.clone()),
        billing_mode_summary: (record.billing == Billing::PayPerRequest).then_some(on_demand),
        local_secondary_indexes: (!local.is_empty()).then_some(local),
        global_secondary_indexes: (!global.is_empty()).then_some(global),
        deletion_protection_enabled: Some(record.deletion_protection),
        table_class_summary: class(record),
        on_demand_throughput: most(&record.scaling),
        warm_throughput: record.scaling.warm.map(|units| model::TableWarmThroughputDescription {
            read_units_per_second: Some(number(units.read)),
            write_units_per_second: Some(number(units.write)),
            status: Some("ACTIVE".to_owned()),
        }),
        stream_specification: record.stream.as_ref().filter(|stream| stream.is_on).map(stream),
        latest_stream_label: record.stream.as_ref().map(|stream| stream.label.clone()),
        latest_stream_arn: record.stream.as_ref().map(|stream| {
            let id = StreamId { table: info.id.clone(), label: stream.label.clone() };
            id.arn().to_string()
        }),
        ..model::TableDescription::default()
    }
}

fn stream(stream: &TableStream) -> model::StreamSpecification {
    model::StreamSpecification {
        stream_enabled: true,
        stream_view_type: Some(stream.view.as_str().to_owned()),
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

fn global(
    info: &TableInfo,
    index: &Index,
    count: Count,
    now: Timestamp,
) -> model::GlobalSecondaryIndexDescription {
    let status = match index.status {
        IndexStatus::Creating => "CREATING",
        // Of a table that is restored or imported, they come with it.
        IndexStatus::Active if info.record.is_creating => "CREATING",
        IndexStatus::Active => "ACTIVE",
        IndexStatus::Deleting => "DELETING",
    };
    model::GlobalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(key(&index.key)),
        projection: Some(projection(&index.projected)),
        index_status: Some(status.to_owned()),
        backfilling: (index.status == IndexStatus::Creating).then_some(true),
        provisioned_throughput: Some(throughput(index.throughput, &index.scaling, now)),
        index_size_bytes: Some(number(count.bytes)),
        item_count: Some(number(count.items)),
        index_arn: Some(info.id.index_arn(&index.name).to_string()),
        on_demand_throughput: most(&index.scaling),
        warm_throughput: index.scaling.warm.map(|units| {
            model::GlobalSecondaryIndexWarmThroughputDescription {
                read_units_per_second: Some(number(units.read)),
                write_units_per_second: Some(number(units.write)),
                status: Some("ACTIVE".to_owned()),
            }
        }),
    }
}

pub(super) fn key(key: &[KeyElement]) -> Vec<model::KeySchemaElement> {
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

pub(super) fn projection(projected: &Projected) -> model::Projection {
    let (kind, names) = match projected {
        Projected::All => ("ALL", None),
        Projected::KeysOnly => ("KEYS_ONLY", None),
        Projected::Include(names) => ("INCLUDE", Some(names.clone())),
    };
    model::Projection { projection_type: Some(kind.to_owned()), non_key_attributes: names }
}

/// On demand shows as nothing provisioned.
fn throughput(
    units: Option<Throughput>,
    scaling: &Scaling,
    now: Timestamp,
) -> model::ProvisionedThroughputDescription {
    let units = units.unwrap_or(Throughput { read: 0, write: 0 });
    model::ProvisionedThroughputDescription {
        last_increase_date_time: scaling.last_increase.map(Into::into),
        last_decrease_date_time: scaling.last_decrease.map(Into::into),
        number_of_decreases_today: Some(scaling.decreases_today(now).into()),
        read_capacity_units: Some(number(units.read)),
        write_capacity_units: Some(number(units.write)),
    }
}

/// Shown of tables whose class was named once to be another than the standard one.
fn class(record: &TableRecord) -> Option<model::TableClassSummary> {
    let name = match record.class {
        TableClass::Standard if record.class_changed.is_none() => return None,
        TableClass::Standard => "STANDARD",
        TableClass::InfrequentAccess => "STANDARD_INFREQUENT_ACCESS",
    };
    Some(model::TableClassSummary {
        table_class: Some(name.to_owned()),
        last_update_date_time: record.class_changed.map(Into::into),
    })
}

/// -1 where there is no bound, of those that have one at all.
fn most(scaling: &Scaling) -> Option<model::OnDemandThroughput> {
    let shown = |bound: Option<u64>| Some(bound.map_or(-1, number));
    (scaling.most != Most::default()).then(|| model::OnDemandThroughput {
        max_read_request_units: shown(scaling.most.read),
        max_write_request_units: shown(scaling.most.write),
    })
}

pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
