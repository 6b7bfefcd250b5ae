"""What a service refuses: too much, too many, too long, without a token."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import sys
import threading
import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from instrunet.apps.service import listening
from instrunet.apps.service.decoding import DecodingLimits, IsolatedDecoding, Order
from instrunet.apps.service.desk import Desk
from instrunet.apps.service.problems import BusyError
from instrunet.apps.service.settings import ServiceSettings
from instrunet.audio import AudioError
from instrunet.errors import UsageError
from tests.apps.service.conftest import sound


def test_too_many_bytes_are_noticed_while_they_come(serve):
    client = serve(max_upload_bytes=50_000)
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 1_000_000:
            sent += 10_000
            yield bytes(10_000)

    refused = client.post("/v1/tags", content=endless())
    assert refused.status_code == 413
    assert refused.json()["error"]["code"] == "too_large"
    form = client.post("/v1/tags", files={"file": ("a.wav", bytes(60_000))})
    assert form.status_code == 413


def test_too_much_music_is_refused_but_a_part_of_it_is_heard(serve, flute):
    client = serve(max_duration_s=1.0)
    refused = client.post("/v1/tags", files={"file": ("a.wav", flute)})
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_long")
    assert client.post("/v1/tags", params={"duration_s": 0.9}, files={"file": ("a.wav", flute)}).status_code == 200
    beyond = client.post("/v1/tags", params={"duration_s": 1.4}, files={"file": ("a.wav", flute)})
    assert beyond.status_code == 413


def test_the_one_too_many_is_told_to_come_back(serve, flute, monkeypatch):
    client = serve(concurrency=1, max_waiting=0)
    house = client.app.state.house
    go = threading.Event()
    answer = house.answer
    monkeypatch.setattr(house, "answer", lambda *a, **k: (go.wait(10), answer(*a, **k))[1])
    first: list[int] = []
    thread = threading.Thread(target=lambda: first.append(_post(client, flute).status_code))
    thread.start()
    while not house.desk.n_inside:
        time.sleep(0.005)
    refused = _post(client, flute)
    go.set()
    thread.join()
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert first == [200]
    assert _post(client, flute).status_code == 200


def test_waiting_has_room_for_as_many_as_said():
    async def scene() -> None:
        desk = Desk(1, 1)
        async with desk.admitted(), desk.admitted():
            with pytest.raises(BusyError):
                async with desk.admitted():
                    pass
        assert desk.n_inside == 0

    asyncio.run(scene())


def test_a_token(serve, flute):
    client = serve(token="a-long-secret")
    assert client.get("/healthz").status_code == 200
    refused = _post(client, flute)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert client.get("/metrics", headers={"Authorization": "Bearer a-long-secreT"}).status_code == 401
    assert client.get("/v1/models", headers={"Authorization": "Bearer a-long-secret"}).status_code == 200


def test_no_other_origin_may_read_unless_said(client, serve):
    other = {"Origin": "https://elsewhere.example"}
    assert "access-control-allow-origin" not in client.get("/v1/models", headers=other).headers
    allowed = serve(cors_origins=(other["Origin"],)).get("/v1/models", headers=other)
    assert allowed.headers["access-control-allow-origin"] == other["Origin"]


def test_listening_has_a_time(serve, flute, monkeypatch):
    client = serve(request_time_s=1.0)
    now = iter(range(0, 10_000, 100))
    monkeypatch.setattr(listening, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(now))}))
    refused = _post(client, flute)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "timeout")


def test_an_upload_that_stalls_is_ended(serve, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    app = serve(request_time_s=0.3).app
    coming = iter([{"type": "http.request", "body": b"RIFF", "more_body": True}])
    answer: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        for message in coming:
            return message
        await asyncio.sleep(30)
        raise AssertionError("nobody ended it")

    async def send(message: MutableMapping[str, Any]) -> None:
        answer.append(message)

    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/v1/tags", "raw_path": b"/v1/tags",
             "query_string": b"", "root_path": "", "scheme": "http", "headers": [], "client": ("127.0.0.1", 1),
             "server": ("127.0.0.1", 80), "app": app}  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert answer[0]["status"] == 408
    assert json.loads(answer[1]["body"])["error"]["code"] == "upload_timeout"
    assert list(tmp_path.iterdir()) == []


def test_settings_that_let_nothing_through():
    with pytest.raises(UsageError, match="max_upload_bytes"):
        ServiceSettings(max_upload_bytes=0)
    with pytest.raises(UsageError, match="token"):
        ServiceSettings(token="abc")


def test_nothing_is_left_behind(serve, tmp_path, monkeypatch, flute):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = serve()
    _post(client, flute)
    _post(client, b"no audio")
    job = client.post("/v1/jobs", content=flute).json()["id"]
    while client.get(f"/v1/jobs/{job}").json()["state"] not in ("done", "failed"):
        time.sleep(0.02)
    assert list(tmp_path.iterdir()) == []


def test_a_decoder_that_is_stuck_or_killed_is_a_sentence(tmp_path: Path):
    os.mkfifo(tmp_path / "never.wav")  # opening it waits for a writer that never comes
    decoding = IsolatedDecoding(DecodingLimits(stall_s=1.0), n_ready=0)
    with pytest.raises(AudioError, match=r"never\.wav"):
        decoding.open(Order(str(tmp_path / "never.wav"), 8_000), name="never.wav", longest_s=60)
    decoding.close()


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="this system has no such means"
)
def test_a_decoder_cannot_open_sockets(tmp_path: Path):
    (tmp_path / "a.wav").write_bytes(sound(15.0))
    decoding = IsolatedDecoding(n_ready=0)
    with decoding.open(Order(str(tmp_path / "a.wav"), 8_000), name="a.wav", longest_s=60) as blocks:
        status = Path(f"/proc/{blocks._child.pid}/status").read_text()  # it waits for its first block to be read
    decoding.close()
    assert re.search(r"^Seccomp:\s*2$", status, re.MULTILINE), status


def test_a_decoder_has_little_memory_and_a_bare_environment(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("INSTRUNET_TOKEN", "a-long-secret")
    (tmp_path / "a.wav").write_bytes(sound(1.0))
    decoding = IsolatedDecoding(n_ready=1)
    decoding.warm_up()
    child = decoding._ready.get_nowait()
    environment = Path(f"/proc/{child.pid}/environ")
    if environment.exists():
        assert b"SECRET" not in environment.read_bytes().upper()
    decoding._ready.put(child)
    with decoding.open(Order(str(tmp_path / "a.wav"), 8_000), name="a.wav", longest_s=60) as blocks:
        assert sum(len(block) for block in blocks) == 8_000
    decoding.close()
    (tmp_path / "a.wav").write_bytes(sound(20.0))
    decoding = IsolatedDecoding(DecodingLimits(memory_bytes=1 << 20), n_ready=0)
    with pytest.raises(AudioError, match=r"a\.wav"):
        list(decoding.open(Order(str(tmp_path / "a.wav"), 8_000), name="a.wav", longest_s=60))


def _post(client, body):
    return client.post("/v1/tags", files={"file": ("a.wav", body)})
