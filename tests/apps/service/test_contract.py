"""What the OpenAPI document promises is what the service does, whatever a program sends."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("onnx")
pytest.importorskip("schemathesis")

import hypothesis
import schemathesis
from schemathesis.specs.openapi import checks as conformance

from instrunet.apps.api import create_app
from instrunet.apps.service.settings import ServiceSettings
from tests.tiny_tagger import save_tiny

pytestmark = pytest.mark.slow
PROMISES = (
    schemathesis.checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_schema_conformance,
)
"""No 5xx, and no status, kind of content or shape of answer that the document does not name."""


def test_no_request_breaks_the_service(tmp_path):
    model = save_tiny(tmp_path / "tiny").path
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(ServiceSettings(model=str(model))))
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 10
    for operation in operations:
        _try(operation)


def _try(operation):
    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(max_examples=8, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    def ask(case):
        answer = case.call()
        assert answer.status_code < 500
        case.validate_response(answer, checks=list(PROMISES))

    ask()
