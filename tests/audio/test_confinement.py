"""What decodes foreign bytes cannot open a socket, nor can what it starts."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from instrunet.audio import confinement

TRY = """
import runpy, socket, subprocess, sys
assert runpy.run_path(sys.argv[1])["forbid_sockets"]()
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
    try:
        socket.socket(family)
    except PermissionError:
        print("refused")
again = subprocess.run([sys.executable, "-c", "import socket; socket.socket()"], capture_output=True, text=True)
print("PermissionError" in again.stderr, open(sys.argv[1]).readline()[:3])
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="this system has no such means"
)
def test_no_sockets_for_a_child_and_its_children():
    command = [sys.executable, "-P", "-c", TRY, str(Path(confinement.__file__))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["refused"] * 3 + ["True", '"""'], done.stderr


def test_elsewhere_it_says_that_it_is_not_so(monkeypatch):
    monkeypatch.setattr(confinement.platform, "machine", lambda: "pdp11")
    assert not confinement.forbid_sockets()
