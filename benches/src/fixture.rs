//! Servers under measurement, and the interpreters found on this machine.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Context, Result,
    client::Connection,
    sign::{self, Signer},
};

/// A child that says its address on its first line. Asked to end, and waited for, when dropped.
pub struct Server {
    child: Child,
    /// `host:port`.
    pub address: String,
}

impl Server {
    /// Starts `command` and waits for its first line, which ends in an address, with or without `http://`.
    ///
    /// # Errors
    /// It cannot be started, or ends before it says where it listens.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("the child has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.split_whitespace().last().unwrap_or_default();
        let address = address.trim_start_matches("http://").to_owned();
        let server = Server { child, address };
        if server.address.is_empty() {
            return Err(format!("{command:?} ended before it served").into());
        }
        Ok(server)
    }

    /// Starts `command`, which says nothing, and waits until it accepts connections at `port`.
    ///
    /// # Errors
    /// It cannot be started, ends, or does not listen within a minute.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server of somebody else's: nothing tells when it listens"
    )]
    pub fn at(command: &mut Command, port: u16) -> Result<Self> {
        const LOOK_EVERY: Duration = Duration::from_millis(50);
        const LOOKS: u32 = 1200;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Server { child, address: format!("127.0.0.1:{port}") };
        for _ in 0..LOOKS {
            if TcpStream::connect(&server.address).is_ok() {
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("{command:?} ended with {status} before it served").into());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Err(format!("{command:?} does not listen").into())
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SAFETY: a signal to a child of ours that was not waited for yet, so its id is not reused.
        unsafe { libc::kill(self.child.id().cast_signed(), libc::SIGTERM) };
        let _ = self.child.wait();
    }
}

/// Zerun on a data directory, with what its clients need.
pub struct Zerun {
    pub server: Server,
    pub signer: Signer,
    pub clock: clock::Clock,
}

/// What functions here act in.
const ROLE: &str = "arn:aws:iam::000000000000:role/bench";
const MAKE_ROLE: &str = "Action=CreateRole&Version=2010-05-08&RoleName=bench&AssumeRolePolicyDocument=\
    %7B%22Version%22:%222012-10-17%22%2C%22Statement%22:%7B%22Effect%22:%22Allow%22%2C%22Action%22:%22sts:AssumeRole%22%2C%22Principal%22:%7B%22Service%22:%22lambda.amazonaws.com%22%7D%7D%7D";
const PUT_POLICY: &str = "Action=PutRolePolicy&Version=2010-05-08&RoleName=bench&PolicyName=all&PolicyDocument=\
    %7B%22Version%22:%222012-10-17%22%2C%22Statement%22:%7B%22Effect%22:%22Allow%22%2C%22NotAction%22:%5B%22iam:*%22%2C%22sts:*%22%5D%2C%22Resource%22:%22*%22%7D%7D";

impl Zerun {
    /// # Errors
    /// See [`Server::start`]; or no readable credentials file.
    pub fn start(context: &Context, data: &Path) -> Result<Self> {
        let log = std::fs::File::create(data.with_extension("log"))?;
        let server = Server::start(
            Command::new(&context.zerun)
                .args([OsStr::new("serve"), "--data".as_ref(), data.as_os_str()])
                .args(["--listen", "127.0.0.1:0"])
                .stderr(log),
        )?;
        let credentials = std::fs::read_to_string(data.join("credentials"))?;
        let value = |name: &str| {
            let line = credentials.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
            line.map(|value| value.trim().to_owned()).ok_or(format!("no {name} in the credentials file"))
        };
        let signer = Signer {
            access_key_id: value("aws_access_key_id")?,
            secret_access_key: value("aws_secret_access_key")?,
        };
        let zerun = Zerun { server, signer, clock: context.clock.clone() };
        for parameters in [MAKE_ROLE, PUT_POLICY] {
            let request = zerun.request("iam", "POST", "/", parameters.as_bytes());
            zerun.connect()?.send(&request, &mut Vec::new())?;
        }
        Ok(zerun)
    }

