"""A commune's one-stop system: reached through the form_post response mode, so nothing of the answer stands in a URL."""

from __future__ import annotations

import os

from flask import Flask

from examples.departments.relying_party import Department, create_app

PORT = 8102


def one_stop(issuer: str, base_url: str, client_secret: str) -> Flask:
    """Return the one-stop system's application."""
    return create_app(
        Department(
            title="Một cửa điện tử",
            unit="Ủy ban nhân dân Phường Mẫu",
            intro="Tra cứu hồ sơ đã nộp tại bộ phận Một cửa của phường.",
            client_id="demo-one-stop",
            client_secret=client_secret,
            issuer=issuer,
            base_url=base_url,
            scope="openid profile address",
            response_mode="form_post",
            accent="commune",
        )
    )


def main() -> None:
    """Serve the one-stop system where the environment says."""
    base_url = os.environ.get("DEPARTMENT_URL", f"http://localhost:{PORT}")
    app = one_stop(os.environ["DEPARTMENT_ISSUER"], base_url, os.environ["DEPARTMENT_SECRET"])
    app.run("127.0.0.1", int(base_url.rpartition(":")[2]), threaded=True)


if __name__ == "__main__":
    main()
