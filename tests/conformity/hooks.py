"""Beside schemathesis: gives cases what exists, so that they reach past the first refusal, and tallies the answers.

Every choice follows from the case itself: one seed, one run.
"""

import atexit
import collections
import itertools
import json
import os
import random
import threading
import uuid
import zlib

import schemathesis

OWN_KEY = os.environ["PALISADE_OWN_KEY"]
TENANT = os.environ["PALISADE_TENANT"]
PROVIDER = os.environ["PALISADE_PROVIDER"]
TALLY = os.environ["PALISADE_TALLY"]

HASH = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq"
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"traits": {"type": "object", "properties": {"nick": {"type": "string"}}}},
}

tally = collections.defaultdict(collections.Counter)
lock = threading.Lock()
numbers = itertools.count()


@schemathesis.hook
def filter_case(context, case):
    # Ids that answers told are used, too. To revoke or rotate the very key that asks would end the run: each answer
    # after it is a 401.
    return (case.path_parameters or {}).get("id") != OWN_KEY


def is_uuid(text):
    try:
        return bool(uuid.UUID(text))
    except (ValueError, TypeError, AttributeError):
        return False


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.label
    choose = random.Random(zlib.crc32(repr((operation, case.body, case.query)).encode("utf-8", "surrogatepass")))
    # A tenant that was made up is refused before anything else is looked at: one case in 20 keeps it.
    tenant = (case.headers or {}).get("X-Tenant-ID")
    if is_uuid(tenant) and choose.random() < 0.95:
        case.headers["X-Tenant-ID"] = TENANT
    if case.meta is not None and case.meta.generation.mode.is_positive and choose.random() < 0.6:
        deepen(operation.partition(" "), case, choose)


def deepen(label, case, choose):
    """Puts into a valid body what the document can't say: traits that fit, names that are free, ids of what is there."""
    method, _, path = label
    body = case.body
    if path.endswith("/identities") and path.startswith(("/admin", "/iam")):
        if method == "POST" and isinstance(body, dict):
            case.body = identity(body, choose)
        elif method == "PATCH" and isinstance(body, dict):
            items = [item for item in body.get("identities") or [] if isinstance(item, dict)]
            for item in items:
                if isinstance(item.get("create"), dict):
                    item["create"] = identity(item["create"], choose)
                    item.pop("delete", None)
    elif path in ("/admin/identities/{id}", "/iam/identities/{id}"):
        if method == "PUT" and isinstance(body, dict):
            case.body = identity(body, choose)
        elif method == "PATCH" and isinstance(body, list):
            case.body = choose.choice(
                [
                    [{"op": "replace", "path": "/traits/name", "value": {"first": free("n")}}],
                    [{"op": "add", "path": "/metadata_public", "value": body}],
                    [{"op": "test", "path": "/state", "value": "active"}],
                    [{"op": "copy", "from": "/traits/email", "path": "/metadata_admin"}],
                    body,
                ]
            )
    elif path.startswith("/v1/schemas") and isinstance(body, dict) and "schema" in body:
        body["schema"] = SCHEMA
    elif path == "/v1/identity-providers" and isinstance(body, dict) and "name" in body:
        body["name"] = free("p-")
    elif path == "/v1/users/{id}/identities" and isinstance(body, dict):
        body = {key: value for key, value in body.items() if key in ("identity_provider_id", "external_id")}
        case.body = body | {"identity_provider_id": PROVIDER, "external_id": free("sub-")}
    elif path in ("/v1/api-keys", "/v1/tenants/{id}/api-keys") and isinstance(body, dict):
        case.body = {"name": free("key "), "roles": body.get("roles") or ["viewer"]}
    elif path == "/v1/users/{id}/sessions" and method == "POST" and isinstance(body, dict):
        for name in ("expires_at", "authenticated_at"):
            body.pop(name, None)
        if "lifespan_seconds" in body:
            body["lifespan_seconds"] = 3600
        if isinstance(body.get("device"), dict):
            body["device"] = {"ip_address": "2001:db8::1", "user_agent": "fuzz"}
        for proof in body.get("authentication_methods") or []:
            for name in ("completed_at", "provider"):
                proof.pop(name, None)
    elif path == "/v1/users/{id}/verify-password" and isinstance(body, dict):
        body["password"] = choose.choice(["test", body.get("password")])
    elif path in ("/v1/tenants", "/v1/tenants/{id}") and isinstance(body, dict) and "name" in body:
        body["name"] = free("t-")
    if (case.headers or {}).get("Idempotency-Key") and choose.random() < 0.7:
        case.headers["Idempotency-Key"] = free("key-")
    if (case.headers or {}).get("If-Match") and choose.random() < 0.5:
        case.headers["If-Match"] = "*"


def free(prefix):
    with lock:
        return f"{prefix}{next(numbers)}"


def identity(body, choose):
    body = dict(body)
    if body.get("schema_id") == "customer":
        body["traits"] = {"nick": free("nick")}
    else:
        body.pop("schema_id", None)
        body["traits"] = {"email": free("fuzz") + "@example.test", "name": {"first": "F"}}
    if body.get("external_id"):
        body["external_id"] = free("external-")
    credentials = [
        {"password": {"config": {"hashed_password": HASH}}},
        {"oidc": {"config": {"providers": [{"provider": "corp", "subject": free("sub-")}]}}},
        {"totp": {"config": {"totp_url": "otpauth://totp/Palisade:fuzz?secret=JBSWY3DPEHPK3PXP"}}},
        {"lookup_secret": {"config": {"codes": [{"code": "one"}, {"code": "two"}]}}},
    ]
    if body.get("credentials"):
        body["credentials"] = choose.choice(credentials)
    email = body["traits"].get("email")
    for name in ("verifiable_addresses", "recovery_addresses"):
        if body.get(name):
            body[name] = [{"value": email, "via": "email"}] if email else []
    return body


@schemathesis.hook
def after_call(context, case, response):
    with lock:
        tally[case.operation.label][str(response.status_code)] += 1


@atexit.register
def write():
    with open(TALLY, "w", encoding="utf-8") as file:
        json.dump(tally, file, indent=1, sort_keys=True)
