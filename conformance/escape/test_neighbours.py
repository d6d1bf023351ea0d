"""Two functions on one machine: what one leaves in its sandbox, the other must neither find nor reach.

The victim shows first that what is looked for is there; then everybody else looks.
"""

import json

import pytest

from packing import zip_of
from server import ROLE


VICTIM = {"index.py": """
import ctypes, mmap, os, socket, threading
libc = ctypes.CDLL(None, use_errno=True)
KEY = 0x71C7
kept = {}

def serve(listener):
    while True:
        try:
            connection, _ = listener.accept()
            connection.sendall(b"secret")
            connection.close()
        except OSError:
            return

def settle():
    for path in ("/tmp/secret", "/dev/shm/secret"):
        with open(path, "w") as file:
            file.write("canary-of-the-victim")
        os.chmod(path, 0o666)
    kept["segment"] = libc.shmget(KEY, 4096, 0o1666)
    for family, address in ((socket.AF_INET, ("0.0.0.0", 7777)), (socket.AF_UNIX, "\\0victim"), (socket.AF_UNIX, "/tmp/socket")):
        listener = socket.socket(family)
        listener.bind(address)
        listener.listen()
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        kept[str(address)] = listener

def handler(event, context):
    if not kept:
        settle()
    with socket.create_connection(("127.0.0.1", 7777), 5) as connection:
        told = connection.recv(6).decode()
    return {"told": told, "segment": kept["segment"], "uid": os.getuid(), "pid": os.getpid(),
            "file": open("/tmp/secret").read(), "environment": os.environ["SECRET"]}
"""}

ATTACKER = {"index.py": """
import ctypes, errno, os, re, socket
libc = ctypes.CDLL(None, use_errno=True)

def tried(action):
    try:
        result = action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return repr(result)

def connect(family, address):
    with socket.socket(family) as one:
        one.settimeout(5)
        one.connect(address)
        return one.recv(6)

def segment(key_or_id, by_id):
    if by_id:
        libc.shmat.restype = ctypes.c_void_p
        return "found" if libc.shmat(key_or_id, None, 0) != ctypes.c_void_p(-1).value else errno.errorcode[ctypes.get_errno()]
    return "found" if libc.shmget(key_or_id, 0, 0) >= 0 else errno.errorcode[ctypes.get_errno()]

def memory():
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as own:
        for line in maps.read().splitlines():
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "[v" in line or "r" not in line.split()[1]:
                continue
            try:
                own.seek(start)
                if re.search(rb"canary-of-[t]he-victim", own.read(end - start)):
                    return f"found in {line}"
            except (OSError, OverflowError):
                continue
    return "nothing"

def become(uid):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, tried(lambda: os.setuid(uid)).encode())
        os._exit(0)
    os.wait()
    return os.read(reading, 64).decode()

def handler(event, context):
    victim = event["victim"]
    return {
        "file": tried(lambda: open("/tmp/secret").read()),
        "shared file": tried(lambda: open("/dev/shm/secret").read()),
        "port": tried(lambda: connect(socket.AF_INET, ("127.0.0.1", 7777))),
        "abstract socket": tried(lambda: connect(socket.AF_UNIX, "\\0victim")),
        "socket": tried(lambda: connect(socket.AF_UNIX, "/tmp/socket")),
        "segment by key": segment(0x71C7, False),
        "segment by number": segment(victim["segment"], True),
        "its uid": become(victim["uid"]),
        "is it": os.getuid() == victim["uid"],
        "environment": [name for name, value in os.environ.items() if "canary" in value],
        "files": sorted(os.listdir("/tmp")) + sorted(os.listdir("/dev/shm")),
        "code": tried(lambda: [name for name in os.listdir("/var/task") if name != "index.py"]),
        "memory": memory(),
        "other users' processes": [pid for pid in os.listdir("/proc") if pid.isdigit() and os.stat(f"/proc/{pid}").st_uid != os.getuid()],
        "processes": len([pid for pid in os.listdir("/proc") if pid.isdigit()]),
    }
"""}

NOTHING = {
    "file": "ENOENT", "shared file": "ENOENT", "port": "ECONNREFUSED", "abstract socket": "ECONNREFUSED",
    "socket": "ENOENT", "segment by key": "ENOENT", "segment by number": "EINVAL", "its uid": "EPERM", "is it": False,
    "environment": [], "files": [], "code": "[]", "memory": "nothing", "other users' processes": [], "processes": 1,
}


@pytest.fixture(scope="module")
def victim(lam, invoke, python_runtime):
    lam.create_function(FunctionName="victim", Runtime=python_runtime, Handler="index.handler", Role=ROLE, Timeout=30,
                        Code={"ZipFile": zip_of(VICTIM)},
                        Environment={"Variables": {"SECRET": "canary-of-the-victim"}})
    told = invoke("victim")
    assert (told["told"], told["file"], told["environment"]) == ("secret", "canary-of-the-victim", "canary-of-the-victim")
    assert told["segment"] >= 0
    return told


def test_another_function_finds_nothing(lam, invoke, victim, python_runtime):
    lam.create_function(FunctionName="attacker", Runtime=python_runtime, Handler="index.handler", Role=ROLE, Timeout=30,
                        Code={"ZipFile": zip_of(ATTACKER)})
    assert invoke("attacker", {"victim": {name: victim[name] for name in ("segment", "uid")}}) == NOTHING
    # It was no accident of a victim that was gone.
    assert invoke("victim") == victim


