"""What a person writes in an hour: one dataset after the other, everything in memory, nothing checked, nothing kept.

python plain_import.py BASE_URL TENANT TOKEN SOURCE DATASET_ID…       prints the number of result entries of each
"""

import csv
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

JSON = "application/json; charset=UTF-8"
QUERY = "implicitDelete=true&autoId=true"


def call(method: str, url: str, body: bytes | None = None, **headers: str) -> Any:
    request = urllib.request.Request(url, body, headers={"Content-Type": JSON, **headers}, method=method)
    with urllib.request.urlopen(request) as response:
        content = response.read()
    return json.loads(content) if content else None


def refresh(api: str, token: str, source: str, dataset_id: str) -> int:
    with Path(source).open(newline="", encoding="utf-8") as file:
        items = [{"_action": "createOrUpdate", **row} for row in csv.DictReader(file)]
    payload = json.dumps(items).encode()
    bearer = {"Authorization": f"Bearer {token}"}
    wanted = json.dumps({"targetType": "json", "targetEncoding": "identity"}).encode()
    location = call("POST", f"{api}/files/generate", wanted, **bearer)
    call("PUT", location["put"], payload)
    links = {
        "importLocation": {"method": "GET", "url": location["get"]},
        "resultLocation": {"method": "PUT", "url": location["put"]},
    }
    ticket = call("PUT", f"{api}/datasets/{dataset_id}/items/import?{QUERY}", json.dumps(links).encode(), **bearer)
    while ticket["jobStatus"] not in ("completed", "failed"):
        time.sleep(0.1)
        ticket = call("GET", ticket["_links"]["self"]["url"])
    return len(call("GET", ticket["_links"]["result"]["url"]))


def main() -> None:
    base_url, tenant, token, source, *dataset_ids = sys.argv[1:]
    counts = [refresh(f"{base_url}/api/v1/{tenant}", token, source, dataset_id) for dataset_id in dataset_ids]
    print(json.dumps(counts))  # noqa: T201


if __name__ == "__main__":
    main()
