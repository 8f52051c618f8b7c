"""Topics that pages follow besides single runs: the list of runs, the list of studies, one study, the notes' experiments.

A topic reports that something changed, not the change itself. Any change marks its topic, however often; a few times a second,
the marked topics with followers are sent, each with counts that are read once for all viewers.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from app.hub.hub import RUNS, Hub

log = logging.getLogger(__name__)

#: Seconds between two rounds: a page does not redraw more often.
INTERVAL = 0.2
STUDIES, CLAIMS = "studies", "claims"
_STUDY = re.compile(r"studies/[0-9a-f]{1,20}")

Counts = Callable[[], Awaitable[dict[str, Any]]]
Known = Callable[[], dict[str, Any]]
CountsOf = Callable[[str], Awaitable[dict[str, Any] | None]]


def of_study(id: str) -> str:
    return f"studies/{id}"


def known(topic: str) -> bool:
    return topic in (RUNS, STUDIES, CLAIMS) or _STUDY.fullmatch(topic) is not None


class Topics:
    """`runs`: how many slots are taken, and how many runs wait; `studies`, `claims`: counts of all; `study`: counts of one.

    None if there is no study with that id.
    """

    def __init__(self, hub: Hub, runs: Known, studies: Counts, study: CountsOf, claims: Counts) -> None:
        self._hub, self._runs, self._all, self._study = hub, runs, {STUDIES: studies, CLAIMS: claims}, study

    async def tell(self) -> None:
        """Runs for as long as the server runs."""
        while True:
            for topic in await self._hub.stirred():
                try:
                    self._hub.change(topic, await self._counts(topic))
                except Exception:  # a topic that can't be read now is sent when it changes again
                    log.exception("topic %s", topic)
            await asyncio.sleep(INTERVAL)

    async def _counts(self, topic: str) -> dict[str, Any] | None:
        if topic == RUNS:
            return self._runs()
        all_of = self._all.get(topic)
        return await (all_of() if all_of else self._study(topic.partition("/")[2]))
