"""Whether a text that its provider cannot be asked about now is answered unproved.

House rule: a text is only believed where nobody could say in time whether it is real, never where its
provider says that it does not know it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from providers.contract.failure import CutOff, Failure, InDoubt, Refused, Throttled, Unreachable


def believed(failure: Failure, *, again: bool, closed: bool, waited: timedelta, patience: timedelta) -> bool:
    """Whether a text is taken at the word of its secret path, because nobody can say more in time.

    That a provider does not know a text is an answer, and no failure: such a text is never believed.

    Args:
        failure: What came of asking; `Throttled` also where our own allowance of calls is used up.
        again: It was asked before, in vain.
        closed: The account is left: others failed as well.
        waited: Since the text came in.
        patience: How long a text waits for calls.
    """
    match failure:
        case CutOff():
            return True
        case Unreachable() | InDoubt():
            return again or closed or waited >= patience
        case Throttled() | Refused():
            return waited >= patience
        case _:
            assert_never(failure)
