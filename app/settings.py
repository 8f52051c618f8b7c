"""Typed settings from the environment and the command line. No other module reads the environment."""

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.address import OWN_PORT, Address, bracketed
from dynascope.sentence import say

ROOT = Path(__file__).resolve().parent.parent


#: The fewest characters of a token.
SHORTEST = 4


class Settings(BaseSettings):
    """Each field can also be set as `DYNASCOPE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="DYNASCOPE_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    data: Path = Path("data")
    token: str | None = Field(None, min_length=SHORTEST, description="Guards everything; made at first start where none is given.")
    database_url: str | None = None
    cache: Path | None = Field(
        None, description="Folder for compressed files, which servers may share; `cache` in the data folder otherwise."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)] = "info"
    public_url: str | None = Field(
        None, description="How browsers reach the server where that is not http://host:port; its path is where a proxy has put it."
    )
    allowed_hosts: str = Field("", description="Further Host values, comma-separated.")
    slots: int = Field(default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, description="Cores that runs may take.")
    max_queued: int = Field(1000, ge=1)
    max_body: int = Field(1 << 20, description="Bytes of a REST request.")
    max_upload: int = Field(200 << 20, ge=1, description="Bytes of an uploaded data set; it may unpack to four times that.")
    max_uploads: int = Field(100, ge=1, description="Uploads that are kept; who has as many deletes one first.")
    max_uploads_bytes: int = Field(5 << 30, ge=1, description="Bytes that they may take together.")
    max_frame: int = Field(8 << 20, description="Bytes of a websocket frame.")
    control_timeout: float = Field(10.0, description="Seconds that a control waits for the trainer.")
    silence: float = Field(
        60.0, description="Seconds that a trainer waits for a server that went, and a server for a trainer that was starting."
    )

    start_timeout: float = Field(120.0, gt=0, description="Seconds that importing torch may take before it is begun anew.")
    checkpoint_seconds: float = Field(30.0, gt=0, description="Seconds between the checkpoints that a run makes by itself.")

    @property
    def cache_folder(self) -> Path:
        return self.cache or self.data / "cache"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'dynascope.db'}"

    @field_validator("public_url")
    @classmethod
    def _taken_apart(cls, given: str | None) -> str | None:
        return str(Address.of(given)) if given and given.strip() else None

    def address(self) -> Address:
        """The address under which browsers reach the server."""
        if self.public_url:
            return Address.of(self.public_url)
        return Address("http", bracketed("localhost" if self.host in ("0.0.0.0", "::") else self.host), self.port, "")

    def base_url(self) -> str:
        return str(self.address())

    @property
    def prefix(self) -> str:
        """The public address's path, percent-encoded as in links: "" or "/user/a/proxy/8000"."""
        return self.address().prefix

    def local_url(self) -> str:
        """The address under which processes on this machine reach the server: without any proxy, so without the prefix."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{bracketed(host)}:{self.port}"

    def hosts(self) -> frozenset[str]:
        """Every accepted Host value: a request with another name is rebound or misdirected."""
        named = {h.strip().lower() for h in self.allowed_hosts.split(",") if h.strip()}
        own = {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        if self.host not in ("0.0.0.0", "::"):
            own.add(f"{bracketed(self.host)}:{self.port}".lower())
        public = self.address()
        right = named | own | {public.netloc, f"{public.host}:{public.port}"}
        # Browsers leave out a scheme's default port.
        scheme_ports = tuple(f":{port}" for port in OWN_PORT.values())
        return frozenset(right | {host.rpartition(":")[0] for host in right if host.endswith(scheme_ports)})

    def origins(self) -> frozenset[str]:
        return frozenset({f"{scheme}://{host}" for host in self.hosts() for scheme in {"http", self.address().scheme}})

    def secret(self) -> str:
        """The token: given, read from the data folder, or made there (mode 600) at the first start. Raises ValueError on a short one."""
        if self.token:
            return self.token
        path = self.data / "token"
        if not path.exists():
            part = path.with_suffix(".part")  # the token file is always complete, whenever this process ends
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
                f.write(secrets.token_urlsafe(24))
                f.flush()
                os.fsync(f.fileno())
            part.rename(path)
        token = path.read_text().strip()
        if len(token) < SHORTEST:
            raise ValueError(
                say(
                    "the token in {path} has {count} characters, {least} are needed; delete the file to have one made",
                    path=path,
                    count=len(token),
                    least=SHORTEST,
                )
            )
        return token
