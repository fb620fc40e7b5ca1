"""Makes the SQLite file of bench/query.ts from a CSV sorted by tenant and day: make_sqlite.py IN.csv OUT.sqlite"""

import csv
import itertools
import sqlite3
import sys

source, target = sys.argv[1:]
db = sqlite3.connect(target)
db.executescript(
    """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE facts (
      tenant INTEGER, day INTEGER, n INTEGER, amount INTEGER,
      service_name TEXT, sub_account_id TEXT, region_id TEXT, charge_category TEXT,
      PRIMARY KEY (tenant, day, n)
    ) WITHOUT ROWID;
    """
)
with open(source, newline="", encoding="utf-8") as file:
    rows = (
        (int(r[0]), int(r[1]), n, int(r[2]), *(None if v == "\\N" else v for v in r[3:]))
        for n, r in enumerate(csv.reader(file))
    )
    while batch := list(itertools.islice(rows, 50_000)):
        db.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", batch)
db.commit()
db.execute("ANALYZE")
db.commit()
db.close()
