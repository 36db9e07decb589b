"""What the errors of the S3 libraries mean. Their own text is never shown, since it may hold an access key."""

from __future__ import annotations

import re

from tasks.errors import ObjectMissing, RetailError, VaultError, VaultUnreachable

# obstore has no attributes for them; both are the protocol's own.
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_CAUSE = re.compile(r'message: "([A-Za-z][\w ]{3,60})"')
_TRANSIENT = {408, 409, 425, 429}


def map_s3_error(error: Exception, *, vault: str, bucket: str, endpoint: str, name: str = "") -> RetailError:
    """Return the error of ours for one of obstore or botocore.

    Args:
        error: What the library raised.
        vault: Address of the vault.
        bucket: Its bucket.
        endpoint: Host that was asked.
        name: Name of the object, if there is one.
    """
    status, code = _answer(error)
    ids = {"vault": vault, **({"object": name} if name else {})}
    if status is None:
        return _connection_error(f"{error} {error!r}", endpoint, ids)
    answer = f"{status} {code}".rstrip()
    if code == "NoSuchBucket":
        what, next_step = (
            f"{endpoint} has no bucket {bucket}.",
            "Create it, or check the address of the vault.",
        )
        return VaultError(what, next_step, **ids)
    # The store forgot an upload that was under way: the object is sent again.
    if code == "NoSuchUpload" or status >= 500 or status in _TRANSIENT:
        return VaultUnreachable(f"{endpoint} cannot serve requests ({answer}).", "Run it again later.", **ids)
    if status == 404 and name:
        return ObjectMissing(f"It has no object {name}.", "List the backups (retail backups).", **ids)
    if status in {401, 403}:
        what = f"{endpoint} refuses the access ({answer})."
        next_step = "Check the access key, its rights on the bucket, and the clock of this machine."
        return VaultError(what, next_step, **ids)
    what = f"{endpoint} refuses the request ({answer})."
    return VaultError(what, "Check endpoint, region and bucket of the vault.", **ids)


def _connection_error(text: str, endpoint: str, ids: dict[str, str]) -> RetailError:
    if "certificate" in text.lower():
        what = f"The certificate of {endpoint} is not trusted."
        return VaultError(what, "Check the endpoint of the vault.", **ids)
    causes = _CAUSE.findall(text)
    cause = f" ({causes[-1].strip()})" if causes else ""
    return VaultUnreachable(
        f"{endpoint} gives no answer, or the connection broke{cause}.",
        "Check the network and the endpoint of the vault, and run it again.",
        **ids,
    )


def _answer(error: Exception) -> tuple[int | None, str]:
    """Status and code of the server's answer; no status if there was none."""
    response = getattr(error, "response", None)  # botocore
    if isinstance(response, dict) and "Error" in response:
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        code = str(response["Error"].get("Code", ""))
        return status, code if re.fullmatch(r"\w{1,60}", code) else ""
    text = str(error)
    status_match, code_match = _STATUS.search(text), _CODE.search(text)
    status = int(status_match[1]) if status_match else None
    if status is None and isinstance(error, FileNotFoundError):
        status = 404
    return status, code_match[1] if code_match else ""
