"""The main job, end to end: a photograph is uploaded, a function makes its thumbnail, a URL shows it."""

import importlib.util
import sys

import pytest

from http_client import request, url_path
from server import ROOT

EXAMPLE = ROOT / "examples/photos"


@pytest.fixture(scope="module")
def gallery(zerun):
    """Deploys the example and returns the gallery's URL."""
    deploy = load("deploy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", zerun.endpoint)
        return deploy.deploy(zerun.session(), ROOT / "target/photos-build")


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_each_photograph_has_a_thumbnail(gallery, s3):
    photos = [entry["Key"] for entry in s3.list_objects_v2(Bucket="photos")["Contents"]]
    thumbnails = [entry["Key"] for entry in s3.list_objects_v2(Bucket="thumbnails")["Contents"]]
    assert photos == thumbnails == ["astronaut.jpg", "chelsea.jpg", "coffee.jpg"]
    for key in thumbnails:
        thumbnail = s3.get_object(Bucket="thumbnails", Key=key)
        assert thumbnail["ContentType"] == "image/jpeg"
        width, height = jpeg_size(thumbnail["Body"].read())
        assert max(width, height) == 200, (key, width, height)


def test_the_gallery_shows_them(gallery, zerun):
    page = request(zerun.endpoint, "GET", url_path(gallery) + "/")
    assert page.status == 200, page.text
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.text.count("<figure>") == 3
    assert 'src="thumb/chelsea.jpg"' in page.text


def test_the_gallery_serves_the_image_itself(gallery, zerun, s3):
    stored = s3.get_object(Bucket="thumbnails", Key="chelsea.jpg")["Body"].read()
    by_path = request(zerun.endpoint, "GET", url_path(gallery) + "/thumb/chelsea.jpg")
    assert (by_path.status, by_path.headers["Content-Type"]) == (200, "image/jpeg")
    assert by_path.body == stored
    host = gallery.split("//")[1].rstrip("/")
    by_name = request(zerun.endpoint, "GET", "/thumb/chelsea.jpg", host=host)
    assert by_name.body == stored
    assert request(zerun.endpoint, "GET", "/thumb/none.jpg", host=host).status == 404


def test_deploying_again_updates_what_is_there(gallery, zerun, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", zerun.endpoint)
    assert sys.modules["deploy"].deploy(zerun.session(), ROOT / "target/photos-build") == gallery


def jpeg_size(image):
    """Width and height from the start-of-frame segment."""
    at = 2
    while True:
        marker, length = image[at + 1], int.from_bytes(image[at + 2:at + 4])
        if 0xC0 <= marker <= 0xC3:
            return int.from_bytes(image[at + 7:at + 9]), int.from_bytes(image[at + 5:at + 7])
        at += 2 + length
