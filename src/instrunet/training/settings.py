"""From a TOML table to a frozen dataclass: every key is known, every value of the right type, errors name the place."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from instrunet.errors import UsageError

T = TypeVar("T")


class RecipeError(UsageError):
    """A recipe says something that cannot be meant; the sentence names the key."""


def read_settings(kind: type[T], table: Mapping[str, Any], *, where: str = "") -> T:
    """Build ``kind`` (a dataclass) from a table.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Knob:
    ...     turns: int = 1
    ...     scale: float = 1.0
    >>> read_settings(Knob, {"scale": 2})
    Knob(turns=1, scale=2.0)
    >>> read_settings(Knob, {"scal": 2}, where="knob")
    Traceback (most recent call last):
    ...
    instrunet.training.settings.RecipeError: knob.scal is no setting; did you mean "scale"?

    Raises:
        RecipeError: an unknown key, a missing one, or a value of the wrong type.
    """
    hints = typing.get_type_hints(kind)
    known = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        place = f"{where}.{key}" if where else key
        if key not in known:
            raise RecipeError(f"{place} is no setting{_nearest(key, known)}")
        values[key] = _as(hints[key], value, place)
    for name, field in known.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise RecipeError(f"{where + '.' if where else ''}{name} is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise RecipeError(f"{where or 'recipe'}: {error}") from error


def _as(hint: Any, value: Any, place: str) -> Any:
    """Convert one value to its annotated type, or say what was expected."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _as(next(a for a in arguments if a is not type(None)), value, place)
    if origin is typing.Literal:
        if value not in arguments:
            raise RecipeError(f"{place} is {value!r}; choose one of {', '.join(map(str, arguments))}")
        return value
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise RecipeError(f"{place} must be a table, not {value!r}")
        return read_settings(typing.cast("type[Any]", hint), value, where=place)
    if origin is tuple:
        return _as_tuple(arguments, value, place)
    if (
        hint is Any
        or origin in (dict, Mapping)
        or hint in (dict, Mapping)
        or getattr(origin, "__name__", "") == "Mapping"
    ):
        return value
    return _as_plain(hint, value, place)


def _as_tuple(arguments: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise RecipeError(f"{place} must be a list, not {value!r}")
    if len(arguments) == 2 and arguments[1] is ...:
        return tuple(_as(arguments[0], item, f"{place}[{i}]") for i, item in enumerate(value))
    if len(value) != len(arguments):
        raise RecipeError(f"{place} must have {len(arguments)} entries, not {len(value)}")
    return tuple(_as(a, item, f"{place}[{i}]") for i, (a, item) in enumerate(zip(arguments, value, strict=True)))


def _as_plain(hint: Any, value: Any, place: str) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise RecipeError(f"{place} must be {_named(hint)}, not {value!r}")
    return value


def _named(hint: Any) -> str:
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}.get(hint, str(hint))


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else f"; known here: {', '.join(known)}"


def with_changes(table: Mapping[str, Any], changes: tuple[str, ...]) -> dict[str, Any]:
    """Apply ``--set`` changes such as ``optimizer.lr=3e-4``; the value is read as TOML, else as text.

    >>> with_changes({"optimizer": {"lr": 0.1}}, ("optimizer.lr=3e-4", "model.name=mobile"))
    {'optimizer': {'lr': 0.0003}, 'model': {'name': 'mobile'}}
    """
    changed = dict(table)
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals or not path.strip():
            raise RecipeError(f"--set {change}: write it as table.key=value")
        changed = _changed(changed, path.strip().split("."), _toml_value(text.strip()), change)
    return changed


def merged(table: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one table over another, table by table.

    >>> merged({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    both = dict(table)
    for key, value in over.items():
        inner = both.get(key)
        both[key] = merged(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return both


def _changed(table: Mapping[str, Any], path: list[str], value: Any, change: str) -> dict[str, Any]:
    key, *rest = path
    if not rest:
        return {**table, key: value}
    inner = table.get(key, {})
    if not isinstance(inner, Mapping):
        raise RecipeError(f"--set {change}: {key} is no table")
    return {**table, key: _changed(inner, rest, value, change)}


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
