"""The only reader of the trainers' messages: store, acknowledge, fan out."""

import asyncio
import hashlib
import logging
import time
from contextlib import suppress

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import DBAPIError

from app.hub.hub import Hub
from app.runs.life import Runs
from app.store import frames, history
from app.store.database import Store
from dynascope.messages import Ack, encode

log = logging.getLogger(__name__)
router = APIRouter()

#: Seconds between two folds of a run's frames into its history.
FOLD = 1.0
#: Seconds for which a trainer may not resend data that could not be stored.
HOLD = 2.0


@router.websocket("/api/ingest")
async def ingest(socket: WebSocket) -> None:
    """A trainer's socket. The first message to the trainer says what is already stored, so that it sends exactly the rest."""
    runs, store, hub = socket.app.state.runs, socket.app.state.store, socket.app.state.hub
    scheme, _, token = socket.headers.get("authorization", "").partition(" ")
    run = await runs.by_token(hashlib.sha256(token.encode()).hexdigest()) if scheme.lower() == "bearer" else None
    if run is None:
        await socket.close(1008, "no run has this token, or it has ended")
        return
    await socket.accept()
    link = Link(socket)
    try:
        await link.acknowledge(await runs.stored_seq(run))
        runs.connected(run, link)  # from here on it receives commands
        await _receive(socket, link, run, runs, store, hub)
    except (WebSocketDisconnect, RuntimeError):
        pass
    except (frames.Refused, history.OutOfOrder) as refusal:
        log.warning("run %s sent what can't be stored: %s", run, refusal)
        await socket.close(1008, str(refusal)[:120])
    except DBAPIError as error:
        log.warning("what run %s sent can't be stored now: %s", run, error.orig)
        await asyncio.sleep(HOLD)
        with suppress(RuntimeError):  # the trainer has disconnected meanwhile
            await socket.close(1013, "the database can't be used now")
    finally:
        runs.disconnected(run, link)


class Link:
    """One trainer's connection, as `runs` uses it."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def acknowledge(self, seq: int) -> None:
        await self._socket.send_bytes(encode(Ack(seq)))

    async def send(self, data: bytes) -> None:
        """Raises ConnectionError if the trainer is no longer connected."""
        try:
            await self._socket.send_bytes(data)
        except (WebSocketDisconnect, RuntimeError) as gone:
            raise ConnectionError("the trainer's connection is closed") from gone


async def _receive(socket: WebSocket, link: Link, run: str, runs: Runs, store: Store, hub: Hub) -> None:
    folded = time.monotonic()
    while True:
        payload = await socket.receive_bytes()
        frame = frames.verified(run, payload)
        fresh = await store.write(history.append, run, frame, payload)
        if fresh:
            await runs.observe(run, frame)
        await link.acknowledge(frame[-1].seq)
        if fresh:
            hub.publish(run, frame)
        if time.monotonic() - folded > FOLD:
            await store.write(history.fold, run)
            folded = time.monotonic()
