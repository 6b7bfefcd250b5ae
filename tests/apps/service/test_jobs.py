"""Jobs: handed in, followed, fetched, forgotten."""

from __future__ import annotations

import json
import time

import pytest

pytest.importorskip("fastapi")

from instrunet.apps.service.schema import JobJson


def ended(client, job_id):
    for _ in range(500):
        job = JobJson.model_validate(client.get(f"/v1/jobs/{job_id}").json())
        if job.state in ("done", "failed"):
            return job
        time.sleep(0.02)
    raise AssertionError("the job does not end")


def test_a_job_gives_what_a_request_gives(client, flute):
    accepted = client.post("/v1/jobs", files={"file": ("a.wav", flute)})
    assert accepted.status_code == 202
    job_id = accepted.json()["id"]
    assert accepted.headers["Location"] == f"/v1/jobs/{job_id}"
    job = ended(client, job_id)
    direct = client.post("/v1/tags", files={"file": ("a.wav", flute)}).json()
    assert client.get(f"/v1/jobs/{job_id}").json()["result"] == direct
    assert job.progress == 1
    assert job.forgotten_in_s is not None


def test_events_tell_of_progress_and_end(client, flute):
    job_id = client.post("/v1/jobs", files={"file": ("a.wav", flute)}).json()["id"]
    with client.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in stream.iter_lines() if line]
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert names[-1] == "done"
    assert set(names[:-1]) <= {"progress"}
    assert json.loads(lines[-1].removeprefix("data: "))["result"]["detected"] == ["flute"]


def test_a_job_that_fails_says_why(client):
    job = ended(client, client.post("/v1/jobs", files={"file": ("poem.mp3", b"roses" * 99)}).json()["id"])
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.code == "not_audio"
    assert "poem.mp3" in job.error.message


def test_jobs_are_forgotten(serve, flute):
    client = serve()
    job_id = client.post("/v1/jobs", content=flute).json()["id"]
    ended(client, job_id)
    client.app.state.house.jobs._jobs[job_id].ended -= 1_000  # as if it were long ago
    gone = client.get(f"/v1/jobs/{job_id}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")
    other = client.post("/v1/jobs", content=flute).json()["id"]
    assert client.delete(f"/v1/jobs/{other}").status_code == 204
    assert client.get(f"/v1/jobs/{other}").status_code == 404


def test_too_many_jobs(serve, flute):
    client = serve(max_jobs=1)
    client.app.state.house.jobs._most = 0
    refused = client.post("/v1/jobs", content=flute)
    assert refused.status_code == 429
    assert client.get("/readyz").status_code == 200
