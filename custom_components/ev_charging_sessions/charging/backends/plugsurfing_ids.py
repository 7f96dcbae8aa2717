"""The names of connectors, cards and plugs at PlugSurfing, as a person enters them.

Source: ``contracts/plugsurfing.md``.
"""

import re

from ..errors import InvalidInputError
from .plugsurfing_wire import canonical_card, card_type_of

CONNECTOR_TYPES = {
    "type_2": "Type2",
    "ccs": "Combo",
    "chademo": "Chademo",
    "schuko": "Schuko",
    "type_1": "Type1",
    "type_3": "Type3",
    "type_e": "TypeE",
    "cee_blue": "CeeBlue",
    "cee_red": "CeeRed",
    "cee_2_poles": "Cee2Poles",
    "cee_plus": "CeePlus",
    "three_pin_square": "3PinSquare",
    "tesla": "Tesla",
    "scame": "Scame",
    "nema_5": "Nema5",
    "t13": "T13",
    "t15": "T15",
    "t23": "T23",
    "marechal": "Marechal",
}
"""The types of connectors, and what the network calls each of them."""

_EVSE_ID = re.compile(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9*]{1,30}", re.IGNORECASE)
_CARD_ID = r"[0-9A-Za-z*-]{4,40}"


def checked_evse_id(text: str) -> str:
    """Return an EVSE id in capitals; raises InvalidInputError for what cannot be one."""
    evse_id = text.strip().upper()
    if not _EVSE_ID.fullmatch(evse_id):
        raise InvalidInputError("evse_id", "invalid_evse_id")
    return evse_id


def operator_id_of(evse_id: str) -> str:
    """Return the part of an EVSE id that names its operator (``DE*8PS``)."""
    plain = plain_evse_id(evse_id)
    return f"{plain[:2]}*{plain[2:5]}"


def checked_card_id(text: str) -> str:
    """Return the number of an RFID card, or the id of a contract, as sessions carry it.

    Raises InvalidInputError for what is neither.
    """
    card_id = canonical_card(text, card_type_of(text.strip()))
    if not re.fullmatch(_CARD_ID, card_id):
        raise InvalidInputError("identifier", "invalid_rfid")
    return card_id


def plain_evse_id(evse_id: str) -> str:
    """Return an EVSE id as it is compared: its separators mean nothing."""
    return evse_id.replace("*", "").replace("-", "").upper()
