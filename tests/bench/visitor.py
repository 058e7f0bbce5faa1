"""Somebody who looks at a page again and again, as a process of its own (`child`).

Asked with `port`, `path`, `header`, `seconds` and `every`, it fetches the page over one connection at that pace,
and answers with how long the answers took, in seconds.
"""

import http.client
import time

from tests.bench.child import Answer, answer
from tests.bench.report import percentiles


def respond(question: Answer) -> Answer:
    name, _, value = question["header"].strip().partition(": ")
    connection = http.client.HTTPConnection("127.0.0.1", question["port"], timeout=60)
    took: list[float] = []
    began = due = time.monotonic()
    while due < began + question["seconds"]:
        time.sleep(max(0, due - time.monotonic()))
        asked = time.monotonic()
        connection.request("GET", question["path"], headers={name: value})
        page = connection.getresponse()
        page.read()
        if page.status != 200:
            raise RuntimeError(f"GET {question['path']}: {page.status}")
        took.append(time.monotonic() - asked)
        due = max(due + question["every"], asked)
    connection.close()
    return {"answers": len(took), **percentiles(took)}


if __name__ == "__main__":
    answer(respond)
