use super::description::described;
use super::error::invalid;
use super::{model, tags, target};
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use tables::key::KeyKind;
use tables::{
    AttributeDefinition, Billing, Bound, ChangeCapacity, CreateIndex, CreateTable, IndexKind, KeyElement,
    KeyRole, Most, Projected, Scaling, StreamView, TableClass, Throughput,
};

impl Operation for model::operation::CreateTable {
    const ACTION: &'static str = "dynamodb:CreateTable";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "AttributeDefinitions",
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "LocalSecondaryIndexes",
        "OnDemandThroughput",
        "ProvisionedThroughput",
        "ResourcePolicy",
        "SSESpecification.Enabled",
        "StreamSpecification",
        "TableClass",
        "TableName",
        "Tags",
        "WarmThroughput",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tags::requested(input.tags.as_deref().unwrap_or_default()))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let resources = Self::resources(call, input).await?;
        let conditions = Self::conditions(call, input).await?;
        let mut further = tag_conditions::tagging("dynamodb:TagResource", resources.clone(), conditions);
        if input.resource_policy.is_some() {
            let (action, conditions) = ("dynamodb:PutResourcePolicy", Context::new());
            further.push(Further { action, resources, conditions });
        }
        Ok(further)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (table, now) = (target::table(&call, &input.table_name)?, call.now);
        encryption(input.sse_specification.as_ref())?;
        let billing = billing(input.billing_mode.as_deref(), input.provisioned_throughput.as_ref())?;
        let local = input.local_secondary_indexes.unwrap_or_default().into_iter().map(|index| {
            Ok(CreateIndex {
                name: index.index_name,
                kind: IndexKind::Local,
                key: key(index.key_schema)?,
                projected: projected(index.projection)?,
                throughput: None,
                scaling: Scaling::default(),
            })
        });
        let global = global(input.global_secondary_indexes, billing);
        let request = CreateTable {
            table,
            attributes: attributes(input.attribute_definitions.unwrap_or_default())?,
            key: key(input.key_schema.unwrap_or_default())?,
            indexes: local.chain(global).collect::<Result<_, ApiError>>()?,
            billing,
            deletion_protection: input.deletion_protection_enabled.unwrap_or(false),
            tags: tags::read(input.tags),
            policy: input.resource_policy,
            class: class(input.table_class.as_deref()),
            scaling: scaling(billing, input.on_demand_throughput.as_ref(), input.warm_throughput.as_ref())?,
            stream: input.stream_specification.as_ref().map(stream).transpose()?.flatten(),
        };
        let info = call.services.tables.create_table(request).await?;
        Ok(Reply::new(model::CreateTableOutput { table_description: Some(described(&info, now)) }))
    }
}

/// # Errors
/// `ValidationException`, one for each index.
pub(super) fn global(
    given: Option<Vec<model::GlobalSecondaryIndex>>,
    billing: Billing,
) -> impl Iterator<Item = Result<CreateIndex, ApiError>> {
    given.unwrap_or_default().into_iter().map(move |index| {
        Ok(CreateIndex {
            name: index.index_name,
            kind: IndexKind::Global,
            key: key(index.key_schema)?,
            projected: projected(index.projection)?,
            throughput: index.provisioned_throughput.as_ref().map(throughput).transpose()?,
            scaling: scaling(billing, index.on_demand_throughput.as_ref(), index.warm_throughput.as_ref())?,
        })
    })
}

pub(super) fn class(given: Option<&str>) -> TableClass {
    match given {
        Some("STANDARD_INFREQUENT_ACCESS") => TableClass::InfrequentAccess,
        _ => TableClass::Standard,
    }
}

/// All data is encrypted as the operator has it; keys of customers there are none.
///
/// # Errors
/// `SSESpecification` asks for one.
pub(super) fn encryption(given: Option<&model::SSESpecification>) -> Result<(), ApiError> {
    match given.and_then(|sse| sse.enabled) {
        Some(true) => Err(ApiError::unsupported(
            "SSESpecification.Enabled",
            "there are no keys of customers to encrypt with",
        )),
        _ => Ok(()),
    }
}

pub(super) fn scaling(
    billing: Billing,
    most: Option<&model::OnDemandThroughput>,
    warm: Option<&model::WarmThroughput>,
) -> Result<Scaling, ApiError> {
    let capacity = capacity(most, warm)?;
    let at = |bound| match bound {
        Some(Bound::At(units)) => Some(units),
        Some(Bound::Lifted) | None => None,
    };
    if most.is_some() && billing != Billing::PayPerRequest {
        return Err(refused("OnDemandThroughput can only be specified when BillingMode is PAY_PER_REQUEST"));
    }
    let most = Most { read: at(capacity.most_read), write: at(capacity.most_write) };
    Ok(Scaling::new(most, capacity.warm))
}

