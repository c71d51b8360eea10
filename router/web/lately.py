"""The last decisions of all processes, folded from stories: names and reasons, never who wrote or what."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from providers import CutOff
from router.postgres.pool import DatabaseAwayError
from router.postgres.pulse import PulseDesk
from router.rules.answer import Silence
from router.rules.failover import Passed
from router.rules.story import Step, Story, outcome_word

_KEPT = 20
_EVERY = 1.0
_log = logging.getLogger(__name__)


class Turn(BaseModel):
    """One account that was looked at or tried for an answer."""

    account: str
    why: str = Field(description="Why it was passed over, or what came of the send.")
    reason: str = Field(description="Why it is cut off, where it said so in answer to this send.")
    code: str = Field(description="The provider's own word.")
    tried: bool = Field(description="A send was armed.")


class Decision(BaseModel):
    """What became of one text."""

    text: str = Field(description="Its id.")
    at: AwareDatetime
    number: str = Field(description="Name of the texted number.")
    ending: str = Field(description="accepted, in_doubt, refused, silent, waiting or dropped.")
    silence: str = Field(description="Why there is no answer, empty where there is one.")
    seconds: float = Field(description="From its arrival until then.")
    turns: list[Turn]


class Lately:
    """Keeps the last few. A text that waits and is looked at again is one decision, its latest."""

    def __init__(self) -> None:
        self._stories: OrderedDict[UUID, Story] = OrderedDict()
        self._others: list[Decision] = []

    def fold(self, story: Story) -> None:
        """Take in what happened to one text."""
        self._stories.pop(story.text, None)
        self._stories[story.text] = story
        while len(self._stories) > _KEPT:
            self._stories.popitem(last=False)

    def own(self) -> list[Decision]:
        """The last of this process, newest first."""
        return [_decision(story) for story in reversed(self._stories.values())]

    def hear(self, others: Iterable[Iterable[Mapping[str, Any]]]) -> None:
        """What the other processes told of themselves; what one of another version says otherwise is left."""
        self._others = [each for told in others for each in map(_heard, told) if each is not None]

    def decisions(self) -> list[Decision]:
        """The last of all processes, newest first: the same whichever of them says it."""
        inorder = sorted([*self._others, *self.own()], key=lambda each: (each.at, each.text))
        latest = {each.text: each for each in inorder}
        return sorted(latest.values(), key=lambda each: (each.at, each.text), reverse=True)[:_KEPT]


async def share(lately: Lately, pulses: PulseDesk, process: UUID) -> None:
    """Tell the other processes what this one decided, a second later at most, until cancelled."""
    told: list[Decision] = []
    while True:
        await asyncio.sleep(_EVERY)
        if (own := lately.own()) == told:
            continue
        try:
            await pulses.tell(process, [each.model_dump(mode="json") for each in own])
        except DatabaseAwayError:
            continue
        except Exception as error:  # noqa: BLE001 -- whatever it is, only the others' consoles miss something
            _log.error("telling decisions raised %s", type(error).__name__)
        told = own


def _heard(told: Mapping[str, Any]) -> Decision | None:
    try:
        return Decision.model_validate(told)
    except ValidationError:
        return None


def _decision(story: Story) -> Decision:
    return Decision(
        text=str(story.text),
        at=story.ended_at,
        number=story.number,
        ending=story.ending.value,
        silence=story.decision.reason.value if isinstance(story.decision, Silence) else "",
        seconds=round((story.ended_at - story.received_at).total_seconds(), 2),
        turns=[_turn(step) for step in story.steps],
    )


def _turn(step: Step) -> Turn:
    if isinstance(step, Passed):
        return Turn(account=step.route.account, why=step.why.value, reason="", code="", tried=False)
    outcome = step.outcome
    return Turn(
        account=step.route.account,
        why=outcome_word(outcome),
        reason=outcome.reason.value if isinstance(outcome, CutOff) else "",
        code=getattr(outcome, "code", ""),
        tried=True,
    )
