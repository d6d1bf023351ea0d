use serde::{Deserialize, Serialize};

/// How important a line of the code is; only with the JSON format
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApplicationLevel {
    Trace,
    Debug,
    #[default]
    Info,
    Warn,
    Error,
    Fatal,
}

/// How important a line of the platform is; only with the JSON format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SystemLevel {
    Debug,
    #[default]
    Info,
    Warn,
}

impl ApplicationLevel {
    pub fn as_str(self) -> &'static str {
        match self {
            ApplicationLevel::Trace => "TRACE",
            ApplicationLevel::Debug => "DEBUG",
            ApplicationLevel::Info => "INFO",
            ApplicationLevel::Warn => "WARN",
            ApplicationLevel::Error => "ERROR",
            ApplicationLevel::Fatal => "FATAL",
        }
    }

    /// As the API spells it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "TRACE" => Some(ApplicationLevel::Trace),
            "DEBUG" => Some(ApplicationLevel::Debug),
            "INFO" => Some(ApplicationLevel::Info),
            "WARN" => Some(ApplicationLevel::Warn),
            "ERROR" => Some(ApplicationLevel::Error),
            "FATAL" => Some(ApplicationLevel::Fatal),
            _ => None,
        }
    }

    /// Of a line that the code wrote. A JSON object without a level that we know counts as INFO; what is
    /// no JSON object has none, and is never filtered.
    pub fn of_line(line: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Line {
            #[serde(default, alias = "Level", alias = "LEVEL")]
            level: serde_json::Value,
        }
        if !line.starts_with('{') {
            return None;
        }
        let line: Line = serde_json::from_str(line).ok()?;
        let level = line.level.as_str().unwrap_or_default().to_ascii_uppercase();
        Some(match level.as_str() {
            // As Python's and others' libraries name them.
            "WARNING" => ApplicationLevel::Warn,
            "CRITICAL" => ApplicationLevel::Fatal,
            level => ApplicationLevel::parse(level).unwrap_or_default(),
        })
    }
}

impl SystemLevel {
    pub fn as_str(self) -> &'static str {
        match self {
            SystemLevel::Debug => "DEBUG",
            SystemLevel::Info => "INFO",
            SystemLevel::Warn => "WARN",
        }
    }

    /// As the API spells it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "DEBUG" => Some(SystemLevel::Debug),
            "INFO" => Some(SystemLevel::Info),
            "WARN" => Some(SystemLevel::Warn),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_its_level_or_is_let_through() {
        let check = |line: &str, expected| assert_eq!(ApplicationLevel::of_line(line), expected, "{line}");
        check(r#"{"level":"debug","msg":"m"}"#, Some(ApplicationLevel::Debug));
        check(r#"{"level":"WARNING"}"#, Some(ApplicationLevel::Warn));
        check(r#"{"level":30}"#, Some(ApplicationLevel::Info));
        check(r#"{"msg":"m"}"#, Some(ApplicationLevel::Info));
        check(r#"{"level":"debug""#, None);
        check("plain", None);
        assert!(ApplicationLevel::Trace < ApplicationLevel::Fatal && SystemLevel::Debug < SystemLevel::Warn);
    }
}
