"""Build the wheel, install it without extras in an empty environment outside the tree, and use it as a newcomer does.

python tests/wheel_trial.py            # `make wheel-test`; needs the package `build` and a package index
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "tests" / "data" / "example.ogg"
BOUND_MB = 200


def run(command: list[str | Path], folder: Path) -> str:
    """Run a command outside the tree, without the environment's own paths; what it printed."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([str(c) for c in command], cwd=folder, env=clean, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nfailed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def size_mb(folder: Path) -> float:
    """What a folder holds, without what Python compiles by itself and without pip."""
    own = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    installed = (file for file in own if not file.relative_to(folder).parts[0].startswith(("pip", "setuptools")))
    return sum(file.stat().st_size for file in installed) / 1e6


def main() -> None:
    """Go through it; any failure ends it with what went wrong."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run([sys.executable, "-m", "build", "--wheel", "--outdir", folder / "dist", ROOT], folder)
        (wheel,) = (folder / "dist").glob("*.whl")
        venv.create(folder / "env", with_pip=True)
        scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        python = scripts / ("python.exe" if os.name == "nt" else "python")
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel], folder)
        packages = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip())
        size = size_mb(packages)
        print(f"wheel {wheel.stat().st_size / 1e6:.1f} MB, base installation {size:.0f} MB (bound {BOUND_MB})")
        if size >= BOUND_MB:
            sys.exit("the base installation is too big")
        silent = run([python, "-c", "import instrunet; instrunet.Tagger, instrunet.Tags, instrunet.tag"], folder)
        if silent:
            sys.exit(f"importing prints: {silent}")
        instrunet = scripts / ("instrunet.exe" if os.name == "nt" else "instrunet")
        print(run([instrunet, "doctor"], folder))
        print(run([instrunet, "tag", EXAMPLE, "--timeline"], folder))
        (tags,) = json.loads(run([instrunet, "tag", EXAMPLE, "--format", "json"], folder))
        if not tags["instruments"] or abs(tags["duration_s"] - 8) > 0.1:
            sys.exit(f"no sensible answer: {tags}")
        loaded = run([python, "-c", "import sys, instrunet; instrunet.Tagger; print('torch' in sys.modules)"], folder)
        if loaded.strip() != "False":
            sys.exit("inference imports torch")
        print("the wheel works")


if __name__ == "__main__":
    main()
