"""Whatever the bytes are, opening them ends with an answer or with one of our sentences.

A few examples run in the quick suite; ``make fuzz`` runs FUZZ_EXAMPLES of them.
"""

from __future__ import annotations

import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("onnx")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instrunet.audio import containers, stream
from instrunet.bundles import Bundle
from instrunet.errors import InstrunetError
from tests.poison import container_bytes, sound_bytes
from tests.tiny_tagger import save_tiny

bounded = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "15")), deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow], derandomize="FUZZ_EXAMPLES" not in os.environ,
)  # fmt: skip
edits = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6)), min_size=1, max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def edited(body: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    """Overwrite bytes near the beginning."""
    bent = bytearray(body)
    for place, piece in changes:
        bent[place : place + len(piece)] = piece
    return bytes(bent)


@bounded
@given(name=st.sampled_from(["wav", "flac", "ogg", "mp3", "aiff", "au"]), changes=edits)
def test_bent_sounds(name: str, changes: list[tuple[int, bytes]]) -> None:
    decoded(edited(_sounds()[name], changes), name)


@bounded
@given(
    head=st.sampled_from([b"RIFF", b"fLaC", b"OggS", b"ID3\x04", b"\xff\xfb", b"FORM", b".snd", b""]), rest=st.binary()
)
def test_bytes_that_begin_like_a_sound(head: bytes, rest: bytes) -> None:
    decoded(head + rest, "wav")


@settings(bounded, max_examples=max(5, bounded.max_examples // 10))
@given(name=st.sampled_from(["m4a", "mka", "webm"]), changes=edits)
def test_bent_containers(name: str, changes: list[tuple[int, bytes]]) -> None:
    if name not in _containers():
        pytest.skip("PyAV is not here")
    with containers.one_child_for_many():
        decoded(edited(_containers()[name], changes), name)


def decoded(body: bytes, suffix: str) -> None:
    """Read at most a minute of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        path.write_bytes(body)
        try:
            with stream(path, sample_rate_hz=8_000, duration_s=60.0) as blocks:
                assert sum(map(len, blocks)) <= 480_000
        except InstrunetError as error:
            complaint = str(error)
        else:
            return
    assert complaint
    assert "\n" not in complaint


@bounded
@given(data=st.data())
def test_bent_bundles(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        body: dict[str, Any] = json.loads(_bundle()["bundle.json"])
        place: Any = body
        while isinstance(place, dict) and place:
            key = data.draw(st.sampled_from(sorted(place)))
            if not isinstance(place[key], dict) or data.draw(st.booleans()):
                place[key] = data.draw(values)
                break
            place = place[key]
        for name, content in {**_bundle(), "bundle.json": json.dumps(body).encode()}.items():
            (Path(folder) / name).write_bytes(content)
        opened(Path(folder))


@bounded
@given(body=st.binary(max_size=200))
def test_descriptions_of_any_bytes(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bundle.json").write_bytes(body)
        opened(Path(folder))


def opened(path: Path) -> None:
    try:
        bundle = Bundle.load(path)
    except InstrunetError:
        return
    assert bundle.kind != "tagger" or bundle.tagger.labels


@cache
def _bundle() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = save_tiny(Path(folder) / "tiny").path
        return {file.name: file.read_bytes() for file in path.iterdir()}


@cache
def _containers() -> dict[str, bytes]:
    return container_bytes()


@cache
def _sounds() -> dict[str, bytes]:
    return sound_bytes("wav", "flac", "ogg", "mp3", "aiff", "au")
