"""The deployment files say what the commands understand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

DEPLOY = Path(__file__).parents[2] / "deploy"
COMMANDS = {"app", "serve"}

pytestmark = pytest.mark.skipif(not DEPLOY.is_dir(), reason="the deployment files are not beside the tests")


def test_compose_is_hardened_and_needs_a_token():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"page", "api", "caddy"}
    for service in services.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert {services[name]["command"][0] for name in ("page", "api")} == COMMANDS
    assert ":?" in services["api"]["environment"]["INSTRUNET_TOKEN"]


def test_the_proxy_names_the_services_of_compose():
    assert set(re.findall(r"reverse_proxy (\w+):(\d+)", (DEPLOY / "Caddyfile").read_text())) == {
        ("api", "8000"),
        ("page", "8501"),
    }


def test_the_image_runs_without_root_and_checks_its_health():
    text = (DEPLOY.parent / "Dockerfile").read_text()
    assert re.search(r"^USER 10001", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert text.index("USER 10001") < text.index("ENTRYPOINT")


def test_render_starts_commands_that_there_are():
    services = yaml.safe_load((DEPLOY / "render.yaml").read_text())["services"]
    assert {service["dockerCommand"].split()[1] for service in services} == COMMANDS
    for service in services:
        port = next(one["value"] for one in service["envVars"] if one["key"] == "PORT")
        assert f"--port {port}" in service["dockerCommand"]


def test_the_space_says_where_the_page_is():
    head = (DEPLOY / "space" / "README.md").read_text().split("---")[1]
    assert yaml.safe_load(head)["sdk"] == "docker"
    assert str(yaml.safe_load(head)["app_port"]) in (DEPLOY / "space" / "Dockerfile").read_text()
