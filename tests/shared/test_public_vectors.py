"""The query string hash is that of the vectors that were published for it."""

import json
from urllib.parse import urlsplit

import pytest

from shared.qsh import canonical
from tests.clients.npm import unpacked

pytestmark = pytest.mark.client


def test_all_78_public_vectors_are_written_the_same() -> None:
    """Case 22."""
    file = unpacked("atlassian-jwt", "0.1.5") / "test/resources/jwt-signed-urls.json"
    vectors = json.loads(file.read_text())["tests"]
    assert len(vectors) == 78
    for vector in vectors:
        signed = urlsplit(vector["signedUrl"])
        assert canonical("GET", signed.path, signed.query) == vector["canonicalUrl"], vector
