use super::quotas::policy_chars;
use super::records::PolicyText;
use super::words::{self, NAME_CHARS_MAX};
use super::{Holder, Iam, IamError, IdentityKind, Page, Paging, keys, page, register};
use crate::policy::{PolicyDocument, PolicyKind};
use kv::{Snapshot, Transaction, get_record, put_record};
use names::AccountId;

impl Iam {
    /// PutUserPolicy, PutGroupPolicy, PutRolePolicy: adds an inline policy or replaces it.
    ///
    /// # Errors
    /// `NoSuchEntity`, `MalformedPolicyDocument`, `UnmodifiableEntity`; `LimitExceeded` when all inline
    /// policies together become too long.
    pub async fn put_policy<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        policy: String,
        text: String,
    ) -> Result<(), IamError> {
        words::check_name("policyName", &policy, NAME_CHARS_MAX)?;
        PolicyDocument::parse(&text, PolicyKind::Identity)?;
        self.transact(async move |tx: &mut Transaction| {
            let mut holder = register::load_to_change::<H>(tx, &account, &name).await?;
            let identity = holder.identity_mut();
            identity.inline.insert(policy.clone(), policy_chars(&text));
            let (kind, max) = (identity.kind.word(), identity.kind.inline_chars_max());
            if identity.inline.values().sum::<usize>() > max {
                return Err(IamError::LimitExceeded(format!(
                    "Maximum policy size of {max} bytes exceeded for {kind} {name}"
                )));
            }
            put_record(tx, keys::inline(&identity.id, &policy), &PolicyText { text: text.clone() });
            register::save(tx, &holder);
            Ok(())
        })
        .await
    }

    /// GetUserPolicy, GetGroupPolicy, GetRolePolicy: the text as it was given.
    ///
    /// # Errors
    /// `NoSuchEntity` for the holder or the policy.
    pub async fn get_policy_text<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        policy: String,
    ) -> Result<String, IamError> {
        self.read(async move |from: &Snapshot| {
            let holder = register::load::<H>(from, &account, &name).await?;
            let found = get_record::<PolicyText>(from, keys::inline(&holder.identity().id, &policy)).await?;
            found.map(|found| found.text).ok_or_else(|| unknown(<H as Holder>::KIND, &policy))
        })
        .await
    }

    /// ListUserPolicies, ListGroupPolicies, ListRolePolicies: names.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_policy_names<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        paging: Paging,
    ) -> Result<Page<String>, IamError> {
        let holder = self.get::<H>(account, name).await?;
        Ok(page::of_names(holder.identity().inline.keys(), &paging))
    }

    /// DeleteUserPolicy, DeleteGroupPolicy, DeleteRolePolicy.
    ///
    /// # Errors
    /// `NoSuchEntity` for the holder or the policy; `UnmodifiableEntity`.
    pub async fn delete_inline_policy<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        policy: String,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let mut holder = register::load_to_change::<H>(tx, &account, &name).await?;
            let identity = holder.identity_mut();
            if identity.inline.remove(&policy).is_none() {
                return Err(unknown(identity.kind, &policy));
            }
            tx.delete(keys::inline(&identity.id, &policy));
            register::save(tx, &holder);
            Ok(())
        })
        .await
    }
}

fn unknown(kind: IdentityKind, policy: &str) -> IamError {
    IamError::NoSuchEntity(format!("The {} policy with name {policy} cannot be found.", kind.word()))
}
