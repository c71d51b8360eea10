"""A span of time as people write it in the settings: ``30s``, ``15m``, ``24h``, ``7d``.

House rule: a number without a unit is refused, because nobody remembers whether it meant minutes.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, PlainSerializer

_SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def read_span(written: Any) -> timedelta:
    """Read ``1h30m``-like spans; a `timedelta` passes through.

    Raises:
        ValueError: It is no span, or its unit is missing.
    """
    if isinstance(written, timedelta):
        return written
    if not isinstance(written, str) or not re.fullmatch(f"(?:{_SPAN.pattern})+", written):
        raise ValueError('must be a span of time in quotes, such as "30s", "15m", "24h" or "7d"')
    return timedelta(seconds=sum(float(n) * _UNITS[unit] for n, unit in _SPAN.findall(written)))


def write_span(span: timedelta) -> str:
    """Write a span the way `read_span` reads it, in its largest whole unit."""
    millis = round(span / timedelta(milliseconds=1))
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if millis and millis % size == 0:
            return f"{millis // size}{unit}"
    return f"{millis}ms" if millis else "0s"


Span: TypeAlias = Annotated[timedelta, BeforeValidator(read_span), PlainSerializer(write_span)]
"""A pydantic field type for spans."""
