from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from instrunet.audio import AudioError, stream, write
from instrunet.errors import InstrunetError, UsageError
from instrunet.tagging.jobs import remote
from instrunet.tagging.jobs.ledger import Ledger, State
from instrunet.tagging.jobs.worker import local
from tests.synth import tone
from tests.tagging.jobs.command import Command

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """Two songs, a text that says it is one, and things that are none, in memory."""
    store = fsspec.filesystem("memory")
    write(tmp_path / "a.wav", tone(440.0, 0.3), 32_000)
    for name in ("songs/a.wav", "songs/deep/b.wav"):
        store.pipe_file(f"/bucket/{name}", (tmp_path / "a.wav").read_bytes())
    store.pipe_file("/bucket/songs/text.wav", b"not a sound at all")
    store.pipe_file("/bucket/songs/.hidden.wav", b"x")
    store.pipe_file("/bucket/songs/cover.png", b"x")
    yield "memory://bucket"
    store.rm("/bucket", recursive=True)


def test_audio_is_found_in_stores(bucket: str) -> None:
    found = remote.find_remote([f"{bucket}/songs/", f"{bucket}/songs/a.wav"])
    assert [name.rpartition("bucket/")[2] for name in found] == ["songs/a.wav", "songs/deep/b.wav", "songs/text.wav"]
    assert len(remote.find_remote([f"{bucket}/songs/*.wav"])) == 3
    assert "missing" in remote.find_remote([f"{bucket}/missing.wav"])[0]


def test_objects_are_fetched_tagged_and_forgotten(bucket: str) -> None:
    beats: list[None] = []
    with local(f"{bucket}/songs/a.wav", lambda: beats.append(None)) as file:
        with stream(file) as blocks:
            assert sum(map(len, blocks)) == 9600
        assert Path(file).exists()
    assert not Path(file).exists()
    assert beats
    with pytest.raises(InstrunetError, match=r"memory://bucket/songs/text\.wav: not audio"):
        with local(f"{bucket}/songs/text.wav", lambda: None) as file:
            stream(file)
    with pytest.raises(AudioError, match=r"memory://bucket/no\.wav: no such file"), remote.fetched(f"{bucket}/no.wav"):
        pass
    with pytest.raises(AudioError, match="is larger"), remote.fetched(f"{bucket}/songs/a.wav", most_bytes=1000):
        pass


def test_a_changed_object_looks_changed(bucket: str) -> None:
    before = remote.look_at(f"{bucket}/songs/a.wav")
    assert before == remote.look_at(f"{bucket}/songs/a.wav")
    fsspec.filesystem("memory").pipe_file("/bucket/songs/a.wav", b"other")
    assert remote.look_at(f"{bucket}/songs/a.wav") != before
    assert remote.look_at(f"{bucket}/songs/no.wav") is None


def test_tables_are_delivered_whole(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text("file\n")
    remote.deliver(tmp_path / "tags.csv", f"{bucket}/out/tags.csv")
    store = fsspec.filesystem("memory")
    assert store.cat("/bucket/out/tags.csv") == b"file\n"
    assert [name.rpartition("/")[2] for name in store.find("/bucket/out")] == ["tags.csv"]


@pytest.mark.parametrize("url", ["http://example.org/a.wav", "zip://a.wav::memory://b.zip", "ftp://h/a.wav"])
def test_other_protocols_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="only s3://"):
        remote.find_remote([url])


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket on an S3-compatible server of this machine."""
    pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    try:
        for _ in range(600):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        store = fsspec.filesystem("s3", skip_instance_cache=True)
        store.mkdir("library")
        yield "s3://library"
    finally:
        server.kill()
        server.wait()


@pytest.mark.slow
def test_a_bucket_is_tagged_into_a_bucket(s3: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    for k in range(3):
        write(tmp_path / f"{k}.wav", tone(440.0, 0.4), 32_000)
        store.put_file(os.fspath(tmp_path / f"{k}.wav"), f"library/songs/part-{k}/{k}.wav")
    store.pipe_file("library/songs/text.mp3", b"not a sound at all")
    run = ["tag", f"{s3}/songs/", "--model", tiny, "--out", f"{s3}/tables/tags.csv", "--jobs", 2]
    assert Command().start(*run).wait(timeout=300) == 1
    lines = store.cat("library/tables/tags.csv").decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [f"part-{k}/{k}.wav" for k in range(3)]
    with Ledger(tmp_path / "tags.csv.job") as ledger:
        assert ledger.counts()[State.DONE] == 3
        (failed,) = ledger.rows(State.FAILED)
        times = {row.path: row.attempts for row in ledger.rows()}
    assert str(failed.reason).startswith("s3://library/songs/text.mp3")
    assert Command().start(*run, "--resume").wait(timeout=300) == 1
    with Ledger(tmp_path / "tags.csv.job") as ledger:
        assert {row.path: row.attempts for row in ledger.rows()} == times
