"""POST /v1/tags: the same JSON as the command line, and a sentence for whatever is wrong."""

from __future__ import annotations

import json
import sys

import pytest

pytest.importorskip("fastapi")

from instrunet.apps import cli
from instrunet.apps.service.schema import TAGS_EXAMPLE, RefusalJson, TagsJson
from tests.apps.service.conftest import sound


def error_of(response):
    """Every refusal has the same shape."""
    return RefusalJson.model_validate(response.json()).error


@pytest.mark.parametrize("timeline", [False, True])
def test_the_answer_is_that_of_the_command_line(client, flute, tiny_model, tmp_path, monkeypatch, capsys, timeline):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "song.wav").write_bytes(flute)
    asked = ["--timeline"] if timeline else []
    monkeypatch.setattr(sys, "argv", ["instrunet", "tag", "song.wav", "--model", str(tiny_model), "-f", "json", *asked])
    with pytest.raises(SystemExit):
        cli.main()
    (said,) = json.loads(capsys.readouterr().out)
    query = {"timeline": str(timeline).lower()}
    answer = client.post("/v1/tags", params=query, files={"file": ("song.wav", flute)})
    assert answer.status_code == 200
    assert answer.json() == said
    assert TagsJson.model_validate(said).detected == ["flute"]


def test_a_raw_body_a_vocabulary_a_threshold_and_a_part(client):
    query = {"vocabulary": "openmic", "threshold": "0.2", "start_s": "0.5", "duration_s": "0.5"}
    body = sound(1.5, 1, kind="FLAC")
    answer = client.post("/v1/tags", params=query, content=body, headers={"X-Filename": "../a/viola.flac"}).json()
    assert (answer["path"], answer["vocabulary"], answer["start_s"], answer["duration_s"]) == (
        "viola.flac",
        "openmic",
        0.5,
        0.5,
    )
    assert {one["threshold"] for one in answer["instruments"]} == {0.2}
    assert answer["instruments"][0]["label"] == "violin"


def test_the_example_of_the_documentation_is_valid():
    TagsJson.model_validate(TAGS_EXAMPLE)


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"", "empty"), (b"roses are red, violets are blue" * 9, "not audio"), (sound()[:30], ""), (b"RIFF\0\0", "")],
)
def test_what_is_not_audio_is_a_sentence(client, body, words):
    refused = client.post("/v1/tags", files={"file": ("poem.mp3", body)})
    assert refused.status_code == 422
    error = error_of(refused)
    assert error.code == "not_audio"
    assert "poem.mp3" in error.message
    assert words in error.message
    assert "instrunet-upload" not in error.message


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"model": "../../etc"}, 404, "not_found"),
        ({"vocabulary": "klingon"}, 422, "bad_option"),
        ({"threshold": "often"}, 422, "bad_option"),
        ({"threshold": "7"}, 422, "bad_option"),
        ({"start_s": "-1"}, 422, "bad_option"),
        ({"start_s": "nan"}, 422, "bad_option"),
        ({"start_s": "99"}, 422, "not_audio"),
    ],
)
def test_options_that_make_no_sense(client, flute, query, status, code):
    refused = client.post("/v1/tags", params=query, files={"file": ("a.wav", flute)})
    assert (refused.status_code, error_of(refused).code) == (status, code)


def test_a_form_without_a_file_and_a_damaged_one(client):
    assert error_of(client.post("/v1/tags", files={"other": ("a.wav", b"x")})).code == "bad_request"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert error_of(client.post("/v1/tags", content=b"--y\r\n", headers=headers)).code == "bad_request"
    headers = {"Content-Type": "multipart/form-data"}
    assert error_of(client.post("/v1/tags", content=b"--y\r\n", headers=headers)).code == "bad_request"


def test_models_and_vocabularies(client):
    models = client.get("/v1/models").json()
    assert models[0]["default"]
    assert models[0]["labels"] == ["flute", "violin", "drums"]
    assert "fusion" in [model["name"] for model in models]  # told of, though YAMNet may not be here
    assert "openmic" in [v["name"] for v in client.get("/v1/vocabularies").json()]


def test_health_metrics_and_unknown_paths(client, flute):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json()["status"] == "ready"
    client.post("/v1/tags", files={"file": ("a.wav", flute)})
    assert error_of(client.get("/v2/tags")).code == "not_found"
    text = client.get("/metrics").text
    assert 'instrunet_requests_total{method="POST",route="/v1/tags",status="200"}' in text
    assert 'le="+Inf"' in text
    assert "instrunet_audio_seconds_total" in text


def test_the_openapi_schema_tells_bodies_examples_and_refusals(client):
    paths = client.get("/openapi.json").json()["paths"]
    post = paths["/v1/tags"]["post"]
    assert set(post["requestBody"]["content"]) == {"multipart/form-data", "application/octet-stream"}
    assert post["responses"]["200"]["content"]["application/json"]["example"] == TAGS_EXAMPLE
    assert {"401", "413", "422", "429"} <= set(post["responses"])
