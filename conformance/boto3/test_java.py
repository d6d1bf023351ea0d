"""Functions in Java, run by the vendor's runtime interface client as it is published."""

import base64
import io
import json
import re
import subprocess
import zipfile

import pytest

from expectation import refused
from packing import zip_of
from server import BINARY, ROLE

SOURCES = {
    "example/Greeter.java": """
package example;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;

public class Greeter implements RequestHandler<Map<String, String>, Map<String, Object>> {
    private int calls = 0;
    public Map<String, Object> handleRequest(Map<String, String> event, Context context) {
        context.getLogger().log("greets " + event.get("name") + "\\n");
        System.out.println("größer");
        return Map.of("greeting", "hello " + event.get("name"), "calls", ++calls,
            "function", context.getFunctionName(), "memory", context.getMemoryLimitInMB(),
            "id", context.getAwsRequestId(), "left", context.getRemainingTimeInMillis(),
            "heap", Runtime.getRuntime().maxMemory(), "bucket", System.getenv("BUCKET"));
    }
}
""",
    "example/Upper.java": """
package example;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.*;
import java.nio.charset.StandardCharsets;

public class Upper implements RequestStreamHandler {
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        out.write(text.toUpperCase().getBytes(StandardCharsets.UTF_8));
    }
}
""",
    "example/Trouble.java": """
package example;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

public class Trouble {
    public static class Refused extends RuntimeException {
        Refused(String message, Throwable cause) { super(message, cause); }
    }
    public String make(Map<String, String> event) throws Exception {
        switch (event.get("kind")) {
            case "throw": throw new Refused("no such thing", new IllegalStateException("broken"));
            case "heap": List<byte[]> all = new ArrayList<>(); while (true) all.add(new byte[1 << 20]);
            case "exit": System.exit(7);
            case "sleep": Thread.sleep(60_000);
            case "more":
                // Outside the heap, where only the kernel counts.
                var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
                field.setAccessible(true);
                var unsafe = (sun.misc.Unsafe) field.get(null);
                while (true) unsafe.setMemory(unsafe.allocateMemory(1 << 20), 1 << 20, (byte) 1);
            case "client":
                // Where the virtual machine says that it has the client from.
                return java.nio.file.Files.lines(java.nio.file.Path.of("/tmp/classes"))
                    .filter(line -> line.contains("client.AWSLambda ")).findFirst().get();
            default: return System.getProperty(event.get("kind"));
        }
    }
}
""",
}


@pytest.fixture(scope="session")
def java():
    """The identifier of the Java that `javac` compiles for."""
    said = subprocess.run(["javac", "-version"], check=True, capture_output=True, text=True)
    return "java" + re.search(r"(\d+)", said.stdout + said.stderr).group(1)


@pytest.fixture(scope="session")
def jar(tmp_path_factory, packs):
    """The bytes of a jar with the classes above, as `jar` makes it."""
    root = tmp_path_factory.mktemp("java")
    for path, text in SOURCES.items():
        (root / "src" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "src" / path).write_text(text)
    sources = [root / "src" / path for path in SOURCES]
    libraries = packs / "java" / "current" / "lib" / "*"
    subprocess.run(["javac", "-XDignore.symbol.file", "-encoding", "UTF-8", "-cp", libraries, "-d", root / "classes", *sources],
                   check=True)
    subprocess.run(["jar", "--create", "--file", root / "example.jar", "-C", root / "classes", "."], check=True)
    return (root / "example.jar").read_bytes()


@pytest.fixture
def made(function, jar, java):
    """Makes a function of the jar: made("example.Greeter", Timeout=3)."""

    def make(handler, code=jar, **configuration):
        files = {entry.filename: zipfile.ZipFile(io.BytesIO(code)).read(entry)
                 for entry in zipfile.ZipFile(io.BytesIO(code)).infolist() if not entry.is_dir()}
        return function(files, **({"Runtime": java, "Handler": handler, "MemorySize": 512, "Timeout": 30}
                                  | configuration))

    return make


def invoke(lam, name, event, **options):
    answer = lam.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail", **options)
    log = base64.b64decode(answer["LogResult"]).decode()
    return json.loads(answer["Payload"].read()), answer.get("FunctionError"), log


def test_a_jar_is_a_deployment_package(lam, jar, java):
    lam.create_function(FunctionName="as-it-is", Runtime=java, Handler="example.Greeter::handleRequest", MemorySize=512,
                        Role=ROLE, Timeout=30, Code={"ZipFile": jar},
                        Environment={"Variables": {"BUCKET": "photos"}})
    lam.get_waiter("function_active_v2").wait(FunctionName="as-it-is", WaiterConfig={"Delay": 1})
    for calls in (1, 2):
        answer, error, log = invoke(lam, "as-it-is", {"name": "Ada"})
        assert error is None, answer
        assert answer["greeting"] == "hello Ada" and answer["calls"] == calls
        assert answer["function"] == "as-it-is" and answer["memory"] == 512 and answer["bucket"] == "photos"
        assert 0 < answer["left"] <= 30_000
        assert 300 << 20 < answer["heap"] < 512 << 20
        assert f"START RequestId: {answer['id']}" in log
        # One line each, and nothing of the virtual machine's own.
        lines = [line for line in log.splitlines() if not line.startswith(("INIT_START", "START", "END", "REPORT"))]
        assert lines == ["greets Ada", "größer"], log


