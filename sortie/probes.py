"""What a machine asks of a process: is it alive, is it ready, what has it counted. The same in every process.

/healthz   200 while the process can answer at all
/readyz    200, or 503 and what is wrong with which part; `?exclude=store` leaves a part out of the verdict
/metrics   for Prometheus, to whoever has SORTIE_METRICS_TOKEN
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from urllib.parse import parse_qs

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from recordings import figures, health, meters

_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"


@dataclass(frozen=True)
class Question:
    """What was asked. `is_operator` is asked only where it matters and the token of the metrics was not sent."""

    path: str
    query: str = ""
    authorization: str = ""
    is_operator: Callable[[], bool] = lambda: False

    @property
    def may_see_all(self) -> bool:
        token: str = settings.SORTIE_METRICS_TOKEN
        kind, _, sent = self.authorization.partition(" ")
        if token and kind.lower() == "bearer" and compare_digest(sent.strip().encode(), token.encode()):
            return True
        return bool(self.authorization) and self.is_operator()


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    content_type: str = _TEXT
    headers: dict[str, str] = field(default_factory=dict)


NOT_HERE = Answer(404, b"Only /healthz, /readyz and /metrics are here.\n")


def answer(
    question: Question, *, ailment: Callable[[], str] = lambda: "", with_figures: bool = False
) -> Answer | None:
    """The answer to a probe; None if the question is no probe.

    ailment: says why the process is of no use any more, "" while it is. with_figures: count what is in the database
    too, which is the same for all processes.
    """
    match question.path:
        case "/healthz":
            said = ailment()
            return Answer(503 if said else 200, f"{said or 'ok'}\n".encode())
        case "/readyz":
            return _ready(question)
        case "/metrics":
            return _metrics(question, with_figures=with_figures)
    return None


def _ready(question: Question) -> Answer:
    excluded = set(parse_qs(question.query).get("exclude", ()))
    state = health.portal.state()
    wrong = {name for name, trouble in state.items() if trouble and name not in excluded}
    tell = str if any(state.values()) and question.may_see_all else _summary
    parts = {name: tell(trouble) if trouble else "ok" for name, trouble in state.items()}
    body = {"status": "not ready" if wrong else "ready", "parts": parts}
    return Answer(503 if wrong else 200, json.dumps(body, indent=1).encode() + b"\n", _JSON)


def _summary(trouble: health.Trouble) -> str:
    return trouble.summary


def _metrics(question: Question, *, with_figures: bool) -> Answer:
    if not question.may_see_all:
        sentence = "Send the token in SORTIE_METRICS_TOKEN, or an admin's, as a bearer token.\n"
        return Answer(401, sentence.encode(), headers={"WWW-Authenticate": 'Bearer realm="Sortie"'})
    collectors = [meters.registry(), figures.PARTS, *([figures.DATABASE] if with_figures else [])]
    return Answer(200, b"".join(map(generate_latest, collectors)), CONTENT_TYPE_LATEST)
