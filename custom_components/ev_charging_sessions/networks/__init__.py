"""What the upper floor has to know of each network: one module for each of them."""

from collections.abc import Mapping
import hashlib
from typing import Any

from homeassistant.config_entries import ConfigEntry

from ..charging.model import Account, ChargeCard
from ..const import CONF_ALIAS, CONF_BACKEND, CONF_IDENTIFIER, SUBENTRY_CHARGE_CARD
from . import cleverev, plugsurfing, shell_recharge, smappee
from .network import Network

__all__ = ["NETWORKS", "Network", "account_of", "account_of_entry", "cards_of"]

NETWORKS: dict[str, Network] = {
    "shell_recharge": shell_recharge.NETWORK,
    "smappee": smappee.NETWORK,
    "cleverev": cleverev.NETWORK,
    "plugsurfing": plugsurfing.NETWORK,
}


def account_of(backend: str, data: Mapping[str, Any]) -> Account:
    """Return the account of these credentials, under an id that does not show them."""
    parts = [backend, *(data[field] for field in NETWORKS[backend].identity(data))]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return Account(backend=backend, account_id=digest[:16])


def account_of_entry(entry: ConfigEntry) -> Account:
    """Return the account of an entry, as the archive knows it."""
    return Account(backend=entry.data[CONF_BACKEND], account_id=str(entry.unique_id))


def cards_of(entry: ConfigEntry) -> tuple[ChargeCard, ...]:
    """Return the cards of an entry, the default one first.

    A default card that its owner has given no alias goes by the title of the entry.
    """
    aliases = {
        subentry.data[CONF_IDENTIFIER]: subentry.data[CONF_ALIAS]
        for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_CARD)
    }
    if field := NETWORKS[entry.data[CONF_BACKEND]].default_card:
        default = entry.data[field]
        aliases = {default: aliases.pop(default, entry.title)} | aliases
    return tuple(
        ChargeCard(identifier=identifier, alias=alias) for identifier, alias in aliases.items()
    )
