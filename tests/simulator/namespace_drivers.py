"""Drivers who come to the chargers of a namespace and go by themselves, for the demo."""

from collections.abc import Callable
from random import Random

from .cars import Car
from .namespace import Namespace
from .namespace_model import Charger, IntentType, NamespaceConnector, NamespaceSession, Status

_WAYS = (
    IntentType.PERSONAL_KEYCARD,
    IntentType.AUTO_CHARGE,
    IntentType.INFOSTAR_KEYCARD,
    IntentType.IN_APP,
)


class NamespaceDrivers:
    """Lets cars arrive and leave, always in the same way for the same seed.

    At the first connector a car waits for the visitor to charge it; at the second one a car
    stays, and its price can be seen to grow.
    """

    def __init__(self, namespace: Namespace, *, seed: int = 1) -> None:
        """Get ready, without doing anything yet."""
        self.is_on = False
        self._namespace = namespace
        self._random = Random(seed)

    def start(self) -> None:
        """Let two cars be there already, and another arrive every minute or two."""
        if self.is_on:
            return
        self.is_on = True
        namespace, places = self._namespace, self._places()
        for position, (charger, connector) in enumerate(places[:2]):
            if connector.car is None and connector.outage is None:
                namespace.plug(charger.id, connector.id, Car(capacity=100, level=10))
                if position == 1:
                    tag = namespace.drivers[0].id_tag
                    namespace.start_at_pole(charger.id, connector.id, tag)
        self._arrive()

    def stop(self) -> None:
        """Let nobody else arrive; who is there leaves in time."""
        self.is_on = False

    def _places(self) -> list[tuple[Charger, NamespaceConnector]]:
        return [
            (charger, connector)
            for charger in self._namespace.chargers.values()
            for connector in charger.connectors.values()
        ]

    def _after(self, least: float, most: float, event: Callable[[], None]) -> None:
        self._namespace.clock.after(self._random.uniform(least, most), event)

    def _arrive(self) -> None:
        if not self.is_on:
            return
        self._after(60, 120, self._arrive)
        free = [each for each in self._places()[2:] if each[1].status is Status.AVAILABLE]
        if free:
            charger, connector = self._random.choice(free)
            driver = self._random.choice(self._namespace.drivers)
            # Some cars are nearly full when they come, so that some idle.
            car = Car(level=self._random.uniform(5, 59.8), max_power=22)
            self._namespace.plug(charger.id, connector.id, car)
            session = self._namespace.start_at_pole(
                charger.id, connector.id, driver.id_tag, self._random.choice(_WAYS)
            )
            self._after(120, 480, lambda: self._leave(connector, session))

    def _leave(self, connector: NamespaceConnector, session: NamespaceSession) -> None:
        # A test may have pulled the plug, and let another car come.
        if connector.session is session or connector.is_finished:
            self._namespace.unplug(session.charger_id, session.connector_id)
