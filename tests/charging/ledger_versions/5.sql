BEGIN TRANSACTION;
CREATE TABLE accounts (
	id INTEGER NOT NULL,
	backend TEXT NOT NULL,
	account_id TEXT NOT NULL,
	energy_unit TEXT,
	currency TEXT,
	PRIMARY KEY (id),
	UNIQUE (backend, account_id)
);
INSERT INTO "accounts" VALUES(1,'smappee','a1',NULL,NULL);
INSERT INTO "accounts" VALUES(2,'shell_recharge','a1',NULL,NULL);
CREATE TABLE commands (
	command_id TEXT NOT NULL,
	account INTEGER NOT NULL,
	kind TEXT NOT NULL,
	charge_point_id TEXT NOT NULL,
	created BIGINT NOT NULL,
	deadline BIGINT NOT NULL,
	card_id TEXT,
	session_id TEXT,
	state TEXT NOT NULL,
	reason TEXT,
	resolved BIGINT,
	setting TEXT,
	PRIMARY KEY (command_id),
	FOREIGN KEY(account) REFERENCES accounts (id)
);
INSERT INTO "commands" VALUES('c1',1,'stop','CP1',1777636860000000,1777637160000000,NULL,'open','pending',NULL,NULL,NULL);
CREATE TABLE imports (
	account INTEGER NOT NULL,
	since BIGINT NOT NULL,
	position TEXT,
	is_whole BOOLEAN NOT NULL,
	progress DOUBLE,
	read INTEGER NOT NULL,
	new INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	PRIMARY KEY (account),
	FOREIGN KEY(account) REFERENCES accounts (id)
)
 WITHOUT ROWID

;
CREATE TABLE links (
	session INTEGER NOT NULL,
	counted INTEGER NOT NULL,
	is_undone BOOLEAN NOT NULL,
	PRIMARY KEY (session, counted),
	FOREIGN KEY(session) REFERENCES sessions (id),
	FOREIGN KEY(counted) REFERENCES sessions (id)
)
 WITHOUT ROWID

;
CREATE TABLE meter_values (
	session INTEGER NOT NULL,
	at BIGINT NOT NULL,
	energy DOUBLE NOT NULL,
	PRIMARY KEY (session, at),
	FOREIGN KEY(session) REFERENCES sessions (id)
)
 WITHOUT ROWID

;
INSERT INTO "meter_values" VALUES(3,1777636800000000,1.0);
INSERT INTO "meter_values" VALUES(3,1777638600000000,7.25);
INSERT INTO "meter_values" VALUES(3,1777640400000000,13.5);
CREATE TABLE network_cards (
	account INTEGER NOT NULL,
	card_id TEXT NOT NULL,
	PRIMARY KEY (account, card_id),
	FOREIGN KEY(account) REFERENCES accounts (id)
)
 WITHOUT ROWID

;
INSERT INTO "network_cards" VALUES(2,'card');
INSERT INTO "network_cards" VALUES(2,'other');
CREATE TABLE outbox (
	session INTEGER NOT NULL,
	target INTEGER NOT NULL,
	connector_id TEXT NOT NULL,
	state SMALLINT NOT NULL,
	revision INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	due BIGINT NOT NULL,
	code TEXT,
	PRIMARY KEY (session, target),
	FOREIGN KEY(session) REFERENCES sessions (id),
	FOREIGN KEY(target) REFERENCES accounts (id)
)
 WITHOUT ROWID

;
INSERT INTO "outbox" VALUES(4,2,'DE*8PS*E1',3,1,0,1795297389722594,'181');
CREATE TABLE payment_references (
	account INTEGER NOT NULL,
	reference TEXT NOT NULL,
	session INTEGER NOT NULL,
	PRIMARY KEY (account, reference, session),
	FOREIGN KEY(account) REFERENCES accounts (id),
	FOREIGN KEY(session) REFERENCES sessions (id)
)
 WITHOUT ROWID

;
INSERT INTO "payment_references" VALUES(1,'order',4);
CREATE TABLE posting_sources (
	target INTEGER NOT NULL,
	source INTEGER NOT NULL,
	charge_point_id TEXT NOT NULL,
	connector_id TEXT NOT NULL,
	is_live BOOLEAN NOT NULL,
	since BIGINT,
	PRIMARY KEY (target, source, charge_point_id),
	FOREIGN KEY(target) REFERENCES accounts (id),
	FOREIGN KEY(source) REFERENCES accounts (id)
)
 WITHOUT ROWID

