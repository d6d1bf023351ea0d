//! The credential report: a line for each user, as a table of comma-separated values.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>

use super::{Iam, IamError, LastUsed, Page, Paging, User};
use clock::Timestamp;
use names::AccountId;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a report is the current one.
pub const CREDENTIAL_REPORT_LIFETIME: Duration = Duration::from_secs(4 * 60 * 60);

const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
    access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
    access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,\
    access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

#[derive(Debug, PartialEq, Eq)]
pub struct CredentialReport {
    pub generated: Timestamp,
    pub text: String,
}

/// The last report of each account; made again after a restart.
#[derive(Default)]
pub(crate) struct Reports(Mutex<HashMap<AccountId, Arc<CredentialReport>>>);

/// What is said of an account's root.
#[derive(Debug, Clone, Copy)]
pub struct RootFacts {
    pub created: Timestamp,
    pub has_key: bool,
}

impl Iam {
    /// Makes a report, unless the last one is still the current one.
    ///
    /// # Errors
    /// The store fails.
    pub async fn generate_credential_report(
        &self,
        account: AccountId,
        root: RootFacts,
    ) -> Result<(), IamError> {
        let now = self.clock().now().truncated_to_seconds();
        if self.credential_report(&account).is_some_and(|report| is_current(&report, now)) {
            return Ok(());
        }
        let mut text = format!("{COLUMNS}\n");
        root_line(&mut text, &account, root);
        let mut marker = None;
        loop {
            let paging = Paging::new(marker, Some(super::PAGE_ITEMS_MAX));
            let Page { items, next_marker } = self.list_users(account.clone(), None, paging).await?;
            for user in &items {
                self.user_line(&mut text, user).await?;
            }
            marker = next_marker;
            if marker.is_none() {
                break;
            }
        }
        let report = Arc::new(CredentialReport { generated: now, text });
        self.0.reports.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account, report);
        Ok(())
    }

    /// The last report, which may be older than [`CREDENTIAL_REPORT_LIFETIME`].
    pub fn credential_report(&self, account: &AccountId) -> Option<Arc<CredentialReport>> {
        self.0.reports.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned()
    }

    async fn user_line(&self, text: &mut String, user: &User) -> Result<(), IamError> {
        let identity = &user.identity;
        let mut line = format!(
            "{},{},{},false,N/A,N/A,N/A,false",
            identity.name,
            identity.arn(),
            date(identity.created)
        );
        let name = identity.name.clone();
        let keys = match self.list_access_keys(identity.account.clone(), name, Paging::default()).await {
            Ok(page) => page.items,
            // Deleted while the report was made: what was read of it stands.
            Err(IamError::NoSuchEntity(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        for id in user.access_keys.iter().map(Some).chain([None, None]).take(2) {
            let key = id.and_then(|id| keys.iter().find(|key| key.id == *id));
            match key {
                Some(key) => {
                    let used = self.last_used(key.id.clone()).await?;
                    add_key(&mut line, key.is_active, Some(key.created), used.as_ref());
                }
                None => add_key(&mut line, false, None, None),
            }
        }
        line.push_str(",false,N/A,false,N/A\n");
        text.push_str(&line);
        Ok(())
    }
}

fn is_current(report: &CredentialReport, now: Timestamp) -> bool {
    now.since(report.generated) < CREDENTIAL_REPORT_LIFETIME
}

fn root_line(text: &mut String, account: &AccountId, root: RootFacts) {
    let created = date(root.created);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "<root_account>,arn:aws:iam::{account}:root,{created},not_supported,N/A,not_supported,not_supported,false"
    );
    add_key(text, root.has_key, root.has_key.then_some(root.created), None);
    add_key(text, false, None, None);
    text.push_str(",false,N/A,false,N/A\n");
}

fn add_key(line: &mut String, is_active: bool, rotated: Option<Timestamp>, used: Option<&LastUsed>) {
    let or_none = |at: Option<Timestamp>| at.map_or_else(|| "N/A".to_owned(), date);
    let (region, service) = used.map_or(("N/A", "N/A"), |used| (&*used.region, &*used.service));
    let (rotated, at) = (or_none(rotated), or_none(used.map(|used| used.at)));
    // Writing to a String cannot fail.
    let _ = write!(line, ",{is_active},{rotated},{at},{region},{service}");
}

/// `2026-11-21T04:30:00+00:00`
fn date(at: Timestamp) -> String {
    at.truncated_to_seconds().to_iso8601().replace(".000Z", "+00:00")
}
