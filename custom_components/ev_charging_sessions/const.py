"""Names that more than one module of the upper floor needs."""

from homeassistant.const import Platform

DOMAIN = "ev_charging_sessions"

CONF_ALIAS = "alias"
CONF_API_GENERATION = "api_generation"
CONF_API_VERSION = "api_version"
CONF_BACKEND = "backend"
CONF_BASE_URL = "base_url"
CONF_EMA_ID = "ema_id"
CONF_ENERGY_ENTITY = "energy_entity"
CONF_ENERGY_UNIT = "energy_unit"
CONF_EVSE_ID = "evse_id"
CONF_FORWARD = "forward"
CONF_IDENTIFIER = "identifier"
CONF_LEDGER_URL = "ledger_url"
CONF_ORGANIZATION_ID = "organization_id"
CONF_PARTNER_IDENTIFIER = "partner_identifier"
CONF_PLUG_ENTITY = "plug_entity"
CONF_PRICE_ENTITY = "price_entity"
CONF_PRICE_PER_KWH = "price_per_kwh"
CONF_SERVICE_LOCATION_IDS = "service_location_ids"
CONF_SWITCH_ENTITY = "switch_entity"
CONF_TOKENS = "tokens"
CONF_UNSEEN_URL = "unseen_url"

SECTION_ADVANCED = "advanced"

SUBENTRY_CHARGE_CARD = "charge_card"
SUBENTRY_CHARGE_POINT = "charge_point"
SUBENTRY_CONNECTOR = "connector"

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]