;
INSERT INTO "posting_sources" VALUES(2,1,'pole','DE*8PS*E1',1,NULL);
CREATE TABLE revisions (
	session INTEGER NOT NULL,
	version BIGINT NOT NULL,
	content TEXT NOT NULL,
	PRIMARY KEY (session, version),
	FOREIGN KEY(session) REFERENCES sessions (id)
)
 WITHOUT ROWID

;
INSERT INTO "revisions" VALUES(1,1777640460000000,'{"energy":12.0,"status":90,"updated":1777640460000000}');
INSERT INTO "revisions" VALUES(3,1777640460000000,'{"details":"{\"note\":\"To work\",\"intent\":{\"kind\":\"in_app\",\"start_kind\":\"remote\",\"details\":\"{\\\"by\\\": \\\"Ada\\\"}\",\"notify_after_energy\":7.5,\"notify_after_price\":\"5.00\",\"created\":\"2026-05-01T11:59:00Z\"},\"time_zone\":\"Europe/Brussels\",\"created\":\"2026-05-01T12:00:00Z\"}","meter_values":"[1777636800000000,1.0,1800000000,7.25]","status":90,"tariff":1,"updated":1777640460000000}');
CREATE TABLE schema_version (
	version INTEGER NOT NULL
);
INSERT INTO "schema_version" VALUES(5);
CREATE TABLE sessions (
	id INTEGER NOT NULL,
	account INTEGER NOT NULL,
	session_id TEXT NOT NULL,
	charge_point_id TEXT,
	card_id TEXT,
	status SMALLINT NOT NULL,
	started BIGINT,
	ended BIGINT,
	updated BIGINT,
	energy DOUBLE,
	energy_source SMALLINT,
	cost TEXT,
	currency TEXT,
	cost_source SMALLINT,
	stop_reason TEXT,
	error_code TEXT,
	older TEXT,
	tariff INTEGER,
	meter_values TEXT,
	details TEXT,
	PRIMARY KEY (id),
	UNIQUE (account, session_id),
	FOREIGN KEY(account) REFERENCES accounts (id),
	FOREIGN KEY(tariff) REFERENCES tariffs (id)
);
INSERT INTO "sessions" VALUES(1,1,'ended','CP1','card',90,1777636800000000,1777640400000000,1777640520000000,12.5,1,'4.50','EUR',2,'Remote',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sessions" VALUES(2,1,'open',NULL,NULL,40,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'none',NULL,NULL,NULL,NULL);
INSERT INTO "sessions" VALUES(3,1,'told',NULL,NULL,90,NULL,NULL,1777640520000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2,'[1777636800000000,1.0,3600000000,13.5]','{"note":"To work","intent":{"kind":"in_app","start_kind":"remote","details":"{\"by\": \"Ada\"}","notify_after_energy":7.5,"notify_after_price":"5.00","created":"2026-05-01T11:59:00Z"},"time_zone":"Europe/Brussels","created":"2026-05-01T12:00:00Z"}');
INSERT INTO "sessions" VALUES(4,1,'refused','pole','card',90,1777633200000000,1777635000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payment_reference":"order"}');
CREATE TABLE statistics_due (
	account INTEGER NOT NULL,
	charge_point_id TEXT NOT NULL,
	since BIGINT NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY (account, charge_point_id),
	FOREIGN KEY(account) REFERENCES accounts (id)
)
 WITHOUT ROWID

;
CREATE TABLE tariffs (
	id INTEGER NOT NULL,
	digest TEXT NOT NULL,
	content TEXT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (digest)
);
INSERT INTO "tariffs" VALUES(1,'a594cd70e8c30a958399da60409f183f','{"currency":"EUR","elements":[{"components":[{"type":"energy","price":"0.45","unit":"1","step":null,"vat":null}],"restrictions":{"start":"22:00:00","end":"06:30:00","days":[0,6],"max_power":"11.0"}}]}');
INSERT INTO "tariffs" VALUES(2,'4e1a1fd1983d4206061b956c9e5f17b7','{"currency":"EUR","elements":[{"components":[{"type":"energy","price":"0.40","unit":"1","step":null,"vat":null}],"restrictions":{"start":"22:00:00","end":"06:30:00","days":[0,6],"max_power":"11.0"}}],"texts":[["en","By night"]]}');
CREATE INDEX sessions_by_start ON sessions (account, started);
CREATE INDEX sessions_by_charge_point ON sessions (charge_point_id, account, started);
CREATE INDEX sessions_open ON sessions (account, status) WHERE status < 90;
CREATE INDEX commands_pending ON commands (account) WHERE state = 'pending';
CREATE INDEX outbox_by_state ON outbox (target, state, due);
CREATE INDEX links_by_counted ON links (counted);
COMMIT;
