"""Evidence for others, ordered from the console: a period as one file that a stranger can verify."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from router.evidence.export import (
    NothingToExportError,
    NotSealedError,
    NotWrittenError,
    Order,
    export,
    on_disk,
)
from router.evidence.leaves import Seals
from router.office import Office
from router.postgres.pool import Pool
from router.web.asked import asked
from router.web.guard import trouble

BY = "console"
_CHUNK = 1 << 18
_NOT_MADE: dict[type[Exception], tuple[int, str, str]] = {
    NothingToExportError: (404, "no text came in then", "choose another period"),
    NotSealedError: (409, "what came in is still being sealed", "try again in a minute"),
    NotWrittenError: (507, "the disk of the router takes no more", "free some room there"),
}


class NewExport(BaseModel):
    """A period to make a file of; without numbers and words, which only the command line gives out."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    from_at: AwareDatetime
    to_at: AwareDatetime
    whom: str = Field(min_length=1, max_length=200, description="For whom or what; it is written down.")


@dataclass(slots=True)
class Proof:
    """Makes one file at a time."""

    office: Office
    pool: Pool
    seals: Seals
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Make the file and send it. That it was made is written down before."""
        new = await asked(NewExport, request)
        if isinstance(new, web.Response):
            return new
        if new.to_at <= new.from_at:
            return trouble(422, "the period ends before it begins", "turn the two around")
        if self._turn.locked():
            return trouble(409, "an export is being made already", "wait for it")
        async with self._turn:
            with tempfile.TemporaryDirectory(prefix="paravent-export-") as made:
                try:
                    file = await self._made(new, Path(made))
                except tuple(_NOT_MADE) as error:
                    return trouble(*_NOT_MADE[type(error)])
                return await _sent(request, file)

    async def _made(self, new: NewExport, folder: Path) -> Path:
        name = f"evidence-{new.from_at:%Y%m%d-%H%M}"
        zone = self.office.purses.zone
        order = Order(
            from_at=new.from_at.astimezone(zone),
            to_at=new.to_at.astimezone(zone),
            by=BY,
            whom=new.whom,
            currency=self.office.currency,
        )
        await export(self.pool, self.seals, order, folder / name, lambda _done, _of: None)
        with on_disk(folder):
            return Path(await asyncio.to_thread(shutil.make_archive, str(folder / name), "zip", folder, name))


async def _sent(request: web.Request, file: Path) -> web.StreamResponse:
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="{file.name}"',
    }
    answer = web.StreamResponse(headers=headers)
    await answer.prepare(request)
    with file.open("rb") as source:
        while chunk := await asyncio.to_thread(source.read, _CHUNK):
            await answer.write(chunk)
    await answer.write_eof()
    return answer
