"""What a language model may read: the sessions in the archive, and what charging would cost.

It can only read here. Starting and stopping is left to the switches that are exposed, so that
the rules of Home Assistant for acting hold for them as for any other switch.
"""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Any, override

import voluptuous as vol

from homeassistant.components.llm import LLMTools
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
from homeassistant.helpers.selector import DateTimeSelector
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .assistants import Reach, async_told, exposed_to, reach_of
from .charging.model import Account, Session, SessionStatus
from .const import DOMAIN
from .rows import Labels, archive_row, labels_of
from .service_fields import TIME_FIELD, invalid
from .services_archive import (
    ATTR_CARD,
    ATTR_END,
    ATTR_LIMIT,
    ATTR_START,
    ATTR_STATUS,
    SERVICE_GET_SESSIONS,
    question_of,
)
from .services_quote import ATTR_DURATION, ATTR_ENERGY, LONGEST, SERVICE_QUOTE
from .wording import async_wording

ATTR_CHARGE_POINT = "charge_point"

DEFAULT_LIMIT = 20
# A model reads every word of an answer, and what it is asked about is in the totals.
LARGEST_LIMIT = 50
DEFAULT_RANGE = timedelta(days=365)

# What of a row says something without telling who somebody is, or what only machines call it.
_FIGURES = (
    "started",
    "ended",
    "duration",
    "card",
    "status",
    "energy",
    "energy_source",
    "cost",
    "currency",
    "cost_source",
)


# The selector is what tells a model the form of it.
_TIME = vol.All(DateTimeSelector(), TIME_FIELD)


