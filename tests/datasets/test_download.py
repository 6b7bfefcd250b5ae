"""Downloads, against a server in this process: no test leaves the machine."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from instrunet.datasets import transfer
from instrunet.datasets.download import RECORD, chosen_remotes, download, remotes
from instrunet.datasets.transfer import Remote, fetch
from instrunet.errors import InstrunetError, UsageError

CONTENT = bytes(range(256)) * 400


class Server(ThreadingHTTPServer):
    files: dict[str, bytes]
    breaks_at: int | None = None
    ranges = True
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if self.server.breaks_at is not None:
            end, self.server.breaks_at = self.server.breaks_at, None
        self.wfile.write(content[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.files, made.asked = {"/a.bin": CONTENT}, []
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def remote(server: Server, name: str = "a.bin", md5: str | None = None) -> Remote:
    return Remote("part", f"http://127.0.0.1:{server.server_port}/{name}", name, md5)


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def test_a_file_is_fetched_checked_and_not_fetched_again(server: Server, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    wanted = remote(server, md5=md5(CONTENT))
    assert fetch(wanted, tmp_path, progress=lambda done, total: steps.append((done, total))).digest == md5(CONTENT)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(wanted, tmp_path).was_there
    assert len(server.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_transfer_goes_on_where_it_stopped(server: Server, tmp_path: Path, ranges: bool) -> None:
    server.breaks_at, server.ranges = 1000, ranges
    fetch(remote(server, md5=md5(CONTENT)), tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-"]


def test_an_earlier_run_is_gone_on_from(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:5000])
    fetch(remote(server, md5=md5(CONTENT)), tmp_path)
    assert server.asked == ["bytes=5000-"]
    assert not (tmp_path / "a.bin.part").exists()


def test_a_whole_part_is_taken_and_a_wrong_one_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    assert fetch(remote(server, md5=md5(CONTENT)), tmp_path).digest == md5(CONTENT)
    (tmp_path / "a.bin").unlink()
    (tmp_path / "a.bin.part").write_bytes(b"x" * len(CONTENT))
    with pytest.raises(InstrunetError, match="removed, try again"):
        fetch(remote(server, md5=md5(CONTENT)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_refusals_are_one_clear_sentence(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InstrunetError, match="the server says 404"):
        fetch(remote(server, "none.bin"), tmp_path)
    monkeypatch.setattr(transfer, "ATTEMPTS", 2)
    with pytest.raises(InstrunetError, match="connection broke"):
        fetch(Remote("part", "http://127.0.0.1:1/a.bin", "b.bin"), tmp_path)
    with pytest.raises(InstrunetError, match="only http"):
        fetch(Remote("part", "file:///etc/hostname", "c.bin"), tmp_path)
    (tmp_path / "a.bin").write_bytes(b"something else")
    with pytest.raises(InstrunetError, match="remove it to fetch it anew"):
        fetch(remote(server, md5=md5(CONTENT)), tmp_path)


def archive(kind: str, names: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(packed, "w") as made:
            for name, content in names.items():
                made.writestr(name, content)
    else:
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, content in names.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize(("kind", "suffix"), [("zip", ".zip"), ("tar", ".tar.gz"), ("tar", ".tgz")])
def test_archives_are_unpacked_once_and_may_be_removed(server: Server, tmp_path: Path, kind: str, suffix: str) -> None:
    server.files[f"/a{suffix}"] = archive(kind, {"IRMAS/cel/a.wav": b"sound", "IRMAS/é.txt": b"x"})
    wanted = [remote(server, f"a{suffix}")]
    (first,) = download(wanted, tmp_path, keep_archives=False)
    assert not first.checked
    assert (tmp_path / "IRMAS/cel/a.wav").read_bytes() == b"sound"
    assert not (tmp_path / f"a{suffix}").exists()
    (again,) = download(wanted, tmp_path)
    assert again.was_there
    assert again.md5 == first.md5
    assert len(server.asked) == 1


def test_a_checksum_that_nobody_publishes_is_kept_from_the_first_time(server: Server, tmp_path: Path) -> None:
    (first,) = download([remote(server)], tmp_path)
    assert not first.checked
    assert first.md5 in (tmp_path / RECORD).read_text()
    (tmp_path / "a.bin").unlink()
    server.files["/a.bin"] = b"changed"
    with pytest.raises(InstrunetError, match="removed, try again"):
        download([remote(server)], tmp_path)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_that_leads_outside_is_refused(server: Server, tmp_path: Path, kind: str) -> None:
    server.files["/evil.zip"] = archive(kind, {"../../outside.txt": b"x"})
    with pytest.raises(InstrunetError, match=r"evil\.zip"):
        download([remote(server, "evil.zip")], tmp_path / "deep/inside")
    assert not (tmp_path / "outside.txt").exists()


def test_a_damaged_archive_is_named(server: Server, tmp_path: Path) -> None:
    server.files["/a.zip"] = b"PK not really"
    with pytest.raises(InstrunetError, match=r"a\.zip: cannot be unpacked"):
        download([remote(server, "a.zip")], tmp_path)


def test_what_is_given_out_on_request_says_where() -> None:
    with pytest.raises(InstrunetError, match=r"on request.*zenodo"):
        remotes("medleydb")
    with pytest.raises(InstrunetError, match="cannot be downloaded"):
        remotes("folder")


def test_nsynth_has_addresses_of_its_own() -> None:
    assert [entry.name for entry in remotes("nsynth")] == ["train", "valid", "test"]


@pytest.mark.slow
def test_mirdata_knows_addresses_and_checksums() -> None:
    for name, n_parts in (("irmas", 4), ("openmic", 1), ("slakh", 2), ("medley_solos_db", 2)):
        known = remotes(name)
        assert len(known) == n_parts
        assert all(len(entry.md5 or "") == 32 for entry in known)
    assert [entry.name for entry in chosen_remotes("slakh")] == ["2100-redux"]
    with pytest.raises(UsageError, match="no part 3100"):
        chosen_remotes("slakh", ["3100"])