def test_classes_in_libraries_of_the_package_and_of_layers_are_found(lam, made, function, jar, java):
    name = function({"lib/example.jar": jar}, Runtime=java, Handler="example.Upper", MemorySize=512, Timeout=30)
    assert invoke(lam, name, {"a": "b"})[:2] == ({"A": "B"}, None)
    layer = lam.publish_layer_version(LayerName="java-example", Content={"ZipFile": zip_of({"java/lib/e.jar": jar})})
    name = function({"readme.txt": "the code is in the layer"}, Runtime=java, Handler="example.Upper", MemorySize=512,
                    Timeout=30, Layers=[layer["LayerVersionArn"]])
    assert invoke(lam, name, {"b": 1})[:2] == ({"B": 1}, None)


def test_an_exception_is_told_with_its_type_and_trace(lam, made):
    name = made("example.Trouble::make")
    answer, error, log = invoke(lam, name, {"kind": "throw"})
    assert error == "Unhandled"
    assert answer["errorMessage"] == "no such thing"
    assert answer["errorType"] == "example.Trouble$Refused"
    assert answer["stackTrace"][0].startswith("example.Trouble.make(Trouble.java:")
    assert "no such thing: example.Trouble$Refused" in log
    # The instance goes on.
    assert invoke(lam, name, {"kind": "file.encoding"})[0] == "UTF-8"


def test_a_heap_that_is_full_is_an_error_of_the_function(lam, made):
    answer, error, _ = invoke(lam, made("example.Trouble::make", MemorySize=256), {"kind": "heap"})
    assert error == "Unhandled" and answer["errorType"] == "java.lang.OutOfMemoryError", answer


def test_the_memory_limit_ends_the_process(lam, made):
    answer, error, log = invoke(lam, made("example.Trouble::make", MemorySize=256), {"kind": "more"})
    assert error == "Unhandled" and answer["errorType"] == "Runtime.OutOfMemory", answer
    assert "signal: killed" in answer["errorMessage"]
    assert "Max Memory Used: 256 MB" in log


def test_exits_and_timeouts_are_told_as_such_and_the_next_instance_is_new(lam, made):
    name = made("example.Trouble::make", Timeout=5)
    answer, error, _ = invoke(lam, name, {"kind": "exit"})
    assert error == "Unhandled" and answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Runtime exited with error: exit status 7")
    answer, error, _ = invoke(lam, name, {"kind": "sleep"})
    assert error == "Unhandled" and "Task timed out after 5.00 seconds" in answer["errorMessage"]
    assert invoke(lam, name, {"kind": "user.dir"})[0] == "/var/task"


@pytest.mark.parametrize("handler, kind", [
    ("example.Missing", "java.lang.ClassNotFoundException"),
    ("example.Trouble::missing", None),
])
def test_what_cannot_be_loaded_is_an_error_of_the_start(lam, made, handler, kind):
    answer, error, log = invoke(lam, made(handler), {})
    assert error == "Unhandled", answer
    if kind:
        assert answer["errorType"] == kind and "example.Missing" in answer["errorMessage"], answer
    assert "INIT_START" in log


def test_options_of_the_function_win(lam, made):
    options = "-Xmx99m -Dcolour=blue -XX:+UseParallelGC"
    name = made("example.Greeter", Environment={"Variables": {"JAVA_TOOL_OPTIONS": options, "BUCKET": "b"}})
    answer, error, log = invoke(lam, name, {"name": "x"})
    assert error is None and answer["heap"] <= 99 << 20
    assert f"Picked up JAVA_TOOL_OPTIONS: {options}" in log
    name = made("example.Trouble::make", Environment={"Variables": {"JAVA_TOOL_OPTIONS": options}})
    assert invoke(lam, name, {"kind": "colour"})[0] == "blue"


def test_the_client_comes_out_of_the_archive_that_is_made_with_the_pack(lam, made):
    says = {"JAVA_TOOL_OPTIONS": "-Xlog:class+load:file=/tmp/classes"}
    line, error, _ = invoke(lam, made("example.Trouble::make", Environment={"Variables": says}), {"kind": "client"})
    assert error is None and line.endswith("source: shared objects file (top)"), line
    says["JAVA_TOOL_OPTIONS"] += " -Xshare:off"
    line, error, _ = invoke(lam, made("example.Trouble::make", Environment={"Variables": says}), {"kind": "client"})
    assert error is None and "/var/runtime/lib/aws-lambda-java-runtime-interface-client" in line, line


def test_a_version_is_restored(lam, made):
    name = made("example.Trouble::make", SnapStart={"ApplyOn": "PublishedVersions"})
    version = lam.publish_version(FunctionName=name)["Version"]
    lam.get_waiter("published_version_active").wait(FunctionName=name, Qualifier=version, WaiterConfig={"Delay": 1})
    answer, error, log = invoke(lam, name, {"kind": "user.dir"}, Qualifier=version)
    assert (answer, error) == ("/var/task", None)
    report = next(line for line in log.splitlines() if line.startswith("REPORT "))
    assert "RESTORE_START" in log and "Init Duration" not in report and "Restore Duration" in report


def test_a_java_that_is_not_there_is_refused_and_what_is_there_is_named(zerun, lam, jar, java):
    listed = subprocess.run([BINARY, "runtime", "list", "--data", zerun.data], check=True, capture_output=True, text=True)
    there = [line.split()[0] for line in listed.stdout.splitlines()]
    missing = next(name for name in ("java21", "java11", "java8.al2", "java25", "java17") if name not in there)
    with refused("InvalidParameterValueException", naming=java):
        lam.create_function(FunctionName="none", Runtime=missing, Handler="example.Greeter", Code={"ZipFile": jar},
                            Role=ROLE)
