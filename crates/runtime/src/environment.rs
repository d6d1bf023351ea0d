use crate::report::InitKind;
use crate::{Family, ImageProgram, RuntimeId};
use std::collections::BTreeMap;

/// What the environment of a process is made from.
#[derive(Debug)]
pub struct Surroundings<'a> {
    pub runtime: &'a RuntimeId,
    /// The function is an image, which brings variables of its own.
    pub image: Option<&'a ImageProgram>,
    pub handler: &'a str,
    pub function_name: &'a str,
    pub version: &'a str,
    pub region: &'a str,
    pub memory_mb: u32,
    pub log_group: &'a str,
    pub log_stream: &'a str,
    /// `Text` or `JSON`.
    pub log_format: &'a str,
    /// With the JSON format: what the runtime's own logging leaves out below.
    pub log_level: Option<&'a str>,
    pub init: InitKind,
    /// `host:port` of the Runtime API inside the sandbox.
    pub runtime_api: &'a str,
    /// URL of the platform's front door inside the sandbox.
    pub endpoint_url: &'a str,
    pub session: Session<'a>,
    /// The function's own variables. They cannot change a reserved one.
    pub user: &'a BTreeMap<String, String>,
}

/// The credentials that SDKs find in the environment.
pub struct Session<'a> {
    pub access_key_id: &'a str,
    pub secret_access_key: &'a str,
    pub session_token: &'a str,
}

/// Never shows the secret or the token.
impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Variables that a function's configuration may not set
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
const RESERVED: [&str; 21] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_FORMAT",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "TZ",
    "_LAMBDA_TELEMETRY_LOG_FD",
];

/// Whether the platform alone sets `name`.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The whole environment of a function's process, sorted by name.
pub fn environment(from: &Surroundings) -> Vec<(String, String)> {
    let mut all = match from.image {
        Some(image) => of_image(from, image),
        None => defaults(from),
    };
    let user = from.user.iter().filter(|(name, _)| !is_reserved(name));
    all.extend(user.map(|(name, value)| (name.clone(), value.clone())));
    all.extend(reserved(from));
    if let Some(image) = from.image {
        // There is no handler, and the image knows best where its things are.
        all.remove("_HANDLER");
        for place in ["LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT"] {
            all.extend(
                image.environment.get_key_value(place).map(|(name, value)| (name.clone(), value.clone())),
            );
        }
    }
    all.into_iter().collect()
}

/// What external extensions find of a process's environment
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html#runtimes-extensions-registration-api-e>).
pub fn extension_environment(all: &[(String, String)]) -> Vec<(String, String)> {
    const RUNTIME_ONLY: [&str; 7] = [
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    ];
    let shown = |name: &str| !RUNTIME_ONLY.contains(&name) && !name.starts_with('_');
    all.iter().filter(|(name, _)| shown(name)).cloned().collect()
}

/// What the function's own variables may change.
fn defaults(from: &Surroundings) -> BTreeMap<String, String> {
    let mut variables = common(from.runtime);
    variables.extend([
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
        // SDKs and tools take the platform's address from here.
        ("AWS_ENDPOINT_URL", from.endpoint_url.to_owned()),
    ]);
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// An image's variables, with what it may rely on besides.
fn of_image(from: &Surroundings, image: &ImageProgram) -> BTreeMap<String, String> {
    let given = [
        ("AWS_ENDPOINT_URL", from.endpoint_url),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
        ("PATH", crate::launch::IMAGE_PATH),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    given.into_iter().chain(image.environment.clone()).collect()
}

/// What is the same for all functions of a runtime.
fn common(runtime: &RuntimeId) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        (
            "LD_LIBRARY_PATH",
            "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
                .to_owned(),
        ),
    ];
    match runtime.family() {
        Family::Node { major } => variables.push((
            "NODE_PATH",
            format!(
                "/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules"
            ),
        )),
        Family::Python { .. } => variables.push(("PYTHONPATH", "/var/runtime".to_owned())),
        Family::Ruby { major, minor } => variables.extend([
            (
                "GEM_PATH",
                format!("/var/task/vendor/bundle/ruby/{major}.{minor}.0:/opt/ruby/gems/{major}.{minor}.0"),
            ),
            ("RUBYLIB", "/opt/ruby/lib".to_owned()),
        ]),
        Family::Java { .. } | Family::Provided => {}
    }
    variables
}

/// What a process has that is started before anybody knows for which function.
pub(crate) fn of_runtime(runtime: &RuntimeId) -> Vec<(String, String)> {
    let zone = ("TZ", TIME_ZONE.to_owned());
    common(runtime).into_iter().chain([zone]).map(|(name, value)| (name.to_owned(), value)).collect()
}

const TIME_ZONE: &str = ":UTC";

