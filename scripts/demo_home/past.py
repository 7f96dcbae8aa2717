"""The past of the demo: months of sessions, which the accounts are asked to read."""

from .devices import DOMAIN
from .house import House
from .namespace_scene import DAYS
from .processes import DemoError

_PARK = 20001
_SESSIONS = 300


async def read(house: House) -> None:
    """Let the accounts that know their past read it, and write its statistics at once.

    Those would be written by themselves, a minute or two later. The sessions of the park are
    made only now, because a price of one's own holds for what is read once it is there.
    """
    await house.simulator.post(
        "park/populate_past",
        service_location_id=_PARK,
        sessions=_SESSIONS,
        days=DAYS,
        is_lively=True,
    )
    for entry_id in (house.park_id, house.namespace_id):
        account = {"config_entry_id": entry_id}
        done = await house.home.act(f"{DOMAIN}.import_history", {**account, "days": DAYS})
        if not done["complete"]:
            raise DemoError(f"The past is not complete: {done}")
        await house.home.act(f"{DOMAIN}.rebuild_statistics", account)
