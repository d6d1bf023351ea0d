use super::configuration::to_wire;
use super::error::invalid;
use super::model;
use super::target::{all, page_size};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListFunctions {
    const ACTION: &'static str = "lambda:ListFunctions";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionVersion", "Marker", "MaxItems"];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(all(call, "function"))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let max = page_size(input.max_items, 50);
        let (account, region) = (call.account, call.region);
        let functions = &call.services.functions;
        let page = match input.function_version.as_deref() {
            None => functions.list_functions(account, region, input.marker, max).await?,
            Some("ALL") => functions.list_all_versions(account, region, input.marker, max).await?,
            Some(_) => return Err(invalid("FunctionVersion can only be ALL.")),
        };
        Ok(Reply::new(model::ListFunctionsResponse {
            functions: Some(page.items.iter().map(to_wire).collect()),
            next_marker: page.next_marker,
        }))
    }
}
