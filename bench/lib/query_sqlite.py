"""The SQLite contender of bench/query.ts: query_sqlite.py FILE QUESTIONS-AS-JSON WIDE-QUESTIONS-AS-JSON"""

import datetime
import hashlib
import json
import resource
import sqlite3
import sys
import time

started = time.perf_counter()
file, questions, wide = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
PLACES = 11
WARM_UP = 20
EPOCH = datetime.date(1970, 1, 1)
db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
db.execute("PRAGMA cache_size = -262144")
db.execute("PRAGMA mmap_size = 4294967296")


def day(text):
    return (datetime.date.fromisoformat(text) - EPOCH).days


def canonical(scaled):
    digits = str(abs(scaled)).rjust(PLACES + 1, "0")
    text = f"{digits[:-PLACES]}.{digits[-PLACES:]}".rstrip("0").rstrip(".")
    return f"-{text}" if scaled < 0 else text


def ask(question):
    column = question["column"]
    return db.execute(
        f"SELECT {column}, sum(amount) FROM facts WHERE tenant = ? AND day >= ? AND day < ?"
        f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1000",
        (question["tenant"] + 1, day(question["from"]), day(question["to"])),
    ).fetchall()


def digest(rows):
    lines = sorted(f"{chr(0) if key is None else key}={canonical(value)}" for key, value in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


ready = time.perf_counter() - started
for question in questions[:WARM_UP]:
    ask(question)


def time_all(asked):
    times, answers = [], []
    for question in asked:
        before = time.perf_counter()
        rows = ask(question)
        times.append((time.perf_counter() - before) * 1000)
        answers.append(digest(rows))
    return times, answers


times, answers = time_all(questions)
wide_times, wide_answers = time_all(wide)
print(
    json.dumps(
        {
            "times": times,
            "wideTimes": wide_times,
            "answers": answers + wide_answers,
            "readyMs": ready * 1000,
            "peakKb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            "note": f"SQLite {sqlite3.sqlite_version} from Python, a table of only the columns asked for, clustered by tenant and day, amounts as whole numbers; 256 MiB cache, memory-mapped",
        }
    )
)
