"""The inside of tests/sandbox as a host that people work on by RDP: xrdp, XFCE and Chromium, set up as an administrator
does, with our module enabled by pam-auth-update and the helper resident.

SPDX-License-Identifier: MIT
"""

import base64
import contextlib
import fcntl
import json
import os
import pwd
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from login_host import CONFIG_FOLDER, LOG_FILE, eventually, resident_helper, run
from stand_in.sagemaker_api import DOMAIN_ID
from stand_in_aws import REGION, StandInAws
from studio_config import StudioConfig
from studio_stand_in import StudioStandIn

HERE = Path(__file__).resolve().parent
PROGRAMS = ("xrdp", "xrdp-sesman", "xfreerdp", "Xvfb", "xdotool", "xauth", "xfce4-session", "xfdesktop", "chromium",
            "gio", "zenity", "dbus-daemon")
STUDIO_HOST = f"{DOMAIN_ID}.studio.{REGION}.sagemaker.aws"
RDP_PORT = 33890
PATIENCE = 60.0  # a desktop on a busy machine with two cores

# The administrator's defaults, so that the first login is one to an empty home folder: a plain background, no other
# icons, and nothing of an old session started again.
XFCE_DEFAULTS = Path("/etc/xdg/xfce4/xfconf/xfce-perchannel-xml")
BACKGROUND = (44, 62, 84)
XFCE_DESKTOP = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-desktop" version="1.0">
  <property name="backdrop" type="empty"><property name="screen0" type="empty">
    <property name="monitorrdp0" type="empty"><property name="workspace0" type="empty">
      <property name="color-style" type="int" value="0"/>
      <property name="image-style" type="int" value="0"/>
      <property name="rgba1" type="array">{rgba}</property>
    </property></property>
  </property></property>
  <property name="desktop-icons" type="empty"><property name="file-icons" type="empty">
    <property name="show-home" type="bool" value="false"/>
    <property name="show-filesystem" type="bool" value="false"/>
    <property name="show-trash" type="bool" value="false"/>
    <property name="show-removable" type="bool" value="false"/>
  </property></property>
