"""What botocore makes of AWS files: for each file FOLDER/*/PROFILE, in order, one line `key|secret|token|roles|region`
of that profile, or `refused`.  Nothing is asked over a network and no
program is started: a process, a container, the metadata service and STS give names in place of keys.

SPDX-License-Identifier: MIT
"""

import os
import sys
from pathlib import Path

import botocore.credentials
import botocore.session
from botocore.credentials import Credentials

roles: list[str] = []


class NoStsFetcher:
    def __init__(self, client_creator, source_credentials, role_arn, extra_args=None, **_):
        self.source = source_credentials
        extra = extra_args or {}
        self.role = ",".join([role_arn, extra.get("RoleSessionName", ""), extra.get("ExternalId", ""),
                              str(extra.get("DurationSeconds", 3600))])

    def fetch_credentials(self):
        keys = self.source.get_frozen_credentials()
        roles.append(self.role)
        return {"access_key": keys.access_key, "secret_key": keys.secret_key, "token": keys.token,
                "expiry_time": "2100-01-01T00:00:00Z"}


def resolve(path: Path) -> str:
    os.environ.update(AWS_CONFIG_FILE=str(path), AWS_SHARED_CREDENTIALS_FILE=str(path))
    roles.clear()
    try:
        session = botocore.session.Session(profile=path.name)
        credentials = session.get_credentials()
        keys = credentials.get_frozen_credentials()
        region = session.get_config_variable("region")
    except Exception:  # whichever it is: it has no keys
        return "refused"
    return "|".join([keys.access_key, keys.secret_key, keys.token or "", ";".join(roles), region or ""])


botocore.credentials.AssumeRoleCredentialFetcher = NoStsFetcher
botocore.credentials.ProcessProvider._retrieve_credentials_using = (
    lambda self, command: {"access_key": "process", "secret_key": command, "token": None})
botocore.credentials.CanonicalNameCredentialSourcer.source_credentials = (
    lambda self, name: Credentials(name.lower(), "", None))
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
for case in sorted(Path(sys.argv[1]).glob("*/*")):
    print(resolve(case))
