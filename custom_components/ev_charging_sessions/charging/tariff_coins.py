"""The smallest coins of currencies."""

from decimal import Decimal

# The digits behind the point of the smallest coin, where they are not two (ISO 4217).
_DIGITS = {"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3} | dict.fromkeys(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    ),
    0,
)


def coin_of(currency: str) -> Decimal:
    """Return the smallest amount of a currency (ISO 4217) that can be paid."""
    return Decimal(1).scaleb(-_DIGITS.get(currency, 2))
