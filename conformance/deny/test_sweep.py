"""Must deny: every operation there is, refused to everybody who may not, for the right reason, and without effect.

The operations come from the binary's own table. See `cases.py` for what a new one needs.
"""

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import end
from deny.asking import Caller
from deny.cases import FREE, WRITTEN, case_of
from deny.state import state
from deny.things import ACCOUNT, Things
from server import BINARY, Server, clean_environment

OTHER = ("AKIAOTHEROTHEROTHER1", "other-secret-other-secret-other-secret-0")
CONFIG = f"""
[[account]]
id = "111111111111"
access_key_id = "{OTHER[0]}"
secret_access_key = "{OTHER[1]}"
display_name = "other"
"""
EXAMINED = "deny-examined"

# Each service's documented shape of a refusal: (status, code).
NO_CREDENTIALS = {
    "iam": (403, "MissingAuthenticationToken"), "sts": (403, "MissingAuthenticationToken"),
    "lambda": (403, "MissingAuthenticationTokenException"), "s3": (403, "AccessDenied"),
    "dynamodb": (400, "MissingAuthenticationTokenException"),
    "sqs": (403, "MissingAuthenticationToken"), "sns": (403, "MissingAuthenticationToken")}
WRONG_SIGNATURE = {
    "iam": (403, "SignatureDoesNotMatch"), "sts": (403, "SignatureDoesNotMatch"),
    "lambda": (403, "InvalidSignatureException"), "s3": (403, "SignatureDoesNotMatch"),
    "dynamodb": (400, "InvalidSignatureException"), "sqs": (403, "SignatureDoesNotMatch"),
    "sns": (403, "SignatureDoesNotMatch")}
EXPIRED = {
    "iam": (403, "ExpiredToken"), "sts": (403, "ExpiredToken"),
    "lambda": (403, "ExpiredTokenException"), "s3": (400, "ExpiredToken"),
    "dynamodb": (400, "ExpiredTokenException"), "sqs": (403, "ExpiredToken"),
    "sns": (403, "ExpiredToken")}
# What needs no signature but something else, which proves nothing.
NO_TOKEN = (400, "InvalidIdentityToken")
DENIED = {
    "iam": (403, "AccessDenied"), "sts": (403, "AccessDenied"),
    "lambda": (403, "AccessDeniedException"), "s3": (403, "AccessDenied"),
    "dynamodb": (400, "AccessDeniedException"), "sqs": (403, "AccessDenied"),
    "sns": (403, "AuthorizationError")}


@pytest.fixture(scope="module")
def zerun(tmp_path_factory, packs):
    folder = tmp_path_factory.mktemp("deny")
    (folder / "zerun.toml").write_text(CONFIG)
    server = Server(folder / "data", options=["--config", folder / "zerun.toml"]).start()
    yield server
    end(server)


@pytest.fixture(scope="module")
def table():
    printed = subprocess.run([BINARY, "operations", "--format", "json"], check=True, capture_output=True,
                             env=clean_environment())
    return json.loads(printed.stdout)


@pytest.fixture(scope="module")
def things(zerun, python_runtime):
    return Things(zerun, python_runtime)


@pytest.fixture(scope="module")
def cases(table, things):
    return [case_of(line, things) for line in table]


@pytest.fixture(scope="module")
def examined(zerun, iam):
    """Gives one user a policy, in place of the one before, and is that user."""
    iam.create_user(UserName=EXAMINED)
    key = iam.create_access_key(UserName=EXAMINED)["AccessKey"]
    caller = Caller(zerun, (key["AccessKeyId"], key["SecretAccessKey"]))

    def allowed(**statement):
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | statement]}
        iam.put_user_policy(UserName=EXAMINED, PolicyName="p", PolicyDocument=json.dumps(document))
        return caller

    return allowed


@contextmanager
def nothing_changes(zerun):
    before = state(zerun, without_users=[EXAMINED])
    yield
    after = state(zerun, without_users=[EXAMINED])
    changed = [what for what in before if before[what] != after[what]]
    assert not changed, {what: (before[what], after[what]) for what in changed}