def test_what_follows_in_the_machine_finds_nothing(lam, invoke, victim, python_runtime):
    """The victim goes; whatever takes its place on the machine, with its uid perhaps, begins with nothing."""
    lam.delete_function(FunctionName="victim")
    for number in range(3):
        name = f"heir-{number}"
        lam.create_function(FunctionName=name, Runtime=python_runtime, Handler="index.handler", Role=ROLE, Timeout=30,
                            Code={"ZipFile": zip_of(ATTACKER)})
        found = invoke(name, {"victim": {name: victim[name] for name in ("segment", "uid")}})
        # The uid of one that is gone may be given again; nothing that it had is left.
        assert found | {"is it": False, "its uid": "EPERM"} == NOTHING, found


def test_new_code_begins_anew(lam, invoke, python_runtime):
    """A new version of a function is another function: nothing of the old one's memory, files or variables."""
    remember = {"index.py": "import os\nseen = []\ndef handler(event, context):\n    seen.append(event)\n"
                            "    before = os.path.exists('/tmp/mark')\n    open('/tmp/mark', 'w').close()\n"
                            "    return [len(seen), before, os.environ.get('SECRET')]\n"}
    lam.create_function(FunctionName="renewed", Runtime=python_runtime, Handler="index.handler", Role=ROLE,
                        Code={"ZipFile": zip_of(remember)}, Environment={"Variables": {"SECRET": "1"}})
    assert [invoke("renewed"), invoke("renewed")] == [[1, False, "1"], [2, True, "1"]]
    lam.update_function_configuration(FunctionName="renewed", Environment={"Variables": {}})
    lam.get_waiter("function_updated_v2").wait(FunctionName="renewed", WaiterConfig={"Delay": 1})
    assert invoke("renewed") == [1, False, None]


RANDOM = {
    "python": {"index.py": """
import os, random, secrets, ssl, tempfile, threading, time, uuid
def handler(event, context):
    time.sleep(0.5)
    return [random.random(), secrets.token_hex(8), os.urandom(8).hex(), str(uuid.uuid4()), uuid.uuid1().hex,
            ssl.RAND_bytes(8).hex(), tempfile.mktemp(), random.SystemRandom().random()]
"""},
    "node": {"index.js": """
const crypto = require("crypto");
exports.handler = async () => {
  await new Promise((done) => setTimeout(done, 500));
  return [Math.random(), crypto.randomBytes(8).toString("hex"), crypto.randomUUID(), crypto.randomInt(2 ** 47)];
};
"""},
}


@pytest.mark.parametrize("language", sorted(RANDOM))
def test_no_two_instances_draw_the_same(lam, invoke, language, python_runtime, node_runtime):
    """Instances that come from one process, or from one image, must not share its randomness."""
    from concurrent.futures import ThreadPoolExecutor

    runtime = python_runtime if language == "python" else node_runtime
    name = f"random-{language}"
    lam.create_function(FunctionName=name, Runtime=runtime, Handler="index.handler", Role=ROLE, Timeout=30,
                        Code={"ZipFile": zip_of(RANDOM[language])})
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: invoke(name), range(8)))
    for values in zip(*drawn):
        assert len(set(values)) == len(drawn), json.dumps(drawn, indent=1)


MINE = {
    "python": {"index.py": """
import os, threading, time
seen = set()
def handler(event, context):
    seen.add(event["function"])
    with open("/tmp/" + event["function"], "a") as file:
        file.write("x")
    time.sleep(event["seconds"])
    return {"event": event, "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "own": os.environ["OWN"], "seen": sorted(seen),
            "files": sorted(os.listdir("/tmp")), "code": open("/var/task/own").read(), "id": context.aws_request_id}
"""},
    "node": {"index.js": """
const fs = require("fs");
const seen = new Set();
exports.handler = async (event, context) => {
  seen.add(event.function);
  fs.appendFileSync("/tmp/" + event.function, "x");
  await new Promise((done) => setTimeout(done, event.seconds * 1000));
  return { event, name: process.env.AWS_LAMBDA_FUNCTION_NAME, own: process.env.OWN, seen: [...seen],
           files: fs.readdirSync("/tmp").sort(), code: fs.readFileSync("/var/task/own", "utf8"), id: context.awsRequestId };
};
"""},
}


def test_answers_and_instances_never_mix(zerun, lam, python_runtime, node_runtime):
    """Many functions at once, started, used again and scaled out: each instance serves its own function alone."""
    from concurrent.futures import ThreadPoolExecutor

    names = []
    for number in range(8):
        language = "python" if number % 2 else "node"
        names.append(f"mine-{number}")
        lam.create_function(FunctionName=names[-1], Runtime=python_runtime if number % 2 else node_runtime, Role=ROLE,
                            Handler="index.handler", Timeout=30, Code={"ZipFile": zip_of(MINE[language] | {"own": names[-1]})},
                            Environment={"Variables": {"OWN": names[-1]}})
    clients = zerun.client("lambda", max_pool_connections=16)

    def run(number):
        event = {"function": names[number % 8], "number": number, "seconds": (number % 5) * 0.01}
        answer = clients.invoke(FunctionName=event["function"], Payload=json.dumps(event).encode())
        said = json.loads(answer["Payload"].read())
        own = event["function"]
        assert said == {"event": event, "name": own, "own": own, "seen": [own], "files": [own], "code": own,
                        "id": answer["ResponseMetadata"]["RequestId"]}, said
        return said["id"]

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(run, range(240)))
    assert len(set(ids)) == len(ids)
