//! The command line: one definition gives the parser and the help.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clock::Timestamp;
use images::ImageName;
use names::AccountId;
use sandbox::Layer;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Parser)]
#[command(
    name = "zerun",
    version,
    about = "The serverless cloud you run",
    long_about = "The serverless cloud you run: functions, objects and what connects them, in one binary that speaks \
                  the protocols your SDKs, CLIs and deploy tools already speak.\n\n\
                  Every function instance is a kernel sandbox, every acknowledged write is on disk, and every \
                  request's signature is verified.",
    after_long_help = "Getting started:\n  \
        zerun dev &                        serves http://127.0.0.1:4566, data in ./.zerun\n  \
        eval \"$(zerun env)\"                endpoint, region and keys for AWS tools\n  \
        zerun runtime install python node  the SDKs that functions expect to find, once\n  \
        aws s3 mb s3://photos\n\n\
        Environment: ZERUN_LOG filters the log on standard error (e.g. `debug`, `warn,api=debug`).",
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve: only the keys that were made here, or that the configuration names, are known
    Serve(ServeArguments),
    /// Serve and also know the key pair test/test, which tools preset for local clouds; loopback only
    Dev(ServeArguments),
    /// Print `export` lines for AWS tools: endpoint, region and the root key pair
    Env(DataArguments),
    /// Tell what this machine gives: isolation layers, runtimes, store, disk; status 1 when unusable
    Doctor(DoctorArguments),
    /// Tell what functions used in a period, and what other clouds publish that they would take for it
    Bill(BillArguments),
    /// Tell how a denial came about, and which statement would allow what was denied
    Explain(ExplainArguments),
    /// Tell who called what and what came of it, oldest first
    Audit(AuditArguments),
    /// Make accounts on the data directory, list them, renew their keys
    #[command(subcommand)]
    Account(AccountCommand),
    /// Load container images for functions, list them, remove them
    #[command(subcommand)]
    Image(ImageCommand),
    /// List the language runtimes found here, or install the SDKs that functions expect in them
    #[command(subcommand)]
    Runtime(RuntimeCommand),
    /// List the operations that are spoken here: what policies call them, and what policies can ask of them
    Operations(OperationsArguments),
    /// Print the version
    Version,
}

#[derive(Debug, Args)]
pub struct DataArguments {
    /// Where everything is kept; made when it is not there
    #[arg(long, value_name = "DIR", env = "ZERUN_DATA", default_value = ".zerun")]
    pub data: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// List the accounts that are kept, with the ids of their keys
    List(DataArguments),
    /// Make an account and print its key pair, once
    Create {
        /// 12 digits
        #[arg(value_parser = parse_account)]
        id: AccountId,
        /// What people call it
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        #[command(flatten)]
        data: DataArguments,
    },
    /// Give an account another key pair and print it, once; it may have two
    NewKey {
        #[arg(value_parser = parse_account)]
        id: AccountId,
        #[command(flatten)]
        data: DataArguments,
    },
    /// Delete a key of an account
    DeleteKey {
        access_key_id: String,
        #[command(flatten)]
        data: DataArguments,
    },
}

#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub data: DataArguments,
    /// The address to serve on; port 0 takes any free one. The first line on standard output is the
    /// address that was bound, also written to DIR/endpoint
    #[arg(long, value_name = "ADDR:PORT", env = "ZERUN_LISTEN", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    /// Further settings, as TOML: base_domains, [[account]], [limits], [audit]; unknown keys are refused
    #[arg(long, value_name = "FILE", env = "ZERUN_CONFIG")]
    pub config: Option<PathBuf>,
    /// The region of requests that name none, and of the printed environment; any is accepted
    #[arg(long, value_name = "NAME", env = "ZERUN_REGION", default_value = "us-east-1")]
    pub region: String,
    /// Where `zerun runtime install` put the SDKs [default: DIR/packs]
    #[arg(long, value_name = "DIR", env = "ZERUN_PACKS", value_parser = parse_absolute)]
    pub packs: Option<PathBuf>,
    /// Also serve figures for Prometheus at http://ADDR:PORT/metrics; anybody who reaches it may read them,
    /// so it must be a loopback address (e.g. 127.0.0.1:9464)
    #[arg(long, value_name = "ADDR:PORT", env = "ZERUN_METRICS", value_parser = parse_loopback)]
    pub metrics: Option<SocketAddr>,
    /// How long running requests and invocations may take to finish after SIGTERM or SIGINT (e.g. 10s,
    /// 500ms); a second signal ends at once
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub stop_deadline: Duration,
    #[command(flatten)]
    pub isolation: IsolationArguments,
}

