"""Commands that are called in this process, beside what the tests have started."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from pinakes.main.bench.serving import variables
from pinakes.platform import config
from pinakes.platform.config import Settings


@contextmanager
def beside(settings: Settings) -> Generator[None]:
    """These settings stand in the environment, where commands find them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(settings).items():
            patch.setenv(name, value)
        config.settings.cache_clear()
        yield
    config.settings.cache_clear()
