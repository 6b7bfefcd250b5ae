"""Tagging a library as a job: a ledger, isolated workers, results that survive a crash."""

from __future__ import annotations

from instrunet.tagging.jobs.ledger import Fingerprint, Ledger, Row, State, Work

__all__ = ["Fingerprint", "Ledger", "Row", "State", "Work"]
