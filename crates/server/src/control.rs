//! How the command line asks a server that runs: one question and one answer a connection, in JSON, on a
//! socket in the data directory. Who may open the directory may ask; nobody else reaches the socket.

use crate::account_command::{self, AccountAnswer, AccountQuestion};
use crate::data_dir::DataDir;
use access::Access;
use clock::{Clock, Timestamp};
use functions::Functions;
use meters::{Meters, UsageRow};
use nix::sys::socket::{getsockopt, sockopt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    Usage {
        from: Timestamp,
        to: Timestamp,
    },
    Account(AccountQuestion),
    /// Images have lost names: those that nothing uses go.
    SweepImages,
}

/// The answer, or why there is none.
type Answer<T> = Result<T, String>;

const QUESTION_BYTES_MAX: u64 = 4096;
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// For a question to come, and for its answer to be taken.
const TIME_MAX: Duration = Duration::from_secs(60);
const CONNECTIONS_MAX: usize = 8;
/// Between two attempts to accept while the process is out of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is aborted. The store is locked by now, so that a socket that lies there is nobody's.
///
/// # Errors
/// The socket cannot be made.
pub fn serve(
    data: &DataDir,
    meters: Meters,
    functions: Functions,
    access: Access,
    clock: Clock,
) -> io::Result<JoinHandle<()>> {
    let path = data.control();
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (directory, short) = short(data)?;
    let listener = UnixListener::bind(short)?;
    drop(directory);
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(tokio::spawn(async move {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        // Ends with this task, and with it every connection.
        let mut connections = JoinSet::new();
        // The semaphore is never closed.
        while let Ok(place) = places.clone().acquire_owned().await {
            while connections.try_join_next().is_some() {}
            let Ok((stream, _)) = listener.accept().await else {
                clock.sleep(PAUSE).await;
                continue;
            };
            let (meters, functions, clock) = (meters.clone(), functions.clone(), clock.clone());
            let access = access.clone();
            connections.spawn(async move {
                if let Some(Err(error)) =
                    clock.timeout(TIME_MAX, answer(stream, &meters, &functions, &access)).await
                {
                    tracing::debug!(%error, "a question of the command line was not answered");
                }
                drop(place);
            });
        }
    }))
}

async fn answer(
    mut stream: UnixStream,
    meters: &Meters,
    functions: &Functions,
    access: &Access,
) -> io::Result<()> {
    let peer = getsockopt(&stream, sockopt::PeerCredentials).map_err(io::Error::from)?;
    if peer.uid() != 0 && peer.uid() != nix::unistd::geteuid().as_raw() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut question = Vec::new();
    (&mut stream).take(QUESTION_BYTES_MAX).read_to_end(&mut question).await?;
    let answer = match serde_json::from_slice(&question) {
        Err(error) => serde_json::to_vec(&Answer::<()>::Err(format!("the question cannot be read: {error}"))),
        Ok(Question::Usage { from, to }) => serde_json::to_vec(&usage_of(meters, from, to).await),
        Ok(Question::Account(question)) => {
            serde_json::to_vec(&account_command::answer(access, question).await)
        }
        Ok(Question::SweepImages) => {
            serde_json::to_vec(&functions.sweep_images().await.map_err(|error| error.to_string()))
        }
    };
    stream.write_all(&answer?).await?;
    stream.shutdown().await
}

async fn usage_of(meters: &Meters, from: Timestamp, to: Timestamp) -> Answer<Vec<UsageRow>> {
    // What was counted lately belongs to it.
    meters.flush().await.map_err(|error| error.to_string())?;
    meters.usage(from, to).await.map_err(|error| error.to_string())
}

/// Asks the server that runs on the directory what functions used.
///
/// # Errors
/// No server answers, or it says why it does not.
pub async fn usage(data: &DataDir, from: Timestamp, to: Timestamp) -> Result<Vec<UsageRow>, String> {
    ask(data, &Question::Usage { from, to }).await
}

/// Asks the server that runs on the directory to remove images that nothing uses.
///
/// # Errors
/// As [`usage`].
pub async fn sweep_images(data: &DataDir) -> Result<(), String> {
    ask(data, &Question::SweepImages).await
}

/// Asks the server that runs on the directory about accounts.
///
/// # Errors
/// As [`usage`].
pub async fn account(data: &DataDir, question: AccountQuestion) -> Result<AccountAnswer, String> {
    ask(data, &Question::Account(question)).await
}

async fn ask<T: DeserializeOwned>(data: &DataDir, question: &Question) -> Result<T, String> {
    let asked = async {
        let (_directory, short) = short(data)?;
        let mut stream = UnixStream::connect(short).await?;
        stream.write_all(&serde_json::to_vec(question)?).await?;
        stream.shutdown().await?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
        io::Result::Ok(serde_json::from_slice::<Answer<T>>(&answer)?)
    };
    asked.await.map_err(|error| {
        format!("the server that runs on {} does not answer: {error}", data.path().display())
    })?
}

/// A path of the socket that is short enough for an address, as long as the directory is open.
fn short(data: &DataDir) -> io::Result<(File, PathBuf)> {
    let directory = File::open(data.path())?;
    let name = data.control();
    let name = name.file_name().unwrap_or_default();
    let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
    Ok((directory, path))
}
