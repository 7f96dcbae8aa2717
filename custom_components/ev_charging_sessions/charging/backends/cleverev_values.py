"""Numbers, money, times and ids as CleverEV writes them, whichever way it does.

The documents leave open whether a time is ISO 8601 or counted, and whether a decimal string
has a point or a comma, so both are read. What cannot be read is an error that names the
field and never its value: it is raised outside of any handler, because an exception in its
context would show the value.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
import re

from ..errors import InvalidInputError, UnexpectedAnswerError
from .wire import optional_text

_DECIMAL = re.compile(r"[+-]?[0-9.,]{1,40}")
_SEPARATOR = re.compile(r"[.,]")
_COUNTED = re.compile(r"[0-9]+(\.[0-9]+)?")
_WORD = re.compile(r"[A-Za-z]{2,40}")
_HUMP = re.compile(r"(?<=.)(?=[A-Z])")

# OCPP 1.6: a CiString20Type, whose case says nothing.
_ID_TAG = re.compile(r"[ -~]{1,20}")

# What can stand in a path without leading elsewhere.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# A connector is counted from one at its charger; OCPP's zero is the charger itself.
_LAST_CONNECTOR = 999

# As milliseconds such a number is a time after April 1970, as seconds one before 2286.
_LARGEST_SECONDS = 1e10
# In milliseconds: the year 5138, well within what a datetime can tell.
_LARGEST_TIME = 1e14

# A time stamp from further ahead than any clock error would win against all later answers.
_CLOCK_ERROR = timedelta(days=1)


def decimal_of(value: object, path: str) -> Decimal | None:
    """Return an amount; a text may have a comma, and of two separators the last one counts.

    ``None`` stands for nothing. Raises UnexpectedAnswerError for anything else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return Decimal(repr(value))
    text = value.strip() if isinstance(value, str) else ""
    marks = _SEPARATOR.findall(text)
    if _DECIMAL.fullmatch(text) and len(marks) < len(text.strip("+-")):
        last = marks[-1] if marks else "."
        if len(marks) > 1 and len(set(marks)) == 1:
            # The same separator several times parts thousands.
            return Decimal(text.replace(last, ""))
        whole, _, fraction = text.rpartition(last) if marks else (text, "", "")
        return Decimal(_SEPARATOR.sub("", whole) + "." + fraction)
    raise UnexpectedAnswerError(path)


def number(value: object, path: str) -> float | None:
    """Return a number that may be printed as text; ``None`` for nothing.

    Raises UnexpectedAnswerError for anything else.
    """
    if type(value) is int or (type(value) is float and isfinite(value)):
        # Nearly all are, and there are ten in a session.
        return float(value)
    found = decimal_of(value, path)
    return None if found is None else float(found)


def time_of(value: object, path: str) -> datetime | None:
    """Read a time: ISO 8601, or seconds or milliseconds since 1970; zero stands for none.

    One without a zone is UTC. Raises UnexpectedAnswerError for anything else.
    """
    if value is None or value == "":
        return None
    found: float | None = None
    if isinstance(value, str):
        text = value.strip()
        # Only a count has no hyphen, and a date with one cannot be a count.
        if "-" not in text and _COUNTED.fullmatch(text):
            found = float(text)
        else:
            moment = _iso(text)
            if moment is not None:
                return moment
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = value
    if found == 0:
        return None
    if found is None or not 0 < found < _LARGEST_TIME:
        raise UnexpectedAnswerError(path)
    return datetime.fromtimestamp(found / 1000 if found > _LARGEST_SECONDS else found, UTC)


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError, OverflowError:
        return None


def not_ahead(moment: datetime | None) -> datetime | None:
    """Return a time that puts answers in order, or ``None`` for one that cannot do that."""
    if moment is None or moment > datetime.now(UTC) + _CLOCK_ERROR:
        return None
    return moment


def optional_time(value: object) -> datetime | None:
    """Return a time that costs nothing when it cannot be read."""
    try:
        return time_of(value, "")
    except UnexpectedAnswerError:
        return None


def optional_number(value: object) -> float | None:
    """Return a number that costs nothing when it cannot be read."""
    try:
        return number(value, "")
    except UnexpectedAnswerError:
        return None


def optional_decimal(value: object) -> Decimal | None:
    """Return an amount that costs nothing when it cannot be read."""
    try:
        return decimal_of(value, "")
    except UnexpectedAnswerError:
        return None


def word_of(value: object) -> str | None:
    """Return a word of the vendor's; ``None`` for what could be something else."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def snake_word_of(value: object) -> str | None:
    """Return a word of the vendor's in lower case (``PlugNCharge``: ``plug_n_charge``)."""
    word = word_of(value)
    return None if word is None else _HUMP.sub("_", word).lower()


def id_tag_of(value: object) -> str | None:
    """Return what identifies a card, in its canonical spelling; ``None`` for nothing."""
    text = optional_text(value)
    return None if text is None else text.upper()


def checked_id_tag(text: str) -> str:
    """Return what identifies a card at an OCPP charge point, in its canonical spelling.

    Raises InvalidInputError when it cannot be that: it has 1 to 20 printable characters.
    """
    id_tag = id_tag_of(text)
    if id_tag is None or not _ID_TAG.fullmatch(id_tag):
        raise InvalidInputError("identifier", "invalid_id_tag")
    return id_tag


def id_for_path(value: object, path: str) -> str:
    """Return an id that can stand in a path; raises UnexpectedAnswerError for any other."""
    text = optional_text(value)
    if text is None or not _ID.fullmatch(text):
        raise UnexpectedAnswerError(path)
    return text


def connector_number(value: object, path: str) -> int:
    """Return the number of a connector; raises UnexpectedAnswerError for anything else."""
    found = number(value, path)
    if found is None or not 0 <= found <= _LAST_CONNECTOR or not found.is_integer():
        raise UnexpectedAnswerError(path)
    return int(found)


def charge_point_id_of(charger_id: str, connector: int) -> str:
    """Return the id of a connector as a charge point."""
    return f"{charger_id}-{connector}"


def charger_and_connector(charge_point_id: str) -> tuple[str, int] | None:
    """Return the charger and the connector that a charge point is; ``None`` if it is none."""
    charger_id, _, connector = charge_point_id.rpartition("-")
    if not _ID.fullmatch(charger_id) or not re.fullmatch(r"[0-9]{1,3}", connector):
        return None
    return charger_id, int(connector)
