"""Where the output goes: the terminal, one file, or a file for every recording; whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

from instrunet.errors import InstrunetError, UsageError
from instrunet.files import grown_whole, written_whole
from instrunet.tagging.tags import Tags
from instrunet.tagging.writers.formats import FORMATS, Format, format_named, format_of
from instrunet.tagging.writers.options import WriteOptions


@dataclass(frozen=True)
class Delivery:
    """A format and a place.

    Attributes:
        format: how to write.
        place: a file, or with ``into_folder`` a folder; None is the terminal.
        into_folder: whether every recording gets a file of its own in ``place``.
    """

    format: Format
    place: Path | None
    into_folder: bool = False

    @classmethod
    def plan(cls, format_name: str | None, out: Path | None, *, n_files: int, folder_run: bool) -> Delivery:
        """Decide from what the user said, and from whether a folder was to be tagged.

        >>> Delivery.plan(None, None, n_files=9, folder_run=True).place.name
        'instrunet_multilabel_test_predictions.csv'
        >>> Delivery.plan("json", None, n_files=9, folder_run=True).place is None
        True

        Raises:
            UsageError: format and place do not fit together.
        """
        chosen = _format(format_name, out, folder_run)
        if out is None:
            return cls._without_place(chosen, n_files, folder_run)
        is_folder = out.is_dir()
        if chosen.each and (n_files > 1 or is_folder or folder_run):
            if out.exists() and not is_folder:
                raise UsageError(f"{out}: {chosen.name} writes a file a recording, so --out must be a folder")
            return cls(chosen, out, into_folder=True)
        if is_folder:
            return cls(chosen, out / chosen.default_name)
        return cls(chosen, out)

    @classmethod
    def _without_place(cls, chosen: Format, n_files: int, folder_run: bool) -> Delivery:
        many = n_files > 1 or folder_run
        if chosen.name == "csv" and folder_run:
            return cls(chosen, Path(chosen.default_name))
        if chosen.text and not (chosen.each and many):
            return cls(chosen, None)
        return cls(chosen, Path(), into_folder=True) if chosen.each else cls(chosen, Path(chosen.default_name))

    def deliver(
        self, results: Iterable[Tags], options: WriteOptions, terminal: TextIO, *, slow: bool = False
    ) -> list[Path]:
        """Write recordings as they come; the files that were written. Nothing is written for no recordings.

        Args:
            results: the recordings.
            options: how to write them.
            terminal: where to write without a place.
            slow: whether the recordings may come over hours, in a process that may be killed.

        Raises:
            InstrunetError: the place cannot be written to, or the disk is full.
        """
        if slow and self.place is not None and not self.into_folder:
            with grown_whole(self.place) as beside:
                is_empty = not self._any_to_file(iter(results), beside, options)
            return [] if is_empty else [self.place]
        rest = iter(results)
        first = next(rest, None)
        if first is None:
            return []
        everything = chain([first], rest)
        if self.place is None:
            self._to_terminal(everything, options, terminal)
            return []
        if self.into_folder:
            return list(self._to_folder(everything, options))
        with written_whole(self.place) as beside:
            self._to_file(everything, beside, options)
        return [self.place]

    def _any_to_file(self, rest: Iterator[Tags], path: Path, options: WriteOptions) -> bool:
        first = next(rest, None)
        if first is not None:
            self._to_file(chain([first], rest), path, options)
        return first is not None

    def _to_terminal(self, results: Iterable[Tags], options: WriteOptions, terminal: TextIO) -> None:
        try:
            if self.format.each:
                for tags in results:
                    self.format.write(tags, terminal, options)
            else:
                self.format.write(results, terminal, options)
            terminal.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise InstrunetError(f"standard output: cannot be written: {error.strerror or error}") from error

    def _to_folder(self, results: Iterable[Tags], options: WriteOptions) -> Iterator[Path]:
        taken: set[Path] = set()
        for tags in results:
            target = self._name(tags, options, taken)
            taken.add(target)
            with written_whole(target) as beside:
                self._to_file([tags], beside, options)
            yield target

    def _name(self, tags: Tags, options: WriteOptions, taken: set[Path]) -> Path:
        name = Path(options.name(tags))
        if options.root is None:
            name = Path(name.name)
        target = (self.place or Path()) / name.with_name(name.stem + self.format.suffix)
        whole = target.with_name(name.name + self.format.suffix)
        number = 2
        while target in taken or _same(target, tags.path):
            target, whole = whole, whole.with_name(f"{name.name}-{number}{self.format.suffix}")
            number += 1
        return target

    def _to_file(self, results: Iterable[Tags], path: Path, options: WriteOptions) -> None:
        if not self.format.text:
            for one in results if self.format.each else [results]:
                self.format.write(one, path, options)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            for one in results if self.format.each else [results]:
                self.format.write(one, file, options)


def _format(name: str | None, out: Path | None, folder_run: bool) -> Format:
    if name is not None:
        return format_named(name)
    if out is not None and not out.is_dir():
        return format_of(out)
    return FORMATS["csv" if folder_run or out is not None else "table"]


def _same(target: Path, source: str) -> bool:
    return target.exists() and Path(source).exists() and target.samefile(source)
