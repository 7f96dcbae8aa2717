"""What a network has to say of itself so that an account of it can be set up."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from ..charging.backends.backend import Backend
from ..charging.model import Account, ChargeCard
from ..coordinator import ChargingConfigEntry, ChargingCoordinator

PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))


type Keep = Callable[[Mapping[str, Any]], None]
"""Stores what a backend wants to find in the data of its account the next time."""


type Operate = Callable[[HomeAssistant, ChargingConfigEntry, ChargingCoordinator], Awaitable[None]]
"""Sets up what an operator does; raises LedgerError."""


class Create(Protocol):
    """Makes the backend of an account."""

    def __call__(
        self,
        hass: HomeAssistant,
        account: Account,
        data: Mapping[str, Any],
        *,
        cards: tuple[ChargeCard, ...],
        keep: Keep,
    ) -> Backend:
        """Return a backend that has sent nothing yet."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """How one backend is set up.

    ``checked`` and the two ``checked_…_id`` return the canonical form of what a person
    entered and raise InvalidInputError. ``identity`` returns the fields of an account that
    tell it from another, ``credentials`` are those that a reauthentication asks for again.

    ``default_card`` is the field of the card that pays where none is chosen. Without
    ``checked_charge_point_id``, the network itself tells which charge points there are.
    ``places`` returns the names of the places an account can be limited to, by id.
    ``takes_own_price`` tells that its sessions have energies and no costs, and ``lists_past``
    that it still lists those of long ago.

    Where the home itself is the operator, ``checked_connector_id`` is for the connectors it
    offers, and ``operate`` sets up all that is more than reading from a network.
    """

    title: str
    schema: vol.Schema
    identity: Callable[[Mapping[str, Any]], tuple[str, ...]]
    credentials: tuple[str, ...]
    secrets: tuple[str, ...]
    checked: Callable[[Mapping[str, Any]], dict[str, Any]]
    checked_card_id: Callable[[str], str]
    create: Create
    default_card: str | None = None
    checked_charge_point_id: Callable[[str], str] | None = None
    places: Callable[[Backend], Awaitable[dict[str, str]]] | None = None
    takes_own_price: bool = False
    lists_past: bool = False
    checked_connector_id: Callable[[str], str] | None = None
    operate: Operate | None = None

    def is_lasting(self, data: Mapping[str, Any]) -> bool:
        """Tell whether an account is known by more than credentials that will be renewed."""
        return not set(self.identity(data)) & set(self.credentials)


def advanced(fields: dict[Any, Any]) -> section:
    """Return the section of a form that most people need not open."""
    return section(vol.Schema(fields), {"collapsed": True})
