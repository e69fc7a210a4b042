"""Whole SQL scripts: the driver's prepared statements hold one order each."""

from typing import Any

from sqlalchemy import Connection


def run_script(connection: Connection, script: str) -> None:
    """Run all orders of *script* within the connection's transaction."""
    connection.exec_driver_sql("SELECT")  # so that the transaction has begun
    raw = connection.connection.dbapi_connection
    assert raw is not None  # noqa: S101  (a connection in a transaction has one)

    async def run(driver: Any) -> None:
        await driver.execute(script)

    raw.run_async(run)