</channel>
"""
XFCE_WITHOUT_SAVED_SESSIONS = ("<property name=\"general\" type=\"empty\">",
                               "<property name=\"general\" type=\"empty\">\n"
                               "    <property name=\"SaveOnExit\" type=\"bool\" value=\"false\"/>")

# Beside the icons, not above them.
CHROMIUM_FLAGS = 'export CHROMIUM_FLAGS="$CHROMIUM_FLAGS --window-position=136,44 --window-size=864,640"\n'


def missing_programs() -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None]


@dataclass
class Person:
    """Somebody with an account here."""

    name: str
    password: str

    @property
    def account(self) -> pwd.struct_passwd:
        return pwd.getpwnam(self.name)

    @property
    def uid(self) -> int:
        return self.account.pw_uid

    @property
    def home(self) -> Path:
        return Path(self.account.pw_dir)

    @property
    def link_folder(self) -> Path:
        return Path("/run/user", str(self.uid), "sagemaker-studio")

    def link_files(self, *kinds: str) -> list[str]:
        """The names of files of these kinds (session, spent, open): what holds a link, or held one."""
        folders = [self.link_folder, Path("/run/sagemaker-studio/users", str(self.uid)),
                   self.home / ".cache/sagemaker-studio"]
        names = [name for folder in folders if folder.is_dir() for name in os.listdir(folder)]
        return sorted(name for name in names if name.partition("-")[0] in kinds)

    def is_opening_studio(self) -> bool:
        """Whether somebody holds the lock of `sagemaker-studio open`."""
        with contextlib.suppress(FileNotFoundError), (self.link_folder / "open.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def is_starting_session(self) -> bool:
        """Whether `sagemaker-studio autostart` runs, which puts the icon there, and announces it later."""
        return any(process.program == "sagemaker-studio" and "autostart" in process.arguments
                   for process in processes_of(self.uid))

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess:
        """As this user, with the environment of his desktop session where he has one."""
        return run(*command, user=self.uid, group=self.account.pw_gid, extra_groups=[], cwd=self.home,
                   env={**self.session_environment(), **environment})

    def session_environment(self) -> dict[str, str]:
        for process in processes_of(self.uid):
            if process.program == "xfce4-session":
                return process.environment()
        return {"HOME": str(self.home), "PATH": os.environ["PATH"]}

    def make_folder(self, path: Path) -> None:
        """In the home folder, with all that is missing above it."""
        if not path.exists():
            self.make_folder(path.parent)
            path.mkdir(mode=0o700)
            os.chown(path, self.uid, self.account.pw_gid)

    def write(self, path: Path, text: str) -> None:
        self.make_folder(path.parent)
        path.write_text(text)
        os.chown(path, self.uid, self.account.pw_gid)


@dataclass
class Process:
    pid: int
    program: str  # the file's name: a process may rewrite its arguments, as Chromium does
    arguments: list[str]

    def environment(self) -> dict[str, str]:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{self.pid}/environ").read_bytes().decode(errors="replace")
            return dict(setting.split("=", 1) for setting in text.split("\0") if "=" in setting)
        return {}


def processes_of(uid: int) -> list[Process]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
            if owner(folder) == uid:
                found.append(Process(int(folder.name), (folder / "exe").readlink().name, arguments))
    return found


def owner(process: Path) -> int:
    """Not the folder's: that is root's where the process cannot be dumped."""
    status = (process / "status").read_text()
    return int(re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE).group(1))


class DesktopConfig(StudioConfig):
    """alice and dave are in Studio; what else the settings say is given to set()."""

    MAP = "alice  research  alice-tanaka\ndave  research  dave-mori\n"

    def __init__(self, aws: StandInAws):
        shutil.rmtree(CONFIG_FOLDER)
        super().__init__(CONFIG_FOLDER, aws)
        self.set_map(self.MAP)
        self.set()

    def set(self, expires_in_seconds: int = 300, open_at_login: str = "no") -> None:
        self.set_domain("[helper]\nmax_links_per_user_per_minute = 1000\n[desktop]\n"
                        f"open_at_login = {open_at_login}\ncontact = ask it-desk@example.com\n",
                        expires_in_seconds=expires_in_seconds)


class DesktopHost:
    """Everything that a reboot would start.  Nothing is stopped: all ends with the sandbox."""

    def __init__(self, folder: Path, aws: StandInAws, life: contextlib.ExitStack):
        self.folder = folder
        self.aws = aws
        self.config = DesktopConfig(aws)
        self.alice, self.bob, self.dave = (self.give_password(name) for name in ("alice", "bob", "dave"))
        self.studio = self.set_up_studio()
        self.set_up_desktop()
        self.enable_module()
        self.start_system_bus()
        self.helper = life.enter_context(resident_helper())
        self.start_xrdp()

    def give_password(self, name: str) -> Person:
        person = Person(name, secrets.token_urlsafe(9))
        subprocess.run(["chpasswd"], input=f"{name}:{person.password}\n", text=True, check=True)
        return person

    def set_up_studio(self) -> StudioStandIn:
        """At the name that links have, and with an authority that the browser trusts by the administrator's word."""
        with Path("/etc/hosts").open("a") as hosts:
            hosts.write(f"127.0.0.1 {STUDIO_HOST}\n")
        authority = ssl.PEM_cert_to_DER_cert(self.aws.ca_bundle.read_text())
        policies = Path("/etc/chromium/policies/managed")
        policies.mkdir(parents=True, exist_ok=True)
        (policies / "studio-test.json").write_text(json.dumps({
            "CACertificates": [base64.b64encode(authority).decode()], "DefaultBrowserSettingEnabled": False,
            "BrowserSignin": 0, "PromotionsEnabled": False, "ComponentUpdatesEnabled": False,
            "BookmarkBarEnabled": False}))
        Path("/etc/chromium.d/studio-test").write_text(CHROMIUM_FLAGS)
        return StudioStandIn(self.aws.authority.server_certificate("studio.pem", [STUDIO_HOST]),
                             lambda token: token in self.aws.secrets)

    def set_up_desktop(self) -> None:
        rgba = "".join(f'<value type="double" value="{part / 255}"/>' for part in BACKGROUND)
        rgba += '<value type="double" value="1"/>'
        (XFCE_DEFAULTS / "xfce4-desktop.xml").write_text(XFCE_DESKTOP.format(rgba=rgba))
        session = XFCE_DEFAULTS / "xfce4-session.xml"
        session.write_text(session.read_text().replace(*XFCE_WITHOUT_SAVED_SESSIONS, 1))

    def enable_module(self) -> None:
        done = run("pam-auth-update", "--package", "--enable", "aws-sagemaker-studio", cwd="/")
        assert done.returncode == 0 and "pam_sagemaker_studio" in Path("/etc/pam.d/common-session").read_text(), done

    def start(self, *command: str | Path) -> subprocess.Popen:
        """A daemon, with the environment that a boot gives."""
        with (self.folder / f"{Path(command[0]).name}.log").open("a") as log:
            return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    cwd="/", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})

    def start_system_bus(self) -> None:
        Path("/run/dbus").mkdir()
        run("dbus-uuidgen", "--ensure=/etc/machine-id", check=True)
        self.start("dbus-daemon", "--system", "--nofork", "--nopidfile")
        eventually("the system bus", Path("/run/dbus/system_bus_socket").is_socket)
        self.start(sys.executable, HERE / "logind_stand_in.py")
        eventually("the stand-in for logind", Path("/run/systemd/seats").is_dir)

    def start_xrdp(self) -> None:
        edit(Path("/etc/xrdp/xrdp.ini"), port=f"tcp://127.0.0.1:{RDP_PORT}", autorun="Xorg", EnableSyslog="false")
        edit(Path("/etc/xrdp/sesman.ini"), EnableSyslog="false")
        Path("/run/xrdp").mkdir(exist_ok=True)
        self.start("xrdp-sesman", "-n")
        self.start("xrdp", "-n")
        eventually("xrdp to listen", lambda: listens(RDP_PORT) and listens(3350))

    def logs(self) -> list[Path]:
        """Of everything that runs here, and of the sessions of alice and dave."""
        of_sessions = [person.home / name for person in (self.alice, self.dave)
                       for name in (".xsession-errors", ".xorgxrdp.10.log")]
        found = [LOG_FILE, *self.folder.glob("*.log"), *Path("/var/log").glob("xrdp*.log"), *of_sessions]
        return [log for log in found if log.exists()]

    def sessions_opened(self, person: Person) -> int:
        """How often the session stack of PAM has been run for him: what pam_unix has logged."""
        opened = rf"\(xrdp-sesman:session\): session opened for user {person.name}\b"
        return len(re.findall(opened, LOG_FILE.read_text()))

    def sessions_closed(self, person: Person) -> int:
        closed = rf"\(xrdp-sesman:session\): session closed for user {person.name}\b"
        return len(re.findall(closed, LOG_FILE.read_text()))


def edit(path: Path, **settings: str) -> None:
    """The first of the name, which in xrdp's files is the one of the whole program."""
    text = path.read_text()
    for key, value in settings.items():
        text = re.sub(rf"^{key}=.*$", f"{key}={value}", text, count=1, flags=re.MULTILINE)
    path.write_text(text)


def listens(port: int) -> bool:
    for address in ("127.0.0.1", "::1"):
        with contextlib.suppress(OSError):
            socket.create_connection((address, port), timeout=1).close()
            return True
    return False
