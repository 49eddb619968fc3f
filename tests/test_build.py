"""What leaves the build: linked libraries, exported symbols, hardening, installed files.

SPDX-License-Identifier: MIT
"""
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BUILD", SOURCE / "build")).resolve()
MODULE = BUILD / "pam_sagemaker_studio.so"
HELPER = BUILD / "sagemaker-studio-helper"
LAUNCHER = BUILD / "sagemaker-studio"
ENTRY_POINTS = {"pam_sm_authenticate", "pam_sm_setcred", "pam_sm_acct_mgmt", "pam_sm_open_session",
                "pam_sm_close_session", "pam_sm_chauthtok"}


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries(program: Path) -> set[str]:
    return set(re.findall(r"\(NEEDED\).*\[(.+?)\.so", output("readelf", "-d", str(program))))


def test_the_module_needs_libpam_and_libc_alone():
    assert libraries(MODULE) <= {"libpam", "libc", "ld-linux-x86-64", "ld-linux-aarch64"}


def test_the_module_exports_its_six_entry_points_alone():
    symbols = output("nm", "-D", "--defined-only", "--format=posix", str(MODULE))
    assert {line.split()[0] for line in symbols.splitlines()} == ENTRY_POINTS


def test_the_module_has_no_writable_static_data():
    """The 8 bytes of each are the C runtime's own (__dso_handle, completed); constants with addresses are .data.rel.ro."""
    sizes = dict(re.findall(r"^(\.\w+)\s+(\d+)", output("size", "-A", str(MODULE)), re.MULTILINE))
    assert int(sizes.get(".data", 0)) <= 8 and int(sizes.get(".bss", 0)) <= 8


def test_the_launcher_needs_libc_alone():
    assert libraries(LAUNCHER) <= {"libc", "ld-linux-x86-64", "ld-linux-aarch64"}


def test_the_helper_needs_no_libpam():
    assert not any("pam" in library for library in libraries(HELPER))


@pytest.mark.parametrize("program", [MODULE, HELPER, LAUNCHER], ids=lambda path: path.name)
def test_relocations_are_bound_at_start_and_read_only(program: Path):
    dynamic = output("readelf", "-d", str(program))
    assert "BIND_NOW" in dynamic or "NOW" in dynamic
    assert "GNU_RELRO" in output("readelf", "-lW", str(program))


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("installed") / "with a blank"
    make("install", root)
    return root


def make(target: str, root: Path) -> None:
    subprocess.run(["make", "--silent", "-C", str(SOURCE), f"BUILD={BUILD}", f"DESTDIR={root}", target], check=True)


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]


def test_nothing_is_installed_setuid_setgid_or_writable_by_others(installed: Path):
    for path in files_below(installed):
        assert not path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH), path
        assert "security.capability" not in os.listxattr(path), path


def test_every_part_is_installed(installed: Path):
    names = {path.name for path in files_below(installed)}
    assert {"pam_sagemaker_studio.so", "sagemaker-studio-helper", "sagemaker-studio", "users.map", "studio.conf",
            "aws-sagemaker-studio", "pam_sagemaker_studio.8", "sagemaker-studio-helper.8", "sagemaker-studio.1",
            "sagemaker-studio.map.5", "sagemaker-studio.conf.5", "sagemaker-studio.socket",
            "sagemaker-studio.service", "sysvinit", "openrc"} <= names
    assert not [path for path in files_below(installed / "usr") if b"@HELPER@" in path.read_bytes()]


def test_configuration_that_is_there_survives_an_install_and_an_uninstall(tmp_path: Path):
    make("install", tmp_path)
    users_map = tmp_path / "etc/sagemaker-studio/users.map"
    users_map.write_text("alice d-abcdefghij12 alice\n")
    make("install", tmp_path)
    make("uninstall", tmp_path)
    assert users_map.read_text() == "alice d-abcdefghij12 alice\n"
    assert {path.name for path in files_below(tmp_path)} == {"users.map", "studio.conf"}


def test_an_uninstall_removes_nothing_but_its_own_and_can_be_repeated(tmp_path: Path):
    root, neighbour = tmp_path / "a b", tmp_path / "a"
    neighbour.mkdir()
    (neighbour / "file").touch()
    make("install", root)
    for _ in range(2):
        make("uninstall", root)
    assert {path.name for path in files_below(tmp_path)} == {"users.map", "studio.conf", "file"}


def options_in_help(*command: str) -> list[str]:
    return sorted(set(re.findall(r"--([a-z][a-z-]+)", output(*command))))


def test_the_manual_has_every_subcommand_and_option_of_the_launcher():
    manual = (SOURCE / "man/sagemaker-studio.1").read_text()
    synopsis = manual[: manual.index(".Sh DESCRIPTION")]
    subcommands = re.findall(r"^  ([a-z]+) ", output(str(LAUNCHER), "--help"), re.MULTILINE)
    assert len(subcommands) >= 6
    for subcommand in subcommands:
        assert f".Cm {subcommand}\n" in synopsis and f".It Cm {subcommand}\n" in manual
        options = options_in_help(str(LAUNCHER), subcommand, "--help")
        assert [option for option in options if f".It Fl Fl {option}" not in manual] == [], subcommand


def test_the_manual_has_every_option_of_the_helper():
    manual = (SOURCE / "man/sagemaker-studio-helper.8").read_text()
    options = options_in_help(str(HELPER), "--help")
    assert "listen" in options
    assert [option for option in options if f"Fl Fl {option}" not in manual] == []


def test_the_manual_and_the_example_have_every_setting():
    source = (SOURCE / "helper/configuration/settings_keys.c").read_text()
    table = source[source.index("setting_keys["): source.index("};\n", source.index("setting_keys["))]
    keys = re.findall(r'DOMAIN_KEY\(.*?, (\w+)\)|HOST_KEY\(\w+, "(\w+)"', table)
    names = [of_domain or of_host for of_domain, of_host in keys]
    assert len(names) == len(set(names)) == table.count("_KEY(") and "role_arn" in names
    manual = (SOURCE / "man/sagemaker-studio.conf.5").read_text()
    items = re.findall(r"^\.It Cm (.*)$", manual, re.MULTILINE)
    assert [name for name in names if sum(name in item.split() for item in items) != 1] == []
    example = (SOURCE / "etc/sagemaker-studio/studio.conf").read_text()
    assert [name for name in names if not re.search(rf"^#{name} = ", example, re.MULTILINE)] == []


def test_the_manual_has_every_event_of_the_log():
    sources = "".join(path.read_text() for path in (SOURCE / "helper").rglob("*.c"))
    events = set(re.findall(r'(?:journal_begin|log_change)\(LOG_\w+, "([a-z-]+)"', sources))
    told_with_debug = {"identity", "link-none"}
    assert {"link-made", "outage-begins", "clock-corrected"} | told_with_debug <= events
    manual = (SOURCE / "man/sagemaker-studio-helper.8").read_text()
    log = manual[manual.index(".Ss The log"): manual.index(".Ss Failure codes")]
    assert [event for event in sorted(events - told_with_debug) if event not in log] == []
