"""The errors of the ground floor in Home Assistant's terms: the one place that maps them."""

from collections.abc import Awaitable

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .charging.errors import (
    BackendUnavailableError,
    ChargingError,
    CommandFailedError,
    InvalidInputError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from .charging.model import CommandState
from .const import DOMAIN


def placeholders_of(err: ChargingError) -> dict[str, str]:
    """Return what the text of an error can be filled with."""
    match err:
        case RateLimitError(retry_after=seconds):
            return {"seconds": f"{seconds:.0f}"}
        case BackendUnavailableError(reason=reason):
            return {"reason": reason}
        case RequestRejectedError(code=code):
            return {"code": code}
        case UnexpectedAnswerError(path=path):
            return {"path": path}
        case CommandFailedError(reason=reason):
            return {"reason": reason} if reason else {}
        case _:
            return {}


def _key_of(err: ChargingError) -> str:
    """Return the key of a text that ends where the network's explanation does."""
    match err:
        case CommandFailedError(state=CommandState.REJECTED, reason=None):
            return "command_rejected_without_reason"
        case _:
            return err.key


def translated[ErrorT: HomeAssistantError](
    error: type[ErrorT], err: ChargingError, **kwargs: float | None
) -> ErrorT:
    """Return ``error`` with the translated text of ``err``; ``kwargs`` go to its class."""
    return error(
        translation_domain=DOMAIN,
        translation_key=_key_of(err),
        translation_placeholders=placeholders_of(err),
        **kwargs,
    )


async def async_carry_out(command: Awaitable[object]) -> None:
    """Wait for a command that a person gave with an entity, and raise what failed."""
    try:
        await command
    except CommandFailedError as err:
        # Given again meanwhile: the newer one tells how it ends.
        if err.state is not CommandState.SUPERSEDED:
            raise translated(HomeAssistantError, err) from err
    except InvalidInputError as err:
        raise translated(ServiceValidationError, err) from err
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
