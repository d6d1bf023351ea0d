use crate::dynamodb::model::operation as dynamodb;
use crate::dynamodbstreams::model::operation as dynamodbstreams;
use crate::iam::model::operation as iam;
use crate::sns::model::operation as sns;
use crate::sqs::model::operation as sqs;
use crate::sts::model::operation as sts;
use crate::{Entry, lambda, s3};
use std::collections::HashMap;
use std::sync::LazyLock;

/// THE table of operations. What is not here does not exist: routing, authorisation, the answer to
/// operations that we lack, the coverage page and the test that tries every operation without
/// credentials all read it.
pub static OPERATIONS: &[Entry] = &[
    // dynamodb
    Entry::of::<dynamodb::BatchExecuteStatement>(),
    Entry::of::<dynamodb::BatchGetItem>(),
    Entry::of::<dynamodb::BatchWriteItem>(),
    Entry::of::<dynamodb::CreateBackup>(),
    Entry::of::<dynamodb::CreateTable>(),
    Entry::of::<dynamodb::DeleteBackup>(),
    Entry::of::<dynamodb::DeleteItem>(),
    Entry::of::<dynamodb::DeleteResourcePolicy>(),
    Entry::of::<dynamodb::DeleteTable>(),
    Entry::of::<dynamodb::DescribeBackup>(),
    Entry::of::<dynamodb::DescribeContinuousBackups>(),
    Entry::of::<dynamodb::DescribeEndpoints>(),
    Entry::of::<dynamodb::DescribeExport>(),
    Entry::of::<dynamodb::DescribeImport>(),
    Entry::of::<dynamodb::DescribeLimits>(),
    Entry::of::<dynamodb::DescribeTable>(),
    Entry::of::<dynamodb::DescribeTimeToLive>(),
    Entry::of::<dynamodb::ExecuteStatement>(),
    Entry::of::<dynamodb::ExecuteTransaction>(),
    Entry::of::<dynamodb::ExportTableToPointInTime>(),
    Entry::of::<dynamodb::GetItem>(),
    Entry::of::<dynamodb::GetResourcePolicy>(),
    Entry::of::<dynamodb::ImportTable>(),
    Entry::of::<dynamodb::ListBackups>(),
    Entry::of::<dynamodb::ListExports>(),
    Entry::of::<dynamodb::ListImports>(),
    Entry::of::<dynamodb::ListTables>(),
    Entry::of::<dynamodb::ListTagsOfResource>(),
    Entry::of::<dynamodb::PutItem>(),
    Entry::of::<dynamodb::PutResourcePolicy>(),
    Entry::of::<dynamodb::Query>(),
    Entry::of::<dynamodb::RestoreTableFromBackup>(),
    Entry::of::<dynamodb::RestoreTableToPointInTime>(),
    Entry::of::<dynamodb::Scan>(),
    Entry::of::<dynamodb::TagResource>(),
    Entry::of::<dynamodb::TransactGetItems>(),
    Entry::of::<dynamodb::TransactWriteItems>(),
    Entry::of::<dynamodb::UntagResource>(),
    Entry::of::<dynamodb::UpdateContinuousBackups>(),
    Entry::of::<dynamodb::UpdateItem>(),
    Entry::of::<dynamodb::UpdateTable>(),
    Entry::of::<dynamodb::UpdateTimeToLive>(),
    // dynamodbstreams
    Entry::of::<dynamodbstreams::DescribeStream>(),
    Entry::of::<dynamodbstreams::GetRecords>(),
    Entry::of::<dynamodbstreams::GetShardIterator>(),
    Entry::of::<dynamodbstreams::ListStreams>(),
    // iam
    Entry::of::<iam::AddClientIDToOpenIDConnectProvider>(),
    Entry::of::<iam::AddUserToGroup>(),
    Entry::of::<iam::AttachGroupPolicy>(),
    Entry::of::<iam::AttachRolePolicy>(),
    Entry::of::<iam::AttachUserPolicy>(),
    Entry::of::<iam::CreateAccessKey>(),
    Entry::of::<iam::CreateAccountAlias>(),
    Entry::of::<iam::CreateGroup>(),
    Entry::of::<iam::CreateOpenIDConnectProvider>(),
    Entry::of::<iam::CreatePolicy>(),
    Entry::of::<iam::CreatePolicyVersion>(),
    Entry::of::<iam::CreateRole>(),
    Entry::of::<iam::CreateServiceLinkedRole>(),
    Entry::of::<iam::CreateUser>(),
    Entry::of::<iam::DeleteAccessKey>(),
    Entry::of::<iam::DeleteAccountAlias>(),
    Entry::of::<iam::DeleteGroup>(),
    Entry::of::<iam::DeleteGroupPolicy>(),
    Entry::of::<iam::DeleteOpenIDConnectProvider>(),
    Entry::of::<iam::DeletePolicy>(),
    Entry::of::<iam::DeletePolicyVersion>(),
    Entry::of::<iam::DeleteRole>(),
    Entry::of::<iam::DeleteRolePermissionsBoundary>(),
    Entry::of::<iam::DeleteRolePolicy>(),
    Entry::of::<iam::DeleteServiceLinkedRole>(),
    Entry::of::<iam::DeleteUser>(),
    Entry::of::<iam::DeleteUserPermissionsBoundary>(),
    Entry::of::<iam::DeleteUserPolicy>(),
    Entry::of::<iam::DetachGroupPolicy>(),
    Entry::of::<iam::DetachRolePolicy>(),
    Entry::of::<iam::DetachUserPolicy>(),
    Entry::of::<iam::GenerateCredentialReport>(),
    Entry::of::<iam::GetAccessKeyLastUsed>(),
    Entry::of::<iam::GetAccountAuthorizationDetails>(),
    Entry::of::<iam::GetAccountSummary>(),
    Entry::of::<iam::GetContextKeysForCustomPolicy>(),
    Entry::of::<iam::GetContextKeysForPrincipalPolicy>(),
    Entry::of::<iam::GetCredentialReport>(),
    Entry::of::<iam::GetGroup>(),
    Entry::of::<iam::GetGroupPolicy>(),
    Entry::of::<iam::GetOpenIDConnectProvider>(),
    Entry::of::<iam::GetPolicy>(),
    Entry::of::<iam::GetPolicyVersion>(),
    Entry::of::<iam::GetRole>(),
    Entry::of::<iam::GetRolePolicy>(),
    Entry::of::<iam::GetServiceLinkedRoleDeletionStatus>(),
    Entry::of::<iam::GetUser>(),
    Entry::of::<iam::GetUserPolicy>(),
    Entry::of::<iam::ListAccessKeys>(),
    Entry::of::<iam::ListAccountAliases>(),
    Entry::of::<iam::ListAttachedGroupPolicies>(),
    Entry::of::<iam::ListAttachedRolePolicies>(),
    Entry::of::<iam::ListAttachedUserPolicies>(),
    Entry::of::<iam::ListEntitiesForPolicy>(),
    Entry::of::<iam::ListGroupPolicies>(),
    Entry::of::<iam::ListGroups>(),
    Entry::of::<iam::ListGroupsForUser>(),
    Entry::of::<iam::ListInstanceProfilesForRole>(),
    Entry::of::<iam::ListOpenIDConnectProviderTags>(),
    Entry::of::<iam::ListOpenIDConnectProviders>(),
    Entry::of::<iam::ListPolicies>(),
    Entry::of::<iam::ListPolicyTags>(),
    Entry::of::<iam::ListPolicyVersions>(),
    Entry::of::<iam::ListRolePolicies>(),
    Entry::of::<iam::ListRoleTags>(),
    Entry::of::<iam::ListRoles>(),
    Entry::of::<iam::ListUserPolicies>(),
    Entry::of::<iam::ListUserTags>(),
    Entry::of::<iam::ListUsers>(),
    Entry::of::<iam::PutGroupPolicy>(),
    Entry::of::<iam::PutRolePermissionsBoundary>(),
    Entry::of::<iam::PutRolePolicy>(),
    Entry::of::<iam::PutUserPermissionsBoundary>(),
    Entry::of::<iam::PutUserPolicy>(),
    Entry::of::<iam::RemoveClientIDFromOpenIDConnectProvider>(),
    Entry::of::<iam::RemoveUserFromGroup>(),
    Entry::of::<iam::SetDefaultPolicyVersion>(),
    Entry::of::<iam::SimulateCustomPolicy>(),
    Entry::of::<iam::SimulatePrincipalPolicy>(),
    Entry::of::<iam::TagOpenIDConnectProvider>(),
    Entry::of::<iam::TagPolicy>(),
    Entry::of::<iam::TagRole>(),
    Entry::of::<iam::TagUser>(),
    Entry::of::<iam::UntagOpenIDConnectProvider>(),
    Entry::of::<iam::UntagPolicy>(),
    Entry::of::<iam::UntagRole>(),
    Entry::of::<iam::UntagUser>(),
    Entry::of::<iam::UpdateAccessKey>(),
    Entry::of::<iam::UpdateAssumeRolePolicy>(),
    Entry::of::<iam::UpdateGroup>(),
    Entry::of::<iam::UpdateOpenIDConnectProviderThumbprint>(),
    Entry::of::<iam::UpdateRole>(),
    Entry::of::<iam::UpdateRoleDescription>(),
    Entry::of::<iam::UpdateUser>(),
    // lambda
    Entry::of::<lambda::model::operation::AddLayerVersionPermission>(),
    Entry::of::<lambda::model::operation::AddPermission>(),
    Entry::of::<lambda::model::operation::CreateAlias>(),
    Entry::of::<lambda::model::operation::CreateEventSourceMapping>(),
    Entry::of::<lambda::model::operation::CreateFunction>(),
    Entry::of::<lambda::model::operation::CreateFunctionUrlConfig>(),
    Entry::of::<lambda::model::operation::DeleteAlias>(),
    Entry::of::<lambda::model::operation::DeleteEventSourceMapping>(),
    Entry::of::<lambda::model::operation::DeleteFunction>(),
    Entry::of::<lambda::model::operation::DeleteFunctionConcurrency>(),
    Entry::of::<lambda::model::operation::DeleteFunctionEventInvokeConfig>(),
    Entry::of::<lambda::model::operation::DeleteFunctionUrlConfig>(),
    Entry::of::<lambda::model::operation::DeleteLayerVersion>(),
    Entry::of::<lambda::model::operation::DeleteProvisionedConcurrencyConfig>(),
    Entry::of::<lambda::model::operation::GetAccountSettings>(),
    Entry::of::<lambda::model::operation::GetAlias>(),
    Entry::of::<lambda::model::operation::GetEventSourceMapping>(),
    Entry::of::<lambda::model::operation::GetFunction>(),
    Entry::of::<lambda::model::operation::GetFunctionConcurrency>(),
    Entry::of::<lambda::model::operation::GetFunctionConfiguration>(),
    Entry::of::<lambda::model::operation::GetFunctionEventInvokeConfig>(),
    Entry::of::<lambda::model::operation::GetFunctionRecursionConfig>(),
    Entry::of::<lambda::model::operation::GetFunctionUrlConfig>(),
    Entry::of::<lambda::model::operation::GetLayerVersion>(),
    Entry::of::<lambda::model::operation::GetLayerVersionByArn>(),
    Entry::of::<lambda::model::operation::GetLayerVersionPolicy>(),
    Entry::of::<lambda::model::operation::GetPolicy>(),
    Entry::of::<lambda::model::operation::GetProvisionedConcurrencyConfig>(),
    Entry::of::<lambda::model::operation::Invoke>(),
    Entry::of::<lambda::model::operation::InvokeWithResponseStream>(),
    Entry::of::<lambda::model::operation::ListAliases>(),
    Entry::of::<lambda::model::operation::ListEventSourceMappings>(),
    Entry::of::<lambda::model::operation::ListFunctionEventInvokeConfigs>(),
    Entry::of::<lambda::model::operation::ListFunctionUrlConfigs>(),
    Entry::of::<lambda::model::operation::ListFunctions>(),
    Entry::of::<lambda::model::operation::ListLayerVersions>(),
    Entry::of::<lambda::model::operation::ListLayers>(),
    Entry::of::<lambda::model::operation::ListProvisionedConcurrencyConfigs>(),
    Entry::of::<lambda::model::operation::ListTags>(),
    Entry::of::<lambda::model::operation::ListVersionsByFunction>(),
    Entry::of::<lambda::model::operation::PublishLayerVersion>(),
    Entry::of::<lambda::model::operation::PublishVersion>(),
    Entry::of::<lambda::model::operation::PutFunctionConcurrency>(),
    Entry::of::<lambda::model::operation::PutFunctionEventInvokeConfig>(),
    Entry::of::<lambda::model::operation::PutProvisionedConcurrencyConfig>(),
    Entry::of::<lambda::model::operation::PutFunctionRecursionConfig>(),
    Entry::of::<lambda::model::operation::RemoveLayerVersionPermission>(),
    Entry::of::<lambda::model::operation::RemovePermission>(),
    Entry::of::<lambda::model::operation::TagResource>(),
    Entry::of::<lambda::model::operation::UntagResource>(),
    Entry::of::<lambda::model::operation::UpdateAlias>(),
    Entry::of::<lambda::model::operation::UpdateEventSourceMapping>(),
    Entry::of::<lambda::model::operation::UpdateFunctionCode>(),
    Entry::of::<lambda::model::operation::UpdateFunctionConfiguration>(),
    Entry::of::<lambda::model::operation::UpdateFunctionEventInvokeConfig>(),
    Entry::of::<lambda::model::operation::UpdateFunctionUrlConfig>(),
    // s3
    Entry::of::<s3::model::operation::AbortMultipartUpload>(),
    Entry::of::<s3::model::operation::CompleteMultipartUpload>(),
    Entry::of::<s3::model::operation::CopyObject>(),
    Entry::of::<s3::model::operation::CreateBucket>(),
    Entry::of::<s3::model::operation::CreateMultipartUpload>(),
    Entry::of::<s3::model::operation::DeleteBucket>(),
    Entry::of::<s3::model::operation::DeleteBucketTagging>(),
    Entry::of::<s3::model::operation::DeleteObject>(),
    Entry::of::<s3::model::operation::DeleteObjectTagging>(),
    Entry::of::<s3::model::operation::DeleteObjects>(),
    Entry::of::<s3::model::operation::GetBucketLocation>(),
    Entry::of::<s3::model::operation::GetBucketNotificationConfiguration>(),
    Entry::of::<s3::model::operation::GetBucketTagging>(),
    Entry::of::<s3::model::operation::GetObject>(),
    Entry::of::<s3::model::operation::GetObjectAttributes>(),
    Entry::of::<s3::model::operation::GetObjectTagging>(),
    Entry::of::<s3::model::operation::HeadBucket>(),
    Entry::of::<s3::model::operation::HeadObject>(),
    Entry::of::<s3::model::operation::ListBuckets>(),
    Entry::of::<s3::model::operation::ListMultipartUploads>(),
    Entry::of::<s3::model::operation::ListObjects>(),
    Entry::of::<s3::model::operation::ListObjectsV2>(),
    Entry::of::<s3::model::operation::ListParts>(),
    Entry::of::<s3::model::operation::PutBucketNotificationConfiguration>(),
    Entry::of::<s3::model::operation::PutBucketTagging>(),
    Entry::of::<s3::model::operation::PutObject>(),
    Entry::of::<s3::model::operation::PutObjectTagging>(),
    Entry::of::<s3::model::operation::UploadPart>(),
    Entry::of::<s3::model::operation::UploadPartCopy>(),
    // sns
    Entry::of::<sns::AddPermission>(),
    Entry::of::<sns::CreateTopic>(),
    Entry::of::<sns::DeleteTopic>(),
    Entry::of::<sns::GetSubscriptionAttributes>(),
    Entry::of::<sns::GetTopicAttributes>(),
    Entry::of::<sns::ListSubscriptions>(),
    Entry::of::<sns::ListSubscriptionsByTopic>(),
    Entry::of::<sns::ListTagsForResource>(),
    Entry::of::<sns::ListTopics>(),
    Entry::of::<sns::Publish>(),
    Entry::of::<sns::PublishBatch>(),
    Entry::of::<sns::RemovePermission>(),
    Entry::of::<sns::SetSubscriptionAttributes>(),
    Entry::of::<sns::SetTopicAttributes>(),
    Entry::of::<sns::Subscribe>(),
    Entry::of::<sns::TagResource>(),
    Entry::of::<sns::Unsubscribe>(),
    Entry::of::<sns::UntagResource>(),
    // sqs
    Entry::of::<sqs::AddPermission>(),
    Entry::of::<sqs::CancelMessageMoveTask>(),
    Entry::of::<sqs::ChangeMessageVisibility>(),
    Entry::of::<sqs::ChangeMessageVisibilityBatch>(),
    Entry::of::<sqs::CreateQueue>(),
    Entry::of::<sqs::DeleteMessage>(),
    Entry::of::<sqs::DeleteMessageBatch>(),
    Entry::of::<sqs::DeleteQueue>(),
    Entry::of::<sqs::GetQueueAttributes>(),
    Entry::of::<sqs::GetQueueUrl>(),
    Entry::of::<sqs::ListDeadLetterSourceQueues>(),
    Entry::of::<sqs::ListMessageMoveTasks>(),
    Entry::of::<sqs::ListQueueTags>(),
    Entry::of::<sqs::ListQueues>(),
    Entry::of::<sqs::PurgeQueue>(),
    Entry::of::<sqs::ReceiveMessage>(),
    Entry::of::<sqs::RemovePermission>(),
    Entry::of::<sqs::SendMessage>(),
    Entry::of::<sqs::SendMessageBatch>(),
    Entry::of::<sqs::SetQueueAttributes>(),
    Entry::of::<sqs::StartMessageMoveTask>(),
    Entry::of::<sqs::TagQueue>(),
    Entry::of::<sqs::UntagQueue>(),
    // sts
    Entry::of::<sts::AssumeRole>(),
    Entry::of::<sts::AssumeRoleWithWebIdentity>(),
    Entry::of::<sts::DecodeAuthorizationMessage>(),
    Entry::of::<sts::GetAccessKeyInfo>(),
    Entry::of::<sts::GetCallerIdentity>(),
    Entry::of::<sts::GetFederationToken>(),
    Entry::of::<sts::GetSessionToken>(),
];

