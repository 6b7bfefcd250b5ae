"""The manifest: one honest table of clips, whatever data set they came from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.datasets.arrow import arrow
from instrunet.datasets.clips import Clip, Truth, columns_of, truth_of
from instrunet.datasets.facts import Provenance
from instrunet.datasets.schema import events_schema, standard_columns
from instrunet.errors import InstrunetError, UsageError
from instrunet.files import written_whole

FORMAT_VERSION = 1
METADATA_KEY = b"instrunet"


@dataclass(frozen=True)
class Header:
    """What a manifest says of itself: the vocabulary of its ``y_*`` columns, the root of its paths, its data sets."""

    vocabulary: str
    labels: tuple[str, ...]
    root: str = "."
    root_when_written: str = ""
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Write as JSON for the Parquet metadata."""
        values = {
            "format_version": FORMAT_VERSION,
            "vocabulary": self.vocabulary,
            "labels": list(self.labels),
            "root": self.root,
            "root_when_written": self.root_when_written,
            "datasets": [entry.to_dict() for entry in self.provenance],
            "notes": list(self.notes),
        }
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Header:
        """Read back; a table written by a newer format says so."""
        values = json.loads(text)
        if values["format_version"] > FORMAT_VERSION:
            raise InstrunetError(
                f"manifest format {values['format_version']} is newer than this version reads: upgrade"
            )
        entries = tuple(Provenance.from_dict(entry) for entry in values["datasets"])
        return cls(
            vocabulary=values["vocabulary"],
            labels=tuple(values["labels"]),
            root=values["root"],
            root_when_written=values["root_when_written"],
            provenance=entries,
            notes=tuple(values["notes"]),
        )


