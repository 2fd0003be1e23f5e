"""VNeID-like: no ID token, no nonce; with a receiver's key the callback's code, the token response and userinfo come in envelopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from flask import Response, jsonify, redirect
from werkzeug.wrappers import Response as AnyResponse

from examples.upstream_simulators.envelopes import sealed
from examples.upstream_simulators.provider import Grant, Simulator


@dataclass
class VneIdSimulator(Simulator):
    """Closes what it sends, and spoils it on demand.

    Faults: ``tampered_code``, ``wrong_key_code``, ``tampered_token``, ``tampered_userinfo``, ``truncated``, ``swapped_keys``, ``wrong_key``,
    ``replayed_token``, ``replayed_userinfo``, ``old_envelope``, ``plain``, ``other_generation``, ``no_sub``, ``not_json``.
    """

    receiver: RSAPublicKey | None = None
    wrapping: str = "pkcs1v15"
    kept: dict[str, dict[str, str]] = field(default_factory=dict)

    def answer(self, code: str) -> dict[str, str]:
        """Return the callback's code, closed where there is a receiver's key."""
        if self.receiver is None or self.has("plain"):
            return {"code": code}
        data, key = sealed(code.encode(), _stranger() if self.has("wrong_key_code") else self.receiver, self.wrapping)
        if self.has("tampered_code"):
            data = _tampered(data)
        return {"code": data, "encrypt_key": key}

    def _back(self, parameters: Mapping[str, str], answer: Mapping[str, str]) -> AnyResponse:
        """Put base64 into the address as it is, ``+`` and all: the report says that the real one does."""
        pairs = "&".join(f"{name}={quote(value, safe='+/=')}" for name, value in answer.items())
        state = quote(parameters.get("state", ""), safe="")
        return redirect(f"{parameters['redirect_uri']}?{pairs}&state={state}", 303)

    def token_answer(self, grant: Grant, document: dict[str, Any]) -> Response:
        """Return the token response; nothing of an ID token."""
        del grant
        return self._closed("token", document)

    def userinfo_answer(self, fields: dict[str, Any]) -> Response:
        """Return userinfo."""
        if self.has("not_json"):
            return Response("<html>", mimetype="text/html")
        return self._closed("userinfo", fields)

    def fields(self, grant: Grant) -> dict[str, Any]:
        """Return one of the two generations of field names."""
        citizen = grant.citizen
        subject = {} if self.has("no_sub") else {"sub": f"vneid-{citizen.key}"}
        kind = "2" if citizen.tax_code else "1"
        if self.has("other_generation"):
            return {
                **subject,
                "LoaiTaiKhoan": kind,
                "SoDinhDanh": citizen.pid,
                "HoVaTen": citizen.name,
                "NgayThangNamSinh": citizen.spelled_birth_date,
                "loAs": grant.level,
                "IAL": citizen.level,
            }
        return {
            **subject,
            "accountType": kind,
            "citizenPid": citizen.pid,
            "fullName": citizen.name,
            "birthDate": citizen.birth_date,
            "accountLevel": citizen.level,
            "loAs": grant.level,
            "ethnicity": "Kinh",
            "religion": "Không",
        }

    def _closed(self, kind: str, document: dict[str, Any]) -> Response:
        if self.receiver is None or self.has("plain"):
            return jsonify(document)
        if self.has("old_envelope"):
            document = {**document, "iat": int(self.clock()) - 86400}
        to = _stranger() if self.has("wrong_key") else self.receiver
        data, key = sealed(orjson.dumps(document), to, self.wrapping)
        envelope = {"data": data, "key": key}
        if self.has("swapped_keys") and kind in self.kept:
            envelope["key"] = self.kept[kind]["key"]
        if self.has(f"replayed_{kind}") and kind in self.kept:
            envelope = self.kept[kind]
        self.kept.setdefault(kind, envelope)
        if self.has(f"tampered_{kind}"):
            envelope = {**envelope, "data": _tampered(data)}
        if self.has("truncated"):
            envelope = {**envelope, "data": data[: len(data) // 2 // 4 * 4]}
        return jsonify(envelope)


def _tampered(data: str) -> str:
    """Return base64 with its last full block changed."""
    head, tail = data[:-12], data[-12:]
    return head + ("A" if tail[0] != "A" else "B") + tail[1:]


def _stranger() -> RSAPublicKey:
    return generate_private_key(65537, 2048).public_key()
