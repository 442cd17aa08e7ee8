-- A store of schema version 3, as `.dump` writes it.
BEGIN TRANSACTION;
CREATE TABLE blobs (
        key TEXT PRIMARY KEY,
        bytes BLOB NOT NULL
    ) STRICT;
INSERT INTO "blobs" VALUES('pages/okta/1',X'627974657300');
CREATE TABLE cursors (
        source TEXT NOT NULL,
        partition TEXT NOT NULL,
        fence INTEGER NOT NULL,
        leased_until TEXT,
        record TEXT,
        seen BLOB NOT NULL DEFAULT x'',
        PRIMARY KEY (source, partition)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "cursors" VALUES('a/b','c%/é',1,NULL,'{"done":{"time":"2026-11-24T10:00:00.123456789Z"},"paused":"2026-11-24T11:00:00Z"}',X'');
INSERT INTO "cursors" VALUES('id','',1,NULL,'{"done":{"id":"9007199254740993"},"pass":{"from":{"id":"9007199254740993"},"newest":{"id":"9007199254740999"},"next":{"token":"page=2"},"ascending":true,"horizon":"2026-11-24T09:55:00Z","request_digest":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"}}',X'0000000000000000FFFFFFFFFFFFFFFF');
INSERT INTO "cursors" VALUES('leased','',1,'2026-11-24T10:05:00.123456789Z',NULL,X'');
INSERT INTO "cursors" VALUES('link','',1,NULL,'{"done":{"link":"https://api.example.com/delta?token=abc%2Fd"},"reached":"2026-11-24T09:59:59.999Z","link_request":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"}',X'');
INSERT INTO "cursors" VALUES('list','',1,NULL,'{"wait":{"of":{"page":null},"since":"2026-11-24T10:00:00Z","request_digest":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"},"next_run":"2026-11-24T10:01:00Z"}',X'');
INSERT INTO "cursors" VALUES('passes','',1,NULL,'{"pass":{"next":{"url":"https://api.example.com/all?page=3"},"ascending":false,"horizon":"2026-11-24T09:55:00Z","request_digest":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"}}',X'');
INSERT INTO "cursors" VALUES('time','org/a',1,NULL,'{"done":{"time":"2026-11-24T09:00:00Z"},"open":{"start":"2026-11-24T08:59:00Z","end":"2026-11-24T09:58:00Z","done_before":"2026-11-24T09:00:00Z","first":true,"next":{"url":"https://api.example.com/logs?after=1"},"restarts":2,"ascending":true,"request_digest":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"},"last_run":{"started":"2026-11-24T10:00:00Z","ended":"2026-11-24T10:00:07.25Z","requests":12,"pages":9,"records":8000,"delivered":7990,"rejected":3,"duplicates":5,"late":2,"late_max_s":61,"limit_wait_ms":1500,"held_back":4,"untimed":1,"gone":6,"dedupe_overflow":7,"lost":{"from":"2026-11-24T08:00:00Z","to":"2026-11-24T09:00:00.5Z"},"error":"the vendor cannot be reached"},"next_run":"2026-11-24T10:01:00Z","history":[{"ended":"2026-11-23T10:00:07Z","done":{"time":"2026-11-23T09:59:00Z"},"delivered":120,"rejected":1},{"ended":"2026-11-24T10:00:07.25Z","delivered":0,"rejected":0,"error":"the vendor cannot be reached"}]}',X'FFFFFFFFFFFFFFFF0000000000000001000001A20CFF7D7B0000000000000002');
INSERT INTO "cursors" VALUES('time_id','',1,NULL,'{"done":{"time_id":{"time":"2026-11-24T09:00:00.000000001Z","id":"e-1"}},"open":{"start":"2026-11-24T08:59:00Z","end":"2026-11-24T09:58:00Z","done_before":"2026-11-24T09:00:00.000000001Z","restarts":0,"ascending":false,"request_digest":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"},"setup":{"steps":2,"at":"2026-11-24T10:00:01Z","values":{"job":"4711"},"request_digest":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"},"wait":{"of":{"page":{"token":"t-2"}},"since":"2026-11-24T10:00:02Z","values":{"state":"RUNNING"},"request_digest":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"}}',X'');
INSERT INTO "cursors" VALUES('token','',1,NULL,'{"done":{"token":"eyJvIjoxfQ=="},"wait":{"of":{"step":1},"since":"2026-11-24T10:00:00Z","values":{"state":"QUEUED"},"request_digest":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"},"asked":true,"reached":"2026-11-24T09:59:59.999Z"}',X'');
CREATE TABLE dead_letters (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,
        letter TEXT NOT NULL
    , taken_until_ms INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "dead_letters" VALUES(1,'01-decode','okta','{"id":"01-decode","source":"okta","stage":"decode","reason":"no JSON","place":"1:2","raw":{"text":"{￿\u0000"},"headers":{"x-event":"ping"},"query":{"t":"1"},"delivery_id":"d-1","index":0,"received_at":"2026-11-24T10:00:00.123456789Z","source_version":"abc","channel":"webhook","attempts":1}',1795514700123);
INSERT INTO "dead_letters" VALUES(2,'02-split','okta','{"id":"02-split","source":"okta","stage":"split","reason":"no list","place":"/records","raw":{"base64":"/w=="},"index":0,"received_at":"2026-11-24T10:00:01Z","source_version":"abc","channel":"poll","attempts":1}',0);
INSERT INTO "dead_letters" VALUES(3,'03-validate','acme','{"id":"03-validate","source":"acme","stage":"validate","reason":"no id","place":"/id","raw":{"record":{"n":1.10,"b":[true,null]}},"parent":{"org":"x"},"cursor_id":"7","index":18446744073709551615,"part":[0,2],"received_at":"2026-11-24T10:00:02Z","source_version":"abc","channel":"poll","attempts":3}',0);
INSERT INTO "dead_letters" VALUES(4,'04-structure','acme','{"id":"04-structure","source":"acme","stage":"structure","reason":"no map","place":"","raw":{"record":{"large":true}},"index":1,"received_at":"2026-11-24T10:00:03Z","source_version":"abc","channel":"poll","attempts":1}',0);
INSERT INTO "dead_letters" VALUES(5,'05-deliver','acme','{"id":"05-deliver","source":"acme","stage":"deliver","reason":"the queue refused the entry","place":"","raw":{"record":1},"index":2,"received_at":"2026-11-24T10:00:04Z","source_version":"abc","channel":"webhook","attempts":2}',0);
CREATE TABLE deliveries (
        source TEXT NOT NULL,
        delivery_id TEXT NOT NULL,
        body_sha256 TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (source, delivery_id, body_sha256)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "deliveries" VALUES('okta','d/1','abababababababababababababababababababababababababababababababab',1795514400500);
CREATE TABLE events (
        -- AUTOINCREMENT: a position is never given twice, also after consuming.
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT NOT NULL,
        source TEXT NOT NULL,
        queued_ms INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
INSERT INTO "events" VALUES(1,'e-1','okta',1795514400123,'{"n":1.10}');
INSERT INTO "events" VALUES(3,'e-3','okta',1795514400123,'{"t":"é\uffff"}');
CREATE TABLE limits (
        credential TEXT PRIMARY KEY,
        until TEXT NOT NULL,
        until_ns INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "limits" VALUES('okta/api_token','2026-11-24T10:00:00.5Z',1795514400500000000);
CREATE TABLE token_claims (
        key TEXT PRIMARY KEY,
        claim TEXT NOT NULL,
        until_ns INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "token_claims" VALUES('with-end','claim-1',1795514400500000000);
CREATE TABLE tokens (
        key TEXT PRIMARY KEY,
        token TEXT NOT NULL,
        expires TEXT
    ) STRICT, WITHOUT ROWID;
INSERT INTO "tokens" VALUES('endless','t-2',NULL);
INSERT INTO "tokens" VALUES('with-end','t-1','2026-11-24T10:00:00.5Z');
CREATE INDEX deliveries_by_expiry ON deliveries (expires_ms);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('dead_letters',5);
INSERT INTO "sqlite_sequence" VALUES('events',3);
COMMIT;
PRAGMA user_version = 3;
