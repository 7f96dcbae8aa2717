"""The result codes of PlugSurfing's OIOI, and what they ask for.

Source: ``request.rst`` of the OIOI documentation. A more general code may always stand for a
more specific one.
"""

from enum import IntEnum, unique


@unique
class ResultCode(IntEnum):
    """What came of a call; the hundred says whose trouble it is."""

    SUCCESS = 0
    CHARGING_STARTED = 11
    AUTHORIZED_PLUG_IN_NOW = 12

    NETWORK_ERROR = 100
    DATABASE_ERROR = 101
    NETWORK_TIMEOUT = 102
    NOT_AUTHENTICATED = 140
    INVALID_EMAIL_OR_PASSWORD = 141
    INVALID_EMAIL = 142
    EMAIL_EXISTS_ALREADY = 143
    EMAIL_UNKNOWN = 144
    INVALID_USER_TOKEN = 145
    ENTITY_NOT_FOUND = 180
    EVSE_NOT_FOUND = 181
    SESSION_NOT_FOUND = 182
    COMPANY_NOT_FOUND = 183
    VEHICLE_NOT_FOUND = 184
    SUBSCRIPTION_PLAN_NOT_FOUND = 185
    GROUP_NOT_FOUND = 186
    NO_DIRECT_PAYMENT = 187
    NO_REMOTE_STOP = 188
    RESERVATION_NOT_FOUND = 189
    EVCO_ID_ERROR = 190
    EVCO_ID_UNKNOWN = 191
    EVCO_ID_LOCKED = 192
    NO_VALID_PAYMENT_METHOD = 193
    OTHER_RESERVATION_ACTIVE = 194

    CLIENT_ERROR = 200
    INVALID_API_KEY = 210
    INVALID_PARTNER_IDENTIFIER = 211
    API_KEY_NOT_ALLOWED = 220
    INVALID_FORMAT = 230

    OPERATOR_ERROR = 300
    OPERATOR_TIMEOUT = 302
    EVSE_ERROR = 310
    EVSE_TIMEOUT = 312
    EVSE_IN_USE = 320
    NO_EV_CONNECTED = 321
    SAME_EVSE_ID_ELSEWHERE = 322
    EVSE_RESERVED = 323
    RESERVATION_NOT_SUPPORTED = 330

    HUB_ERROR = 400
    HUB_TIMEOUT = 402

    PAYMENT_ERROR = 800
    PAYMENT_TIMEOUT = 802
    PAYMENT_NOT_ALLOWED = 805
    INVALID_PAYMENT_FORMAT = 830
    INVALID_PAYMENT_METHOD = 850
    BANK_TRANSFER_ERROR = 860
    INVALID_BANK_ACCOUNT = 861
    INVALID_ACCOUNT_HOLDER = 862
    INVALID_IBAN = 863
    INVALID_BIC = 864
    CREDIT_CARD_ERROR = 870
    INVALID_CREDIT_CARD = 871
    INVALID_CARD_HOLDER = 872
    INVALID_CREDIT_CARD_NUMBER = 874
    INVALID_EXPIRATION_DATE = 875
    INVALID_CVC = 876
    PAYPAL_ERROR = 880


_TEMPORARY = frozenset(
    {
        ResultCode.NETWORK_ERROR,
        ResultCode.DATABASE_ERROR,
        ResultCode.NETWORK_TIMEOUT,
        ResultCode.OPERATOR_TIMEOUT,
        ResultCode.EVSE_TIMEOUT,
        ResultCode.HUB_ERROR,
        ResultCode.HUB_TIMEOUT,
    }
)

_ABBREVIATIONS = {
    word: word.upper() for word in ("api", "bic", "cvc", "ev", "evco", "evse", "iban", "id")
} | {"paypal": "PayPal"}


def is_success(code: int) -> bool:
    """Tell whether a call succeeded: any 0xx says so, also one that nobody has documented."""
    return 0 <= code <= 99


def is_temporary(code: int) -> bool:
    """Tell whether the same call may succeed later."""
    return code in _TEMPORARY


def is_refused_key(code: int) -> bool:
    """Tell whether the API key is the trouble."""
    return code in {ResultCode.INVALID_API_KEY, ResultCode.API_KEY_NOT_ALLOWED}


def words_of(code: ResultCode) -> str:
    """Return what a code means (``invalid API key``)."""
    words = code.name.lower().split("_")
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)


def name_of(code: int) -> str:
    """Return a code with its meaning (``210 invalid API key``), or alone if nobody knows it."""
    return f"{code:d} {words_of(ResultCode(code))}" if code in ResultCode else f"{code:d}"
