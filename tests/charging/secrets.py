"""Looking for what must never be said, in everything an error can say."""

from collections.abc import Iterator
from contextlib import contextmanager
import traceback

import pytest

from custom_components.ev_charging_sessions.charging.errors import BackendError
from tests.simulator import Simulator
from tests.simulator.defaults import CARDS, CLIENT_SECRET


def secrets_of(simulator: Simulator) -> set[str]:
    """Return every secret and every identifier of a person that the simulator knows."""
    users = {session.user_id for session in simulator.world.sessions.values()}
    return {CLIENT_SECRET, *CARDS, *users, *simulator.shell.tokens._expiry}


def said_by(error: BaseException) -> str:
    """Return all that an error, and everything it hangs on to, could put into a log."""
    said: list[str] = []
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is not None:
            said += [str(one), repr(one), repr(one.args), repr(vars(one))]
            pending += [one.__cause__, one.__context__]
    return "\n".join([*said, *traceback.format_exception(error)])


def assert_silent(text: str, secrets: set[str]) -> None:
    """Make sure that none of the secrets is in a text."""
    assert not {secret for secret in secrets if secret in text}


@contextmanager
def raises[E: BackendError](kind: type[E], simulator: Simulator) -> Iterator[list[E]]:
    """Expect an error of exactly that kind, and that it keeps everything to itself."""
    found: list[E] = []
    with pytest.raises(kind) as caught:
        yield found
    assert type(caught.value) is kind
    assert_silent(said_by(caught.value), secrets_of(simulator))
    assert caught.value.__cause__ is caught.value.__context__ is None
    found.append(caught.value)
