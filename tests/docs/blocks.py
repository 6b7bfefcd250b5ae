"""Code blocks of a Markdown page: what they are, and whether they are to be run."""

from __future__ import annotations

import re
from dataclasses import dataclass

RUN = ("python", "sh")
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^(?P=indent)```[ ]*$", re.M | re.S)
COMMENT = re.compile(r"<!--\s*(?P<kind>not run|before):\s*(?P<text>(?:(?!-->).)*?)\s*-->\s*\Z", re.S)


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes:
        language: python or sh.
        code: what stands in it.
        line: where it begins.
        not_run: the reason for leaving it out; "" for a block that is run.
        before: Python that is run before it and not shown (``<!-- before: … -->``).
    """

    language: str
    code: str
    line: int
    not_run: str
    before: str


def blocks(markdown: str) -> list[Block]:
    r"""Find the blocks that a reader may run.

    >>> found = blocks("<!-- not run: needs the network -->\n```sh\ncurl x\n```\n\n```python\n1 + 1\n```\n")
    >>> [(b.language, b.line, b.not_run) for b in found]
    [('sh', 2, 'needs the network'), ('python', 6, '')]
    """
    found = []
    for match in FENCE.finditer(markdown):
        if match["language"] not in RUN:
            continue
        comment = COMMENT.search(markdown[: match.start()])
        said = {comment["kind"]: comment["text"]} if comment else {}
        indent = len(match["indent"])
        code = "".join(line[indent:] if line.strip() else "\n" for line in match["code"].splitlines(keepends=True))
        line = markdown.count("\n", 0, match.start()) + 1
        found.append(Block(match["language"], code, line, said.get("not run", ""), said.get("before", "")))
    return found
