//! What clients need to know: the endpoint, the region and the root key pair, as files and as `export`
//! lines.

use crate::data_dir::{DataDir, write_atomically};
use access::KeyPair;
use std::fmt::Write;
use std::io;

/// Where and as whom to call.
pub struct Environment {
    pub endpoint: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl Environment {
    pub fn new(endpoint: &str, region: &str, key: &KeyPair) -> Environment {
        Environment {
            endpoint: endpoint.to_owned(),
            region: region.to_owned(),
            access_key_id: key.access_key_id.clone(),
            secret_access_key: key.secret_access_key.expose().to_owned(),
        }
    }

    /// Reads what [`Environment::write`] left in the data directory, whether a server runs or not.
    ///
    /// # Errors
    /// No server ever started there, or a file is not what it wrote.
    pub fn read(data: &DataDir) -> io::Result<Environment> {
        let endpoint = std::fs::read_to_string(data.endpoint())?.trim().to_owned();
        let file = std::fs::read_to_string(data.credentials())?;
        let value = |name: &str| {
            let line = file.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
            line.map(|value| value.trim().to_owned()).ok_or_else(|| {
                let message = format!("{} has no {name}", data.credentials().display());
                io::Error::new(io::ErrorKind::InvalidData, message)
            })
        };
        Ok(Environment {
            endpoint,
            region: value("region")?,
            access_key_id: value("aws_access_key_id")?,
            secret_access_key: value("aws_secret_access_key")?,
        })
    }

    /// Writes `DATA/endpoint`, and `DATA/credentials` in the shared-credentials format of AWS tools.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, data: &DataDir) -> io::Result<()> {
        let Environment { endpoint, region, access_key_id, secret_access_key } = self;
        let credentials = format!(
            "[default]\naws_access_key_id = {access_key_id}\naws_secret_access_key = {secret_access_key}\n\
             region = {region}\n"
        );
        // Most starts change nothing; then nothing has to reach the disk before the first request.
        if std::fs::read_to_string(data.credentials()).ok().as_deref() != Some(&credentials) {
            write_atomically(&data.credentials(), &credentials, 0o600)?;
        }
        let line = format!("{endpoint}\n");
        if std::fs::read_to_string(data.endpoint()).ok().as_deref() != Some(&line) {
            write_atomically(&data.endpoint(), &line, 0o644)?;
        }
        Ok(())
    }

    /// For `eval "$(zerun env)"`. Keys, regions and addresses hold nothing that a shell would read.
    pub fn export_lines(&self) -> String {
        let mut lines = String::new();
        for (name, value) in [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
        ] {
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "export {name}={value}");
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::create(directory.path()).unwrap();
        assert!(Environment::read(&data).is_err());
        let environment = Environment {
            endpoint: "http://127.0.0.1:4566".to_owned(),
            region: "eu-west-1".to_owned(),
            access_key_id: "AKIAEXAMPLE".to_owned(),
            secret_access_key: "a/b+c=".to_owned(),
        };
        environment.write(&data).unwrap();
        let read = Environment::read(&data).unwrap();
        assert_eq!(read.export_lines(), environment.export_lines());
        assert!(read.export_lines().contains("export AWS_SECRET_ACCESS_KEY=a/b+c=\n"));
    }
}
