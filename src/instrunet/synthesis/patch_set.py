"""GUS patch sets (a ``.cfg`` that names ``.pat`` files) beside sound-fonts: what TiMidity++ plays, as FreePats."""

from __future__ import annotations

import shutil
from pathlib import Path

from instrunet.errors import InstrunetError

PATCH_SETS = ("/etc/timidity/freepats.cfg",)
"""Where Debian installs the patch sets that may be shipped from."""


def find_patch_sets(paths: tuple[str, ...] = PATCH_SETS) -> list[Path]:
    """The patch sets installed on this machine, if there is a player for them."""
    return [Path(path) for path in paths if Path(path).is_file() and shutil.which("timidity")]


def numbers_of(path: str | Path) -> tuple[list[int], bool]:
    """The programs of a patch set's first bank, and whether it has drums.

    Raises:
        InstrunetError: the file is no configuration of patches.
    """
    programs: list[int] = []
    within, drums = "", False
    for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split("#")[0].split()
        if words and words[0] in ("bank", "drumset"):
            within = " ".join(words[:2])
        elif len(words) >= 2 and words[0].isdigit() and within == "bank 0":
            programs.append(int(words[0]))
        elif len(words) >= 2 and words[0].isdigit() and within == "drumset 0":
            drums = True
    if not programs and not drums:
        raise InstrunetError(f"{path}: names no patches; a patch set has lines such as '40 Tone_000/040_Violin.pat'")
    return sorted(set(programs)), drums


def timidity_command(path: str | Path, midi: Path, wave: Path, sample_rate_hz: int) -> list[str]:
    """The command that plays a MIDI file with a patch set, dry and mono, as raw 16-bit samples.

    Raises:
        InstrunetError: TiMidity++ is not installed.
    """
    program = shutil.which("timidity")
    if program is None:
        raise InstrunetError("rendering patch sets needs TiMidity++: install the system package 'timidity'")
    dry = ["-EFreverb=d", "-EFchorus=d", "-EFdelay=d"]
    raw = ["-OrM1sl", "-s", str(sample_rate_hz), "-A", "60", "-idq", "-o", str(wave)]
    return [program, "-c", str(path), *dry, *raw, str(midi)]
