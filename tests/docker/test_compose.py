"""``compose.yaml`` and the Dockerfile as texts. No container engine is needed, and none was used."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("provider", "worker")
DOCKERFILE = (DOCKER / "Dockerfile").read_text()


def test_every_service_of_the_deployment_is_there() -> None:
    assert set(SERVICES) == {"provider", "worker", "database", "ephemeral", "front", "directory"}
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["directory"]
    assert SERVICES["directory"]["profiles"] == ["demo"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_plain_names_with_a_version(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert re.match(r"\d", tag), "no tag, or one such as latest, that means another image tomorrow"
    assert "." not in image.split("/")[0], "a registry's host name"


def test_the_dockerfile_builds_in_one_stage_and_runs_in_another_from_a_named_version() -> None:
    froms = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(froms) == 2
    assert all(re.fullmatch(r"python:3\.\d+-slim-bookworm", image) for image in froms)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_in_an_environment_variable_or_an_argument(name: str) -> None:
    service = SERVICES[name]
    for variable, value in service.get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|TOKEN|MASTER_KEY", variable):
            assert variable.endswith("_FILE"), variable
            assert value.startswith("/run/secrets/")
        assert not re.search(r"://[^/]*:[^/]*@", str(value)), f"{variable} holds a password"
    assert not re.search(r"requirepass|password", " ".join(service.get("command", [])))


@pytest.mark.parametrize("name", OURS)
def test_every_file_that_our_settings_name_is_mounted(name: str) -> None:
    service = SERVICES[name]
    mounted = {volume.split(":")[1] for volume in service["volumes"]}
    named = set(re.findall(r"/run/secrets/[\w.]+", json.dumps(service["environment"])))
    assert named
    assert named <= mounted


def test_what_is_made_of_secrets_cannot_be_committed() -> None:
    ignored = subprocess.run(["git", "check-ignore", "-q", "docker/secrets/master.key"], cwd=ROOT, check=False)
    assert ignored.returncode == 0


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_change_nothing_but_their_volume(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    writable = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert writable == ["home:/var/lib/dinhdanh"]


def test_only_the_proxy_is_reachable_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["front"]
    assert SERVICES["front"]["ports"] == ["443:8443"]


def test_the_addresses_whose_forwarded_headers_count_are_those_of_the_deployments_own_network() -> None:
    (subnet,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    trusted = json.loads(SERVICES["provider"]["environment"]["IDP_PROXY__TRUSTED"])
    assert [ipaddress.ip_network(one) for one in trusted] == [ipaddress.ip_network(subnet["subnet"])]


def test_regular_tasks_run_in_a_container_of_their_own() -> None:
    assert SERVICES["provider"]["command"] == ["serve"]
    assert SERVICES["worker"]["command"] == ["worker"]
    assert SERVICES["worker"]["healthcheck"] == {"disable": True}, "the image's check asks a port that a worker lacks"


def test_the_ephemeral_store_may_evict_nothing() -> None:
    command = SERVICES["ephemeral"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_the_image_runs_as_a_user_who_is_not_root_and_in_exec_form() -> None:
    last = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert re.search(r"^USER dinhdanh$", last, re.MULTILINE)
    for word in ("ENTRYPOINT", "CMD"):
        assert all(form.startswith("[") for form in re.findall(rf"^\s*{word} (.*)", last, re.MULTILINE)), word
    assert "/healthz/live" in last


def test_everything_the_dockerfile_copies_exists() -> None:
    copied = [
        words for line in re.findall(r"^COPY (?!--from)(.*)", DOCKERFILE, re.MULTILINE) if (words := line.split())
    ]
    assert copied
    assert [name for words in copied for name in words[:-1] if not (ROOT / name).exists()] == []


def test_the_entrypoint_is_executable_and_parses_as_posix_shell() -> None:
    script = DOCKER / "entrypoint.sh"
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", str(script)], check=True)
