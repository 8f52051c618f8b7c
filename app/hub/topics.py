"""What pages follow besides single runs: the list of runs, that of studies, one study, the notes' experiments.

They are told that it changed, never what. Whoever changes something stirs its topic, however often; a few times a second
those that somebody follows are told, each with counts that are read once for all viewers.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from app.hub.hub import RUNS, Hub

log = logging.getLogger(__name__)

#: Seconds between two rounds: a page redraws no faster.
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
    """`runs`: how many slots are taken, and how many runs wait; `studies`, `claims`: counts of all; `study`: of one.

    None where there is no study of that id.
    """

    def __init__(self, hub: Hub, runs: Known, studies: Counts, study: CountsOf, claims: Counts) -> None:
        self._hub, self._runs, self._all, self._study = hub, runs, {STUDIES: studies, CLAIMS: claims}, study

    async def tell(self) -> None:
        """For as long as the server lasts."""
        while True:
            for topic in await self._hub.stirred():
                try:
                    self._hub.change(topic, await self._counts(topic))
                except Exception:  # one that can't be read now is told when it changes again
                    log.exception("topic %s", topic)
            await asyncio.sleep(INTERVAL)

    async def _counts(self, topic: str) -> dict[str, Any] | None:
        if topic == RUNS:
            return self._runs()
        all_of = self._all.get(topic)
        return await (all_of() if all_of else self._study(topic.partition("/")[2]))
