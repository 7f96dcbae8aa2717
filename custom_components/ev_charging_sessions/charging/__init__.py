"""The field itself: sessions, charge points, backends and the ledger.

Nothing in this package imports Home Assistant, so it can be used, and tested, on its own.
"""
