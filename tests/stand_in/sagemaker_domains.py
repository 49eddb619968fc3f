"""Domains and user profiles as SageMaker knows them, and what it tells of them.

SPDX-License-Identifier: MIT
"""

from typing import Any

from .arns import arn, studio_domain_of
from .refusal import Refused

DOMAIN_ID = "d-abcdefghij12"
CREATED_AT = 1700000000.0


class Domains:
    """profiles: those of each domain that exists; None instead of a set: whoever is asked for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.profiles: dict[str, set[str] | None] = {DOMAIN_ID: None}
        self.domain_details: dict[str, dict[str, Any]] = {}
        self.profile_details: dict[tuple[str, str], dict[str, Any]] = {}

    def check_domain(self, domain_id: str) -> None:
        if domain_id not in self.profiles:
            raise Refused("ResourceNotFound", f"Domain [{domain_id}] does not exist.", is_violation=False)

    def check_profile(self, domain_id: str, profile: str) -> None:
        self.check_domain(domain_id)
        profiles = self.profiles[domain_id]
        if profiles is not None and profile not in profiles:
            raise Refused("ResourceNotFound", f"User Profile [{profile}] does not exist in domain [{domain_id}].",
                          is_violation=False)

    def check_makes_links(self, domain_id: str) -> None:
        """The API reference: "This operation can only be called when the authentication mode equals IAM"."""
        if self.domain_details.get(domain_id, {}).get("AuthMode", "IAM") != "IAM":
            raise Refused("ValidationException", "This operation can only be called when the authentication mode "
                          "equals IAM", is_violation=False)

    def describe_domain(self, region: str, account: str, domain_id: str) -> dict[str, Any]:
        self.check_domain(domain_id)
        return {**self.domain_summary(region, account, domain_id), "AuthMode": "IAM",
                "HomeEfsFileSystemId": "fs-0123456789abcdef0", "VpcId": "vpc-0123456789abcdef0",
                "SubnetIds": ["subnet-0123456789abcdef0"], "AppNetworkAccessType": "VpcOnly",
                "DefaultUserSettings": {"ExecutionRole": arn(region, "iam", account, "role/studio-execution"),
                                        "StudioWebPortal": "ENABLED", "DefaultLandingUri": "studio::"},
                "DomainSettings": {}, **self.domain_details.get(domain_id, {})}

    def domain_summary(self, region: str, account: str, domain_id: str) -> dict[str, Any]:
        details = self.domain_details.get(domain_id, {})
        known = {"DomainArn": arn(region, "sagemaker", account, f"domain/{domain_id}"), "DomainId": domain_id,
                 "DomainName": "research", "Status": "InService", "CreationTime": CREATED_AT,
                 "LastModifiedTime": CREATED_AT,
                 "Url": f"https://{domain_id}.studio.{region}.{studio_domain_of(region)}"}
        return {**known, **{name: details[name] for name in known.keys() & details.keys()}}

    def describe_profile(self, region: str, account: str, domain_id: str, asked: str) -> dict[str, Any]:
        """Names are not case sensitive here, and are told as they are stored (model of DescribeUserProfile)."""
        self.check_domain(domain_id)
        profiles = self.profiles[domain_id]
        name = next((name for name in profiles or () if name.lower() == asked.lower()), asked.lower())
        if profiles is not None:
            self.check_profile(domain_id, name if name in profiles else asked)
        return {**self.profile_summary(domain_id, name), "HomeEfsFileSystemUid": "200005",
                "UserProfileArn": arn(region, "sagemaker", account, f"user-profile/{domain_id}/{name.lower()}"),
                "UserSettings": {}, **self.profile_details.get((domain_id, name), {})}

    def profile_summary(self, domain_id: str, name: str) -> dict[str, Any]:
        details = self.profile_details.get((domain_id, name), {})
        known = {"DomainId": domain_id, "UserProfileName": name, "Status": "InService", "CreationTime": CREATED_AT,
                 "LastModifiedTime": CREATED_AT}
        return {**known, **{key: details[key] for key in known.keys() & details.keys()}}

    def list_profiles(self, domain_id: str | None, contains: str) -> list[dict[str, Any]]:
        if domain_id is not None:
            self.check_domain(domain_id)
        return [self.profile_summary(domain, name) for domain in sorted(self.profiles)
                if domain_id in (None, domain)
                for name in sorted(self.profiles[domain] or ()) if contains.lower() in name.lower()]

    def list_domains(self, region: str, account: str) -> list[dict[str, Any]]:
        return [self.domain_summary(region, account, domain) for domain in sorted(self.profiles)]
