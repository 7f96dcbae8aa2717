"""Sessions of two accounts that are reports of one charge, and which of the two counts."""

from functools import cache
from typing import Any

from sqlalchemy import Select, false, select

from .ledger_schema import links


@cache
def uncounted() -> Select[Any]:
    """Return the statement for the row numbers of sessions that another one stands for."""
    return select(links.c.session).where(links.c.is_undone == false())
