"""Show the examples in docstrings as code: griffe leaves a bare ``>>>`` to Markdown, which takes it for a quotation."""

from __future__ import annotations

from typing import Any

import griffe

FENCE = "```"


class FencedDoctests(griffe.Extension):
    """Puts a fence around every run of doctest lines."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of each class, function and module."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    r"""Fence the examples; what they print ends at an empty line.

    >>> fenced("Add.\n\n>>> 1 + 1\n2\n\nRaises:").splitlines()
    ['Add.', '', '```pycon', '>>> 1 + 1', '2', '```', '', 'Raises:']
    """
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if not inside and line.lstrip().startswith(">>>"):
            lines.append(_indent(line) + f"{FENCE}pycon")
            inside = True
        elif inside and not line.strip():
            lines.append(_indent(lines[-1]) + FENCE)
            inside = False
        lines.append(line)
    if inside:
        lines.append(_indent(lines[-1]) + FENCE)
    return "\n".join(lines)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
