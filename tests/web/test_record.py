"""A webhook as it is kept: the JSON that anybody's reader reads, without the secrets of the house."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from providers import Hook
from router.vault import Vault
from router.web.record import Recorder

VAULT = Vault([b"k" * 32])
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))


@given(
    ANYTHING,
    ANYTHING,
    st.dictionaries(ANYTHING, ANYTHING),
    st.binary(),
    st.datetimes(timezones=st.just(UTC)),
)
def test_a_record_is_the_json_that_the_library_would_write(
    method: str, url: str, headers: dict[str, str], body: bytes, at: datetime
) -> None:
    headers = {f"x-{name}": value for name, value in headers.items()}
    record = Recorder(VAULT, None).record(Hook(method, url, headers, body, received_at=at))
    read = json.loads(record)
    assert json.dumps(read).encode() == record
    assert read.pop("boottime") > 0
    assert read == {
        "method": method,
        "url": url,
        "headers": headers,
        "body": body.decode("latin-1"),
        "received_at": at.isoformat(),
    }


def test_what_is_secret_is_named_by_a_key_id() -> None:
    hook = Hook(
        "POST", "https://x.test/hooks/ovh/t0ken/inbound", {"cookie": "t0ken"}, received_at=datetime.now(UTC)
    )
    record = Recorder(VAULT, "t0ken").record(hook)
    assert b"t0ken" not in record
    read = json.loads(record)
    assert read["url"].startswith("https://x.test/hooks/ovh/key-")
    assert read["headers"]["cookie"].startswith("key-")
