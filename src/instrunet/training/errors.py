"""What can go wrong in training, each in one sentence."""

from __future__ import annotations

from instrunet.errors import InstrunetError


class TrainingError(InstrunetError):
    """Training cannot begin or go on."""


class InterruptedRun(InstrunetError):
    """Training was stopped by the user after a whole step; the run can be resumed."""
