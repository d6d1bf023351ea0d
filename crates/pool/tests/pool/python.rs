use crate::fixture::{World, runtimes};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn every_python_on_this_machine_runs_a_function() {
    let world = World::new();
    let source = "import sys, json\ncount = 0\ndef handler(event, context):\n global count\n count += 1\n print('hello')\n return {'version': '%d.%d' % sys.version_info[:2], 'count': count, 'name': context.function_name}";
    let mut seen = 0;
    for report in runtimes().report().iter().filter(|report| report.identifier.starts_with("python")) {
        let spec = world.function(&report.identifier, "app.handler", &[("app.py", source)]);
        for count in 1..=2 {
            let expected = json!({
                "version": report.identifier.trim_start_matches("python"), "count": count,
                "name": spec.function_name.as_str(),
            });
            assert_eq!(world.result(&spec, "{}").await, expected, "{report:?}");
        }
        seen += 1;
    }
    assert!(seen > 0, "these tests need Python on this machine");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_logs_have_their_shape() {
    let world = World::new();
    let spec = world.python("import logging\nlogging.getLogger().setLevel('INFO')\ndef handler(event, context):\n logging.info('two\\nlines')\n return 1/0");
    let (error, outcome) = world.error(&spec, "{}").await;
    assert_eq!(
        (&error["errorType"], &error["errorMessage"]),
        (&json!("ZeroDivisionError"), &json!("division by zero"))
    );
    let frames = error["stackTrace"].as_array().unwrap();
    assert!(
        frames[0].as_str().unwrap().starts_with("  File \"/var/task/app.py\", line 5, in handler"),
        "{error}"
    );
    assert_eq!(frames.len(), 1);
    assert!(outcome.log_tail.contains("\ttwo\nlines\n"), "{}", outcome.log_tail);
    assert!(
        outcome.log_tail.contains(
            "[ERROR] ZeroDivisionError: division by zero\nTraceback (most recent call last):\n  File "
        ),
        "{}",
        outcome.log_tail
    );
    let (error, _) = world.error(&world.python("import nothing_of_that_name"), "{}").await;
    assert_eq!(error["errorType"], "Runtime.ImportModuleError");
    assert_eq!(
        error["errorMessage"],
        "Unable to import module 'app': No module named 'nothing_of_that_name'"
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_hosts_own_packages_is_importable() {
    let world = World::new();
    let spec = world.python("import sys\ndef handler(event, context):\n return [p for p in sys.path if 'site-packages' in p or 'dist-packages' in p]");
    let paths = world.result(&spec, "{}").await;
    for path in paths.as_array().unwrap() {
        assert!(path.as_str().unwrap().starts_with("/opt/python/"), "{paths}");
    }
    world.close().await;
}
