"""The view of the archive: all sessions by day, and what the accounts come to by month."""

from collections.abc import Mapping
from typing import Any

from .cards import heading
from .devices import Device

type Json = dict[str, Any]

_DAYS = 120


def archive_view(devices: list[Device], statistics: Mapping[str, str]) -> Json:
    """Lay out the calendars of all accounts above their statistics, whose ids go by name."""
    accounts = [each for each in devices if each.is_account]
    calendars = [
        each.entities["calendar.sessions"]
        for each in accounts
        if "calendar.sessions" in each.entities
    ]
    return {
        "title": "Archive",
        "path": "archive",
        "type": "sections",
        "max_columns": 2,
        "sections": [
            {
                "type": "grid",
                "column_span": 2,
                "cards": [
                    heading("Every session", "mdi:calendar"),
                    {
                        "type": "calendar",
                        "entities": calendars,
                        "initial_view": "dayGridMonth",
                        "grid_options": {"columns": "full", "rows": 12},
                    },
                ],
            },
            _months("Energy by month", "mdi:lightning-bolt", accounts, statistics, "energy"),
            _months("Cost by month", "mdi:cash", accounts, statistics, "cost"),
        ],
    }


def _months(
    title: str, icon: str, accounts: list[Device], statistics: Mapping[str, str], kind: str
) -> Json:
    shown = [
        {"entity": statistics[f"{each.name} {kind}"], "name": each.name}
        for each in accounts
        if f"{each.name} {kind}" in statistics
    ]
    graph = {
        "type": "statistics-graph",
        "chart_type": "bar-stack",
        "entities": shown,
        "stat_types": ["change"],
        "period": "month",
        "days_to_show": _DAYS,
        "grid_options": {"columns": "full", "rows": 5},
    }
    return {"type": "grid", "cards": [heading(title, icon), graph]}
