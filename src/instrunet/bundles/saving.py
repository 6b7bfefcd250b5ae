"""Saving a bundle, as a folder or one .zip, whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instrunet.bundles.bundle import DESCRIPTION, FORMAT_VERSION, KINDS, About, Bundle
from instrunet.bundles.errors import BundleError
from instrunet.bundles.network import Network
from instrunet.bundles.places import is_pickle_name
from instrunet.bundles.tagger_spec import TaggerSpec
from instrunet.errors import InstrunetError
from instrunet.files import written_whole

Files = Mapping[str, bytes | str | Path]


def save_bundle(
    path: str | Path, *, about: About, spec: TaggerSpec | Mapping[str, Any], files: Files, kind: str = "tagger"
) -> Bundle:
    """Write a bundle, open it again to check that it fits together, and put it in place.

    Args:
        path: a folder, which is replaced if it is a bundle already, or a name that ends in ``.zip``.
        about: name, licence, recipe, metrics.
        spec: what the kind needs to know; for other kinds than taggers any values that JSON can hold.
        files: content by name: bytes, text, or the path of a file to copy. A tagger needs ``model.onnx``;
            ``CARD.md`` is the model card and ``weights.safetensors`` what training goes on from.
        kind: tagger, separator, drums or ensemble.

    Returns:
        The bundle as it was read back.

    Raises:
        BundleError: the parts do not fit together; nothing is written then.
    """
    target = Path(path)
    if kind not in KINDS:
        raise BundleError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    contents = {name: _content(name, source) for name, source in files.items()}
    contents[DESCRIPTION] = _description(about, spec, contents, kind)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=target.parent) as scratch:
        staged = Path(scratch) / "bundle"
        _write_folder(staged, contents)
        try:
            bundle = Bundle.load(staged)
            if kind == "tagger":
                Network(bundle)
        except BundleError as error:
            raise BundleError(str(error).replace(str(staged), str(target))) from None
        _put(staged, target, contents)
    return Bundle.load(target)


def _content(name: str, source: bytes | str | Path) -> bytes:
    if is_pickle_name(name):
        raise BundleError(f"{name}: pickles have no place in a bundle; save weights as .safetensors or .onnx")
    if isinstance(source, Path):
        try:
            return source.read_bytes()
        except OSError as error:
            raise BundleError(f"{source}: cannot be read: {error.strerror or error}") from error
    return source.encode() if isinstance(source, str) else source


def _description(about: About, spec: TaggerSpec | Mapping[str, Any], contents: Mapping[str, bytes], kind: str) -> bytes:
    body = {
        "format_version": FORMAT_VERSION,
        "kind": kind,
        **dataclasses.asdict(about),
        **(spec.to_dict() if isinstance(spec, TaggerSpec) else spec),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())},
    }
    return (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode()


def _write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _put(staged: Path, target: Path, contents: Mapping[str, bytes]) -> None:
    if target.suffix == ".zip":
        with written_whole(target) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(contents.items()):
                archive.writestr(name, content)
        return
    if target.exists():
        if not (target / DESCRIPTION).is_file() and any(target.iterdir()):
            raise InstrunetError(f"{target}: is a folder with other things in it; give a new name for the bundle")
        shutil.move(target, staged.parent / "old")
    staged.rename(target)
