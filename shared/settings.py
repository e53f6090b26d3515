"""Settings: read once at start, from `GUESTLIST_…` in the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TestSettings(BaseModel):
    """Guards that a test switches off to see that their loss is noticed."""

    __test__ = False
    model_config = ConfigDict(frozen=True, extra="forbid")

    token_limit: int | None = None
    """Another limit of active tokens per app."""
    binding: bool = True
    """Whether a token is refused on a second site."""
    relay: bool = True
    """Whether events leave the store."""


class Settings(BaseSettings):
    """What may differ between two installations of Guestlist."""

    model_config = SettingsConfigDict(
        env_prefix="GUESTLIST_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    nats: str = "nats://127.0.0.1:4222"
    """Server address; user and password may stand in it."""
    data: Path = Path(".guestlist")
    """Folder of the store."""
    key_file: Path | None = None
    """The keys that sign tokens; `keys.json` in the data folder unless it is given."""
    operators: tuple[str, ...] = ("operator",)
    """Accounts that may register sites, approve listings and deal with dead letters."""
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]*[^\s?#/]$")] = (
        "http://127.0.0.1:8080"
    )
    """Where token links point to; no slash at the end."""
    http_host: str = "127.0.0.1"
    """Address at which the gateway listens."""
    http_port: Annotated[int, Field(ge=1, le=65535)] = 8080
    """Port at which the gateway listens."""
    install_keys: Path | None = None
    """Folder of the keys that sign hooks; `install-keys` in the data folder unless it is given."""
    development: bool = False
    """Allows http to loopback addresses for descriptors and hooks."""
    hooks: bool | None = None
    """Whether apps are told of their life; if not set, a house made of an archive tells nothing."""
    command_days: Annotated[int, Field(ge=1)] | None = None
    """Days for which decided commands are kept, and so their ids are known; for ever if not set."""
    reply_prefixes: tuple[str, ...] = ("_INBOX",)
    """First tokens of the subjects to which replies may go."""
    test: TestSettings | None = None

    @property
    def keys(self) -> Path:
        """The key file."""
        return self.key_file or self.data / "keys.json"

    @property
    def signing(self) -> Path:
        """The folder of the keys that sign hooks."""
        return self.install_keys or self.data / "install-keys"

    @property
    def tells(self) -> bool:
        """Whether apps are told of their life."""
        return not archive_mark(self.data).exists() if self.hooks is None else self.hooks

    def store(self, service: str) -> Path:
        """The event store of a service."""
        return store_file(self.data, service)


def store_file(data: Path, service: str) -> Path:
    """Where the event store of a service is in a data folder."""
    return data / f"{service}.sqlite"


def archive_mark(data: Path) -> Path:
    """What stands in a data folder whose stores were made of an archive."""
    return data / "made-of-archive"
