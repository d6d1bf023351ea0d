//! Tables, spoken as DynamoDB.

mod backup;
mod batch;
mod batch_execute_statement;
mod batch_get_item;
mod batch_write_item;
mod create_backup;
mod create_table;
mod delete_backup;
mod delete_item;
mod delete_resource_policy;
mod delete_table;
mod describe_backup;
mod describe_continuous_backups;
mod describe_endpoints;
mod describe_export;
mod describe_import;
mod describe_limits;
mod describe_table;
mod describe_time_to_live;
pub(crate) mod description;
pub(crate) mod error;
mod execute_statement;
mod execute_transaction;
mod export;
mod export_table_to_point_in_time;
mod get_item;
mod get_resource_policy;
mod import;
mod import_table;
mod list_backups;
mod list_exports;
mod list_imports;
mod list_tables;
mod list_tags_of_resource;
pub mod model;
mod paged;
pub(crate) mod parameters;
mod partiql;
mod put_item;
mod put_resource_policy;
mod query;
pub(crate) mod reply;
mod restore;
mod restore_table_from_backup;
mod restore_table_to_point_in_time;
mod scan;
mod tag_resource;
mod tags;
pub(crate) mod target;
mod touched;
mod transact;
mod transact_get_items;
mod transact_write_items;
mod transfer;
mod untag_resource;
mod update_continuous_backups;
mod update_item;
mod update_table;
mod update_time_to_live;
mod write;

use access::policy::Context;

fn conditions(return_capacity: Option<&str>, return_values: Option<&str>) -> Context {
    let mut context = Context::new();
    if let Some(given) = return_capacity {
        context.set("dynamodb:ReturnConsumedCapacity", given);
    }
    if let Some(given) = return_values {
        context.set("dynamodb:ReturnValues", given);
    }
    context
}

fn read_conditions(return_capacity: Option<&str>, select: Option<&str>) -> Context {
    let mut context = conditions(return_capacity, None);
    if let Some(given) = select {
        context.set("dynamodb:Select", given);
    }
    context
}
