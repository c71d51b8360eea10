"""The contract as a test suite: subclass `Conformance`, say what your carrier says, run pytest.

It needs pytest and hypothesis, which ``pip install paravent[test]`` brings. Nothing here opens a socket.
"""

from providers.contract.conformance.recorded import (
    DOUBT,
    JOB,
    NOW,
    NUMBER,
    OUTGOING,
    TEXT,
    TEXTER,
    Recorded,
    play,
    play_on,
)
from providers.contract.conformance.suite import Conformance

__all__ = [
    "DOUBT",
    "JOB",
    "NOW",
    "NUMBER",
    "OUTGOING",
    "TEXT",
    "TEXTER",
    "Conformance",
    "Recorded",
    "play",
    "play_on",
]
