"""What the operator's API answers and takes, as models: the OpenAPI document is made of these."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from router.rules.estimate import Label


class Trouble(BaseModel):
    """Why something was not done."""

    error: str = Field(description="What is wrong.")
    do: str = Field(description="What to do about it.")


class Health(BaseModel):
    """Whether texts are answered."""

    status: Literal["ok", "stalled"] = Field(description="stalled: ready texts wait and are not answered.")
    because: list[str] = Field(description="What may keep them from it.")
    oldest_ready_seconds: float = Field(description="Age of the oldest ready text, 0 for none.")
    last_reply_at: AwareDatetime | None = Field(description="Last accepted reply, null for none lately.")
    queue: dict[str, int] = Field(description="Replies that are not over, by state.")
    receipts_waiting: int = Field(description="Receipts stored and not applied yet.")
    texts_unproved: dict[str, int] = Field(
        description="Texts that their provider is still to be asked about, by account; some are answered."
    )
    read_at: AwareDatetime = Field(description="By the database's clock.")


class Balance(BaseModel):
    """What is left in an account."""

    amount: float
    unit: str
    at: AwareDatetime


class Sender(BaseModel):
    """A sender of an account that is not open."""

    name: str = Field(description="The published number's name, or an alphanumeric sender.")
    state: str
    reason: str


class Account(BaseModel):
    """One account, and why it does what it does."""

    name: str
    provider: str
    state: str = Field(description="open, throttled, cut_off, slow, probing or operator_cut.")
    operator: Literal["", "cut", "pin"] = Field(description="What the operator ordered.")
    reason: str
    code: str = Field(description="The provider's own word.")
    since: AwareDatetime | None
    not_before: AwareDatetime | None = Field(description="When it is used or probed again.")
    in_doubt: int
    balance: Balance | None
    senders: list[Sender] = Field(description="Those that are not open.")


class Accounts(BaseModel):
    """All accounts."""

    accounts: list[Account]


class Purse(BaseModel):
    """One purse in its present window; amounts in the ledger's currency."""

    name: str
    period: str
    limit: str | None = Field(description="null: unlimited.")
    settings_limit: str | None = Field(description="What the settings say, null: unlimited.")
    reserved: str
    spent: str
    overrun: str
    runway_seconds: float | None = Field(
        description="At the pace of the last minutes; null: no end in sight, or too few answers to say."
    )
    origin: str = Field(description="file, or operator where `paravent budget set` said so.")


class Budget(BaseModel):
    """All purses."""

    currency: str
    purses: list[Purse]


class Share(BaseModel):
    """The share of abusive texts with its 95 % interval, 0 to 1."""

    value: float
    low: float
    high: float


class Blurred(BaseModel):
    """A text that somebody should look at."""

    id: UUID
    number: str = Field(description="The texted number's name.")
    received_at: AwareDatetime
    blurred: str = Field(description="Its shape without its words.")


class Review(BaseModel):
    """The random texts of the last day."""

    drawn: int = Field(description="How many were drawn.")
    labelled: int = Field(description="How many of them have a label.")
    mode: Literal["calm", "raid"]
    texts: int = Field(description="All texts of the last day, or of the present raid.")
    flagged: int = Field(description="How many of them the detector flagged.")
    share: Share | None = Field(
        description="None as long as it cannot be told: no text, no label, or too wide an interval."
    )
    labels: dict[Literal["calm", "raid"], int] = Field(
        description="Texts ever labelled abusive or fine; the share goes by those of the present mode."
    )
    waiting: list[Blurred] = Field(description="Those without a label.")


class Opened(BaseModel):
    """The words of a text that was opened."""

    id: UUID
    text: str = Field(repr=False)


class NewLabel(BaseModel):
    """What somebody says of a text."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    label: Label


class Number(BaseModel):
    """One published number (demo only)."""

    name: str
    number: str = Field(repr=False)
    account: str


class Numbers(BaseModel):
    """The published numbers (demo only)."""

    numbers: list[Number]


class NewText(BaseModel):
    """A text to be sent to a published number by the simulated network (demo only)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    to: str = Field(pattern=r"^\+[0-9]{6,15}$", repr=False)
    sender: str = Field(pattern=r"^\+[0-9]{6,15}$", repr=False)
    text: str = Field(min_length=1, max_length=1_600, repr=False)


class Texted(BaseModel):
    """A text that was sent (demo only)."""

    text: str = Field(description="The id it is stored under.")


class Bubble(BaseModel):
    """One text of a conversation: in from the texter, or out to them."""

    direction: Literal["in", "out"]
    account: str = Field(default="", description="Whose carrier brought it.")
    text: str = Field(repr=False)
    at: AwareDatetime


class Conversation(BaseModel):
    """All texts of one texter, oldest first (demo only)."""

    bubbles: list[Bubble]
    dropped: list[UUID] = Field(description="Those that the operator decided never to answer.")


class Fault(BaseModel):
    """Something that can fail at a simulated carrier (demo only)."""

    name: str
    on: bool = Field(description="It fails now.")


class Carrier(BaseModel):
    """A simulated carrier and all that can fail there (demo only)."""

    account: str
    faults: list[Fault]


class Faults(BaseModel):
    """All simulated carriers (demo only)."""

    carriers: list[Carrier]


class Drill(BaseModel):
    """A drill that was played, and whose page is kept on this machine."""

    name: str
    at: AwareDatetime
    headline: str = Field(description="What came of it, in a sentence.")
    headline_fr: str = Field(default="", description="The same in French; empty where the page has none.")
    page: str = Field(description="Where its page is: for an hour this link needs no token.")


class Drills(BaseModel):
    """The last drills whose pages are kept on this machine, the newest first."""

    drills: list[Drill]


class Switch(BaseModel):
    """On or off."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    on: bool


class NewLimit(BaseModel):
    """What a purse may spend in each window from now on."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    amount: str = Field(
        pattern=r"^(unlimited|[0-9]{1,9}(\.[0-9]{1,6})?)$",
        description='Such as "20.00", "0", or "unlimited".',
    )


class TopUp(BaseModel):
    """What is added to the present window of a purse."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    amount: str = Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", description='Above zero, such as "20.00".')
