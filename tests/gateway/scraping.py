"""Reading metrics as Prometheus does."""

from collections import Counter

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

Figures = Counter[tuple[str, ...]]
"""How many there are of each, by their labels."""


async def scraped(http: httpx2.AsyncClient) -> list[Sample]:
    """What is told to an operator."""
    answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    return read(answer)


def read(answer: httpx2.Response) -> list[Sample]:
    """The samples in an answer."""
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return [sample for family in families for sample in family.samples]


def told(samples: list[Sample], name: str, *by: str, **about: str) -> Figures:
    """What is told under that name about something, by these labels."""
    return Counter(
        {
            tuple(row.labels[label] for label in by): int(row.value)
            for row in samples
            if row.name == name and about.items() <= row.labels.items()
        }
    )


def hooks(samples: list[Sample], app: str) -> Figures:
    """How often an app was told which hook, and how it answered."""
    labels = ("hook", "outcome", "answer")
    return told(samples, "guestlist_hook_attempts_total", *labels, app=app)


def refusals(samples: list[Sample]) -> Figures:
    """How often which command was refused, and why."""
    return told(samples, "guestlist_refusals_total", "command", "code")
