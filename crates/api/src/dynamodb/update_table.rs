use super::create_table::{
    attributes, billing, capacity, class, encryption, key, projected, refused, stream, throughput,
};
use super::description::described;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::{Billing, CreateIndex, IndexChange, IndexKind, Scaling, UpdateTable};

impl Operation for model::operation::UpdateTable {
    const ACTION: &'static str = "dynamodb:UpdateTable";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "AttributeDefinitions",
        "BillingMode",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexUpdates",
        "OnDemandThroughput",
        "ProvisionedThroughput",
        "SSESpecification.Enabled",
        "StreamSpecification",
        "TableClass",
        "TableName",
        "WarmThroughput",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (table, now) = (target::table(&call, &input.table_name)?, call.now);
        encryption(input.sse_specification.as_ref())?;
        let updates = input.global_secondary_index_updates.unwrap_or_default();
        let request = UpdateTable {
            table,
            attributes: attributes(input.attribute_definitions.unwrap_or_default())?,
            billing: match (&input.billing_mode, &input.provisioned_throughput) {
                (None, Some(units)) => Some(throughput(units).map(Billing::Provisioned)?),
                (None, None) => None,
                (Some(mode), units) => Some(billing(Some(mode), units.as_ref())?),
            },
            capacity: capacity(input.on_demand_throughput.as_ref(), input.warm_throughput.as_ref())?,
            indexes: updates.into_iter().map(index_change).collect::<Result<_, ApiError>>()?,
            deletion_protection: input.deletion_protection_enabled,
            stream: input.stream_specification.as_ref().map(stream).transpose()?,
            class: input.table_class.as_deref().map(|given| class(Some(given))),
        };
        let info = call.services.tables.update_table(request).await?;
        Ok(Reply::new(model::UpdateTableOutput { table_description: Some(described(&info, now)) }))
    }
}

fn index_change(given: model::GlobalSecondaryIndexUpdate) -> Result<IndexChange, ApiError> {
    match (given.create, given.update, given.delete) {
        (Some(create), None, None) => {
            let capacity = capacity(create.on_demand_throughput.as_ref(), create.warm_throughput.as_ref())?;
            Ok(IndexChange::Create {
                index: CreateIndex {
                    name: create.index_name,
                    kind: IndexKind::Global,
                    key: key(create.key_schema)?,
                    projected: projected(create.projection)?,
                    throughput: create.provisioned_throughput.as_ref().map(throughput).transpose()?,
                    scaling: Scaling::default(),
                },
                capacity,
            })
        }
        (None, Some(update), None) => Ok(IndexChange::Update {
            name: update.index_name,
            throughput: update.provisioned_throughput.as_ref().map(throughput).transpose()?,
            capacity: capacity(update.on_demand_throughput.as_ref(), update.warm_throughput.as_ref())?,
        }),
        (None, None, Some(delete)) => Ok(IndexChange::Delete { name: delete.index_name }),
        _ => Err(refused(
            "One of Create, Update and Delete is required in each of GlobalSecondaryIndexUpdates",
        )),
    }
}
