"""What STS answers, in XML, or in JSON for who asks for that: the same content in two forms.

The JSON form is documented nowhere; Expiration is a number in it.

SPDX-License-Identifier: MIT
"""

import datetime
import json
from typing import Any
from xml.sax.saxutils import escape

from .http_messages import Reply

XML = "text/xml"
JSON = "application/json"
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
EPOCH = datetime.datetime(1970, 1, 1)


def result_reply(form: str, operation: str, result: dict[str, Any], request_id: str) -> Reply:
    name = f"{operation}Response"
    content = {f"{operation}Result": result, "ResponseMetadata": {"RequestId": request_id}}
    body = json_text({name: content}) if form == JSON else xml_document(name, content)
    return Reply(200, body.encode(), form, {"x-amzn-RequestId": request_id})


def sts_error_reply(form: str, code: str, message: str | None, status: int, request_id: str) -> Reply:
    error = {"Type": "Sender" if status < 500 else "Receiver", "Code": code, "Message": message}
    content = {"Error": error, "RequestId": request_id}
    body = json_text(content) if form == JSON else xml_document("ErrorResponse", content)
    return Reply(status, body.encode(), form, {"x-amzn-RequestId": request_id})


def json_text(content: dict[str, Any]) -> str:
    """A time as the service's Java writes a double: 1.573310081E9."""
    times: list[str] = []

    def placeholder(time: datetime.datetime) -> str:
        seconds = f"{(time - EPOCH).total_seconds():.9E}"
        times.append(seconds.replace("E+0", "E"))
        return f"time {len(times) - 1}"

    text = json.dumps(content, default=placeholder)
    for number, seconds in enumerate(times):
        text = text.replace(f'"time {number}"', seconds)
    return text


def xml_document(name: str, content: dict[str, Any]) -> str:
    return f'<{name} xmlns="{NAMESPACE}">\n{xml_elements(content, "  ")}</{name}>\n'


def xml_elements(content: dict[str, Any], indent: str) -> str:
    return "".join(f"{indent}<{name}>{xml_value(value, indent)}</{name}>\n" for name, value in content.items()
                   if value is not None)


def xml_value(value: Any, indent: str) -> str:
    if isinstance(value, dict):
        return f"\n{xml_elements(value, indent + '  ')}{indent}"
    return escape(f"{value.isoformat()}Z" if isinstance(value, datetime.datetime) else str(value))