#[derive(Debug, Clone, Args)]
pub struct IsolationArguments {
    /// Layers of isolation that functions may do without where this machine, or a user who is not root,
    /// cannot give them; otherwise no function starts. `zerun doctor` names them
    #[arg(long, value_name = "LAYER,...", env = "ZERUN_MAY_LACK", value_delimiter = ',', value_parser = parse_layer)]
    pub may_lack: Vec<Layer>,
}

#[derive(Debug, Args)]
pub struct DoctorArguments {
    #[command(flatten)]
    pub data: DataArguments,
    /// Where `zerun runtime install` put the SDKs [default: DIR/packs]
    #[arg(long, value_name = "DIR", env = "ZERUN_PACKS", value_parser = parse_absolute)]
    pub packs: Option<PathBuf>,
    /// The configuration, whose guardrails are then listed
    #[arg(long, value_name = "FILE", env = "ZERUN_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub isolation: IsolationArguments,
}

#[derive(Debug, Args)]
pub struct BillArguments {
    #[command(flatten)]
    pub data: DataArguments,
    /// The period's beginning: a day (2026-11-01) or a minute (2026-11-01T10:30Z), UTC
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub from: Timestamp,
    /// The period's end, not in it any more
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub to: Timestamp,
    /// What the lines are
    #[arg(long, value_enum, default_value = "function")]
    pub by: BillBy,
    /// A TOML file of prices, instead of the published ones that come with zerun
    #[arg(long, value_name = "FILE")]
    pub price_book: Option<PathBuf>,
    /// Take off what providers give for nothing each month
    #[arg(long)]
    pub free_tier: bool,
    #[arg(long, value_enum, default_value = "table")]
    pub format: BillFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BillBy {
    Function,
    Account,
    Day,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BillFormat {
    Table,
    Json,
    Csv,
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// What stands behind `Encoded authorization failure message:` in the error, the whole of the error's message, or
    /// the id of any request
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    pub id: String,
    /// Print the audit log's record
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub data: DataArguments,
}

#[derive(Debug, Args)]
pub struct AuditArguments {
    #[command(flatten)]
    pub data: DataArguments,
    /// From a day (2026-11-01) or a time (2026-11-01T10:30:00Z) on, UTC
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub from: Option<Timestamp>,
    /// Before it
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub to: Option<Timestamp>,
    /// Whose: a part of an ARN, or a whole name, unique id or access key id
    #[arg(long, value_name = "TEXT")]
    pub principal: Option<String>,
    /// An action or operation; * and ? stand for any characters and one (e.g. lambda:*)
    #[arg(long, value_name = "PATTERN")]
    pub action: Option<String>,
    /// What was denied alone
    #[arg(long)]
    pub denied: bool,
    /// What ended with this error's code; * and ? as above
    #[arg(long, value_name = "PATTERN")]
    pub error: Option<String>,
    /// The account that called, or whose the resource is
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// A part of a resource's ARN
    #[arg(long, value_name = "TEXT")]
    pub resource: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Of one request
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// From this address
    #[arg(long, value_name = "ADDR")]
    pub source_ip: Option<String>,
    /// The last so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Go on as calls come
    #[arg(long)]
    pub follow: bool,
    /// A table as wide as COLUMNS says, or the records in JSON, one a line
    #[arg(long, value_enum, default_value = "table")]
    pub format: AuditFormat,
    /// Check that nothing was changed since it was written; status 1 if so
    #[arg(long, conflicts_with_all = ["follow", "denied", "principal", "action"])]
    pub verify: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    Table,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Load an image, beside a server or without: a directory in the OCI layout, an archive of one, or one of
    /// `docker save`. Functions then name it as ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG
    Load(ImageLoadArguments),
    /// List the images that were loaded
    List(ImageListArguments),
    /// Take a name away; the image goes when no function uses it any more
    Remove(ImageRemoveArguments),
}

#[derive(Debug, Args)]
pub struct ImageLoadArguments {
    /// A directory or an archive, which may be compressed with gzip or zstd
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// What to call it instead of the name in there
    #[arg(long, value_name = "REPOSITORY[:TAG]", value_parser = parse_image_name)]
    pub name: Option<ImageName>,
    #[command(flatten)]
    pub data: DataArguments,
}

#[derive(Debug, Args)]
pub struct ImageListArguments {
    #[command(flatten)]
    pub data: DataArguments,
}

#[derive(Debug, Args)]
pub struct ImageRemoveArguments {
    /// Which ones
    #[arg(required = true, value_name = "REPOSITORY[:TAG]", value_parser = parse_image_name)]
    pub names: Vec<ImageName>,
    #[command(flatten)]
    pub data: DataArguments,
}

#[derive(Debug, Args)]
pub struct OperationsArguments {
    /// Only those of this service, such as s3
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// JSON also has the members of requests that are honoured
    #[arg(long, value_enum, default_value = "table")]
    pub format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    Table,
    Json,
}

fn parse_image_name(text: &str) -> Result<ImageName, String> {
    ImageName::parse(text).map_err(|error| error.to_string())
}

#[derive(Debug, Subcommand)]
pub enum RuntimeCommand {
    /// List the interpreters found, the runtime identifiers they serve, and the SDKs installed
    List(RuntimeListArguments),
    /// Install what functions expect beside their code (boto3; @aws-sdk/*; Java's runtime interface client)
    /// with pip, npm and mvn
    Install(RuntimeInstallArguments),
}

#[derive(Debug, Args)]
pub struct RuntimeListArguments {
    #[command(flatten)]
    pub data: DataArguments,
    /// Where the SDKs are [default: DIR/packs]
    #[arg(long, value_name = "DIR", env = "ZERUN_PACKS", value_parser = parse_absolute)]
    pub packs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RuntimeInstallArguments {
    /// Which ones
    #[arg(required = true, value_enum)]
    pub kinds: Vec<PackKind>,
    #[command(flatten)]
    pub data: DataArguments,
    /// Install even where they are installed, to get newer versions
    #[arg(long)]
    pub again: bool,
    /// Where to put them, to share them between data directories [default: DIR/packs]
    #[arg(long, value_name = "DIR", env = "ZERUN_PACKS", value_parser = parse_absolute)]
    pub packs: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PackKind {
    Python,
    Node,
    Java,
}

/// What sandboxes bind is named by an absolute path: they have no working directory of ours.
fn parse_absolute(text: &str) -> Result<PathBuf, String> {
    std::path::absolute(text).map_err(|error| error.to_string())
}

fn parse_layer(text: &str) -> Result<Layer, String> {
    match text.parse::<Layer>() {
        Ok(layer) if layer.is_indispensable() => {
            Err(format!("without the layer {layer} nothing would enclose functions"))
        }
        parsed => parsed.map_err(|error| error.to_string()),
    }
}

fn parse_loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| format!("{text:?} is no ADDR:PORT"))?;
    if address.ip().is_loopback() { Ok(address) } else { Err("must be a loopback address".to_owned()) }
}

fn parse_account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|error| error.to_string())
}

