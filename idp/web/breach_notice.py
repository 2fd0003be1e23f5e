"""The draft of the notification of a breach: what the law wants said, filled with what the log knows; the rest is marked to be written.

Law 91/2025 article 23 and form 08 of Decree 356/2025, by summaries: who tells, what happened to whom and to which data, what may
follow, what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from idp.services.breaches import Findings
from idp.web.i18n import Translator
from policies import claims as claim_policy
from policies.processing import categories

Name = Callable[[str], str]
"""Takes a client id and returns the system's name."""


def notice(t: Translator, found: Findings, asked: Mapping[str, str], name: Name, times: Sequence[int]) -> str:
    """Return the draft in a language; ``asked`` has ``scope``, ``ids`` and ``reason``, ``times`` are since, until, discovered, notify by and now."""
    since, until, discovered, by, now = times
    systems = sorted((one for one in found.systems.values() if one.client_id), key=lambda one: name(one.client_id))
    kinds = ", ".join(t(f"breach.category_{one}") for one in categories(found.claims)) or t("breach.unknown")
    names = ", ".join(t(f"claim.{one}") for one in claim_policy.unpack(found.claims)) or t("breach.unknown")
    lines = [
        t("breach.heading").upper(),
        "",
        t("breach.part_who"),
        t("breach.fill_who"),
        "",
        t("breach.part_what"),
        t("breach.discovered", when=t.moment(discovered)),
        t("breach.range", since=t.moment(since), until=t.moment(until)),
        t("breach.scope", scope=t(f"breach.scope_{asked['scope']}"), ids=asked["ids"]),
        t("breach.people", count=found.people),
        t("breach.kinds", kinds=kinds),
        t("breach.claims", claims=names),
        *(t("breach.system", name=name(one.client_id), people=one.people, acts=one.acts) for one in systems),
        *((t("breach.unread", count=found.unread),) if found.unread else ()),
        t("breach.reason", reason=asked["reason"]),
        "",
        t("breach.part_harm"),
        t("breach.fill_harm"),
        "",
        t("breach.part_measures"),
        t("breach.fill_measures"),
        "",
        t("breach.by", when=t.moment(by)),
        t("breach.late") if now > by else t("breach.in_time"),
        t("breach.drafted", when=t.moment(now)),
    ]
    return "\n".join(lines) + "\n"
