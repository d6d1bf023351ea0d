use super::{ApplicationLevel, SystemLevel};
use serde::{Deserialize, Serialize};

/// How log lines are written, and which of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogFormat {
    #[default]
    Text,
    /// The platform's lines are JSON; of the code's, those that managed runtimes write are.
    Json {
        /// Lines of the code below it are left out.
        application: ApplicationLevel,
        /// Lines of the platform below it are left out.
        system: SystemLevel,
    },
}

impl LogFormat {
    pub fn as_str(self) -> &'static str {
        match self {
            LogFormat::Text => "Text",
            LogFormat::Json { .. } => "JSON",
        }
    }

    /// For the runtime's own logging.
    pub fn application_level(self) -> Option<ApplicationLevel> {
        match self {
            LogFormat::Text => None,
            LogFormat::Json { application, .. } => Some(application),
        }
    }
}
