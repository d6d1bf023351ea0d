"""The AWS CLI's own S3 commands, unmodified."""

import hashlib
import json
import os
import urllib.error
import urllib.request

import pytest

MIB = 1024 * 1024


def test_make_copy_list_remove(aws, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("written by the CLI\n")
    aws("s3", "mb", "s3://cli-basics")
    assert "cli-basics" in aws("s3", "ls")
    aws("s3", "cp", note, "s3://cli-basics/notes/note.txt")
    listed = aws("s3", "ls", "s3://cli-basics/notes/")
    assert listed.split()[2:] == [str(note.stat().st_size), "note.txt"]
    assert "PRE notes/" in aws("s3", "ls", "s3://cli-basics")
    aws("s3", "cp", "s3://cli-basics/notes/note.txt", "s3://cli-basics/copied to.txt")
    aws("s3", "mv", "s3://cli-basics/copied to.txt", "s3://cli-basics/moved.txt")
    assert aws("s3", "cp", "s3://cli-basics/moved.txt", "-") == note.read_text()
    assert "BucketNotEmpty" in aws("s3", "rb", "s3://cli-basics", succeeds=False)
    aws("s3", "rm", "s3://cli-basics", "--recursive")
    assert aws("s3", "ls", "s3://cli-basics") == ""
    aws("s3", "rb", "s3://cli-basics")
    assert "NoSuchBucket" in aws("s3", "ls", "s3://cli-basics", succeeds=False)


def test_sync_both_ways(aws, bucket, tmp_path):
    source = tmp_path / "source"
    for path in ("a.txt", "deep/er/b.txt", "ünï/cödé ☂.txt", "plus+and&more=.txt"):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(f"content of {path}")
        # S3 tells times in whole seconds, so a file of the same second would look newer than its copy.
        os.utime(source / path, (1_700_000_000, 1_700_000_000))
    aws("s3", "sync", source, f"s3://{bucket}/tree")
    assert aws("s3", "sync", source, f"s3://{bucket}/tree") == "", "a second sync has nothing to do"

    (source / "a.txt").unlink()
    (source / "deep/er/b.txt").write_text("changed, and longer than before")
    said = aws("s3", "sync", source, f"s3://{bucket}/tree", "--delete", "--no-progress")
    assert len(said.strip().splitlines()) == 2, said

    target = tmp_path / "target"
    aws("s3", "sync", f"s3://{bucket}/tree", target)
    assert tree(target) == tree(source)


def test_presigned_get(aws, bucket):
    aws("s3", "cp", "-", f"s3://{bucket}/hello.txt", input="hello by link")
    url = aws("s3", "presign", f"s3://{bucket}/hello.txt", "--expires-in", "60").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello by link"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("hello.txt", "other.txt"))
    assert caught.value.code == 403
    assert b"SignatureDoesNotMatch" in caught.value.read()


def test_upload_of_300_mib_in_parts(aws, bucket, tmp_path):
    big = tmp_path / "big.bin"
    with open(big, "wb") as file:
        for _ in range(300):
            file.write(os.urandom(MIB))
    aws("s3", "cp", big, f"s3://{bucket}/big.bin")
    head = json.loads(aws("s3api", "head-object", "--bucket", bucket, "--key", "big.bin"))
    assert head["ContentLength"] == 300 * MIB
    # The CLI cuts at 8 MiB, and an upload in parts says so in its ETag.
    assert head["ETag"].endswith('-38"'), head["ETag"]

    back = tmp_path / "back.bin"
    aws("s3", "cp", f"s3://{bucket}/big.bin", back)
    assert digest(back) == digest(big)

    piece = tmp_path / "piece.bin"
    across_two_parts = slice(8 * MIB - 1000, 8 * MIB + 1000)
    aws("s3api", "get-object", "--bucket", bucket, "--key", "big.bin", piece,
        "--range", f"bytes={across_two_parts.start}-{across_two_parts.stop - 1}")
    assert piece.read_bytes() == big.read_bytes()[across_two_parts]

    assert "Uploads" not in aws("s3api", "list-multipart-uploads", "--bucket", bucket)


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
