//! Groups as IAM shows them.

use super::model;
use access::iam::{Group, Holder};
use protocol::Timestamp;

pub(super) fn shown(group: &Group) -> model::Group {
    let identity = group.identity();
    model::Group {
        path: identity.path.clone(),
        group_name: identity.name.clone(),
        group_id: identity.id.clone(),
        arn: identity.arn(),
        create_date: Timestamp(identity.created),
    }
}
