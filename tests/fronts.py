"""What may stand between a browser and the server: nginx, which takes the path off or not, and a Jupyter server with its proxy."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from scripts.browser import nginx

#: `$connection_upgrade` is what nginx's own manual has for websockets. As root, nginx would give its workers to a user who may not
#: write into the folder; as anybody else it takes no notice of `user`.
_NGINX = """
daemon off;
user root root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{port};
    location {path}/ {{
      proxy_pass http://127.0.0.1:{server}{rest};
      proxy_http_version 1.1;
      {host}
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      client_max_body_size 256m;
    }}
  }}
}}
"""


#: As nginx does by itself with a path behind the address, Host is this server's own; without, it is often set to what the browser sent.
_HANDS_ON = {True: {"rest": "/", "host": ""}, False: {"rest": "", "host": "proxy_set_header Host $http_host;"}}


@contextmanager
def nginx_before(server: int, port: int, path: str, takes_off: bool, folder: Path) -> Iterator[None]:
    """nginx at 127.0.0.1:`port`, with everything that it writes in `folder`."""
    program = nginx()
    assert program, "no nginx: run `make browser`, which gets one or names the command that does"
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port, server=server, path=path, **_HANDS_ON[takes_off]))
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    with _running(command, f"http://127.0.0.1:{port}/", folder):
        yield


@contextmanager
def jupyter(port: int, base: str, folder: Path) -> Iterator[None]:
    """A Jupyter server at 127.0.0.1:`port` below `base`, without a token of its own, whose proxy is at `base`proxy/."""
    folder.mkdir()
    command = [sys.executable, "-m", "jupyter_server", f"--ServerApp.port={port}", f"--ServerApp.base_url={base}"]
    command += ["--ServerApp.port_retries=0", "--ServerApp.open_browser=False", "--ServerApp.allow_root=True"]
    command += [
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.jpserver_extensions={'jupyter_server_proxy': True}",
    ]
    places = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    with _running(command, f"http://127.0.0.1:{port}{base}api", folder, **places):
        yield


@contextmanager
def _running(command: list[str], answers_at: str, folder: Path, **environment: str) -> Iterator[None]:
    """A process, from when it answers until it is not needed any more."""
    log = folder / "output.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stdout=out, stderr=out)
    try:
        until = time.monotonic() + 60
        while True:
            time.sleep(0.05)
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            try:
                httpx.get(answers_at, timeout=5)
            except httpx.TransportError:
                continue
            break
        yield
    finally:
        process.terminate()
        process.wait(20)
