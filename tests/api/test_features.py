"""A feature's package exports all of its modules' routes, and the import contract knows each of them."""

import importlib
import pkgutil
import tomllib

from starlette.routing import Router

import api
from api.app import FEATURES
from support.paths import ROOT

# Meta's webhook is no route of the application: the outermost middleware serves it.
_OTHER_ENDPOINTS = {"api.webhooks.endpoint"}


def _modules_with_routes() -> dict[str, Router]:
    names = [found.name for found in pkgutil.walk_packages(api.__path__, "api.") if not found.ispkg]
    routers = {name: getattr(importlib.import_module(name), "router", None) for name in names}
    return {name: router for name, router in routers.items() if isinstance(router, Router)}


def test_every_route_of_a_module_is_a_route_of_its_feature() -> None:
    served = {id(route) for feature in FEATURES for route in feature.router.routes}
    of_modules = {id(route): name for name, each in _modules_with_routes().items() for route in each.routes}
    assert {name for route, name in of_modules.items() if route not in served} == set()
    assert served == of_modules.keys()


def test_the_import_contract_lists_every_endpoint_module() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (listed,) = (each["modules"] for each in contracts if each["type"] == "independence")
    assert set(listed) == _modules_with_routes().keys() | _OTHER_ENDPOINTS
