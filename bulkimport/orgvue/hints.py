"""What to do about each of the service's error codes (API page, "Errors")."""

_WHERE = "set it where the configuration's `tenant.token` or `tenant.token_file` takes it from"
_CREATE = "Create a new API token in Orgvue's settings and " + _WHERE + "."

# Concern the tenant, not one dataset: every other request would fail the same way.
TENANT_HINTS: dict[str, str] = {
    "40101": "No token arrived. Set `tenant.token` or `tenant.token_file`; a proxy that strips `Authorization` headers"
    " looks the same.",
    "40102": "The token is not one Orgvue knows: cut off when it was copied, revoked, or of another region or tenant"
    f" than `tenant.base_url`. {_CREATE}",
    "40103": "The `Authorization` header held no bearer token. Set `tenant.token` to the token alone, without the word"
    " `Bearer`.",
    "40301": "The token's start date lies ahead. Wait until then, or create one that starts earlier, and check this"
    " machine's clock.",
    "40302": f"The API token has expired. {_CREATE}",
    "40303": "The token may only be used from certain IP subnets, and this machine's address as Orgvue sees it is not"
    " in one of them. Run from an allowed network, or create a token whose subnets include this machine's public"
    " address (behind a proxy or NAT: theirs).",
    "40321": "The token's user matches several Orgvue accounts. Ask an Orgvue administrator to leave one, or use a"
    " token of another user.",
    "40322": "The token's user account is disabled. Ask an Orgvue administrator to enable it, or use the token of an"
    " active account.",
    "40323": "The token's user account has expired. Ask an Orgvue administrator to extend it, or use the token of an"
    " active account.",
    "40324": "The token's user may only work from certain IP subnets, and this machine is not in one of them. Run from"
    " an allowed network, or have the account's subnets extended.",
    "40345": "The tenant has no API usage plan. Ask Orgvue support to configure one; nothing here can help.",
    "42902": "The tenant's daily quota is used up: run again after midnight UTC (`--failed` makes up for it). Other"
    " programs with this tenant's tokens count too.",
}

OTHER_HINTS: dict[str, str] = {
    "400603": "Set the dataset's `dataset_id` to the UUID shown on its metadata page in Orgvue.",
    "415001": "The service does not accept this content type. If it persists, report it to support with the trace id.",
    "42901": "The tenant's limits were reached by more than this run: lower `limits.requests_per_second` and"
    " `limits.concurrent_requests`, or move other programs using this tenant to another hour.",
}


def hint_for(status: int, code: str | None, *, about_dataset: bool) -> str:
    """The most helpful advice for an answer of the tenant's API."""
    if code is not None and (known := TENANT_HINTS.get(code) or OTHER_HINTS.get(code)):
        return known
    match status:
        case 401:
            return "The token was not accepted. Check `tenant.token` and `tenant.base_url`."
        case 403 if about_dataset:
            return "The token's user may not do this: ask for permission on the dataset, or use another user's token."
        case 403:
            return "The token's user may not do this. Check the user's permissions in Orgvue and `tenant.tenant_id`."
        case 404 if about_dataset:
            return (
                "Check `dataset_id` and `tenant.tenant_id` (`bulkimport check --online` looks them up): there is no"
                " such dataset, or the token's user may not see it."
            )
        case 404:
            return "Check `tenant.base_url` and `tenant.tenant_id`: the service knows nothing at this address."
        case 413:
            return "The service finds this too large. Split the dataset, or ask support for the limit."
        case 429:
            return OTHER_HINTS["42901"]
        case _ if status >= 500:
            return "The service is in trouble. Run again later; if it lasts, give support the trace id."
        case _:
            return "If the reason is not clear from the message, give support the trace id."
