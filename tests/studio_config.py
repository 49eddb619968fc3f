"""A configuration folder that points the helper at the stand-in AWS.

SPDX-License-Identifier: MIT
"""

import os
import pwd
from pathlib import Path

from stand_in.sagemaker_api import DOMAIN_ID
from stand_in_aws import REGION, StandInAws

SERVICE_ACCOUNT = "sagemaker-studio"
EVERYBODY = "*  research  studio-tester\n"
FOR_THE_HOSTS_OWN_KEYS = ("sts_endpoint_url", "ca_bundle", "use_fips_endpoint", "use_dualstack_endpoint")  # as well
HARDLY_LIMITED = "[helper]\nmax_links_per_user_per_minute = 1000\n"


class StudioConfig:
    """Files appear whole (put_in_place)."""

    def __init__(self, folder: Path, aws: StandInAws):
        self.folder = folder
        self.aws = aws
        self.credentials: dict[str, object] = {"source": "imds", "ec2_metadata_service_endpoint": aws.imds_url}
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        self.set_domain()
        self.set_map(EVERYBODY)

    def set_domain(self, more: str = HARDLY_LIMITED, **changes: object) -> None:
        """Write studio.conf; None leaves a key of the domain out, more is what follows all other sections."""
        domain = {"domain_id": DOMAIN_ID, "region": REGION, "endpoint_url": self.aws.api_url,
                  "sts_endpoint_url": self.aws.sts_url, "ca_bundle": self.aws.ca_bundle, **changes}
        defaults = {key: domain.pop(key) for key in FOR_THE_HOSTS_OWN_KEYS if key in domain}
        self.write("studio.conf", "\n".join([*section("domain research", domain), *section("defaults", defaults),
                                             *section("credentials", self.credentials), more]))

    def set_role(self, role_arn: str | None = None, more: str = HARDLY_LIMITED, **changes: object) -> None:
        """As set_domain, with a role for each link: by default the one that the stand-in knows."""
        self.set_domain(more, role_arn=role_arn or self.aws.sts.default_role, **changes)

    def set_credentials(self, **keys: object) -> None:
        """What [credentials] holds from the next set_domain() or set_role() on, which this calls."""
        self.credentials = keys
        self.set_domain()

    def set_map(self, text: str) -> None:
        self.write("users.map", text)

    def write(self, name: str, text: str, mode: int = 0o640) -> Path:
        return put_in_place(self.folder / name, text, mode)


def put_in_place(path: Path, text: str, mode: int = 0o640) -> Path:
    """Whole, by rename, as a careful administrator's tool does it."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.chmod(mode)
    give_to_service_account(new)
    new.rename(path)
    return path


def section(name: str, keys: dict[str, object]) -> list[str]:
    return [f"[{name}]", *(f"{key} = {value}" for key, value in keys.items() if value is not None)]


def give_to_service_account(path: Path) -> None:
    """As the package does: root writes, the service account reads."""
    if os.geteuid() != 0:
        return
    try:
        os.chown(path, 0, pwd.getpwnam(SERVICE_ACCOUNT).pw_gid)
    except KeyError:
        path.chmod(0o644)