/// `2026-11-21`, or that with a time and a zone.
fn parse_time(text: &str) -> Result<Timestamp, String> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    Timestamp::parse_iso8601(&whole)
        .map_err(|_| format!("{text:?} is neither 2026-11-21 nor 2026-11-21T10:30Z"))
}

/// `10s`, `500ms`, `2m`, or bare seconds; at most a day.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| format!("{text:?} does not begin with a number"))?;
    let ms = match unit {
        "ms" => Some(number),
        "s" | "" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        _ => return Err(format!("{unit:?} is no unit of time: ms, s or m")),
    };
    let most = Duration::from_secs(24 * 60 * 60);
    ms.map(Duration::from_millis).filter(|time| *time <= most).ok_or_else(|| "at most one day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn a_relative_directory_of_packs_is_taken_from_here() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(parse_absolute("target/packs"), Ok(here.join("target/packs")));
        assert_eq!(parse_absolute("/opt/packs"), Ok(PathBuf::from("/opt/packs")));
        assert!(parse_absolute("").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn only_some_layers_may_be_lacked() {
        let read = |layers: &str| {
            let words = ["zerun", "serve", "--may-lack", layers];
            Arguments::try_parse_from(words).map(|arguments| match arguments.command {
                Command::Serve(serve) => serve.isolation.may_lack,
                _ => Vec::new(),
            })
        };
        assert_eq!(read("own-uid,freezer").unwrap(), [Layer::OwnUid, Layer::Freezer]);
        for (layers, says) in [("seccomp", "nothing would enclose"), ("own-uid,walls", "no layer \"walls\"")]
        {
            let refused = read(layers).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn durations_are_read() {
        let check = |text: &str, ms: Option<u64>| {
            assert_eq!(parse_duration(text).ok(), ms.map(Duration::from_millis), "{text}");
        };
        check("10s", Some(10_000));
        check("500ms", Some(500));
        check("2m", Some(120_000));
        check("7", Some(7_000));
        check("0s", Some(0));
        for text in ["", "s", "-1s", "1h", "1.5s", "99999999999999999999s", "86401s"] {
            check(text, None);
        }
    }
}
