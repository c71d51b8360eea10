"""Twilio's webhook signatures: who signed, over which form of the address, with which secret.

Sources: https://www.twilio.com/docs/usage/security#validating-requests, and for shared keys
twilio-python 9.13.0, `twilio/request_validator.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import chain

from providers import Forged, Hook, Malformed
from providers.twilio.account import TwilioSettings

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


class Proof:
    """Takes webhooks that this account's secrets signed, and nothing else."""

    def __init__(self, settings: TwilioSettings) -> None:
        # Taking a key in costs more than proving a form: it is done once, and copied for each.
        self._tokens = [
            hmac.new(token.get_secret_value().encode(), digestmod="sha1") for token in settings.auth_token
        ]
        self._shared = {
            key: hmac.new(secret.get_secret_value().encode(), digestmod="sha256")
            for key, secret in settings.shared_keys.items()
        }

    def fields(self, hook: Hook) -> dict[str, str]:
        """Return the fields of a webhook once it is proved.

        Raises:
            Forged: No secret of ours signed it as it stands.
            Malformed: It is no form and no JSON object.
        """
        signed = ""
        if hook.method != "POST":
            fields = dict(hook.query())
        elif "json" in hook.headers.get("content-type", ""):
            fields = dict(_json(hook))
        else:
            pairs = hook.form()
            fields = dict(pairs)
            once = fields.items() if len(fields) == len(pairs) else set(pairs)
            signed = "".join(chain.from_iterable(sorted(once)))
        keys = self._keys(hook.headers.get("x-twilio-webhooks-signature-settings", ""))
        given = hook.headers.get("x-twilio-signature", "").encode(errors="replace")
        for url in _addresses(hook.url):
            payload = (url + signed).encode(errors="surrogateescape")
            for key in keys:
                proof = key.copy()
                proof.update(payload)
                if hmac.compare_digest(b64encode(proof.digest()), given):
                    return fields
        raise Forged("signature")

    def _keys(self, told: str) -> Sequence[hmac.HMAC]:
        """The secrets that may have signed. The header picks among ours; it can never weaken them."""
        if not told:
            return self._tokens
        named = dict(item.strip().partition("=")[::2] for item in told.split(","))
        key = self._shared.get(named.get("key", ""))
        if key is None or named.get("algorithm", "").upper() != "HMAC_SHA256":
            raise Forged("key")
        return [key]


def _addresses(url: str) -> Iterator[str]:
    """The address with and without its default port: Twilio signs either. Another port must be there."""
    yield url
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    port = _DEFAULT_PORTS.get(scheme, "")
    if port and host.endswith(port):
        yield f"{scheme}://{host.removesuffix(port)}{slash}{path}"
    elif not re.search(":[0-9]*$", host):
        yield f"{scheme}://{host}{port}{slash}{path}"


def _json(hook: Hook) -> list[tuple[str, str]]:
    """The fields of a JSON body. Only its digest is signed, as part of the address."""
    digest = dict(hook.query()).get("bodySHA256", "").encode(errors="replace")
    if not hmac.compare_digest(hashlib.sha256(hook.body).hexdigest().encode(), digest):
        raise Forged("body")
    try:
        found = json.loads(hook.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Malformed("json")
    return [(name, value) for name, value in found.items() if isinstance(value, str)]