class Manifest:
    """A table of clips with truth and mask, and optionally a table of events beside it.

    The table is a ``pyarrow.Table`` with the columns of :data:`instrunet.datasets.clips.COLUMNS`, any further columns,
    then ``y_<label>`` (float32, relevance) and ``m_<label>`` (bool, observed) per label. Manifests are values: every
    method that changes something gives a new one.

    >>> clips = [Clip("a", "a.wav", "tiny", "mix", "song 1", truth={"piano": 1.0})]
    >>> manifest = Manifest.from_clips(clips, Header("own", ("piano", "voice")))
    >>> manifest.y().tolist(), manifest.mask().tolist()
    ([[1.0, 0.0]], [[True, False]])
    """

    def __init__(self, table: Any, header: Header, *, events: Any = None) -> None:
        self.table = table
        self.header = header
        self.events = events

    @classmethod
    def from_clips(cls, clips: Sequence[Clip], header: Header, *, events: Any = None) -> Manifest:
        """Build from rows; ``events`` is a table, or rows of ``(id, start_s, end_s, label)``."""
        return cls.from_columns(columns_of(clips), truth_of(clips, header.labels), header, events=events)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any], truth: Truth, header: Header, *, events: Any = None) -> Manifest:
        """Build from columns (lists, arrays or arrow arrays) and stacked truth."""
        table = with_truth(standard_columns(columns), truth, header.labels)
        return cls(table, header, events=events_table(events))

    @classmethod
    def read(cls, path: str | os.PathLike[str], *, root: str | os.PathLike[str] | None = None) -> Manifest:
        """Read a manifest and, where it lies beside, its events table.

        Args:
            path: the ``.parquet`` file.
            root: where the audio lies now; without it the root that was written counts, relative to the manifest's
                folder.

        Raises:
            InstrunetError: no such file, not Parquet, or not one of our manifests.
        """
        where = Path(path)
        table = _read_table(where)
        stored = (table.schema.metadata or {}).get(METADATA_KEY)
        if stored is None:
            raise InstrunetError(f"{where}: a Parquet file, but no manifest; make one with 'instrunet data index'")
        header = Header.from_json(stored)
        anchor = Path(root) if root is not None else _stored_root(header, where.absolute().parent)
        beside = events_path(where)
        events = _read_table(beside) if beside.exists() else None
        return cls(table, replace(header, root=_plain(anchor)), events=events)

    def write(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the table, and the events beside it as ``NAME.events.parquet``.

        The root is stored relative to the manifest's folder, so that a folder that holds both can be moved as a whole,
        and as it is now, so that the manifest alone can be moved on the same machine.

        Raises:
            UsageError: the file exists and ``force`` was not given.
        """
        target = Path(path)
        refuse_overwriting(target, force=force)
        absolute = _plain(Path(self.header.root).absolute())
        stored = replace(self.header, root=_relative(absolute, target.absolute().parent), root_when_written=absolute)
        metadata = {METADATA_KEY: stored.to_json().encode()}
        with written_whole(target) as beside:
            arrow().parquet.write_table(self.table.replace_schema_metadata(metadata), beside, compression="zstd")
        if self.events is not None:
            with written_whole(events_path(target)) as beside:
                arrow().parquet.write_table(self.events, beside, compression="zstd")
        else:
            events_path(target).unlink(missing_ok=True)
        return target

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"Manifest({len(self)} clips, {self.vocabulary}: {len(self.labels)} labels, root {self.root})"

    @property
    def vocabulary(self) -> str:
        """Name of the vocabulary of the ``y_*`` columns."""
        return self.header.vocabulary

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the columns of :meth:`y`."""
        return self.header.labels

    @property
    def root(self) -> Path:
        """The folder that paths are relative to."""
        return Path(self.header.root)

    def column(self, name: str) -> list[Any]:
        """One column as a list; missing values are None.

        Raises:
            UsageError: there is no such column.
        """
        if name not in self.table.column_names:
            known = ", ".join(n for n in self.table.column_names if not n.startswith(("y_", "m_")))
            raise UsageError(f"no column {name!r}; this manifest has {known}")
        return list(self.table.column(name).to_pylist())

    def paths(self) -> list[Path]:
        """Where each clip's audio lies on this machine."""
        return [self.root / path for path in self.column("path")]

    def y(self) -> NDArray[np.float32]:
        """Truth as relevance in [0, 1]: (n_clips, n_labels); where the mask is False it says nothing."""
        return self._stacked("y_", np.float32)

    def mask(self) -> NDArray[np.bool_]:
        """True where the label was observed: (n_clips, n_labels)."""
        return self._stacked("m_", np.bool_)

    def _stacked(self, prefix: str, dtype: Any) -> NDArray[Any]:
        stacked = np.zeros((len(self), len(self.labels)), dtype)
        for index, label in enumerate(self.labels):
            stacked[:, index] = self.table.column(prefix + label).to_numpy()
        return stacked

    def take(self, rows: NDArray[Any] | Sequence[int]) -> Manifest:
        """Keep these rows: positions, or one bool a row. Events of other clips go with them."""
        picked = np.asarray(rows)
        if picked.dtype == np.bool_:
            picked = np.flatnonzero(picked)
        table = self.table.take(arrow().array(picked.astype(np.int64)))
        events = self.events
        if events is not None:
            events = events.filter(arrow().compute.is_in(events.column("id"), table.column("id").combine_chunks()))
        return Manifest(table, self.header, events=events)

    def filter(self, **wanted: str | Sequence[str]) -> Manifest:
        """Keep the rows whose columns have one of the wanted values.

        >>> clips = [Clip(n, n, "tiny", s, n, truth={}) for n, s in (("a", "mix"), ("b", "stem"))]
        >>> Manifest.from_clips(clips, Header("own", ())).filter(source="stem").column("id")
        ['b']
        """
        keep = np.ones(len(self), np.bool_)
        for name, values in wanted.items():
            allowed = {values} if isinstance(values, str) else set(values)
            keep &= np.array([value in allowed for value in self.column(name)], np.bool_)
        return self.take(keep)

    def with_root(self, root: str | os.PathLike[str]) -> Manifest:
        """Point the paths at another place."""
        return Manifest(self.table, replace(self.header, root=_plain(Path(root))), events=self.events)

    def with_column(self, name: str, values: Sequence[Any]) -> Manifest:
        """Replace one column, or add one before the truth."""
        kind = self.table.schema.field(name).type if name in self.table.column_names else None
        array = arrow().array(values, type=kind)
        if kind is not None:
            table = self.table.set_column(self.table.column_names.index(name), name, array)
        else:
            first_truth = next(
                (i for i, n in enumerate(self.table.column_names) if n.startswith("y_")), self.table.num_columns
            )
            table = self.table.add_column(first_truth, name, array)
        return Manifest(table, self.header, events=self.events)

    def with_truth(self, truth: Truth, vocabulary: str, labels: Sequence[str], *, events: Any = None) -> Manifest:
        """Replace truth and vocabulary, keep the rest."""
        bare = self.table.select([n for n in self.table.column_names if not n.startswith(("y_", "m_"))])
        header = replace(self.header, vocabulary=vocabulary, labels=tuple(labels))
        return Manifest(with_truth(bare, truth, labels), header, events=events_table(events))

    def project(self, vocabulary: str) -> Manifest:
        """Say the same in the words of another vocabulary; see :mod:`instrunet.datasets.translation`."""
        from instrunet.datasets.translation import project

        return project(self, vocabulary)


def with_truth(table: Any, truth: Truth, labels: Sequence[str]) -> Any:
    """Append ``y_*`` and ``m_*`` columns to an arrow table."""
    for index, label in enumerate(labels):
        table = table.append_column("y_" + label, arrow().array(truth.y[:, index].astype(np.float32)))
    for index, label in enumerate(labels):
        table = table.append_column("m_" + label, arrow().array(truth.mask[:, index].astype(np.bool_)))
    return table


def events_table(events: Any) -> Any:
    """Make an events table of rows ``(id, start_s, end_s, label)``; a table or None passes through."""
    if events is None or hasattr(events, "column_names"):
        return events
    rows = list(events)
    names = ("id", "start_s", "end_s", "label")
    return arrow().table({n: [row[i] for row in rows] for i, n in enumerate(names)}, schema=events_schema())


def events_path(path: Path) -> Path:
    """Where the events of a manifest lie.

    >>> events_path(Path("a/irmas.parquet")).name
    'irmas.events.parquet'
    """
    return path.with_suffix(".events" + path.suffix)


def refuse_overwriting(path: Path, *, force: bool) -> None:
    """Raise ``UsageError`` where something would be overwritten unasked."""
    if path.exists() and not force:
        raise UsageError(f"{path} exists; say --force to replace it")


def _read_table(path: Path) -> Any:
    pa = arrow()
    try:
        return pa.parquet.read_table(path)
    except FileNotFoundError as error:
        raise InstrunetError(f"{path}: no such file") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InstrunetError(f"{path}: not a readable Parquet file") from error


def _stored_root(header: Header, folder: Path) -> Path:
    near = folder / header.root
    return near if near.exists() or not header.root_when_written else Path(header.root_when_written)


def _plain(path: Path) -> str:
    return Path(os.path.normpath(path)).as_posix()


def _relative(root: str, folder: Path) -> str:
    try:
        return Path(os.path.relpath(root, folder)).as_posix()
    except ValueError:  # another drive
        return Path(root).absolute().as_posix()
