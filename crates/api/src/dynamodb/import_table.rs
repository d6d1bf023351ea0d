use super::create_table::{attributes, billing, encryption, global, key, refused, scaling};
use super::{import, model, target, transfer};
use crate::s3::listing_conditions::listing_conditions;
use crate::s3::place::{bucket_resource, object_resource};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use std::collections::BTreeMap;
use tables::{Compression, CreateTable, ImportPlan, ImportTable, InputFormat, TableClass};

impl Operation for model::operation::ImportTable {
    const ACTION: &'static str = "dynamodb:ImportTable";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "ClientToken",
        "InputCompressionType",
        "InputFormat",
        "InputFormatOptions",
        "S3BucketSource",
        "TableCreationParameters.AttributeDefinitions",
        "TableCreationParameters.BillingMode",
        "TableCreationParameters.GlobalSecondaryIndexes",
        "TableCreationParameters.KeySchema",
        "TableCreationParameters.OnDemandThroughput",
        "TableCreationParameters.ProvisionedThroughput",
        "TableCreationParameters.SSESpecification.Enabled",
        "TableCreationParameters.TableName",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let name = &input.table_creation_parameters.table_name;
        target::table(call, name).map(|table| target::resources(&table))
    }

    /// Asked when the import is asked for
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Requesting.html>).
    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let source = &input.s3_bucket_source;
        let (prefix, owner) = (source.s3_key_prefix.as_deref(), source.s3_bucket_owner.as_ref());
        let all = format!("{}*", prefix.unwrap_or_default());
        let reading = object_resource(call, &source.s3_bucket, &all, owner).await?;
        let listing = bucket_resource(call, &source.s3_bucket, owner).await?;
        let conditions = listing_conditions(Some(prefix.unwrap_or_default()), None, None);
        Ok(vec![
            Further { action: "s3:GetObject", resources: reading, conditions: Context::new() },
            Further { action: "s3:ListBucket", resources: listing, conditions },
        ])
    }

    async fn call(call: Call, mut input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let token = input.client_token.take();
        let token = transfer::token(&call, token, &input)?;
        let plan = plan(&input)?;
        let given = input.table_creation_parameters;
        encryption(given.sse_specification.as_ref())?;
        let billing = billing(given.billing_mode.as_deref(), given.provisioned_throughput.as_ref())?;
        let create = CreateTable {
            table: target::table(&call, &given.table_name)?,
            attributes: attributes(given.attribute_definitions)?,
            key: key(given.key_schema)?,
            indexes: global(given.global_secondary_indexes, billing).collect::<Result<_, ApiError>>()?,
            billing,
            deletion_protection: false,
            tags: BTreeMap::new(),
            class: TableClass::Standard,
            scaling: scaling(billing, given.on_demand_throughput.as_ref(), None)?,
            stream: None,
            policy: None,
        };
        let import = call.services.tables.import_table(ImportTable { create, plan, token }).await?;
        Ok(Reply::new(model::ImportTableOutput { import_table_description: import::described(&import) }))
    }
}

/// # Errors
/// `ValidationException`.
fn plan(input: &model::ImportTableInput) -> Result<ImportPlan, ApiError> {
    let csv = input.input_format_options.as_ref().and_then(|options| options.csv.as_ref());
    let format = match (input.input_format.as_str(), csv) {
        ("CSV", csv) => InputFormat::Csv {
            delimiter: csv.and_then(|csv| csv.delimiter.as_deref()).and_then(|text| text.chars().next()),
            header: csv.and_then(|csv| csv.header_list.clone()),
        },
        (_, Some(_)) => return Err(refused("InputFormatOptions.Csv needs the InputFormat CSV")),
        ("ION", None) => InputFormat::Ion,
        (_, None) => InputFormat::Json,
    };
    let compression = match input.input_compression_type.as_deref() {
        None => None,
        Some("GZIP") => Some(Compression::Gzip),
        Some("ZSTD") => Some(Compression::Zstd),
        Some(_) => Some(Compression::None),
    };
    let source = &input.s3_bucket_source;
    Ok(ImportPlan {
        bucket: source.s3_bucket.clone(),
        bucket_owner: source.s3_bucket_owner.clone(),
        prefix: source.s3_key_prefix.clone(),
        format,
        compression,
    })
}
