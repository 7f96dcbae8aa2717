"""Everything that can go wrong on the ground floor, as one tree of exceptions.

No message carries a secret, an identifier of a person or a value from the wire.
"""

from .model import CommandState


class ChargingError(Exception):
    """The root of all errors of this package; ``key`` is its stable word for people."""

    key: str


class InvalidInputError(ChargingError):
    """Something a person entered cannot be right; nothing was sent.

    ``field`` names the input; ``key`` says what is wrong with it.
    """

    def __init__(self, field: str, reason: str) -> None:
        """Remember which field is wrong, and why."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.key = reason


class BackendError(ChargingError):
    """A backend could not do what was asked."""


class AuthenticationError(BackendError):
    """The backend refuses the credentials, even with a fresh token."""

    key = "authentication_failed"


class RateLimitError(BackendError):
    """The backend wants fewer requests; ``retry_after`` is in seconds."""

    key = "rate_limited"

    def __init__(self, retry_after: float) -> None:
        """Remember how long to keep quiet."""
        super().__init__(f"Too many requests, quiet for {retry_after:.0f} s")
        self.retry_after = retry_after


class BackendUnavailableError(BackendError):
    """The backend cannot be reached or does not answer sensibly.

    ``retry_after`` is in seconds. ``was_sent`` tells whether the request may have reached
    the backend: only when it is false is it certain that nothing happened there.
    """

    key = "backend_unavailable"

    def __init__(
        self, reason: str, *, retry_after: float | None = None, was_sent: bool = True
    ) -> None:
        """Remember what failed, and whether the request may have had an effect."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.was_sent = was_sent


class RequestRejectedError(BackendError):
    """The backend understood the request and declined it.

    ``code`` is the backend's own code, ``status`` the HTTP status it came with.
    """

    key = "request_rejected"

    def __init__(self, code: str, *, status: int) -> None:
        """Remember the backend's code and the HTTP status."""
        super().__init__(f"Rejected with {code} (HTTP {status})")
        self.code = code
        self.status = status


class UnexpectedAnswerError(BackendError):
    """A field of an answer has the wrong type, or a required one is missing.

    ``path`` names the field (``data[].startedAt``), never its value. ``was_sent`` tells
    whether the request may have had an effect: only when it is false is it certain that
    nothing happened at the backend.
    """

    key = "unexpected_answer"

    def __init__(self, path: str) -> None:
        """Remember which field it was."""
        super().__init__(f"Unexpected value at {path}")
        self.path = path
        self.was_sent = True


class SwitchFailedError(BackendError):
    """What lets current flow at a connector of ours did not do as it was told.

    ``is_timeout`` tells that it has not refused, but did not do it in time either.
    """

    def __init__(self, *, is_timeout: bool) -> None:
        """Remember whether it said no or nothing."""
        self.key = "switch_timed_out" if is_timeout else "switch_failed"
        super().__init__(self.key)
        self.is_timeout = is_timeout


class ConnectorBusyError(BackendError):
    """Another session is open at a connector of ours, so none can begin there."""

    key = "connector_busy"


class PriceUnknownError(ChargingError):
    """What charging costs cannot be told.

    ``key`` says what is missing for it: ``price_unknown_`` and ``tariff``, ``energy``,
    ``current``, ``time_zone`` or ``times``.
    """

    def __init__(self, missing: str) -> None:
        """Remember what is missing."""
        super().__init__(f"The price cannot be told without the {missing}")
        self.key = f"price_unknown_{missing}"


class LedgerError(ChargingError):
    """The ledger's database cannot be opened, read or written."""

    key = "ledger_error"


class LedgerCorruptError(LedgerError):
    """The ledger's file is broken: something else than the ledger has written to it, or lost it."""

    key = "ledger_corrupt"


class LedgerFullError(LedgerError):
    """What should be written finds no room on the disk, or the disk fails."""

    key = "ledger_full"


class LedgerSetupError(LedgerError):
    """The address of the ledger's database, or this installation, is not fit for it.

    ``key`` says what is wrong: ``ledger_driver_missing`` or ``ledger_url_invalid``.
    """

    def __init__(self, key: str) -> None:
        """Remember what is wrong."""
        super().__init__(f"The ledger cannot be used: {key}")
        self.key = key


class ImportInterruptedError(ChargingError):
    """The account was unloaded while its past was read; that goes on when it is loaded again."""

    key = "import_interrupted"


class CommandFailedError(ChargingError):
    """A start or stop did not come about.

    ``state`` says how it ended, ``reason`` is the backend's code for a refusal.
    """

    def __init__(self, state: CommandState, reason: str | None = None) -> None:
        """Remember how the command ended, and why."""
        super().__init__(f"{state}: {reason}" if reason else state)
        self.key = f"command_{state}"
        self.state = state
        self.reason = reason
