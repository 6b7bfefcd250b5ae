"""What can be wrong with a bundle."""

from __future__ import annotations

from instrunet.errors import InstrunetError


class BundleError(InstrunetError):
    """A bundle is broken, unsafe or does not fit together; the text says what is wrong with it."""
