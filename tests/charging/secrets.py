"""Looking for what must never be said, in everything an error can say."""

import traceback

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
