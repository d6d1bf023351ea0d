use super::managed_policy::{Usage, check_boundary, uses, uses_no_more};
use super::{Holder, Iam, IamError, register};
use kv::Transaction;
use names::AccountId;

impl Iam {
    /// PutRolePermissionsBoundary and PutUserPermissionsBoundary.
    ///
    /// # Errors
    /// `NoSuchEntity` for the holder or the policy; `UnmodifiableEntity`.
    pub async fn put_permissions_boundary<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        arn: String,
    ) -> Result<(), IamError> {
        self.change_boundary::<H>(account, name, Some(arn)).await
    }

    /// DeleteRolePermissionsBoundary and DeleteUserPermissionsBoundary.
    ///
    /// # Errors
    /// `NoSuchEntity` for the holder, or where it has no boundary; `UnmodifiableEntity`.
    pub async fn delete_permissions_boundary<H: Holder>(
        &self,
        account: AccountId,
        name: String,
    ) -> Result<(), IamError> {
        self.change_boundary::<H>(account, name, None).await
    }

    async fn change_boundary<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        boundary: Option<String>,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let mut holder = register::load_to_change::<H>(tx, &account, &name).await?;
            let old = holder.identity_mut().boundary.take();
            match (&old, &boundary) {
                (None, None) => {
                    let kind = <H as Holder>::KIND.word();
                    let message =
                        format!("The {kind} with name {name} does not have a permissions boundary.");
                    return Err(IamError::NoSuchEntity(message));
                }
                (_, Some(arn)) => check_boundary(tx, &account, arn).await?,
                _ => {}
            }
            if let Some(arn) = &old {
                uses_no_more(tx, holder.identity(), arn, Usage::Boundary).await?;
            }
            if let Some(arn) = &boundary {
                uses(tx, holder.identity(), arn, Usage::Boundary).await?;
            }
            holder.identity_mut().boundary.clone_from(&boundary);
            register::save(tx, &holder);
            Ok(())
        })
        .await
    }
}
