//! `LoggingConfig`, both ways.

use super::model;
use functions::{Described, LoggingUpdate};
use pool::{ApplicationLevel, LogFormat, SystemLevel};

pub(super) fn to_wire(described: &Described) -> model::LoggingConfig {
    let logging = &described.configuration.logging;
    let (application, system) = match logging.format {
        LogFormat::Text => (None, None),
        LogFormat::Json { application, system } => (Some(application), Some(system)),
    };
    model::LoggingConfig {
        log_format: Some(logging.format.as_str().to_owned()),
        application_log_level: application.map(|level| level.as_str().to_owned()),
        system_log_level: system.map(|level| level.as_str().to_owned()),
        log_group: Some(logging.group(&described.id)),
    }
}

/// The model's constraints have been checked: every word is one that we know.
pub(super) fn from_wire(config: Option<model::LoggingConfig>) -> LoggingUpdate {
    let config = config.unwrap_or_default();
    LoggingUpdate {
        json: config.log_format.map(|format| format == "JSON"),
        application: config.application_log_level.as_deref().and_then(ApplicationLevel::parse),
        system: config.system_log_level.as_deref().and_then(SystemLevel::parse),
        group: config.log_group,
    }
}
