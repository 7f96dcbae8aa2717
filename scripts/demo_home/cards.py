"""The cards of Home Assistant that the views of the dashboard are made of."""

from typing import Any

from .devices import Device

type Json = dict[str, Any]


def heading(text: str, icon: str) -> Json:
    """Name a section."""
    return {"type": "heading", "heading": text, "icon": icon}


def tile(entity_id: str, name: str, columns: int, feature: Json | None = None) -> Json:
    """Show an entity, with a feature to set it by on the right; a section has 12 columns."""
    card: Json = {
        "type": "tile",
        "entity": entity_id,
        "name": name,
        "grid_options": {"columns": columns},
    }
    if feature:
        card |= {"features": [feature], "features_position": "inline"}
    return card


def named(points: list[Device], key: str) -> list[Json]:
    """Return one entity of every charge point that has it, under the name of that point."""
    return [
        {"entity": each.entities[key], "name": each.name} for each in points if key in each.entities
    ]


def what_happened(points: list[Device]) -> Json:
    """Make a section across the whole view that tells what went on at the charge points."""
    events = [each.entities["event.session"] for each in points if "event.session" in each.entities]
    return {
        "type": "grid",
        "column_span": 3,
        "cards": [
            heading("What happened", "mdi:history"),
            {
                "type": "history-graph",
                "hours_to_show": 1,
                "entities": named(points, "sensor.status"),
                "grid_options": {"columns": 24},
            },
            {
                "type": "logbook",
                "target": {"entity_id": events},
                "hours_to_show": 24,
                "grid_options": {"columns": 12, "rows": 5},
            },
        ],
    }
