"""A stand-in for SageMaker Studio: the web site that a link leads to, over https at the host name that links bear.

It takes each token once and within its life, signs the browser in by a cookie, and sends it on to a page.  Each page
has a band of a colour of its own, so that a screenshot tells which link it was reached by.

SPDX-License-Identifier: MIT
"""

import base64
import html
import http.cookies
import json
import secrets
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HTTPS = ("127.0.0.1", 443)  # links name no port
COOKIE = "studio-stand-in"

Colour = tuple[int, int, int]
# None of them is a desktop's, a theme's or a browser's.
BANDS: list[Colour] = [(0, 122, 110), (196, 64, 10), (104, 30, 168), (20, 92, 200), (176, 16, 92), (92, 120, 8)]

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>SageMaker Studio \u2013 {who}</title>
<style>
body {{ margin: 0; font: 15px "DejaVu Sans", sans-serif; background: #f4f5f7; color: #16191f }}
header {{ background: #16191f; color: #fff; padding: 14px 24px; font-size: 17px }}
header small {{ color: #b6bec9; float: right; font-size: 13px; padding-top: 3px }}
.band {{ background: rgb{colour}; height: 96px; color: #fff; padding: 26px 24px 0 24px; box-sizing: border-box }}
.band b {{ font-size: 24px; font-weight: normal }}
main {{ padding: 22px 24px }}
ul {{ display: flex; gap: 16px; padding: 0; margin: 0 0 22px 0; list-style: none }}
li {{ flex: 1; background: #fff; border: 1px solid #d5dbdb; border-radius: 8px; padding: 16px; min-height: 62px }}
li span {{ display: block; color: #545b64; font-size: 12px; margin-top: 8px }}
p {{ color: #545b64; font-size: 12px }}
</style>
<header>SageMaker Studio <small>{who}</small></header>
<div class="band"><b>Welcome, {who}</b></div>
<main>
<ul><li>JupyterLab<span>Notebooks and terminals</span></li><li>Code Editor<span>For larger projects</span></li>
<li>Experiments<span>Runs and metrics</span></li></ul>
<p>This is the stand-in of the tests. Signed in by link {number}.</p>
</main></html>
"""
REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Refused</title>
<body style="background: rgb(214, 0, 0); color: #fff; font: 24px sans-serif; padding: 40px">{reason}</body></html>
"""


@dataclass
class Redemption:
    """A browser was signed in."""

    token: str
    who: str
    at: float  # seconds since the epoch


class StudioStandIn:
    """is_issued: was this token in a link?  link_life: how many seconds a link may be old."""

    def __init__(self, certificate: Path, is_issued: Callable[[str], bool]):
        self.is_issued = is_issued
        self.link_life = 300
        self.redeemed: list[Redemption] = []
        self.refused: list[str] = []  # reasons
        self.browsers: dict[str, int] = {}  # cookie: number of the redemption
        self.lock = threading.Lock()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        self.server = Server(HTTPS, Visit)
        self.server.tls, self.server.studio = tls, self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def redeem(self, token: str) -> str:
        """The cookie for who comes with this token; a ValueError says why there is none."""
        with self.lock:
            try:
                claims = self.claims_of(token)
            except ValueError as error:
                self.refused.append(str(error))
                raise
            cookie = secrets.token_urlsafe()
            self.redeemed.append(Redemption(token, claims["userProfileName"], time.time()))
            self.browsers[cookie] = len(self.redeemed)
            return cookie

    def claims_of(self, token: str) -> dict:
        if not self.is_issued(token):
            raise ValueError("This link was never issued.")
        if any(token == earlier.token for earlier in self.redeemed):
            raise ValueError("This link has been used already.")
        claims = token.split(".")[1]
        content = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        if time.time() > content["iat"] + self.link_life + 1:
            raise ValueError("This link has expired.")
        return content

    def page_for(self, cookie: str) -> str:
        number = self.browsers[cookie]
        who = html.escape(self.redeemed[number - 1].who)
        return PAGE.format(who=who, number=number, colour=band(number))


def band(number: int) -> Colour:
    """The colour of the page that the redemption with this number (1, 2, ...) leads to."""
    return BANDS[(number - 1) % len(BANDS)]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext
    studio: StudioStandIn

    def finish_request(self, request, client_address) -> None:
        """In the thread of the connection, so that a browser that says nothing keeps nobody waiting."""
        request.settimeout(60)
        try:
            with self.tls.wrap_socket(request, server_side=True) as connection:
                super().finish_request(connection, client_address)
        except OSError:
            pass  # the browser went away


class Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/auth":
            self.sign_in(urllib.parse.parse_qs(url.query).get("token", [""])[0])
        elif url.path == "/studio":
            self.show_studio()
        else:
            self.reply(404)

    def sign_in(self, token: str) -> None:
        try:
            cookie = self.server.studio.redeem(token)
        except ValueError as refusal:
            self.reply(403, REFUSED.format(reason=refusal))
        else:
            self.reply(302, Location="/studio", Set_Cookie=f"{COOKIE}={cookie}; Secure; HttpOnly; Path=/")

    def show_studio(self) -> None:
        cookies = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        cookie = cookies[COOKIE].value if COOKIE in cookies else ""
        if cookie in self.server.studio.browsers:
            self.reply(200, self.server.studio.page_for(cookie))
        else:
            self.reply(403, REFUSED.format(reason="You are not signed in."))

    def reply(self, status: int, page: str = "", **headers: str) -> None:
        content = page.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Request lines hold tokens."""
