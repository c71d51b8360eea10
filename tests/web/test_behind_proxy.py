"""Behind a proxy: the address that a text was signed for is the configured one, whatever headers say."""

from __future__ import annotations

from typing import Any

import pytest

from providers import Hook
from router.web import hooks
from tests.web.house import FRONT, PUBLIC, TEXTER, House, signed

PATH = "/hooks/twilio/inbound"
OTHER = "https://sms.example.org"
SAID = {"X-Forwarded-Host": "sms.example.org", "X-Forwarded-Proto": "https", "Host": "sms.example.org"}
FORM = {"MessageSid": "SM" + "1" * 32, "From": TEXTER, "To": FRONT, "Body": "Salut"}


async def _only_the_public_address_counts(house: House) -> None:
    elsewhere = SAID | signed(PATH, FORM, at=OTHER)
    assert await house.knock(PATH, FORM, headers=elsewhere) == 403
    assert await house.letters() == []
    for path in (PATH, f"{PATH}?x=1"):
        assert await house.knock(path, FORM, headers=SAID) == 200


async def test_a_text_signed_for_another_address_is_forged_whatever_a_proxy_says(house: House) -> None:
    await _only_the_public_address_counts(house)


async def test_control_where_headers_are_believed_it_is_taken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def believing(**said: Any) -> Hook:
        headers = said["headers"]
        address = f"{headers['x-forwarded-proto']}://{headers['x-forwarded-host']}"
        return Hook(**said | {"url": said["url"].replace(PUBLIC, address)})

    monkeypatch.setattr(hooks, "Hook", believing)
    with pytest.raises(AssertionError, match="200 == 403"):
        await _only_the_public_address_counts(house)
