import time
from importlib.metadata import version

import httpx
import pytest

from pinakes.main.embedded.ports import free_port
from pinakes.main.pulse import STILL, Pulse


async def asked(pulse: Pulse) -> httpx.Response:
    address = f"http://127.0.0.1:{free_port()}"
    async with pulse.shown(address), httpx.AsyncClient() as client:
        return await client.get(f"{address}/livez")


@pytest.mark.anyio
async def test_a_worker_that_looks_for_messages_is_well() -> None:
    pulse = Pulse()
    assert (await asked(pulse)).status_code == 503
    pulse.beat()
    answer = await asked(pulse)
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "version": version("pinakes")}


def test_one_that_has_stopped_looking_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = Pulse()
    pulse.beat()
    assert pulse.well()
    later = time.monotonic() + STILL
    monkeypatch.setattr("pinakes.main.pulse.time.monotonic", lambda: later)
    assert not pulse.well()
