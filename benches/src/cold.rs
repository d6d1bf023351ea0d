//! Cold starts: the first invocation of a function, as its caller sees it, against the bare interpreter run to its end.

use std::process::{Command, Stdio};

use crate::{
    Context, Result,
    fixture::{Zerun, node_runtime, python_runtime},
    sample::Sample,
    table::{ms, print, ratio_of},
};

const ROUNDS: usize = 20;

struct Language {
    name: &'static str,
    runtime: String,
    file: &'static str,
    code: &'static str,
    /// Does the same as the handler and exits.
    bare: [&'static str; 3],
}

/// # Errors
/// An interpreter that is missing, or any request that fails.
pub fn run(context: &Context) -> Result<()> {
    let languages = [
        Language {
            name: "Node",
            runtime: node_runtime()?,
            file: "index.js",
            code: "exports.handler = async (event) => event;",
            bare: ["node", "-e", "console.log(JSON.stringify(JSON.parse('{}')))"],
        },
        Language {
            name: "Python",
            runtime: python_runtime()?,
            file: "index.py",
            code: "def handler(event, context):\n    return event\n",
            bare: ["python3", "-c", "import json; print(json.dumps(json.loads('{}')))"],
        },
    ];
    let zerun = Zerun::start(context, &context.disk.join("cold"))?;
    let mut rows = Vec::new();
    for language in &languages {
        let [program, flag, code] = language.bare;
        let interpreter = interpreter(program)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // A function of its own each time: nothing of an earlier one can be warm.
            let name = format!("cold-{}-{round}", language.name);
            zerun.create_function(&name, &language.runtime, language.file, language.code)?;
            let request = zerun.invocation(&name, b"{}");
            let mut connection = zerun.connect()?;
            let begun = context.clock.moment();
            connection.send(&request, &mut Vec::new())?;
            ours.push(context.clock.since(begun));
            let begun = context.clock.moment();
            let status = Command::new(&interpreter).args([flag, code]).stdout(Stdio::null()).status()?;
            theirs.push(context.clock.since(begun));
            if !status.success() {
                return Err(format!("{program}: {status}").into());
            }
        }
        let (ours, theirs) = (Sample::new(ours)?, Sample::new(theirs)?);
        rows.push(row(language.name, "median", ours.median(), theirs.median()));
        rows.push(row(language.name, "p99", ours.p99(), theirs.p99()));
    }
    print(
        &format!("cold start, request to answer ({ROUNDS} functions each)"),
        &["", "zerun", "bare interpreter, start to exit", "ratio"],
        &rows,
        &[],
    )
}

/// The program itself: what is found by name may be a version manager's script, which costs more than the interpreter.
fn interpreter(name: &str) -> Result<String> {
    let ask =
        if name == "node" { ["-p", "process.execPath"] } else { ["-c", "import sys; print(sys.executable)"] };
    let output = Command::new(name).args(ask).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn row(language: &str, what: &str, ours: std::time::Duration, theirs: std::time::Duration) -> Vec<String> {
    vec![format!("{language}: {what}"), ms(ours), ms(theirs), ratio_of(ours, theirs)]
}
