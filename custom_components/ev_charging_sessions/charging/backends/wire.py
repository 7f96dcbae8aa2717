"""Reading JSON into typed structs, with errors that name a field and never its value."""

from collections.abc import Callable
from functools import cache

import msgspec

from ..errors import UnexpectedAnswerError


def reader[T](shape: type[T], path: str = "") -> Callable[[bytes | msgspec.Raw], T]:
    """Return a function that reads JSON of a shape (a msgspec struct).

    ``path`` says where in an answer the JSON stands (``data[]``); it is empty for a whole
    answer. The function raises UnexpectedAnswerError for JSON of another shape. A part that
    is no JSON at all is that too; for a whole answer msgspec's own error goes through, as
    ``Transport.decoded`` expects it.
    """

    @cache
    def decoder() -> msgspec.json.Decoder[T]:
        # Not before its first use: most decoders are not needed to start up.
        return msgspec.json.Decoder(shape)

    def read(raw: bytes | msgspec.Raw) -> T:
        try:
            return decoder().decode(raw)
        except msgspec.ValidationError as err:
            where = path_of(err, path)
        except msgspec.DecodeError, UnicodeDecodeError, RecursionError:
            if not path:
                raise
            where = path
        raise UnexpectedAnswerError(where)

    return read


def path_of(err: msgspec.ValidationError, path: str = "") -> str:
    """Return where msgspec found the wrong type, as seen from ``path``."""
    _, _, inner = str(err).rpartition(" - at `")
    # msgspec calls the root "$" and names no place for an error in the root itself.
    inner = inner.removesuffix("`").removeprefix("$") if inner.startswith("$") else ""
    return (path + inner).removeprefix(".") or "$"


def optional_text(value: object) -> str | None:
    """Return a text or a number as text; ``None`` for anything else, and for no text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return (value.strip() or None) if isinstance(value, str) else None
