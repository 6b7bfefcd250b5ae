"""Fetched weights: cache, digest, first-download record; the network is a local file server of the test."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from instrunet.models import weights as module
from instrunet.models.weights import PublicWeights, WeightsError, obtain

BODY = b"weights of a tiny network"
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the internet: serves BODY and lists what was asked for."""
    asked: list[str] = []
    served = tmp_path / "served"
    served.write_bytes(BODY)

    def open_url(url: str, timeout: float) -> object:
        asked.append(url)
        return served.open("rb")

    monkeypatch.setattr(module.urllib.request, "urlopen", open_url)
    monkeypatch.setenv("INSTRUNET_CACHE", str(tmp_path / "cache"))
    return asked


def test_a_download_is_checked_and_cached(network: list[str]) -> None:
    wanted = PublicWeights("tiny", "https://example.org/a/tiny.bin", "MIT", DIGEST)
    assert obtain(wanted).read_bytes() == BODY
    assert obtain(wanted).read_bytes() == BODY
    assert network == [wanted.url]


def test_other_bytes_are_refused(network: list[str]) -> None:
    with pytest.raises(WeightsError, match="not the tiny weights"):
        obtain(PublicWeights("tiny", "https://example.org/tiny.bin", "MIT", "0" * 64))


def test_without_a_known_digest_the_first_one_is_recorded(network: list[str]) -> None:
    wanted = PublicWeights("tiny", "https://example.org/tiny.bin", "MIT")
    kept = obtain(wanted)
    assert kept.with_name("tiny.bin.sha256").read_text().strip() == DIGEST
    kept.write_bytes(b"changed later")
    with pytest.raises(WeightsError, match="not the tiny weights"):
        obtain(wanted)


def test_no_network_means_a_sentence(network: list[str]) -> None:
    with pytest.raises(WeightsError, match="fetch them from https"):
        obtain(PublicWeights("tiny", "https://example.org/tiny.bin", "MIT"), fetch=False)
    with pytest.raises(WeightsError, match="only https"):
        obtain(PublicWeights("tiny", "file:///etc/tiny.bin", "MIT"))
    assert network == []
