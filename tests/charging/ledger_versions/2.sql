BEGIN TRANSACTION;
CREATE TABLE accounts (
	id INTEGER NOT NULL,
	backend TEXT NOT NULL,
	account_id TEXT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (backend, account_id)
);
INSERT INTO "accounts" VALUES(1,'smappee','a1');
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
CREATE TABLE schema_version (
	version INTEGER NOT NULL
);
INSERT INTO "schema_version" VALUES(2);
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
	PRIMARY KEY (id),
	UNIQUE (account, session_id),
	FOREIGN KEY(account) REFERENCES accounts (id)
);
INSERT INTO "sessions" VALUES(1,1,'ended','CP1','card',90,1777636800000000,1777640400000000,1777640520000000,12.5,1,'4.50','EUR',2,'Remote',NULL,NULL);
INSERT INTO "sessions" VALUES(2,1,'open',NULL,NULL,40,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'none',NULL);
CREATE INDEX sessions_by_start ON sessions (account, started);
CREATE INDEX sessions_open ON sessions (account, status) WHERE status < 90;
CREATE INDEX sessions_by_charge_point ON sessions (charge_point_id, account, started);
CREATE INDEX commands_pending ON commands (account) WHERE state = 'pending';
COMMIT;
