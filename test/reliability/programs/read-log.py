"""Reads an event database with Python's own SQLite, sharing no code with the store, and says what is in it as JSON."""
import json
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
one = lambda query: db.execute(query).fetchone()[0]
print(json.dumps({
    "integrity": one("PRAGMA integrity_check"),
    "events": one("SELECT count(*) FROM events"),
    "head": one("SELECT coalesce(max(position), 0) FROM events"),
    "gapsInStreams": one("SELECT count(*) FROM (SELECT 1 FROM events GROUP BY stream HAVING count(*) <> max(revision) + 1 OR min(revision) <> 0)"),
    "doubledRevisions": one("SELECT count(*) FROM (SELECT 1 FROM events GROUP BY stream, revision HAVING count(*) > 1)"),
    "ids": [row[0] for row in db.execute("SELECT id FROM log")],
    "correlations": [row[0] for row in db.execute("SELECT DISTINCT json_extract(cause, '$.correlation') FROM log")],
    "facts": [row[0] for row in db.execute("SELECT type || ' ' || stream FROM log")],
}))
