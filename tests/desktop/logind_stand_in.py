"""What of logind the real pam_systemd needs, for a host without systemd as process 1: sessions with an XDG_RUNTIME_DIR.

    logind_stand_in.py

It owns org.freedesktop.login1 on the system bus.  Unlike logind it leaves a user's /run/user/UID there after his last
logout (logind takes it away ten seconds later, UserStopDelaySec of logind.conf(5)): the tests look at what is in it.

SPDX-License-Identifier: MIT
"""

import os
import pwd
from pathlib import Path

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.login1"
MANAGER = f"{NAME}.Manager"
SEATS = Path("/run/systemd/seats")  # pam_systemd asks logind only where this is (logind_running of its source)


class Manager(dbus.service.Object):
    def __init__(self, bus: dbus.Bus):
        super().__init__(bus, "/org/freedesktop/login1")
        self.sessions: dict[str, int] = {}  # id: the end of a pipe whose other end the session holds

    @dbus.service.method(MANAGER, in_signature="uusssssussbssa(sv)", out_signature="soshusub")
    def CreateSession(self, uid, _pid, _service, _type, _class, _desktop, seat, vtnr, _tty, _display, _remote,
                      _remote_user, _remote_host, _properties):
        account = pwd.getpwuid(uid)
        folder = Path("/run/user", str(int(uid)))
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
            os.chown(folder, account.pw_uid, account.pw_gid)
        session = str(len(self.sessions) + 1)
        self.sessions[session], held = os.pipe()
        answer = (session, dbus.ObjectPath(f"/org/freedesktop/login1/session/_{session}"), str(folder),
                  dbus.types.UnixFd(held), uid, seat, vtnr, False)
        os.close(held)
        return answer

    @dbus.service.method(MANAGER, in_signature="s", out_signature="")
    def ReleaseSession(self, session):
        os.close(self.sessions[session])


def main() -> None:
    DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    kept = (Manager(bus), dbus.service.BusName(NAME, bus))  # they end when nothing refers to them
    SEATS.mkdir(parents=True, exist_ok=True)
    GLib.MainLoop().run()
    del kept


if __name__ == "__main__":
    main()
