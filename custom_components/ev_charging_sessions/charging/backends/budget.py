"""How many requests an account may make, and when it has to keep quiet."""

import asyncio
from collections import deque
import time

from ..back_off import jittered
from ..errors import RateLimitError

# The networks publish no numbers ("per minute, partner specific" at Shell). Sixty a minute let
# a family start and stop its cars at once; without commands the polling table needs two.
REQUESTS_PER_PERIOD = 60
PERIOD = 60.0
# Polls leave these to commands, so a start or stop never queues behind reading.
RESERVED_FOR_COMMANDS = 6
# What reads the past has time, and leaves the others to the polls.
MOST_FOR_PAST = 30

LONGEST_BACK_OFF = 600.0
# A server that asks for more than an hour is more likely to be wrong than to mean it.
LONGEST_RETRY_AFTER = 3600.0


class RequestBudget:
    """The one budget of an account, shared by polls, commands and token requests."""

    def __init__(self) -> None:
        """Start with nothing spent."""
        self._sent: deque[float] = deque()
        self._quiet_until = 0.0
        self._polls_quiet_until = 0.0
        self._failures = 0

    async def take(self, *, is_command: bool, is_patient: bool = False) -> None:
        """Wait until one more request fits into the budget; a patient one leaves room for polls.

        Raises RateLimitError, at once, while the backend has asked for quiet.
        """
        limit = REQUESTS_PER_PERIOD - (0 if is_command else RESERVED_FOR_COMMANDS)
        if is_patient:
            limit = MOST_FOR_PAST
        while True:
            now = time.monotonic()
            quiet_until = self._quiet_until
            if not is_command:
                quiet_until = max(quiet_until, self._polls_quiet_until)
            if now < quiet_until:
                raise RateLimitError(quiet_until - now)
            while self._sent and self._sent[0] <= now - PERIOD:
                self._sent.popleft()
            if len(self._sent) < limit:
                self._sent.append(now)
                return
            await asyncio.sleep(self._sent[-limit] + PERIOD - now)

    def succeeded(self) -> None:
        """Note an answer that made sense, which ends a back-off."""
        self._failures = 0

    def failed(self, retry_after: float | None, *, is_limit: bool = False) -> float:
        """Note a failure and return the seconds to wait before the next poll.

        A wait that the backend asked for holds for every request of the account; one of
        our own making only paces the polls, so a person can still press a button. With
        ``is_limit``, because of too many requests, no poll is sent before it is over.
        """
        self._failures += 1
        now = time.monotonic()
        if retry_after is not None:
            wait = min(max(retry_after, 1.0), LONGEST_RETRY_AFTER)
            self._quiet_until = max(self._quiet_until, now + wait)
            return wait
        wait = jittered(self._failures - 1, LONGEST_BACK_OFF)
        if is_limit:
            self._polls_quiet_until = now + wait
        return wait
