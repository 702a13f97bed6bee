"""Who the tenant is and by what right: the rules for `tenant`, and the token from a variable or a file."""

import stat
from pathlib import Path

from bulkimport.config.expectations import MismatchError
from bulkimport.config.models import TenantBlock
from bulkimport.config.paths import absolute
from bulkimport.config.problems import Problems
from bulkimport.config.shapes import Parts, partial
from bulkimport.config.tree import MappingNode, ScalarNode
from bulkimport.config.values import parse_token
from bulkimport.model import Secret, Tenant

SANDBOX = "sandbox"
SANDBOX_TENANT_ID = "SANDBOX"
_LARGEST_TOKEN = 64 * 1024


def check_tenant(
    tree: MappingNode, parts: Parts, directory: str, problems: Problems, warnings: list[str]
) -> Tenant | None:
    """The tenant, None if something is missing or wrong; `tree` is the block, `directory` that of its file."""
    tenant = partial(TenantBlock, parts)
    named = [key for key in ("token", "token_file") if key in tree.entries]
    if len(named) > 1:
        problems.add(tree.entries["token_file"].place, "token and token_file exclude one another: keep one of them")
    elif not named and tenant.base_url not in (SANDBOX, None):
        message = "is missing: expected the API token, best `token: ${ORGVUE_API_TOKEN}`, or token_file"
        problems.add(tree.place.inside("token"), message)
    if "tenant_id" not in tree.entries and tenant.base_url not in (SANDBOX, None):
        problems.add(tree.place.inside("tenant_id"), "is missing: expected the id of the Orgvue tenant, such as ACME")
    token = tenant.token
    written = tree.get("token")
    if token is not None and isinstance(written, ScalarNode) and written.is_literal:
        place = f"{written.place.file}:{written.place.line}"
        warnings.append(f"The API token stands readable in {place}: put it into ${{ORGVUE_API_TOKEN}} or a token_file.")
    file = tree.get("token_file")
    if tenant.token_file is not None and isinstance(file, ScalarNode) and not file.broken:
        token = _token_in(tenant.token_file, file, directory, problems, warnings)
    if not tenant.base_url:
        return None
    return Tenant(tenant.base_url, tenant.tenant_id or SANDBOX_TENANT_ID, token)


def _token_in(name: str, node: ScalarNode, directory: str, problems: Problems, warnings: list[str]) -> Secret | None:
    path = Path(absolute(directory, name))
    text = first_line(path, "token", node, problems, warnings)
    if text is None:
        return None
    try:
        return parse_token(text)
    except MismatchError as mismatch:
        problems.add(node.place, f"the first line of {path} is no API token: {mismatch}")
        return None


def first_line(path: Path, what: str, node: ScalarNode, problems: Problems, warnings: list[str]) -> str | None:
    """The secret that a file holds ("token", "URL"); None, with a problem at `node`, where there is none."""
    try:
        with path.open("rb") as file:
            lines = file.read(_LARGEST_TOKEN).split(b"\n", 1)
        mode = path.stat().st_mode
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        problems.add(node.place, f"cannot read the {what} from {path}: {reason}")
        return None
    text = lines[0].decode("utf-8-sig", "replace").strip()
    if not text:
        expected = "API token" if what == "token" else what
        problems.add(node.place, f"the first line of {path} is empty: expected the {expected}")
        return None
    if stat.S_IMODE(mode) & 0o077:
        warnings.append(f"The {what} file {path} can be read by other users of this machine: `chmod 600` it.")
    return text