fn reserved(from: &Surroundings) -> Vec<(String, String)> {
    let memory = from.memory_mb.to_string();
    let mut variables = vec![
        ("_HANDLER", from.handler),
        ("AWS_ACCESS_KEY_ID", from.session.access_key_id),
        ("AWS_DEFAULT_REGION", from.region),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", from.function_name),
        ("AWS_LAMBDA_FUNCTION_VERSION", from.version),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", from.init.as_str()),
        ("AWS_LAMBDA_LOG_FORMAT", from.log_format),
        ("AWS_LAMBDA_LOG_GROUP_NAME", from.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", from.log_stream),
        ("AWS_LAMBDA_RUNTIME_API", from.runtime_api),
        ("AWS_REGION", from.region),
        ("AWS_SECRET_ACCESS_KEY", from.session.secret_access_key),
        ("AWS_SESSION_TOKEN", from.session.session_token),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("TZ", TIME_ZONE),
    ];
    // The function's own setting holds unless the platform has one.
    if let Some(level) = from.log_level {
        variables.push(("AWS_LAMBDA_LOG_LEVEL", level));
    }
    let execution = format!("AWS_Lambda_{}", from.runtime);
    if from.runtime.family() != Family::Provided {
        variables.push(("AWS_EXECUTION_ENV", &execution));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(runtime: &str, user: &[(&str, &str)]) -> BTreeMap<String, String> {
        of(runtime, None, user)
    }

    fn of(runtime: &str, image: Option<&ImageProgram>, user: &[(&str, &str)]) -> BTreeMap<String, String> {
        let user = user.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let surroundings = Surroundings {
            runtime: &RuntimeId::parse(runtime).unwrap(),
            image,
            handler: "index.handler",
            function_name: "f",
            version: "$LATEST",
            region: "eu-west-1",
            memory_mb: 256,
            log_group: "/aws/lambda/f",
            log_stream: "s",
            log_format: "JSON",
            log_level: Some("WARN"),
            init: InitKind::SnapStart,
            runtime_api: "127.0.0.1:9001",
            endpoint_url: "http://127.0.0.1:4566",
            session: Session { access_key_id: "ASIA", secret_access_key: "secret", session_token: "token" },
            user: &user,
        };
        assert!(!format!("{surroundings:?}").contains("secret\""));
        environment(&surroundings).into_iter().collect()
    }

    #[test]
    fn reserved_variables_win_and_defaults_yield() {
        let user = [("PATH", "/mine"), ("AWS_REGION", "no"), ("TZ", "no"), ("MINE", "m")];
        let env = made("nodejs20.x", &user);
        for (name, value) in [
            ("PATH", "/mine"),
            ("MINE", "m"),
            ("AWS_REGION", "eu-west-1"),
            ("TZ", TIME_ZONE),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"),
            ("AWS_LAMBDA_LOG_LEVEL", "WARN"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
            (
                "NODE_PATH",
                "/opt/nodejs/node20/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules",
            ),
        ] {
            assert_eq!(env.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!env.contains_key("PYTHONPATH"));
        let all: Vec<_> = env.clone().into_iter().collect();
        let of_extensions: BTreeMap<_, _> = extension_environment(&all).into_iter().collect();
        assert_eq!(of_extensions.get("MINE"), env.get("MINE"));
        assert!(of_extensions.contains_key("AWS_LAMBDA_RUNTIME_API"));
        assert!(!of_extensions.contains_key("_HANDLER") && !of_extensions.contains_key("LAMBDA_TASK_ROOT"));
        assert_eq!(made("python3.11", &[]).get("PYTHONPATH").map(String::as_str), Some("/var/runtime"));
        assert!(!made("provided.al2023", &[]).contains_key("AWS_EXECUTION_ENV"));
    }

    #[test]
    fn an_image_brings_its_own_variables_and_the_functions_come_over_them() {
        let own = [
            ("A", "image"),
            ("B", "image"),
            ("LAMBDA_TASK_ROOT", "/srv"),
            ("AWS_REGION", "no"),
            ("_HANDLER", "no"),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let image = ImageProgram { environment: own.into(), ..ImageProgram::default() };
        let env = of("provided", Some(&image), &[("B", "function"), ("LAMBDA_TASK_ROOT", "no")]);
        for (name, value) in [
            ("A", "image"),
            ("B", "function"),
            ("LAMBDA_TASK_ROOT", "/srv"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("AWS_REGION", "eu-west-1"),
            ("PATH", crate::launch::IMAGE_PATH),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ] {
            assert_eq!(env.get(name).map(String::as_str), Some(value), "{name}");
        }
        for name in ["_HANDLER", "LD_LIBRARY_PATH", "LANG", "AWS_EXECUTION_ENV"] {
            assert!(!env.contains_key(name), "{name}");
        }
    }
}
