"""What an order asks for: its body as a model, or what is wrong with it."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from router.web.body import Unread, read
from router.web.guard import Handler, trouble

Asked = TypeVar("Asked", bound=BaseModel)


class Nothing(BaseModel):
    """The path says all."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def bare(handler: Handler) -> Handler:
    """An order that is whole without a body: one that says something else may mean something else."""

    async def carried_out(request: web.Request) -> web.StreamResponse:
        said = await asked(Nothing, request) if request.body_exists else None
        return said if isinstance(said, web.Response) else await handler(request)

    return carried_out


async def asked(model: type[Asked], request: web.Request) -> Asked | web.Response:
    """The body as that model, or what is wrong with it."""
    try:
        return model.model_validate_json(await read(request))
    except Unread as error:
        return trouble(error.status, f"the body is {error.reason}", "send less, at once, uncompressed")
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, each["loc"])) or "the body" for each in error.errors()}))
        return trouble(422, f"wrong: {places}", "/api/openapi.json says what is expected")