    /// The head of a signed request, ended by its empty line. Good for some minutes, any number of times.
    pub fn head(&self, service: &str, method: &str, path: &str, length: u64, body_hash: &str) -> Vec<u8> {
        let signed = self.signer.headers(
            service,
            method,
            &self.server.address,
            path,
            body_hash,
            &self.clock.now().to_basic(),
        );
        format!("{method} {path} HTTP/1.1\r\n{signed}Content-Length: {length}\r\n\r\n").into_bytes()
    }

    /// A whole signed request.
    pub fn request(&self, service: &str, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut request = self.head(service, method, path, body.len() as u64, &sign::sha256(body));
        request.extend_from_slice(body);
        request
    }

    pub fn connect(&self) -> Result<Connection> {
        Connection::open(&self.server.address)
    }

    /// # Errors
    /// What the server answers to `CreateFunction`.
    pub fn create_function(&self, name: &str, runtime: &str, file: &str, code: &str) -> Result<()> {
        self.create(name, &Function::of(runtime, file, code.as_bytes()))
    }

    /// # Errors
    /// What the server answers to `CreateFunction`.
    pub fn create(&self, name: &str, function: &Function) -> Result<()> {
        let mut body = serde_json::json!({
            "FunctionName": name, "MemorySize": 128, "Timeout": 30,
            "Role": ROLE,
            "Environment": {"Variables": function.environment},
        });
        let code = match function.image {
            Some(uri) => serde_json::json!({"PackageType": "Image", "Code": {"ImageUri": uri}}),
            None => serde_json::json!({
                "Runtime": function.runtime, "Handler": function.handler,
                "Code": {"ZipFile": STANDARD.encode(zip(&function.file, &function.code)?)},
            }),
        };
        if let (Some(body), serde_json::Value::Object(code)) = (body.as_object_mut(), code) {
            body.extend(code);
        }
        let request = self.request("lambda", "POST", "/2015-03-31/functions", body.to_string().as_bytes());
        self.connect()?.send(&request, &mut Vec::new())
    }

    pub fn invocation(&self, name: &str, payload: &[u8]) -> Vec<u8> {
        self.request("lambda", "POST", &format!("/2015-03-31/functions/{name}/invocations"), payload)
    }
}

/// Of one file.
pub struct Function {
    runtime: String,
    file: String,
    code: Vec<u8>,
    handler: &'static str,
    image: Option<&'static str>,
    environment: BTreeMap<&'static str, &'static str>,
}

impl Function {
    /// With the handler `index.handler`.
    pub fn of(runtime: &str, file: &str, code: &[u8]) -> Self {
        Function {
            runtime: runtime.to_owned(),
            file: file.to_owned(),
            code: code.to_vec(),
            handler: "index.handler",
            image: None,
            environment: BTreeMap::new(),
        }
    }

    pub fn of_image(uri: &'static str) -> Self {
        Function { image: Some(uri), ..Function::of("", "", &[]) }
    }

    pub fn handler(self, handler: &'static str) -> Self {
        Function { handler, ..self }
    }

    pub fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.insert(name, value);
        self
    }
}

fn zip(file: &str, code: &[u8]) -> Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(file, zip::write::SimpleFileOptions::default().unix_permissions(0o755))?;
    archive.write_all(code)?;
    Ok(archive.finish()?.into_inner())
}

/// `nodejs20.x`, for the Node found first.
///
/// # Errors
/// There is none.
pub fn node_runtime() -> Result<String> {
    let version = version("node")?;
    let major = version.trim_start_matches('v').split('.').next().unwrap_or_default();
    Ok(format!("nodejs{major}.x"))
}

/// `python3.11`, for the Python found first.
///
/// # Errors
/// There is none.
pub fn python_runtime() -> Result<String> {
    let version = version("python3")?;
    let numbers: Vec<&str> = version.trim_start_matches("Python ").split('.').take(2).collect();
    Ok(format!("python{}", numbers.join(".")))
}

/// `java17`, for the Java found first.
///
/// # Errors
/// There is none.
pub fn java_runtime() -> Result<String> {
    let version = version("java")?;
    let feature = version.split(['.', ' ']).find(|word| word.parse::<u16>().is_ok()).unwrap_or_default();
    Ok(format!("java{feature}"))
}

fn version(program: &str) -> Result<String> {
    let output =
        Command::new(program).arg("--version").output().map_err(|error| format!("{program}: {error}"))?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
