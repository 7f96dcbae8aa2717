"""The shapes of answers: which fields of which types, and no value of any.

Whoever is to mend the reading of an answer has to know what it looks like, and nobody may have
to hand out sessions and cards for that.
"""

from collections.abc import Mapping
import re

import msgspec

type Shape = str | list[Shape] | dict[str, Shape]
"""Types as words, the shape of what a list holds, and the shapes of fields by name.

``null | string`` may be either. A name that ends with a question mark is not there in every one
of a list's objects.
"""

NO_JSON = "no JSON"
TOO_LARGE = "too large"

# What looks like the name of a field. Digits, capitals alone and what people put between the
# parts of an address or a number are signs of a value, and some networks name things by it. Any
# other name is told, also one that no parser knows: it is what has changed in an answer.
_FIELD = re.compile(r"(?=.*[a-z])[A-Za-z_]{1,40}|[a-z][a-z-]{0,39}")
# Stands for all names that may be values.
_ANY_NAME = "*"
_MOST_NAMES = 100
_DEEPEST = 16

# Of each kind of answer the last one is kept as it came: parsing it has to wait for somebody
# who wants to know. The bounds are for a network that answers with nonsense.
_MOST_ANSWERS = 32
_LARGEST_ANSWER = 512 * 1024


class LastAnswers:
    """The last answer of each kind that a network gave, or the last call of each that it made.

    Kinds are words of a backend's own. What is kept has secrets in it, so nothing but shapes
    gets out.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._bodies: dict[str, bytes | None] = {}

    def keep(self, kind: str, body: bytes) -> None:
        """Keep an answer instead of the last one of its kind."""
        self._bodies.pop(kind, None)
        self._bodies[kind] = body if len(body) <= _LARGEST_ANSWER else None
        if len(self._bodies) > _MOST_ANSWERS:
            del self._bodies[next(iter(self._bodies))]

    def shapes(self) -> Mapping[str, Shape]:
        """Return the shapes by kind. It takes a while, and can be called in any thread."""
        bodies = self._bodies.copy()
        return {
            kind: TOO_LARGE if body is None else shape_of(body)
            for kind, body in sorted(bodies.items())
        }


def shape_of(body: bytes) -> Shape:
    """Return the shape of JSON; what is none has the shape ``no JSON``."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError, UnicodeDecodeError, RecursionError:
        return NO_JSON
    seen = _Seen()
    seen.add(value, 0)
    return seen.shape()


class _Seen:
    """What has been seen at one place of an answer, in all objects that it is a part of."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._types: set[str] = set()
        self._items: _Seen | None = None
        self._objects = 0
        self._fields: dict[str, _Seen] = {}
        self._counts: dict[str, int] = {}

    def add(self, value: object, depth: int) -> None:
        """Take in a value."""
        if depth > _DEEPEST:
            self._types.add("deeper")
        elif isinstance(value, dict):
            self._objects += 1
            for name, below in value.items():
                self._field(str(name)).add(below, depth + 1)
        elif isinstance(value, list):
            self._items = self._items or _Seen()
            for item in value:
                self._items.add(item, depth + 1)
        else:
            self._types.add(_type_of(value))

    def _field(self, name: str) -> _Seen:
        is_many = name not in self._fields and len(self._fields) >= _MOST_NAMES
        if is_many or not _FIELD.fullmatch(name):
            name = _ANY_NAME
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._fields.setdefault(name, _Seen())

    def shape(self) -> Shape:
        """Return the shape of all that was seen."""
        found: list[Shape] = []
        if self._types:
            found.append(" | ".join(sorted(self._types)))
        if self._items:
            found.append([self._items.shape()] if self._items.is_any else [])
        if self._objects:
            found.append({self._name(name): seen.shape() for name, seen in self._fields.items()})
        return found[0] if len(found) == 1 else {"one of": found}

    @property
    def is_any(self) -> bool:
        """Tell whether anything was seen."""
        return bool(self._types or self._items or self._objects)

    def _name(self, name: str) -> str:
        is_optional = name != _ANY_NAME and self._counts[name] < self._objects
        return f"{name}?" if is_optional else name


def _type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "string"
