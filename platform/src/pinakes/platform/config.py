"""Everything that changes between one deployment and the next."""

import os
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "PINAKES_"
FILE = "PINAKES_CONFIG"  # the path of a TOML file; the environment wins over it


class UnknownSetting(ValueError):
    """A misspelt setting would otherwise be ignored in silence."""


class Settings(BaseSettings):
    """Read once from a TOML file and the environment; never changed afterwards."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True
    )

    database: SecretStr  # postgresql://… as the application's role, which owns nothing
    carrier: SecretStr  # as the role that carries messages
    public: SecretStr  # as the role that writes what everybody may read
    ledger: SecretStr | None = None  # as the role that writes the ledger: for the worker alone
    ledger_key: Path = Path("ledger.key")  # what the worker signs the ledger's heads with
    cell: str = "main"  # the name of this cell, where a deployment has several
    cell_key: Path | None = None  # what the worker signs mail to other cells with; none = no others
    owner: SecretStr | None = None  # as the owner of the tables: for migrations alone
    issuer: str = "http://127.0.0.1:8090"
    issuer_secret: SecretStr = SecretStr("")
    objects: str = "http://127.0.0.1:8333"
    objects_key: str = ""
    objects_secret: SecretStr = SecretStr("")
    objects_sts: str | None = None  # who gives session credentials; none = the store itself
    objects_role: str | None = None  # the ARN to assume for a branch; none = GetFederationToken
    objects_region: str = "us-east-1"
    address: str = "http://127.0.0.1:8080"
    search: Path = Path("search")
    secret: SecretStr = SecretStr("")  # hex; seals cookies: the same in every API process
    telemetry: str | None = None  # address of an OTLP/HTTP collector; none = off
    pool: int = 8  # connections of each kind to the database, per process
    worker: str = "http://127.0.0.1:8091"  # where the worker answers /livez
    smtp_host: str | None = None  # the mail server; none = notices by e-mail wait
    smtp_port: int = 587
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_sender: str = ""  # the address that notices come from
    hooks_inside: bool = False  # webhooks may call private networks, and plain HTTP: for trials

    @model_validator(mode="after")
    def mail_makes_sense(self) -> Self:
        """A sender there must be, and a password is never told in clear."""
        if self.smtp_host and "@" not in self.smtp_sender:
            raise ValueError("with PINAKES_SMTP_HOST set PINAKES_SMTP_SENDER, an e-mail address")
        if self.smtp_user and self.smtp_tls == "none":
            raise ValueError("PINAKES_SMTP_USER needs PINAKES_SMTP_TLS to be starttls or tls")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file."""
        file = os.environ.get(FILE)
        files = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return init_settings, env_settings, *files


OWN = ("DATABASE", "PORT", "PROXIES")  # what only the embedded issuer is told
OTHERS = {FILE, *(f"PINAKES_ISSUER_{name}" for name in OWN)}


@cache
def settings() -> Settings:
    """The settings of this process."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | OTHERS
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise UnknownSetting(f"Nobody knows these settings: {', '.join(unknown)}")
    return Settings.model_validate({})  # the sources fill it
