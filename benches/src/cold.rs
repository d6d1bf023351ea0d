//! Cold starts: the first invocation of a function, as its caller sees it, against the bare process that does
//! the same and ends.

mod image;
mod java;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    Context, Result,
    fixture::{Function, Zerun, node_runtime, python_runtime},
    sample::Sample,
    table::{ms, print, ratio_of},
};

const ROUNDS: usize = 40;

/// A handler of HTTP requests that answers what it is asked.
const COMPONENT: &[u8] = include_bytes!("../../crates/wasm/tests/guests/echo.wasm");

/// Between two measurements, so that neither is disturbed by what the other one leaves to be done.
const SETTLE: Duration = Duration::from_millis(400);

#[expect(clippy::disallowed_methods, reason = "nothing here depends on it: it keeps measurements apart")]
pub(crate) fn settle() {
    std::thread::sleep(SETTLE);
}

/// A function, and the process that does the same.
struct Case {
    name: &'static str,
    function: Function,
    bare: Command,
}

/// # Errors
/// An interpreter that is missing, or any request that fails.
pub fn run(context: &Context) -> Result<()> {
    let zerun = Zerun::start(context, &context.disk.join("cold"))?;
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    let mut cases = cases(context, &mut notes)?;
    match image::case(context, &context.disk.join("cold")) {
        Ok(case) => cases.push(case),
        Err(error) => notes.push(format!("no container image: {error}")),
    }
    for mut case in cases.into_iter().filter(|case| case.name.contains(&context.case)) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            // A function of its own each time: nothing of an earlier one can be warm.
            let name = format!("{}-{round}", case.name.replace(' ', "-"));
            zerun.create(&name, &case.function)?;
            let request = zerun.invocation(&name, b"{}");
            let mut connection = zerun.connect()?;
            settle();
            let begun = context.clock.moment();
            connection.send(&request, &mut Vec::new())?;
            let our_time = context.clock.since(begun);
            settle();
            let begun = context.clock.moment();
            let status = case.bare.status()?;
            let their_time = context.clock.since(begun);
            if !status.success() {
                return Err(format!("{:?}: {status}", case.bare).into());
            }
            // The first round reads files that no cache holds yet.
            if round > 0 {
                ours.push(our_time);
                theirs.push(their_time);
            }
        }
        let (ours, theirs) = (Sample::new(ours)?, Sample::new(theirs)?);
        for (what, ours, theirs) in
            [("median", ours.median(), theirs.median()), ("p99", ours.p99(), theirs.p99())]
        {
            rows.push(vec![format!("{}: {what}", case.name), ms(ours), ms(theirs), ratio_of(ours, theirs)]);
        }
    }
    print(
        &format!("cold start, request to answer ({ROUNDS} functions each)"),
        &["", "zerun", "bare process, start to exit", "ratio"],
        &rows,
        &notes.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

fn cases(context: &Context, notes: &mut Vec<String>) -> Result<Vec<Case>> {
    let (node, python) = (interpreter("node")?, interpreter("python3")?);
    let scripts = context.disk.join("bare");
    fs::create_dir_all(&scripts)?;
    let script = |program: &str, file: &str, text: &str| -> Result<Command> {
        let path = scripts.join(file);
        fs::write(&path, text)?;
        let mut command = Command::new(program);
        // Their warnings would stand between the tables; errors still do.
        command.arg(path).env("NODE_NO_WARNINGS", "1").stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    };
    let function =
        |runtime: &str, file: &'static str, text: &str| Function::of(runtime, file, text.as_bytes());
    let (node_runtime, python_runtime) = (node_runtime()?, python_runtime()?);
    let mut cases = vec![
        Case {
            name: "Python hello",
            function: function(
                &python_runtime,
                "index.py",
                "def handler(event, context):\n    return event\n",
            ),
            bare: script(&python, "hello.py", "import json\nprint(json.dumps(json.loads('{}')))\n")?,
        },
        Case {
            name: "Node hello",
            function: function(&node_runtime, "index.js", "exports.handler = async (event) => event;"),
            bare: script(&node, "hello.js", "console.log(JSON.stringify(JSON.parse('{}')))")?,
        },
    ];
    match pack("python") {
        Some(pack) => {
            let import = "import boto3\nclient = boto3.client('s3', region_name='us-east-1')\n";
            let handler = format!("{import}def handler(event, context):\n    return event\n");
            let mut bare = script(&python, "sdk.py", import)?;
            bare.env("PYTHONPATH", pack);
            cases.push(Case {
                name: "Python with boto3",
                function: function(&python_runtime, "index.py", &handler),
                bare,
            });
        }
        None => notes.push("no pack of boto3: set ZERUN_PACKS".to_owned()),
    }
    match pack("node") {
        Some(pack) => {
            let import = "const { S3Client } = require('@aws-sdk/client-s3');\nconst client = new S3Client({ region: 'us-east-1' });\n";
            let handler = format!("{import}exports.handler = async (event) => event;");
            let mut bare = script(&node, "sdk.js", import)?;
            bare.env("NODE_PATH", pack.join("node_modules"));
            cases.push(Case {
                name: "Node with the SDK",
                function: function(&node_runtime, "index.js", &handler),
                bare,
            });
        }
        None => notes.push("no pack of the AWS SDK for JavaScript: set ZERUN_PACKS".to_owned()),
    }
    match pack("java") {
        Some(pack) => cases.extend(java::cases(&scripts, &pack)?),
        None => notes.push("no pack of Java: set ZERUN_PACKS".to_owned()),
    }
    let bootstrap = std::env::current_exe()?.with_file_name("bootstrap");
    let mut bare = Command::new(&bootstrap);
    bare.stdin(Stdio::null()).stdout(Stdio::null());
    cases.push(Case {
        name: "bootstrap in Rust",
        function: Function::of("provided.al2023", "bootstrap", &fs::read(&bootstrap)?),
        bare,
    });
    // Nothing runs a component bare: beside it stands the native program again.
    let mut bare = Command::new(&bootstrap);
    bare.stdin(Stdio::null()).stdout(Stdio::null());
    cases.push(Case {
        name: "Wasm component",
        function: Function::of("provided.al2023", "bootstrap.wasm", COMPONENT),
        bare,
    });
    Ok(cases)
}

/// The SDK that functions find, for the bare process to find too.
fn pack(kind: &str) -> Option<PathBuf> {
    let packs = std::env::var_os("ZERUN_PACKS")?;
    Path::new(&packs).join(kind).join("current").canonicalize().ok()
}

/// The program itself: what is found by name may be a version manager's script, which costs more than the
/// interpreter.
pub fn interpreter(name: &str) -> Result<String> {
    let ask =
        if name == "node" { ["-p", "process.execPath"] } else { ["-c", "import sys; print(sys.executable)"] };
    let output = Command::new(name).args(ask).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
