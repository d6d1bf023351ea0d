use super::Case;
use crate::{
    Result,
    fixture::{Function, java_runtime},
};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

const FUNCTION: &str = "
import com.amazonaws.services.lambda.runtime.*;
import java.util.Map;
public class Greeter implements RequestHandler<Map<String, String>, String> {
    public String handleRequest(Map<String, String> event, Context context) { return \"hello\"; }
}
";

const BARE: &str =
    "public class Hello { public static void main(String[] words) { System.out.println(\"hello\"); } }";

/// With the pack as it is, and as if it had no archive of classes.
///
/// # Errors
/// There is no JDK.
pub(super) fn cases(directory: &Path, pack: &Path) -> Result<Vec<Case>> {
    for (file, text) in [("Greeter.java", FUNCTION), ("Hello.java", BARE)] {
        fs::write(directory.join(file), text)?;
        let mut compile = Command::new("javac");
        compile.arg("-cp").arg(pack.join("lib/*")).arg("-d").arg(directory).arg(directory.join(file));
        let status = compile.status().map_err(|error| format!("javac: {error}"))?;
        if !status.success() {
            return Err(format!("{file} is not compiled: {status}").into());
        }
    }
    let class = fs::read(directory.join("Greeter.class"))?;
    let runtime = java_runtime()?;
    let function = || Function::of(&runtime, "Greeter.class", &class).handler("Greeter");
    let bare = || {
        let mut bare = Command::new("java");
        bare.arg("-cp").arg(directory).arg("Hello").stdin(Stdio::null()).stdout(Stdio::null());
        bare
    };
    Ok(vec![
        Case { name: "Java hello", function: function(), bare: bare() },
        Case {
            name: "Java without the archive",
            // What Java does anyway; since the function decides about it, nothing is added.
            function: function().variable("JAVA_TOOL_OPTIONS", "-Xshare:auto"),
            bare: bare(),
        },
    ])
}
