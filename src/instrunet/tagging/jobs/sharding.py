"""Which files are whose: a job is split by a hash of each path, so that every machine agrees without talking."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from instrunet.errors import UsageError


@dataclass(frozen=True)
class Shard:
    """Part ``index`` (from 1) of ``count``.

    >>> Shard.parse("3/16")
    Shard(index=3, count=16)
    >>> sum(Shard(k, 3).holds("a/b.wav") for k in (1, 2, 3))
    1
    """

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, words: str) -> Shard:
        """Read ``3/16``.

        Raises:
            UsageError: it is not of that form, or no such part exists.
        """
        found = re.fullmatch(r"(\d+)/(\d+)", words.strip())
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"--shard {words}: say which part of how many, from 1/16 to 16/16")
        return cls(int(found[1]), int(found[2]))

    def holds(self, path: str) -> bool:
        """Whether a file (its path relative to the root of the job) belongs to this part."""
        if self.count == 1:
            return True
        digest = hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index - 1
