"""The last decisions of this process, folded from stories: names and reasons, never who wrote or what."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from providers import CutOff
from router.rules.answer import Silence
from router.rules.failover import Passed
from router.rules.story import Step, Story, outcome_word

_KEPT = 20


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

    def fold(self, story: Story) -> None:
        """Take in what happened to one text."""
        self._stories.pop(story.text, None)
        self._stories[story.text] = story
        while len(self._stories) > _KEPT:
            self._stories.popitem(last=False)

    def decisions(self) -> list[Decision]:
        """The last ones, newest first."""
        return [_decision(story) for story in reversed(self._stories.values())]


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
