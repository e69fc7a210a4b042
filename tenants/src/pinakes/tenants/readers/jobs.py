"""Long work of readers, as the worker does it."""

from typing import Any

from pinakes.platform.config import settings
from pinakes.platform.jobs import Run
from pinakes.platform.login import Accounts
from pinakes.tenants.readers.importing import bring_in


async def import_readers(run: Run) -> dict[str, Any]:
    """Take a staged table in, with accounts at the issuer that the settings name."""
    told = settings()
    async with Accounts(told.issuer, told.issuer_secret.get_secret_value()) as accounts:
        return await bring_in(run, accounts)
