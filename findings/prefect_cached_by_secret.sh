#!/usr/bin/env bash
# prefect: a task with a persisted result, called for two shops whose credentials differ in the API key alone.
#
# Guess, written down before the run: the default cache policy compares the inputs, the keys are different inputs, so the
# task runs twice; at worst a value that cannot be compared is never cached.
#
# Seen with prefect 3.9.1: inputs are compared by their JSON, in which every SecretStr is the same row of asterisks. The
# second call is "Cached" and returns the first shop's orders. So do a block, a pydantic model and a dict that hold
# SecretStr, and a model's field with exclude=True. Plain text works.
#
# Do instead: pass the shop's name beside its credentials, or cache_policy=NO_CACHE for tasks that take credentials.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet prefect==3.9.1

cat >"$folder/orders.py" <<'PYTHON'
import prefect
from prefect import flow, task
from prefect.blocks.core import Block
from pydantic import BaseModel, Field, SecretStr


class ShopBlock(Block):
    region: str
    key: SecretStr


class Shop(BaseModel):
    region: str
    key: str


class Quiet(BaseModel):
    region: str
    key: str = Field(exclude=True)


def opened(key):
    return key.get_secret_value() if isinstance(key, SecretStr) else key


@task(persist_result=True)
def orders(shop):
    """Stands for a download with the shop's key."""
    if isinstance(shop, SecretStr):
        return f"orders of {opened(shop)}"
    return f"orders of {opened(shop['key'] if isinstance(shop, dict) else shop.key)}"


@flow
def load():
    kinds = {
        "SecretStr": SecretStr,
        "dict with SecretStr": lambda key: {"key": SecretStr(key)},
        "block with SecretStr": lambda key: ShopBlock(region="UK", key=key),
        "model with exclude=True": lambda key: Quiet(region="UK", key=key),
        "model with plain text": lambda key: Shop(region="UK", key=key),
        "name beside the secret": lambda key: {"name": key, "key": SecretStr(key)},
    }
    return {kind: [orders(shop(name)) for name in ("Leeds", "York")] for kind, shop in kinds.items()}


if __name__ == "__main__":
    found = load()
    print("prefect", prefect.__version__)
    print("expected: the orders of Leeds and those of York each time")
    for kind, pair in found.items():
        print(f"{kind}: {', '.join(pair)}")
    print("consequence: the second shop's sales are those of the first, in a run that ends Completed")
    right, wrong = ["orders of Leeds", "orders of York"], ["orders of Leeds"] * 2
    *confused, plain, named = found.values()
    assert confused == [wrong] * 4, "inputs are compared differently now"
    assert plain == named == right, "plain inputs are compared differently now"
    print("as found")
PYTHON

cd "$folder"
export PREFECT_HOME=$folder/prefect PREFECT_SERVER_ANALYTICS_ENABLED=false PREFECT_LOGGING_LEVEL=ERROR
export PREFECT_SERVER_ALLOW_EPHEMERAL_MODE=true PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=120
# The temporary server is stopped in the middle of its bookkeeping and says so at length: shown only on failure.
"$folder/venv/bin/python" orders.py 2>log || { cat log >&2 && exit 1; }
