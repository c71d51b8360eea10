"""What will become of an accepted text, and what will be said of it: plain steps, faults included."""

from __future__ import annotations

from dataclasses import dataclass

from providers.simulator.faults import Faults


@dataclass(frozen=True, slots=True)
class Step:
    """After so many seconds the text has this status, and this code of the carrier's."""

    after: float
    status: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a text, and what is said of it; each in its own order."""

    happens: list[Step]
    said: list[Step]


def plot(
    faults: Faults, *, to: str, sender: str, step: float, unsent_code: str, undelivered_code: str
) -> Course:
    """Return the course of a text just accepted; faults that strike it are counted off.

    Args:
        faults: What is wrong at the carrier now.
        to: Who receives it, for faults of one number.
        sender: Who sends it, likewise.
        step: Seconds from acceptance to handing over, and again to the handset.
        unsent_code: The carrier's code for a text it never handed over.
        undelivered_code: Its code for a handset that did not take the text.
    """
    if not faults:
        plain = [Step(step, "sent"), Step(2 * step, "delivered")]
        return Course(plain, plain)
    scope = {"to": to, "sender": sender}
    late = faults.take("slow_receipts", **scope)
    end = 2 * step + (late["seconds"] if late else 0)
    if fault := faults.take("unsent", **scope):
        happens = [Step(end, "failed", fault["code"] or unsent_code)]
    elif fault := faults.take("undelivered", **scope):
        happens = [Step(step, "sent"), Step(end, "undelivered", fault["code"] or undelivered_code)]
    else:
        happens = [Step(step, "sent"), Step(end, "delivered")]
    if faults.take("missing_receipts", **scope):
        return Course(happens, [])
    said = happens
    if faults.take("reordered_receipts", **scope):
        backwards = list(reversed(happens))
        said = [Step(end + step * n, each.status, each.code) for n, each in enumerate(backwards)]
    if fault := faults.take("duplicate_receipts", **scope):
        said = [each for each in said for _ in range(int(fault["copies"]))]
    return Course(happens, said)
