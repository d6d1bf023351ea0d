"""From a denial to what allows it, with the AWS CLI and `zerun explain` alone, as somebody at a shell does it."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

from command import zerun as command


def test_the_command_that_explain_prints_allows_what_was_denied(zerun, aws, bucket):
    aws("iam", "create-user", "--user-name", "bea")
    key = json.loads(aws("iam", "create-access-key", "--user-name", "bea"))["AccessKey"]
    environment = zerun.client_environment() | {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def as_bea(*words):
        return subprocess.run([Path(sys.executable).with_name("aws"), *words], env=environment, capture_output=True,
                              text=True, timeout=300)

    denied = as_bea("s3api", "list-objects-v2", "--bucket", bucket)
    assert denied.returncode != 0 and "Encoded authorization failure message: " in denied.stderr, denied.stderr
    told = command(zerun, "explain", denied.stderr.strip())
    offered = [line for line in told.splitlines() if line.startswith("aws iam put-user-policy")]
    assert len(offered) == 1, told
    aws(*shlex.split(offered[0])[1:])
    allowed = as_bea("s3api", "list-objects-v2", "--bucket", bucket)
    assert allowed.returncode == 0, allowed.stderr

    encoded = denied.stderr.split("Encoded authorization failure message: ")[1].strip()
    decoded = aws("sts", "decode-authorization-message", "--encoded-message", encoded)
    decoded = json.loads(json.loads(decoded)["DecodedMessage"])
    assert decoded["context"]["action"] == "s3:ListBucket", decoded
