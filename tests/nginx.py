"""nginx as the handbook sets it up: it ends TLS and may serve the public folder itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.edge.wire import connect
from tests.ports import free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CONFIGURATION = """
{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  types {{ text/html html; application/json json; application/rss+xml xml; image/svg+xml svg; }}
  server {{ listen 127.0.0.1:{http}; {within} location / {{ {proxy} }} }}
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
    client_max_body_size 25m; {within}
    location / {{ {proxy} }}
  }}
}}
"""
PROXY = """
proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; proxy_buffering off;
proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""


def nginx_available() -> str | None:
    """Why it cannot be used; None where it can."""
    return None if Path(NGINX).exists() else "no nginx (Debian: apt-get install nginx)"


@contextmanager
def nginx(
    folder: Path, behind: int, cert: Path, key: Path, within: str = "", proxy: str = PROXY
) -> Iterator[tuple[int, int]]:
    """A running nginx before the program at ``behind``; its ports of https and http."""
    port, plain = free_port(), free_port()
    facts = {"folder": folder, "port": port, "http": plain, "cert": cert, "key": key, "within": within}
    file = folder / "nginx.conf"
    # As root its workers would be another account, which may not read pytest's folders.
    user = "user root;" if os.getuid() == 0 else ""
    file.write_text(CONFIGURATION.format(user=user, **facts, proxy=proxy.format(behind=behind)))
    process = subprocess.Popen(
        [NGINX, "-c", str(file), "-p", str(folder), "-e", str(folder / "nginx.log")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            assert process.poll() is None, process.stderr and process.stderr.read().decode()
            try:
                connect(port).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port, plain
    finally:
        process.terminate()
        process.wait(timeout=10)