class _ReadingTool(Tool):
    """A tool that changes nothing, and says in plain words what is wrong with a question."""

    annotations = ToolAnnotations(
        read_only=True, destructive=False, idempotent=True, open_world=False
    )
    integration = DOMAIN

    @abstractmethod
    async def _async_answer(
        self, hass: HomeAssistant, asked: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        """Return what was asked for."""

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Answer, or tell what is wrong."""
        try:
            asked = self.parameters(tool_input.tool_args)
            return ToolResult(data=await self._async_answer(hass, asked, llm_context))
        except vol.Invalid as err:
            text = str(err)
        except HomeAssistantError as err:
            wording = await async_wording(hass, llm_context.language or hass.config.language)
            text = wording.error(err)
        return ToolResult(data={"error": text}, error=True)


class GetSessionsTool(_ReadingTool):
    """Reads the archive."""

    name = f"{DOMAIN}__get_sessions"
    title = "Get charging sessions"
    description = (
        "Get charging sessions of electric cars from the archive, with totals of energy (kWh), "
        "duration (seconds) and cost by currency. Use it for what was charged in a time, what it "
        "cost and who charged. A session belongs to the time in which it began. Without a start, "
        "the last year is searched. The totals are of all sessions that match; of the sessions "
        "only the newest are listed. What is null is not known, which does not mean zero."
    )

    def __init__(self, names: list[str]) -> None:
        """Offer the charge points in reach, by their names."""
        self.parameters = vol.Schema(
            {
                vol.Optional(
                    ATTR_START, description="Local date and time, or one with its offset from UTC"
                ): _TIME,
                vol.Optional(
                    ATTR_END, description="The same; a session that begins then is left out"
                ): _TIME,
                **({vol.Optional(ATTR_CHARGE_POINT): vol.In(names)} if names else {}),
                vol.Optional(ATTR_CARD): cv.string,
                vol.Optional(ATTR_STATUS): vol.In([each.value for each in SessionStatus]),
                vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(
                    vol.Coerce(int), vol.Range(min=1, max=LARGEST_LIMIT)
                ),
            }
        )

    @override
    async def _async_answer(
        self, hass: HomeAssistant, asked: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        reach = _reach(hass, asked, llm_context)
        if ATTR_CARD in asked:
            _check_card(reach, asked[ATTR_CARD])
        end: datetime = asked.get(ATTR_END) or dt_util.now()
        filters = {
            ATTR_START: asked.get(ATTR_START, end - DEFAULT_RANGE),
            ATTR_CONFIG_ENTRY_ID: [each.config_entry.entry_id for each in reach.accounts.values()],
            **{key: asked[key] for key in (ATTR_END,) if key in asked},
            **{key: [asked[key]] for key in (ATTR_CARD, ATTR_STATUS) if key in asked},
        }
        # The same filters as those of the action, with the same words for what is wrong.
        question = question_of(ServiceCall(hass, DOMAIN, SERVICE_GET_SESSIONS, filters))
        told = await async_told(reach, question.query, asked[ATTR_LIMIT])
        sums = told.sums
        labels = {account: labels_of(each) for account, each in reach.accounts.items()}
        return {
            "sessions": [_row(labels, session) for session in reversed(told.newest)],
            "count": sums.count,
            "totals": {
                "energy": None if sums.energy is None else float(sums.energy),
                "duration": sums.duration,
                "cost": {currency: str(amount) for currency, amount in sums.cost.items()},
            },
            "sessions_of_unknown_energy": sums.without_energy,
            "sessions_of_unknown_cost": sums.without_cost,
        }


class QuoteTool(_ReadingTool):
    """Says what charging would cost."""

    name = f"{DOMAIN}__quote"
    title = "Quote the price of charging"
    description = (
        "Tell what charging a given energy in a given time would cost at a charge point, before "
        "it begins. Nothing is started. The start is a date and time with its offset from UTC; "
        "without it, charging is thought to begin now."
    )

    def __init__(self, names: list[str]) -> None:
        """Offer the charge points in reach, by their names."""
        self.parameters = vol.Schema(
            {
                vol.Required(ATTR_CHARGE_POINT): vol.In(names),
                vol.Required("energy_kwh"): vol.Coerce(float),
                vol.Required("duration_minutes"): vol.All(
                    vol.Coerce(float), vol.Range(min=0, max=LONGEST / timedelta(minutes=1))
                ),
                vol.Optional(
                    ATTR_START, description="Date and time with its offset from UTC"
                ): _TIME,
            }
        )

    @override
    async def _async_answer(
        self, hass: HomeAssistant, asked: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        places = _reach(hass, asked, llm_context).places
        if len(places) != 1:
            raise invalid("ambiguous_charge_point")
        data = {
            ATTR_DEVICE_ID: places[0].device_id,
            ATTR_ENERGY: asked["energy_kwh"],
            ATTR_DURATION: {"minutes": asked["duration_minutes"]},
            **{key: asked[key] for key in (ATTR_START,) if key in asked},
        }
        answer = await hass.services.async_call(
            DOMAIN,
            SERVICE_QUOTE,
            data,
            blocking=True,
            return_response=True,
            context=llm_context.context,
        )
        return answer or {}


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools for what is exposed to an assistant."""
    if api_id != LLM_API_ASSIST:
        return None
    reach = reach_of(hass, llm_context.assistant)
    if not reach.accounts:
        return None
    names = sorted({place.name for place in reach.places})
    tools: list[Tool] = [GetSessionsTool(names)]
    if names:
        tools.append(QuoteTool(names))
    return LLMTools(tools=tools)


@callback
def _reach(hass: HomeAssistant, asked: dict[str, Any], llm_context: LLMContext) -> Reach:
    """Return what is exposed now, which may be less than when the tools were offered."""
    reach = exposed_to(hass, llm_context.assistant)
    if ATTR_CHARGE_POINT in asked:
        reach = reach.named(asked[ATTR_CHARGE_POINT])
        if not reach.places:
            raise invalid("nothing_exposed")
    return reach


@callback
def _check_card(reach: Reach, alias: str) -> None:
    """Refuse a card that nobody has, and name only those of the accounts that are told whole."""
    aliases = {
        account: [card.alias for card in coordinator.backend.cards]
        for account, coordinator in reach.accounts.items()
    }
    if any(alias in each for each in aliases.values()):
        return
    told = dict.fromkeys(each for account in reach.whole for each in aliases[account])
    if told:
        raise invalid("unknown_card", cards=", ".join(told))
    raise vol.Invalid("There is no card of this name")


def _row(labels: dict[Account, Labels], session: Session) -> JsonObjectType:
    label = labels[session.account]
    row = archive_row(label, session)
    return {
        "charge_point": label.places.get(session.charge_point_id or ""),
        "account": label.account,
        **{key: row[key] for key in _FIGURES},
    }