/// The entry of a service's operation, by the names that the models use.
pub(crate) fn find(service: &str, operation: &str) -> Option<&'static Entry> {
    static INDEX: LazyLock<HashMap<(&str, &str), &Entry>> = LazyLock::new(|| {
        OPERATIONS.iter().map(|entry| ((entry.model.service.name, entry.model.name), entry)).collect()
    });
    INDEX.get(&(service, operation)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_by_its_name_and_stands_once() {
        for entry in OPERATIONS {
            let found = find(entry.model.service.name, entry.model.name);
            assert!(found.is_some_and(|found| std::ptr::eq(found, entry)), "{entry:?} stands twice");
        }
    }

    #[test]
    fn every_honoured_member_is_in_the_model() {
        for entry in OPERATIONS {
            for name in entry.honoured {
                let top = name.split('.').next().unwrap_or(name);
                let shape = entry.model.input;
                assert!(
                    shape.is_some_and(|shape| shape.member(top).is_some()),
                    "{entry:?} honours {name}, which its input does not have"
                );
            }
        }
    }

    #[test]
    fn actions_are_of_their_service() {
        for entry in OPERATIONS {
            let (service, action) = entry.action.split_once(':').unwrap();
            assert_eq!(service, entry.model.service.name, "{entry:?}");
            assert!(!action.is_empty());
        }
    }

    #[test]
    fn an_action_has_one_level() {
        let mut levels = HashMap::new();
        for entry in OPERATIONS {
            let level = *levels.entry(entry.action).or_insert(entry.level);
            assert_eq!(level, entry.level, "{entry:?}");
        }
    }

    /// A misspelt key would never match, in silence.
    #[test]
    fn condition_keys_are_global_or_their_service_s() {
        for entry in OPERATIONS {
            let service = entry.model.service.name;
            let mut seen = std::collections::HashSet::new();
            for key in entry.condition_keys {
                let (prefix, name) = key.split_once(':').unwrap();
                assert!(prefix == service || prefix == "aws", "{entry:?}: {key}");
                assert!(!name.is_empty() && seen.insert(key), "{entry:?}: {key}");
            }
        }
    }

    #[test]
    fn tags_of_objects_can_be_asked_of_what_reads_them_and_changes_them() {
        for entry in OPERATIONS {
            let lists = entry.condition_keys.contains(&"s3:ExistingObjectTag/");
            assert_eq!(lists, crate::resource_tags::OF_EXISTING_OBJECTS.contains(&entry.action), "{entry:?}");
        }
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>
    #[test]
    fn data_is_what_is_in_buckets_and_what_runs() {
        let data = |name: &str| OPERATIONS.iter().any(|entry| entry.model.name == name && entry.data);
        for name in ["GetObject", "DeleteObjects", "ListObjectsV2", "HeadBucket", "Invoke"] {
            assert!(data(name), "{name}");
        }
        for name in ["CreateBucket", "GetBucketTagging", "ListBuckets", "CreateFunction", "AssumeRole"] {
            assert!(!data(name), "{name}");
        }
        assert!(OPERATIONS.iter().all(|entry| !entry.data
            || ["s3", "lambda", "dynamodb", "sns", "sqs"].contains(&entry.model.service.name)));
    }
}
