"""Finds what must not come out in what came out, however it is spelled."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from urllib.parse import quote

_A_MOBILE = re.compile(rb"(?<![0-9A-Za-z])\+?(?:33|0033|0)?([67]\d{8})(?![0-9A-Za-z])")
_FRANCE = "+33"


def spellings(canary: str) -> list[bytes]:
    """As it is, in a URL, in hexadecimal, and in base64 wherever it begins."""
    plain = canary.encode()
    in_base64 = [base64.b64encode(b"?" * lead + plain)[4 * (lead > 0) : -4] for lead in range(3)]
    return [plain, quote(canary).encode(), plain.hex().encode(), *in_base64]


def found(canaries: Mapping[str, str], outputs: Mapping[str, bytes]) -> list[str]:
    """Which canary is in which output, also encoded."""
    return [
        f"{what} in {where}"
        for what, canary in canaries.items()
        for where, said in outputs.items()
        if any(spelled in said for spelled in spellings(canary))
    ]


def numbers_found(numbers: Collection[str], outputs: Mapping[str, bytes]) -> list[str]:
    """In which outputs any of many French mobile numbers (E.164) stands, as people or machines write them."""
    known = {number.removeprefix(_FRANCE).encode() for number in numbers}
    seen = {where: known.intersection(_A_MOBILE.findall(said)) for where, said in outputs.items()}
    return [f"{len(which)} numbers in {where}" for where, which in seen.items() if which]
