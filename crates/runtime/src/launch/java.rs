//! How functions in Java are started: by the vendor's runtime interface client, which asks the Runtime API.

use super::{LaunchError, LaunchRequest, OPT, RUNTIME, TASK};
use crate::packs::classes;
use crate::{Family, Interpreter};
use std::ffi::OsStr;
use std::path::Path;

const MAIN_CLASS: &str = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";

/// Where in a pack the client's libraries are.
pub(crate) const LIBRARIES: &str = "lib";

/// The client's native half in a pack. Without it, the client unpacks one from its own library at each start.
pub(crate) const NATIVE: &str = "jni/libaws-lambda-jni.so";

/// More libraries than a pack has.
const LIBRARIES_MAX: usize = 64;

/// `pack` is the pack on the host.
pub(super) fn arguments(
    request: &LaunchRequest,
    found: &Interpreter,
    pack: Option<&Path>,
) -> Result<Vec<String>, LaunchError> {
    let own_options = request.java_tool_options.unwrap_or_default();
    let what = Program { handler: request.handler, memory_mb: request.memory_mb, own_options };
    match pack {
        Some(pack) => {
            let mut argv = program(&what, found, pack)?;
            let archive = classes::place(found);
            if pack.join(&archive).is_file() && !decides(own_options, &["-Xshare", "SharedArchiveFile"]) {
                let archive = format!("-XX:SharedArchiveFile={RUNTIME}/{}", archive.display());
                // One that does not fit is left aside without a word.
                argv.splice(1..1, [archive, "-Xlog:cds=off,cds+dynamic=off,class+path=off".to_owned()]);
            }
            Ok(argv)
        }
        None if brings_client(request) => {
            let mut argv = virtual_machine(&what, found);
            run(&mut argv, format!("{TASK}:{TASK}/lib/*:{OPT}/java/lib/*"), what.handler);
            Ok(argv)
        }
        None => Err(LaunchError::Entrypoint(
            "there is no Java runtime interface client: neither is its pack installed on this machine \
             (zerun runtime install java), nor does the code bring one in lib/"
                .to_owned(),
        )),
    }
}

/// What is run.
pub(crate) struct Program<'a> {
    pub handler: &'a str,
    pub memory_mb: u32,
    /// The function's `JAVA_TOOL_OPTIONS`.
    pub own_options: &'a str,
}

/// With the client of `pack`. Code and layers are for the client's own class loader, as on Lambda.
pub(crate) fn program(what: &Program, found: &Interpreter, pack: &Path) -> Result<Vec<String>, LaunchError> {
    let mut argv = virtual_machine(what, found);
    if pack.join(NATIVE).is_file() {
        let property = "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI";
        argv.push(format!("-D{property}={RUNTIME}/{NATIVE}"));
    }
    run(&mut argv, libraries(pack)?, what.handler);
    Ok(argv)
}

fn virtual_machine(what: &Program, found: &Interpreter) -> Vec<String> {
    let mut argv = vec![found.path_inside().to_string_lossy().into_owned()];
    argv.extend(options(what.memory_mb, feature(found), what.own_options));
    argv
}

fn run(argv: &mut Vec<String>, class_path: String, handler: &str) {
    argv.extend(["-cp".to_owned(), class_path, MAIN_CLASS.to_owned(), handler.to_owned()]);
}

/// 17 of 17.0.15.
pub(crate) fn feature(found: &Interpreter) -> u16 {
    match found.family() {
        Some(Family::Java { feature }) => feature,
        _ => 0,
    }
}

fn decides(own_options: &str, words: &[&str]) -> bool {
    words.iter().any(|word| own_options.contains(word))
}

/// As Lambda sets them; what the function's `JAVA_TOOL_OPTIONS` decide is left to them, because those on the
/// command line would win.
fn options(memory_mb: u32, feature: u16, own: &str) -> Vec<String> {
    let mut options = Vec::new();
    if !decides(own, &["-Xmx", "MaxHeapSize", "MaxRAM"]) {
        // What is left is for classes, compiled code, threads and buffers.
        options.push(format!("-XX:MaxHeapSize={}k", u64::from(memory_mb) * 1024 * 85 / 100));
    }
    if !decides(own, &["GC"]) {
        options.push("-XX:+UseSerialGC".to_owned());
    }
    if !decides(own, &["Tiered", "-Xint", "-Xcomp"]) {
        // What starts often does better with code that is compiled fast.
        options.push("-XX:TieredStopAtLevel=1".to_owned());
    }
    // Nobody can read it, and it is a file in `/tmp`.
    options.push("-XX:-UsePerfData".to_owned());
    // Before 18 it is the locale's, and the host's locales may be missing.
    if !decides(own, &["-Dfile.encoding"]) {
        options.push("-Dfile.encoding=UTF-8".to_owned());
    }
    // The client itself needs these; without the options the log of each start begins with warnings.
    if feature >= 22 {
        options.push("--enable-native-access=ALL-UNNAMED".to_owned());
    }
    if feature >= 23 {
        options.push("--sun-misc-unsafe-memory-access=allow".to_owned());
    }
    options
}

/// One by one and in order: an archive of classes is good for one class path only.
fn libraries(pack: &Path) -> Result<String, LaunchError> {
    let unreadable = |error: std::io::Error| {
        LaunchError::Entrypoint(format!("the Java pack cannot be read, install it again: {error}"))
    };
    let entries = std::fs::read_dir(pack.join(LIBRARIES)).map_err(unreadable)?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_library(name)).take(LIBRARIES_MAX).collect();
    names.sort();
    let paths: Vec<String> = names.iter().map(|name| format!("{RUNTIME}/{LIBRARIES}/{name}")).collect();
    Ok(paths.join(":"))
}

/// As a library of its own, or among the classes of one big archive.
fn brings_client(request: &LaunchRequest) -> bool {
    let is_client = |name: &OsStr| {
        name.to_str().is_some_and(|name| name.contains("runtime-interface-client") && is_library(name))
    };
    let in_directory = |directory: &Path| {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| is_client(&entry.file_name()))
    };
    let class = format!("{}.class", MAIN_CLASS.replace('.', "/"));
    request.code_dir.join(class).is_file()
        || in_directory(&request.code_dir.join("lib"))
        || request.opt_dir.is_some_and(|opt| in_directory(&opt.join("java/lib")))
}

fn is_library(name: &str) -> bool {
    name.ends_with(".jar")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_function_decides_is_not_said_again() {
        let has = |options: &[String], text: &str| options.iter().any(|option| option.contains(text));
        let plain = options(512, 17, "");
        assert!(
            has(&plain, "-XX:MaxHeapSize=445644k") && has(&plain, "UseSerialGC") && has(&plain, "Tiered")
        );
        assert!(!has(&plain, "native-access"));
        assert!(has(&options(512, 25, ""), "native-access"));
        let own = options(512, 17, "-Xmx64m -XX:+UseG1GC -XX:TieredStopAtLevel=4");
        assert!(!has(&own, "MaxHeapSize") && !has(&own, "GC") && !has(&own, "Tiered"), "{own:?}");
    }
}
