"""Haste under torture: what a worker mends within minutes it mends within seconds."""

import pytest

from pinakes.federation.holds import chores
from pinakes.main import worker
from pinakes.main.torture import mischief


def test_what_is_to_be_hurried_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CHORES", worker.CHORES)  # so that all is as before afterwards
    for name in ("TO_MEND", "UNHEARD"):
        monkeypatch.setattr(chores, name, getattr(chores, name))
    mischief.hurry()
    assert "10.0 seconds" in chores.TO_MEND.text
    assert "10.0 seconds" in chores.UNHEARD.text
    with pytest.raises(AssertionError, match="TO_MEND"):
        mischief.hurry()  # its words have changed
