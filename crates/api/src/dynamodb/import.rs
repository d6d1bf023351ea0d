//! Imports as DynamoDB describes them.

use super::description::{key, number, projection};
use super::model;
use tables::{
    Billing, Compression, Import, ImportPlan, ImportRecord, IndexKind, InputFormat, Most, TableRecord,
    Throughput, TransferId,
};

pub(super) fn described(import: &Import) -> model::ImportTableDescription {
    let Import { id, record } = import;
    let (plan, progress, failure) = (&record.plan, &record.progress, record.failure.as_ref());
    let csv = match &plan.format {
        InputFormat::Csv { delimiter, header } if delimiter.is_some() || header.is_some() => {
            let delimiter = delimiter.map(String::from);
            let csv = model::CsvOptions { delimiter, header_list: header.clone() };
            Some(model::InputFormatOptions { csv: Some(csv) })
        }
        _ => None,
    };
    model::ImportTableDescription {
        import_arn: Some(id.arn().to_string()),
        import_status: Some(status(record).to_owned()),
        table_arn: Some(id.table.arn().to_string()),
        table_id: Some(record.table.id.clone()),
        client_token: record.token.clone(),
        s3_bucket_source: Some(source(plan)),
        error_count: Some(number(progress.errors())),
        // There are no log groups: the server's own log tells of what was not imported.
        cloud_watch_log_group_arn: None,
        input_format: Some(format(plan).to_owned()),
        input_format_options: csv,
        input_compression_type: Some(
            match plan.compression {
                None | Some(Compression::None) => "NONE",
                Some(Compression::Gzip) => "GZIP",
                Some(Compression::Zstd) => "ZSTD",
            }
            .to_owned(),
        ),
        table_creation_parameters: Some(parameters(id, &record.table)),
        start_time: Some(record.started.into()),
        end_time: record.ended.map(Into::into),
        processed_size_bytes: Some(number(progress.bytes)),
        processed_item_count: Some(number(progress.processed)),
        imported_item_count: Some(number(progress.imported)),
        failure_code: failure.map(|failure| failure.code.clone()),
        failure_message: failure.map(|failure| failure.message.clone()),
    }
}

pub(super) fn summary(id: &TransferId, record: &ImportRecord) -> model::ImportSummary {
    model::ImportSummary {
        import_arn: Some(id.arn().to_string()),
        import_status: Some(status(record).to_owned()),
        table_arn: Some(id.table.arn().to_string()),
        s3_bucket_source: Some(source(&record.plan)),
        cloud_watch_log_group_arn: None,
        input_format: Some(format(&record.plan).to_owned()),
        start_time: Some(record.started.into()),
        end_time: record.ended.map(Into::into),
    }
}

fn status(record: &ImportRecord) -> &'static str {
    match (record.ended, &record.failure) {
        (None, _) => "IN_PROGRESS",
        (Some(_), None) => "COMPLETED",
        (Some(_), Some(_)) => "FAILED",
    }
}

fn source(plan: &ImportPlan) -> model::S3BucketSource {
    model::S3BucketSource {
        s3_bucket_owner: plan.bucket_owner.clone(),
        s3_bucket: plan.bucket.clone(),
        s3_key_prefix: plan.prefix.clone(),
    }
}

fn format(plan: &ImportPlan) -> &'static str {
    match plan.format {
        InputFormat::Json => "DYNAMODB_JSON",
        InputFormat::Ion => "ION",
        InputFormat::Csv { .. } => "CSV",
    }
}

fn parameters(id: &TransferId, table: &TableRecord) -> model::TableCreationParameters {
    let throughput = |units: Throughput| model::ProvisionedThroughput {
        read_capacity_units: number(units.read),
        write_capacity_units: number(units.write),
    };
    let provisioned = match table.billing {
        Billing::PayPerRequest => None,
        Billing::Provisioned(units) => Some(throughput(units)),
    };
    let attributes = table.attributes.iter().map(|one| model::AttributeDefinition {
        attribute_name: one.name.clone(),
        attribute_type: one.kind.kind().wire_name().to_owned(),
    });
    let global: Vec<_> = (table.indexes_of(IndexKind::Global))
        .map(|index| model::GlobalSecondaryIndex {
            index_name: index.name.clone(),
            key_schema: key(&index.key),
            projection: projection(&index.projected),
            provisioned_throughput: index.throughput.map(throughput),
            on_demand_throughput: on_demand(index.scaling.most),
            warm_throughput: None,
        })
        .collect();
    model::TableCreationParameters {
        table_name: id.table.name.to_string(),
        attribute_definitions: attributes.collect(),
        key_schema: key(&table.key),
        billing_mode: Some(if provisioned.is_some() { "PROVISIONED" } else { "PAY_PER_REQUEST" }.to_owned()),
        provisioned_throughput: provisioned,
        on_demand_throughput: on_demand(table.scaling.most),
        sse_specification: None,
        global_secondary_indexes: (!global.is_empty()).then_some(global),
        vector_indexes: None,
    }
}

fn on_demand(most: Most) -> Option<model::OnDemandThroughput> {
    if most.read.is_none() && most.write.is_none() {
        return None;
    }
    let units = |most: Option<u64>| Some(most.map_or(-1, number));
    Some(model::OnDemandThroughput {
        max_read_request_units: units(most.read),
        max_write_request_units: units(most.write),
    })
}
