"""The miniatures by name, and writing one whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from instrunet.errors import InstrunetError, UsageError
from instrunet.synthesis.miniatures.clips import Clip, Miniature
from instrunet.synthesis.miniatures.irmas import write_irmas
from instrunet.synthesis.miniatures.medley_solos_db import write_medley_solos_db
from instrunet.synthesis.miniatures.medleydb import write_medleydb
from instrunet.synthesis.miniatures.nsynth import write_nsynth
from instrunet.synthesis.miniatures.openmic import write_openmic
from instrunet.synthesis.miniatures.slakh import write_babyslakh, write_slakh

MINIATURES: dict[str, Callable[..., tuple[Clip, ...]]] = {
    "irmas": write_irmas,
    "openmic": write_openmic,
    "medleydb": write_medleydb,
    "slakh": write_slakh,
    "babyslakh": write_babyslakh,
    "nsynth": write_nsynth,
    "medley_solos_db": write_medley_solos_db,
}
"""What writes each miniature: ``(folder, *, seed, scale) -> clips``."""


def write_miniature(name: str, folder: str | Path, *, seed: int = 0, scale: int = 1, force: bool = False) -> Miniature:
    """Write a data set's exact layout in small, with synthesised audio whose truth is known.

    The same name, seed and scale give the same bytes. ``scale`` multiplies the number of clips.

    >>> import tempfile
    >>> mini = write_miniature("nsynth", tempfile.mkdtemp(), seed=7)
    >>> sorted(p.name for p in mini.folder.iterdir())
    ['nsynth-test', 'nsynth-train', 'nsynth-valid']
    >>> mini.clips[0].labels, mini.clips[0].split
    (('bass',), 'train')

    Raises:
        UsageError: the name is unknown, ``scale`` is below 1, or the folder holds something and ``force`` is off.
    """
    if name not in MINIATURES:
        raise UsageError(f"there is no miniature {name!r}; there are {', '.join(MINIATURES)}")
    if scale < 1:
        raise UsageError(f"a miniature's scale is 1 or more, not {scale}")
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())) and not force:
        raise UsageError(f"{target} is there already; choose another folder, or write into it with --force")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=target.parent) as part:
            made = Path(part) / name
            made.mkdir()
            clips = MINIATURES[name](made, seed=seed, scale=scale)
            shutil.copytree(made, target, copy_function=shutil.move, dirs_exist_ok=True)
    except OSError as error:
        raise InstrunetError(f"{target}: cannot be written: {error.strerror or error}") from error
    return Miniature(name, target, seed, clips)
