"""Opening a bundle: found by name or path, every file checked against its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from instrunet.bundles.errors import BundleError
from instrunet.bundles.places import Place
from instrunet.bundles.tagger_spec import TaggerSpec
from instrunet.errors import InstrunetError

FORMAT_VERSION = 1
KINDS = ("tagger", "separator", "drums", "ensemble")
DESCRIPTION = "bundle.json"
CARD = "CARD.md"
_SHIPPED = Path(__file__).parent / "data"


@dataclass(frozen=True)
class About:
    """Who a model is: its name, what may be done with it, where it comes from and how good it is."""

    name: str
    licence: str
    title: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """A trained model on disk, its files checked.

    Attributes:
        kind: tagger, separator, drums or ensemble.
        about: name, licence, recipe, metrics.
        body: all that ``bundle.json`` says, as plain values; other kinds than taggers keep their settings here.
        path: the folder or zip.
    """

    kind: str
    about: About
    body: Mapping[str, Any]
    path: Path
    _place: Place = field(repr=False)

    @classmethod
    def load(cls, path_or_name: str | Path) -> Bundle:
        """Open a bundle that came with the package, by its name, or any other by its path.

        Raises:
            BundleError: it does not exist, holds a pickle, was changed since it was saved, or does not fit together.
        """
        place = Place(_found(path_or_name))
        body = _description(place)
        try:
            about = About(
                **{key: body[key] for key in ("name", "licence", "title", "recipe", "metrics") if key in body}
            )
            bundle = cls(kind=body["kind"], about=about, body=body, path=place.path, _place=place)
            for name in bundle.files:
                bundle.read(name)
            _check_listing(bundle, place)
            if bundle.kind == "tagger":
                _ = bundle.tagger
        except BundleError as error:
            raise error if str(place.path) in str(error) else BundleError(f"{place.path}: {error}") from error
        except InstrunetError as error:
            raise BundleError(f"{place.path}: {error}") from error
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BundleError(f"{place.path}: {DESCRIPTION} is incomplete or makes no sense: {error}") from error
        return bundle

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.about.name

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of each file."""
        return dict(self.body["files"])

    @cached_property
    def tagger(self) -> TaggerSpec:
        """The description of a tagger."""
        if self.kind != "tagger":
            raise BundleError(f"{self.path}: is a {self.kind}, not a tagger")
        return TaggerSpec.from_dict(self.body)

    @property
    def card(self) -> str:
        """The model card (Markdown); empty if there is none."""
        return self.read(CARD).decode("utf-8") if CARD in self.files else ""

    def read(self, name: str) -> bytes:
        """The content of a file, checked against its digest."""
        if name not in self.files:
            raise BundleError(f"{self.path}: {name} is not among its files")
        content = self._place.read(name)
        if hashlib.sha256(content).hexdigest() != self.files[name]:
            raise BundleError(
                f"{self.path}: {name} is not what was saved (its SHA-256 differs); fetch the bundle again"
            )
        return content


def bundled_models() -> dict[str, Path]:
    """Name and folder of each model inside the package.

    >>> all((folder / "bundle.json").is_file() for folder in bundled_models().values())
    True
    """
    if not _SHIPPED.is_dir():
        return {}
    return {folder.name: folder for folder in sorted(_SHIPPED.iterdir()) if (folder / DESCRIPTION).is_file()}


def _found(path_or_name: str | Path) -> Path:
    shipped = bundled_models()
    if str(path_or_name) in shipped:
        return shipped[str(path_or_name)]
    path = Path(path_or_name)
    if not path.exists() and path.name == str(path_or_name) and not path.suffix:
        raise BundleError(
            f"no model is called {path_or_name!r}; there are: {', '.join(shipped) or 'none'}, or give the path of one"
        )
    return path.parent if path.name == DESCRIPTION else path


def _description(place: Place) -> dict[str, Any]:
    try:
        body = json.loads(place.read(DESCRIPTION).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{place.path}: {DESCRIPTION} is not JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("files"), dict):
        raise BundleError(f"{place.path}: {DESCRIPTION} does not describe a bundle (it lists no files)")
    if body.get("format_version") != FORMAT_VERSION:
        raise BundleError(
            f"{place.path}: has format {body.get('format_version')}, this instrunet reads {FORMAT_VERSION}; "
            "a newer instrunet may know it"
        )
    if body.get("kind") not in KINDS:
        raise BundleError(f"{place.path}: kind {body.get('kind')!r} is none of {', '.join(KINDS)}")
    return body


def _check_listing(bundle: Bundle, place: Place) -> None:
    if bundle.kind == "tagger" and "model.onnx" not in bundle.files:
        raise BundleError(f"{place.path}: model.onnx is missing from its files")
    unlisted = set(place.names()) - set(bundle.files) - {DESCRIPTION}
    if unlisted:
        raise BundleError(f"{place.path}: has files that {DESCRIPTION} does not list: {', '.join(sorted(unlisted))}")
