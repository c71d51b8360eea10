"""A webhook as it is kept: whole, but without the secrets of the house."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quoted

from providers import Hook
from router.vault import Vault
from router.wire import boottime

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})


class Recorder:
    """Writes down the webhooks of one account. A secret is named by a key id, and is not kept.

    Args:
        vault: Makes the key ids.
        token: The secret part of the account's path, None where it has none.
    """

    def __init__(self, vault: Vault, token: str | None) -> None:
        self._vault = vault
        self._token = token
        self._token_id = "" if token is None else self._key_id(token)

    def record(self, hook: Hook) -> bytes:
        """JSON with method, url, headers and body; the body's bytes are its characters, one each.

        Two clocks say when: UTC, which may be set, and this machine's since it was started, which is not.
        """
        url = hook.url if self._token is None else hook.url.replace(self._token, self._token_id)
        headers = [
            f"{quoted(name)}: {quoted(self._key_id(value) if name in _SECRET_HEADERS else value)}"
            for name, value in hook.headers.items()
        ]
        # By hand, for json.dumps makes an encoder anew each time.
        said = (
            f'{{"method": {quoted(hook.method)}, "url": {quoted(url)}, "headers": {{{", ".join(headers)}}}, '
            f'"body": {quoted(hook.body.decode("latin-1"))}, '
            f'"received_at": "{hook.received_at.isoformat()}", "boottime": {round(boottime(), 6)}}}'
        )
        return said.encode("ascii")

    def _key_id(self, secret: str) -> str:
        return f"key-{self._vault.pseudonym(secret).hex()[:8]}"
