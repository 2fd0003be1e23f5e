"""The province's public-service portal: asks for who the person is, over the query response mode."""

from __future__ import annotations

import os

from flask import Flask

from examples.departments.relying_party import Department, create_app

PORT = 8101


def portal(issuer: str, base_url: str, client_secret: str) -> Flask:
    """Return the portal's application."""
    return create_app(
        Department(
            title="Cổng dịch vụ công",
            unit="Văn phòng Ủy ban nhân dân thành phố",
            intro="Nộp hồ sơ trực tuyến và theo dõi kết quả giải quyết.",
            client_id="demo-portal",
            client_secret=client_secret,
            issuer=issuer,
            base_url=base_url,
            scope="openid profile identity phone",
            accent="portal",
        )
    )


def main() -> None:
    """Serve the portal where the environment says."""
    base_url = os.environ.get("DEPARTMENT_URL", f"http://localhost:{PORT}")
    app = portal(os.environ["DEPARTMENT_ISSUER"], base_url, os.environ["DEPARTMENT_SECRET"])
    app.run("127.0.0.1", int(base_url.rpartition(":")[2]), threaded=True)


if __name__ == "__main__":
    main()
