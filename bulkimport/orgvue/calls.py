"""What each step sends: pure descriptions of the requests on the API page, in its spelling."""

from typing import Final
from urllib.parse import quote

import orjson
from yarl import URL

from bulkimport.errors import LocationExpiredError, NotThereYetError, ServiceError, TicketExpiredError
from bulkimport.model import ImportOptions, PayloadFormat, Stage
from bulkimport.orgvue.addresses import AddressError, presigned, require_secure
from bulkimport.orgvue.body import JSON, Body, BytesBody
from bulkimport.orgvue.requests import Request
from bulkimport.orgvue.wire import Location
from bulkimport.retry import RequestKind

UNCHANGED: Final = "Nothing was changed in Orgvue."
NOT_IMPORTED: Final = "Nothing was imported."
NOT_AFFECTED: Final = "The import itself is not affected by that."

GZIP: Final = {"Accept-Encoding": "gzip"}
API_HEADERS: Final = {"Content-Type": JSON, **GZIP}


class Calls:
    """The requests of one tenant. A presigned URL that cannot be used as it is raises ServiceError."""

    def __init__(self, base_url: URL, tenant_id: str) -> None:
        self._base = base_url
        self._root = f"{base_url.origin()}/api/v1/{quote(tenant_id, safe='')}"

    def generate(self, payload_format: PayloadFormat) -> Request:
        return Request(
            step="generate a location for the payload",
            stage=Stage.GENERATE,
            kind=RequestKind.API,
            method="POST",
            url=self._url("files/generate"),
            meaning=NOT_IMPORTED,
            headers=API_HEADERS,
            body=BytesBody(orjson.dumps({"targetType": payload_format, "targetEncoding": "identity"})),
        )

    def upload(self, location: Location, body: Body) -> Request:
        step = "upload the payload"
        return Request(
            step=step,
            stage=Stage.UPLOAD,
            kind=RequestKind.STORE,
            method="PUT",
            url=self._presigned(location.put_url, step, Stage.UPLOAD),
            meaning=NOT_IMPORTED,
            body=body,
            missing=LocationExpiredError,
            streams=True,
        )

    def first_byte(self, location: Location) -> Request:
        step = "ask the object storage for the payload's size"
        return Request(
            step=step,
            stage=Stage.UPLOAD,
            kind=RequestKind.STORE,
            method="GET",
            url=self._presigned(location.get_url, step, Stage.UPLOAD),
            meaning=NOT_IMPORTED,
            headers=_range(1),
            accepts=frozenset({200, 206, 416}),
            missing=NotThereYetError,
        )

    def stored_head(self, location: Location, n: int) -> Request:
        step = "look for a result at the location"
        return Request(
            step=step,
            stage=Stage.POLL,
            kind=RequestKind.STORE,
            method="GET",
            url=self._presigned(location.get_url, step, Stage.POLL),
            meaning=NOT_AFFECTED,
            headers=_range(n),
            accepts=frozenset({200, 206, 416}),
            missing=NotThereYetError,
        )

    def submit(self, dataset_id: str, location: Location, options: ImportOptions) -> Request:
        links = {
            "importLocation": {"method": "GET", "url": location.get_url},
            "resultLocation": {"method": "PUT", "url": location.put_url},
        }
        return Request(
            step="submit the import",
            stage=Stage.IMPORT,
            kind=RequestKind.IMPORT,
            method="PUT",
            url=self._dataset(dataset_id, "/items/import").with_query(import_query(options)),
            meaning=NOT_IMPORTED,
            headers=API_HEADERS,
            body=BytesBody(orjson.dumps(links)),
        )

    def ticket(self, url: str) -> Request:
        step = "read the job's ticket"
        return Request(
            step=step,
            stage=Stage.POLL,
            kind=RequestKind.STORE,
            method="GET",
            url=self._presigned(url, step, Stage.POLL),
            meaning=NOT_AFFECTED,
            headers=GZIP,
            missing=NotThereYetError,
            expired=TicketExpiredError,
        )

    def result(self, url: str) -> Request:
        step = "download the result"
        return Request(
            step=step,
            stage=Stage.RESULT,
            kind=RequestKind.STORE,
            method="GET",
            url=self._presigned(url, step, Stage.RESULT),
            meaning="The import was carried out; only its result could not be read.",
            headers=GZIP,
            missing=NotThereYetError,
            streams=True,
        )

    def datasets(self, stage: Stage | None) -> Request:
        return self._read("list the tenant's datasets", stage, self._url("datasets"))

    def metadata(self, dataset_id: str, stage: Stage | None) -> Request:
        return self._read("read the dataset's metadata", stage, self._dataset(dataset_id, ""))

    def items(self, dataset_id: str, stage: Stage | None) -> Request:
        return self._read("read the dataset's items", stage, self._dataset(dataset_id, "/items"), streams=True)

    def _read(self, step: str, stage: Stage | None, url: URL, *, streams: bool = False) -> Request:
        return Request(
            step=step,
            stage=stage,
            kind=RequestKind.API,
            method="GET",
            url=url,
            meaning=UNCHANGED,
            headers=API_HEADERS,
            streams=streams,
        )

    def _url(self, path: str) -> URL:
        return URL(f"{self._root}/{path}", encoded=True)

    def _dataset(self, dataset_id: str, path: str) -> URL:
        return self._url(f"datasets/{quote(dataset_id, safe='')}{path}")

    def _presigned(self, text: str, step: str, stage: Stage) -> URL:
        try:
            url = presigned(text)
            require_secure(url, like=self._base)
        except AddressError as error:
            raise ServiceError(
                f"Could not {step}: Orgvue gave a URL for it, but {error}.",
                hint="Check `tenant.base_url`; if it is right, report this to Orgvue support.",
                stage=stage,
            ) from None
        return url


def import_query(options: ImportOptions) -> dict[str, str]:
    """The query parameters of the import (API page, "Query parameters of the import"); switches only when on."""
    chosen = {
        "implicitDelete": "true" if options.implicit_delete else None,
        "autoId": "true" if options.auto_id else None,
        "idKey": options.id_key,
        "mergeKey": options.merge_key,
        "dateFormat": options.date_format,
        "onPropertyAccessDenied": options.on_property_access_denied,
        "onItemAccessDenied": options.on_item_access_denied,
        "onActionValidationFailure": options.on_action_validation_failure,
        "noopToken": options.noop_token,
        "clearToken": options.clear_token,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _range(n: int) -> dict[str, str]:
    return {"Accept-Encoding": "identity", "Range": f"bytes=0-{n - 1}"}
