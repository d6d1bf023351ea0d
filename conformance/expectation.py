"""What an AWS client is expected to be told."""

from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(*codes, status=None, naming=None):
    """The call inside must be refused with one of `codes`, a 4xx status, and a message that contains `naming`."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    got = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert error["Code"] in codes, f"{error['Code']} ({got}): {error.get('Message')}"
    assert 400 <= got < 500, f"{got} {error}"
    assert status is None or got == status, f"{got} {error}"
    if naming is not None:
        assert naming.lower() in error.get("Message", "").lower(), error
