use crate::{FunctionId, FunctionsError};
use pool::{ApplicationLevel, LogFormat, SystemLevel};
use serde::{Deserialize, Serialize};

/// How a version's log is written, and where it belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    pub format: LogFormat,
    /// `None`: `/aws/lambda/<function>`.
    pub group: Option<String>,
}

/// What is `None` stays as it is, but levels go with the JSON format: they begin at INFO with it.
#[derive(Debug, Clone, Default)]
pub struct LoggingUpdate {
    pub json: Option<bool>,
    pub application: Option<ApplicationLevel>,
    pub system: Option<SystemLevel>,
    pub group: Option<String>,
}

impl Logging {
    /// Where log lines of `id` belong.
    pub fn group(&self, id: &FunctionId) -> String {
        self.group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", id.name))
    }

    /// # Errors
    /// `Invalid`: levels for text.
    pub(crate) fn update(&mut self, change: &LoggingUpdate) -> Result<(), FunctionsError> {
        let json = change.json.unwrap_or(self.format != LogFormat::Text);
        let (application, system) = match self.format {
            LogFormat::Json { application, system } => (application, system),
            LogFormat::Text => Default::default(),
        };
        self.format = if json {
            LogFormat::Json {
                application: change.application.unwrap_or(application),
                system: change.system.unwrap_or(system),
            }
        } else if change.application.is_some() || change.system.is_some() {
            return Err(FunctionsError::Invalid(
                "LoggingConfig: ApplicationLogLevel and SystemLogLevel need the log format JSON".to_owned(),
            ));
        } else {
            LogFormat::Text
        };
        if change.group.is_some() {
            self.group.clone_from(&change.group);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_and_go_with_the_format() {
        let mut logging = Logging::default();
        let levels = LoggingUpdate { system: Some(SystemLevel::Warn), ..LoggingUpdate::default() };
        assert!(logging.update(&levels).is_err());
        let json = |system| LogFormat::Json { application: ApplicationLevel::Info, system };
        logging.update(&LoggingUpdate { json: Some(true), ..LoggingUpdate::default() }).unwrap();
        assert_eq!(logging.format, json(SystemLevel::Info));
        logging.update(&levels).unwrap();
        let group = LoggingUpdate { group: Some("g".to_owned()), ..LoggingUpdate::default() };
        logging.update(&group).unwrap();
        assert_eq!(logging, Logging { format: json(SystemLevel::Warn), group: Some("g".to_owned()) });
        logging.update(&LoggingUpdate { json: Some(false), ..LoggingUpdate::default() }).unwrap();
        assert_eq!(logging, Logging { format: LogFormat::Text, group: Some("g".to_owned()) });
    }
}