/// `OnDemandThroughput`, in which -1 means no bound, and `WarmThroughput`.
pub(super) fn capacity(
    most: Option<&model::OnDemandThroughput>,
    warm: Option<&model::WarmThroughput>,
) -> Result<ChangeCapacity, ApiError> {
    let bound = |given: Option<i64>| match given {
        None => Ok(None),
        Some(-1) => Ok(Some(Bound::Lifted)),
        Some(units) => match u64::try_from(units) {
            Ok(units) if units > 0 => Ok(Some(Bound::At(units))),
            _ => Err(refused("OnDemandThroughput must be at least 1, or -1 for none")),
        },
    };
    let units = |given: Option<i64>| match given.map(u64::try_from) {
        Some(Ok(units)) if units > 0 => Ok(units),
        _ => Err(refused("WarmThroughput needs ReadUnitsPerSecond and WriteUnitsPerSecond of at least 1")),
    };
    Ok(ChangeCapacity {
        most_read: bound(most.and_then(|most| most.max_read_request_units))?,
        most_write: bound(most.and_then(|most| most.max_write_request_units))?,
        warm: match warm {
            None => None,
            Some(warm) => Some(Throughput {
                read: units(warm.read_units_per_second)?,
                write: units(warm.write_units_per_second)?,
            }),
        },
    })
}

pub(super) fn billing(
    mode: Option<&str>,
    provisioned: Option<&model::ProvisionedThroughput>,
) -> Result<Billing, ApiError> {
    match (mode.unwrap_or("PROVISIONED"), provisioned) {
        ("PAY_PER_REQUEST", None) => Ok(Billing::PayPerRequest),
        ("PAY_PER_REQUEST", Some(_)) => Err(refused(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )),
        (_, Some(provisioned)) => throughput(provisioned).map(Billing::Provisioned),
        (_, None) => Err(refused(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )),
    }
}

/// `None`: none, or the one there is shall end.
pub(super) fn stream(given: &model::StreamSpecification) -> Result<Option<StreamView>, ApiError> {
    let view = match given.stream_view_type.as_deref() {
        None => None,
        Some("KEYS_ONLY") => Some(StreamView::KeysOnly),
        Some("NEW_IMAGE") => Some(StreamView::NewImage),
        Some("OLD_IMAGE") => Some(StreamView::OldImage),
        Some("NEW_AND_OLD_IMAGES") => Some(StreamView::NewAndOldImages),
        Some(other) => return Err(invalid(format!("Invalid StreamViewType: {other}"))),
    };
    match (given.stream_enabled, view) {
        (true, Some(view)) => Ok(Some(view)),
        (true, None) => Err(refused("StreamViewType is required when StreamEnabled is true")),
        (false, None) => Ok(None),
        (false, Some(_)) => Err(refused("StreamViewType must not be specified when StreamEnabled is false")),
    }
}

pub(super) fn throughput(given: &model::ProvisionedThroughput) -> Result<Throughput, ApiError> {
    let units = |given: i64| u64::try_from(given).map_err(|_| invalid("Capacity units must not be negative"));
    Ok(Throughput { read: units(given.read_capacity_units)?, write: units(given.write_capacity_units)? })
}

const KEY_KINDS: [KeyKind; 3] = [KeyKind::S, KeyKind::N, KeyKind::B];

pub(super) fn attributes(
    given: Vec<model::AttributeDefinition>,
) -> Result<Vec<AttributeDefinition>, ApiError> {
    let read = |given: model::AttributeDefinition| {
        let kind = KEY_KINDS
            .into_iter()
            .find(|kind| kind.kind().wire_name() == given.attribute_type)
            .ok_or_else(|| invalid(format!("Invalid AttributeType: {}", given.attribute_type)))?;
        Ok(AttributeDefinition { name: given.attribute_name, kind })
    };
    given.into_iter().map(read).collect()
}

pub(super) fn key(given: Vec<model::KeySchemaElement>) -> Result<Vec<KeyElement>, ApiError> {
    let read = |given: model::KeySchemaElement| {
        let role = match given.key_type.as_str() {
            "HASH" => KeyRole::Partition,
            "RANGE" => KeyRole::Sort,
            other => return Err(invalid(format!("Invalid KeyType: {other}"))),
        };
        Ok(KeyElement { name: given.attribute_name, role })
    };
    given.into_iter().map(read).collect()
}

pub(super) fn projected(given: model::Projection) -> Result<Projected, ApiError> {
    let others =
        |kind: &str| refused(&format!("ProjectionType is {kind}, but NonKeyAttributes is specified"));
    match (given.projection_type.as_deref(), given.non_key_attributes) {
        (None, _) => Err(refused("Unknown ProjectionType: null")),
        (Some("ALL"), None) => Ok(Projected::All),
        (Some("KEYS_ONLY"), None) => Ok(Projected::KeysOnly),
        (Some("INCLUDE"), Some(names)) => Ok(Projected::Include(names)),
        (Some("INCLUDE"), None) => {
            Err(refused("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"))
        }
        (Some(kind), _) => Err(others(kind)),
    }
}

pub(super) fn refused(message: &str) -> ApiError {
    invalid(format!("One or more parameter values were invalid: {message}"))
}
