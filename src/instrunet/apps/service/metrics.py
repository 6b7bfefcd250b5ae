"""Counting what a service does, told in the text format of Prometheus."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable

BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters, and gauges that are asked for when somebody looks.

    >>> metrics = Metrics()
    >>> metrics.answered("GET", "/healthz", 200, 0.01)
    >>> [line for line in metrics.text().splitlines() if line.startswith("instrunet_requests_total")]
    ['instrunet_requests_total{method="GET",route="/healthz",status="200"} 1']
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
        self._seconds: dict[str, float] = defaultdict(float)
        self._counts: dict[str, float] = defaultdict(float)
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count a request; ``route`` is the pattern, never the path, so that the number of series is bounded."""
        with self._lock:
            self._requests[method, route, status] += 1
            self._buckets[route][bisect_left(BUCKETS_S, took_s)] += 1
            self._seconds[route] += took_s

    def add(self, name: str, amount: float) -> None:
        """Add to a counter such as ``audio_seconds``."""
        with self._lock:
            self._counts[name] += amount

    def gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Tell of a value that goes up and down."""
        self._gauges[name] = (meaning, value)

    def text(self) -> str:
        """Everything, for Prometheus."""
        with self._lock:
            lines = [*self._request_lines(), *self._duration_lines()]
            for name, amount in sorted(self._counts.items()):
                lines += [f"# TYPE instrunet_{name}_total counter", f"instrunet_{name}_total {amount:g}"]
        for name, (meaning, value) in sorted(self._gauges.items()):
            lines += [f"# HELP instrunet_{name} {meaning}", f"# TYPE instrunet_{name} gauge"]
            lines.append(f"instrunet_{name} {value():g}")
        return "\n".join(lines) + "\n"

    def _request_lines(self) -> list[str]:
        lines = ["# HELP instrunet_requests_total Requests answered.", "# TYPE instrunet_requests_total counter"]
        for (method, route, status), n in sorted(self._requests.items()):
            lines.append(f'instrunet_requests_total{{method="{method}",route="{route}",status="{status}"}} {n}')
        return lines

    def _duration_lines(self) -> list[str]:
        name = "instrunet_request_duration_seconds"
        lines = [f"# HELP {name} Time to answer.", f"# TYPE {name} histogram"]
        for route, buckets in sorted(self._buckets.items()):
            n = 0
            for edge, here in zip((*BUCKETS_S, float("inf")), buckets, strict=True):
                n += here
                bound = "+Inf" if edge == float("inf") else f"{edge:g}"
                lines.append(f'{name}_bucket{{route="{route}",le="{bound}"}} {n}')
            lines.append(f'{name}_sum{{route="{route}"}} {self._seconds[route]:.6f}')
            lines.append(f'{name}_count{{route="{route}"}} {n}')
        return lines