class Failures:
    """Collects what is wrong of many cases, so that one run tells it all."""

    def __init__(self):
        self.found = []

    def check(self, holds, case, *words):
        if not holds:
            self.found.append(" ".join([case.id, *map(str, words)]))

    def refused(self, case, answer, shapes):
        status, code = NO_TOKEN if case.written.unsigned else shapes[case.service]
        # What is asked with HEAD is answered without a body, so without a code but the status.
        codes = (code, str(status)) if case.operation.startswith("Head") else (code,)
        self.check(answer.status == status and answer.code in codes, case, answer)

    def none(self):
        assert not self.found, f"{len(self.found)} of them:\n" + "\n".join(self.found)


@pytest.fixture
def failures():
    failures = Failures()
    yield failures
    failures.none()


def test_each_operation_has_a_case(table, cases):
    assert len(cases) == len(table) > 150
    lines = {f"{line['service']}:{line['operation']}" for line in table}
    assert not set(WRITTEN) - lines, "cases of operations that are not there"


def test_without_credentials(zerun, cases, failures):
    nobody = Caller(zerun, None)
    with nothing_changes(zerun):
        for case in cases:
            failures.refused(case, nobody.ask(case), NO_CREDENTIALS)


def test_with_a_wrong_signature(zerun, cases, failures):
    access, secret = zerun.keys()
    forger = Caller(zerun, (access, secret[:-1] + ("x" if secret[-1] != "x" else "y")))
    with nothing_changes(zerun):
        for case in cases:
            failures.refused(case, forger.ask(case), WRONG_SIGNATURE)


def test_with_a_session_that_expired(zerun, sts, cases, failures):
    made = sts.get_session_token()["Credentials"]
    keys = (made["AccessKeyId"], made["SecretAccessKey"])
    assert Caller(zerun, keys, made["SessionToken"]).client("s3").list_buckets(), "it was good before"
    aged = subprocess.run(
        ["node", Path(__file__).with_name("aged_token.js"), zerun.data / "master.key", keys[0], made["SessionToken"]],
        check=True, capture_output=True, text=True).stdout
    late = Caller(zerun, keys, aged)
    with nothing_changes(zerun):
        for case in cases:
            failures.refused(case, late.ask(case), EXPIRED)


def test_with_a_session_s_token_spoiled(zerun, sts, cases, failures):
    made = sts.get_session_token()["Credentials"]
    token = made["SessionToken"]
    spoiled = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    liar = Caller(zerun, (made["AccessKeyId"], made["SecretAccessKey"]), spoiled)
    with nothing_changes(zerun):
        for case in cases:
            answer = liar.ask(case)
            failures.check(answer.status in (400, 403) and answer.is_error, case, answer)


def test_as_another_account(zerun, cases, things, failures):
    """Whatever names something of this account is refused; all else stays in the other account, and tells nothing."""
    other = Caller(zerun, OTHER)
    asked = [(case, *case.foreign(things)) for case in cases]
    with nothing_changes(zerun):
        for case, params, names_ours in asked:
            answer = other.ask(case, params)
            if case.written.open_to_others:
                failures.check(not answer.is_error, case, answer)
            elif names_ours:
                expected = (NO_TOKEN[0],) if case.written.unsigned else (DENIED[case.service][0], 404, 409)
                failures.check(answer.status in expected, case, answer)
            else:
                failures.check(answer.is_error or ACCOUNT not in str(answer.told), case, answer)


def test_with_every_permission_but_one(zerun, examined, cases, failures):
    with nothing_changes(zerun):
        for case in cases:
            # Nothing of the caller's own counts where it is not signed.
            if case.written.free or case.written.unsigned:
                continue
            for action in case.actions:
                answer = examined(NotAction=action).ask(case)
                failures.refused(case, answer, DENIED)
                is_named = f"{EXAMINED} is not authorized to perform: {action} on" in answer.message
                failures.check(is_named or case.operation.startswith("Head"), case, action, answer)


def test_nobody_can_forbid_what_is_free(examined, cases, failures):
    free = [case for case in cases if case.written.free]
    assert {case.action for case in free} == {"sts:GetCallerIdentity", "sts:GetSessionToken"}
    for case in free:
        failures.check(not examined(Effect="Deny", Action=case.action).ask(case).is_error, case, FREE)


# The last, since it changes what the others ask about.
def test_with_that_permission_alone(things, examined, cases, failures):
    """The control: each of these requests passes with its own permissions and no other, so that none of the refusals
    came from anything else."""
    for case in cases:
        if case.written.unsigned:
            continue  # Tested with tokens that are good, in boto3/test_web_identity.py.
        case.written.before(things)
        answer = examined(Action=case.actions).ask(case)
        failures.check(not answer.is_error, case, answer)
