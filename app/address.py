"""The address under which browsers reach the server, parsed once: scheme, host, port and path."""

import ipaddress
import re
from typing import NamedTuple, Self
from urllib.parse import quote, unquote, urlsplit

#: The default port of each scheme, which browsers leave out.
OWN_PORT = {"http": 80, "https": 443}
#: Characters that are not encoded in a path. A semicolon would end a cookie's path, and quotes cause trouble in every language.
_SAFE = "/~!$&()*+:=@"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_.])?")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


class WrongAddress(ValueError):
    """The reason why an address can't be used, and what to give instead: one sentence."""


class Address(NamedTuple):
    """`prefix` is "" or a percent-encoded path without a slash at its end; `host` is ASCII, an IPv6 address in brackets."""

    scheme: str
    host: str
    port: int
    prefix: str

    @classmethod
    def of(cls, given: str) -> Self:
        """Raises WrongAddress."""
        text = given.strip()
        if not text.isprintable():
            raise WrongAddress(f"{text!a} has a control character in it; give an address without")
        # The part before an @ may be a password, and a query may hold the server's token: the message repeats neither.
        plain, *more = re.split(r"[?#]", text, maxsplit=1)
        scheme, where = _SCHEME.match(plain), re.sub(r"^([a-z][a-z0-9+.-]*:(?=/))?/*", "", plain, flags=re.IGNORECASE)
        if "@" in re.split(r"[/\\]", where, maxsplit=1)[0]:
            raise WrongAddress("the address names a user before its host, and the server asks for its token alone; give it without")
        if not scheme:
            raise WrongAddress(f"{plain} has no scheme; give http://{where} or https://{where}")
        if scheme[1].lower() not in OWN_PORT:
            raise WrongAddress(
                f"{plain} has the scheme {scheme[1]}; browsers reach this server by http:// or https://, so give one of these"
            )
        if more:
            kind = "query" if text[len(plain)] == "?" else "fragment"
            raise WrongAddress(f"{plain} has a {kind} behind it, and a server's address has none; give {plain}")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise WrongAddress(f"{text} can't be taken apart ({error}); write it as http://lab.example.org:8000/path") from None
        if port == 0:
            raise WrongAddress(f"{text} has the port 0, which no browser can reach; give the port under which the server is reached")
        scheme_name = parts.scheme.lower()
        return cls(scheme_name, _host(host, text), port or OWN_PORT[scheme_name], _prefix(parts.path, text))

    @property
    def netloc(self) -> str:
        """Host and port as browsers write them: without the scheme's default port."""
        return self.host if self.port == OWN_PORT[self.scheme] else f"{self.host}:{self.port}"

    @property
    def path(self) -> str:
        """The decoded prefix, as ASGI passes paths."""
        return unquote(self.prefix)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.prefix}"


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _host(host: str, text: str) -> str:
    wrong = WrongAddress(f"{text} has no host that a browser could ask for; write it as http://lab.example.org:8000/path")
    if ":" in host:
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError:
            raise wrong from None
        if address.scope_id:
            raise wrong
        return f"[{address.compressed}]"
    if not host.isascii():
        import idna  # half a megabyte of tables that an ASCII host does not need

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise wrong from None
    if not _NAME.fullmatch(host):
        raise wrong
    return host


def _prefix(path: str, text: str) -> str:
    path = path.rstrip("/")
    if _BROKEN_ESCAPE.search(path):
        raise WrongAddress(f"{text} has a % in its path that begins no escape of two hexadecimal digits; write a % itself as %25")
    if re.search("%2f|%5c", path, re.IGNORECASE) or "\\" in path:
        raise WrongAddress(
            f"{text} has an encoded slash or a backslash in its path, which proxies take for different things; give a path without"
        )
    try:
        decoded = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise WrongAddress(f"{text} has an escape in its path that is no UTF-8; copy the path from a browser's address bar") from None
    segments = decoded.split("/")[1:]
    if "" in segments:
        raise WrongAddress(f"{text} has two slashes in a row in its path; give one")
    if {".", ".."} & set(segments):
        raise WrongAddress(
            f"{text} has a segment . or .. in its path, which browsers resolve before they ask; give the path that they resolve it to"
        )
    if not decoded.isprintable():
        raise WrongAddress(f"{text} has an escaped control character in its path; give a path without")
    return quote(decoded, safe=_SAFE)
