"""The control API under `/_sandbox/faults`: set faults, look at them, lift them."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.control import route

if TYPE_CHECKING:
    from sandbox.world import World


async def add(world: "World", _: Request, body: dict[str, Any]) -> Any:
    """Set one fault."""
    return world.faults.add(body).as_json(world.clock.now_ms())


async def show(world: "World", _: Request, __: dict[str, Any]) -> Any:
    """All faults that were not lifted."""
    return {"faults": world.faults.all()}


async def clear(world: "World", request: Request, _: dict[str, Any]) -> Any:
    """Lift one, or all."""
    return {"cleared": world.faults.clear(request.path_params.get("id"))}


def routes(world: "World") -> list[Route]:
    """Everything above, under its path."""
    return [
        route(world, "/faults", add),
        route(world, "/faults", show, "GET"),
        route(world, "/faults", clear, "DELETE"),
        route(world, "/faults/{id}", clear, "DELETE"),
    ]
