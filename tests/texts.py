"""The texts, icons and errors of the integration, as the tests of metadata look at them."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
import json
from pathlib import Path
from string import Formatter
from typing import Any

import voluptuous as vol

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendUnavailableError,
    ChargingError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.const import DOMAIN

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "custom_components" / DOMAIN

ICONS: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text())
TEXTS: dict[str, Any] = json.loads((FOLDER / "translations" / "en.json").read_text())

BACKEND_ERRORS: list[ChargingError] = [
    AuthenticationError(),
    BackendUnavailableError("HTTP 500"),
    RateLimitError(1),
    RequestRejectedError("E0001", status=400),
    UnexpectedAnswerError("data[]"),
]


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the code of the integration, each file by its path below the folder."""
    return {
        path.relative_to(FOLDER): ast.parse(path.read_text())
        for path in sorted(FOLDER.rglob("*.py"))
    }


@cache
def all_calls() -> tuple[tuple[str, ast.Call], ...]:
    """Return every call of the integration, with the last name of what is called."""
    return tuple(
        (node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func), node)
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    )


def calls(*names: str) -> Iterator[ast.Call]:
    """Return the calls of functions of these names in the integration."""
    return (node for name, node in all_calls() if name in names)


def constant(node: ast.expr) -> str | None:
    """Return what an argument says literally."""
    return str(node.value) if isinstance(node, ast.Constant) else None


def input_errors() -> dict[str, set[str]]:
    """Return the keys of the errors about what a person entered, by field."""
    found: dict[str, set[str]] = {}
    for call in calls("InvalidInputError"):
        field, key = (constant(argument) for argument in call.args)
        assert field
        assert key
        found.setdefault(field, set()).add(key)
    return found


def missing_for_prices() -> set[str]:
    """Return what a price can lack to be known."""
    return {constant(call.args[0]) or "" for call in calls("PriceUnknownError")}


def leaves(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Return every text below, under its path."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield f"{path}.{key}", value
        else:
            yield from leaves(value, f"{path}.{key}")


def placeholders(text: str) -> set[str]:
    """Return the names that a text is filled with."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def keys(schema: vol.Schema) -> set[str]:
    """Return the fields of a form."""
    return {str(key) for key in schema.schema}
