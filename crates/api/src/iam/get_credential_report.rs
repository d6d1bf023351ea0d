use super::account;
use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::CREDENTIAL_REPORT_LIFETIME;
use http::StatusCode;
use protocol::{Blob, Timestamp};

impl Operation for model::operation::GetCredentialReport {
    const ACTION: &'static str = "iam:GetCredentialReport";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        account::everything(call)
    }

    async fn call(call: Call, _: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let Some(report) = iam.credential_report(&call.account) else {
            let message = "No report exists. Use GenerateCredentialReport to make one.";
            return Err(ApiError::new(StatusCode::GONE, "ReportNotPresent", message));
        };
        if call.now.since(report.generated) > CREDENTIAL_REPORT_LIFETIME {
            let message = "The report has expired. Use GenerateCredentialReport to make a new one.";
            return Err(ApiError::new(StatusCode::GONE, "ReportExpired", message));
        }
        Ok(Reply::new(model::GetCredentialReportResponse {
            content: Some(Blob::from(report.text.clone().into_bytes())),
            report_format: Some("text/csv".to_owned()),
            generated_time: Some(Timestamp(report.generated)),
        }))
    }
}
