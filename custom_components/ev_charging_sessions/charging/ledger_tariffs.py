"""The tariffs in the ledger, each content once."""

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from itertools import batched
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, select

from .ledger_schema import BATCH, tariffs
from .merge import canonical
from .tariff_model import Tariff


@cache
def find_tariffs() -> Select[Any]:
    """Return the statement for some tariffs by their numbers."""
    return select(tariffs).where(tariffs.c.id.in_(bindparam("numbers", expanding=True)))


@cache
def find_contents() -> Select[Any]:
    """Return the statement for some tariffs by the digests of their contents."""
    return select(tariffs).where(tariffs.c.digest.in_(bindparam("digests", expanding=True)))


class Tariffs:
    """The tariffs that one transaction meets, each read and decoded once.

    Sessions with the same tariff share one object. It lives no longer than the transaction,
    for one that is rolled back takes the numbers that it has given back.
    """

    def __init__(self, connection: Connection) -> None:
        """Begin with none."""
        self._connection = connection
        self._tariffs: dict[int, Tariff] = {}
        self._numbers: dict[str, int] = {}

    def __getitem__(self, number: int) -> Tariff:
        """Return the tariff of a number that was loaded."""
        return self._tariffs[number]

    def number(self, tariff: Tariff) -> int:
        """Return the number of a tariff that was loaded or added."""
        return self._numbers[canonical(tariff)]

    def load(self, numbers: Iterable[int | None]) -> None:
        """Read the tariffs of some numbers, unless they are here already."""
        unknown = {number for number in numbers if number is not None} - self._tariffs.keys()
        for batch in batched(sorted(unknown), BATCH, strict=False):
            self._read(find_tariffs(), {"numbers": batch})

    def add(self, added: Iterable[Tariff | None]) -> None:
        """Write the tariffs that are not in the ledger yet."""
        contents = {canonical(tariff) for tariff in added if tariff is not None}
        for batch in batched(sorted(contents - self._numbers.keys()), BATCH, strict=False):
            digests = {"digests": [_digest(content) for content in batch]}
            self._read(find_contents(), digests)
            new = [content for content in batch if content not in self._numbers]
            if new:
                rows = [{"digest": _digest(content), "content": content} for content in new]
                self._connection.execute(tariffs.insert(), rows)
                self._read(find_contents(), digests)

    def _read(self, statement: Select[Any], parameters: dict[str, Any]) -> None:
        for row in self._connection.execute(statement, parameters):
            tariff = self._tariffs[row.id] = msgspec.json.decode(row.content, type=Tariff)
            self._numbers[row.content] = row.id
            # Another release may have written the same in other words.
            self._numbers.setdefault(canonical(tariff), row.id)


def is_intact(digest: str, content: str) -> bool:
    """Tell whether a row holds the tariff that was written. Raises msgspec's errors."""
    msgspec.json.decode(content, type=Tariff)
    return digest == _digest(content)


def _digest(content: str) -> str:
    return blake2b(content.encode(), digest_size=16).hexdigest()
